"""What the command line keeps out of its process."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

__all__ = ["spare_pandas"]


def spare_pandas() -> None:
    """Let pyarrow find no pandas: it would import it to ask whether a list is a Series, and no command needs it.

    Importing pandas takes longer than most commands do.
    """
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas(MetaPathFinder):
    def give_way(self) -> None:
        """Let pandas be found from now on: a scorer of the user may need it."""
        sys.meta_path.remove(self)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("the command line does without pandas", name=fullname)
