"""What the workflows share in reading their options."""

from collections.abc import Sequence

from kolena_store.errors import InvalidInput
from kolena_store.workflows.configuration import Configuration

__all__ = ["refuse_options"]


def refuse_options(workflow: str, configuration: Configuration, *, allowed: Sequence[str]) -> None:
    """Refuse options of a configuration that this workflow does not have.

    Raises:
        InvalidInput: one is set.
    """
    unknown = [name for name in configuration.document() if name not in allowed]
    if unknown:
        takes = ", ".join(allowed) or "no options"
        raise InvalidInput(f"the workflow {workflow} has no option {unknown[0]!r}; it takes {takes}")
