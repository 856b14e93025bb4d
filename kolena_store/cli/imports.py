"""What the command line keeps out of its process."""

import sys
from collections.abc import Sequence
from types import ModuleType

__all__ = ["spare_pandas"]


def spare_pandas() -> None:
    """Let pyarrow find no pandas: it would import it to ask whether a list is a Series, and no command needs it.

    Importing pandas takes longer than most commands do.
    """
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas:
    """A finder of `sys.meta_path`; its base class in `importlib.abc` is slow to import."""

    def give_way(self) -> None:
        """Let pandas be found from now on: a scorer of the user may need it."""
        sys.meta_path.remove(self)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("the command line does without pandas", name=fullname)
