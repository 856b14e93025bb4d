"""Where the store is: named by an option, by the environment, or the nearest one upward."""

import os
import shlex
from pathlib import Path

from kolena_store.errors import InvalidInput, StoreNotFound

__all__ = [
    "SETTING",
    "STORE_NAME",
    "check_free",
    "find_store",
    "named_store",
    "place_of_new_store",
    "store_option",
    "store_to_make",
]

SETTING = "KOLENA_STORE"
STORE_NAME = "kolena.store"
LOCK = "lock"
OWN_PREFIX = ".store-"


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


def store_to_make(option: str | None) -> Path:
    """Return the store that is named or near, which need not be there yet; else `kolena.store` in this folder."""
    return named_store(option) or _nearest_store() or Path(STORE_NAME)


def store_option(place: Path) -> str:
    """Return ` --store PATH`, quoted for the shell, or nothing when commands find this store by themselves."""
    found = named_store(None) or _nearest_store()
    is_found = found is not None and found.absolute() == place.absolute()
    return "" if is_found else f" --store {shlex.quote(str(place))}"


def check_free(place: Path) -> None:
    """Refuse a folder that holds something else: a store removes what nothing in it refers to.

    Raises:
        InvalidInput: it does, or it is a file.
    """
    if place.exists() and not place.is_dir():
        raise InvalidInput(f"{place} is a file; a store is a folder: name another place")
    names = [entry.name for entry in place.iterdir()] if place.is_dir() else []
    own = ("data", LOCK) if LOCK in names else ()  # what a first commit leaves that was broken off
    foreign = sorted(name for name in names if name not in own and not name.startswith(OWN_PREFIX))
    if foreign:
        raise InvalidInput(
            f"{place} holds other files ({', '.join(foreign[:3])}); "
            f"name a folder of its own, such as {place / STORE_NAME}"
        )


def _nearest_store() -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / STORE_NAME).is_dir():
            return Path(STORE_NAME) if folder == here else folder / STORE_NAME
    return None
