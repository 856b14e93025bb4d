"""Finding a user's function by its name `module:function`, as Python would from the current folder."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from importlib import import_module

from kolena_store.errors import FailedScorer, did_you_mean

__all__ = ["importing", "loaded_scorer"]

MAIN = "__main__"


@contextmanager
def importing() -> Iterator[None]:
    """Let the modules of the current folder be imported, and packages that the process kept away to start faster."""
    for finder in list(sys.meta_path):
        give_way: Callable[[], None] | None = getattr(finder, "give_way", None)
        if give_way is not None:
            give_way()
    folder = os.getcwd()  # noqa: PTH109  # a text, as the others of the path
    is_new = folder not in sys.path and "" not in sys.path
    if is_new:
        sys.path.insert(0, folder)
    try:
        yield
    finally:
        if is_new and folder in sys.path:
            sys.path.remove(folder)


def loaded_scorer(name: str) -> Callable[..., object]:
    """Return the function of this name; its module is imported unless it is loaded already.

    Raises:
        FailedScorer: there is no such module or function, or its module can't be loaded.
    """
    module_name, _, path = name.partition(":")
    try:
        module = import_module(module_name)
    except Exception as error:  # whatever a user's module raises
        raise _not_imported(name, module_name, error) from error
    try:
        found: object = reduce(getattr, path.split("."), module)
    except AttributeError as error:
        near = did_you_mean(path, [one for one in vars(module) if not one.startswith("_")])
        here = ": it was a function of a notebook or script, which does not run here" if module_name == MAIN else near
        raise FailedScorer(
            f"the scorer {name} is not there: the module {module_name} has no {path!r}{here}. Put it into a module "
            "in the current folder or on PYTHONPATH"
        ) from error
    if not callable(found):
        raise FailedScorer(f"the scorer {name} is no function but {type(found).__name__}; name a function")
    return found


def _not_imported(name: str, module: str, error: Exception) -> FailedScorer:
    if isinstance(error, ModuleNotFoundError) and error.name in (module, module.split(".")[0]):
        return FailedScorer(
            f"the scorer {name} is not there: Python finds no module {error.name!r} in the current folder "
            f"({os.getcwd()}) or on PYTHONPATH; go to its folder, or set PYTHONPATH"  # noqa: PTH109
        )
    return FailedScorer(
        f"the scorer {name} can't be loaded: importing {module} raised {type(error).__name__}: {error}. Mend the "
        "module, or install what it needs"
    )
