"""JSON files that are written whole or not at all."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from kolena_store.errors import InvalidInput
from kolena_store.files import beside

__all__ = ["writing_json"]


@contextmanager
def writing_json(path: str | Path) -> Iterator[TextIO]:
    """Write beside the file, and put it in its place when all is written."""
    file = Path(path).expanduser()
    try:
        with beside(file) as part, _opened(part, is_packed=file.suffix.lower() == ".gz") as opened:
            yield opened
    except FileNotFoundError:
        raise InvalidInput(f"{path} can't be written: there is no folder {file.parent}; make it first") from None


@contextmanager
def _opened(path: Path, *, is_packed: bool) -> Iterator[TextIO]:
    if is_packed:
        with gzip.open(path, "wt", encoding="utf-8") as packed:
            yield cast(TextIO, packed)
    else:
        with path.open("w", encoding="utf-8") as plain:
            yield plain
