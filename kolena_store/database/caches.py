"""The folder of the user for what may be made again."""

import contextlib
import os
from pathlib import Path

from kolena_store.files import beside

__all__ = ["CACHE_SETTING", "cache_folder", "keep_in_cache"]

CACHE_SETTING = "KOLENA_STORE_CACHE"


def cache_folder() -> Path | None:
    """Return the folder for what may be made again, in the user's cache; None when there is to be none."""
    named = os.environ.get(CACHE_SETTING)
    if named is not None:
        return Path(named) if named else None
    try:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    except RuntimeError:
        return None
    return Path(base) / "kolena-store"


def keep_in_cache(place: Path | None, content: bytes) -> None:
    """Write a file of the cache, whole or not at all; a cache that can't be written is none, as with None."""
    if place is None:
        return
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with beside(place) as part:
            part.write_bytes(content)
