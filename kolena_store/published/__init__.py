"""What SQL clients see in `store.duckdb`: views, test cases, metric macros, and a comment on each."""

from kolena_store.published.materialised import materialise
from kolena_store.published.publish import publish, publish_everything

__all__ = ["materialise", "publish", "publish_everything"]
