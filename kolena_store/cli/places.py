"""Where the store is: named by an option, by the environment, or the nearest one upward."""

import os
import shlex
from pathlib import Path

from kolena_store.errors import StoreNotFound

__all__ = ["SETTING", "STORE_NAME", "find_store", "named_store", "place_of_new_store", "store_option"]

SETTING = "KOLENA_STORE"
STORE_NAME = "kolena.store"


def named_store(option: str | None) -> Path | None:
    """Return the store that the option names, else the one that the environment names, else None."""
    named = option or os.environ.get(SETTING)
    return Path(named) if named else None


def find_store(option: str | None) -> Path:
    """Return the store that is named, else the nearest folder `kolena.store`, from the current one upward.

    Raises:
        StoreNotFound: none is named and none is near.
    """
    found = named_store(option) or _nearest_store()
    if found is None:
        raise StoreNotFound(
            f"no store here: neither --store nor {SETTING} names one, and no folder {STORE_NAME} stands in "
            f"{Path.cwd()} or above it; make one with: kolena-store init"
        )
    return found


def place_of_new_store(path: str | None, option: str | None) -> Path:
    """Return where a new store goes: the path, else the store that is named, else `kolena.store` in this folder."""
    return Path(path) if path else named_store(option) or Path(STORE_NAME)


def store_option(place: Path) -> str:
    """Return ` --store PATH`, quoted for the shell, or nothing when commands find this store by themselves."""
    found = named_store(None) or _nearest_store()
    is_found = found is not None and found.absolute() == place.absolute()
    return "" if is_found else f" --store {shlex.quote(str(place))}"


def _nearest_store() -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / STORE_NAME).is_dir():
            return Path(STORE_NAME) if folder == here else folder / STORE_NAME
    return None
