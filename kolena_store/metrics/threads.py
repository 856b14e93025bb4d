"""Work on many test cases with every core, as memberships do it."""

from kolena_store.membership.threads import run_in_parts

__all__ = ["run_in_parts"]
