"""How the app was started: what it may show beside the store, who may ask, and where slices are saved."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from kolena_store.inspection.suite_files import SuiteFile

__all__ = ["WebSettings"]


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """The choices of whoever started the app.

    `image_roots` are the folders below which images may be shown, `image_hosts` the machines from which they may be
    fetched; `suite_file` is where slices are saved (None:
    nowhere); `standards` are files of quality standards; `token` is what a browser must know (None: nothing, on this
    machine alone); `hosts` are the names under which it may be asked.
    """

    image_roots: tuple[Path, ...] = ()
    image_hosts: tuple[str, ...] = ()
    suite_path: Path | None = None
    standards: tuple[Path, ...] = ()
    token: str | None = None
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]", "testserver")
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def suite_file(self) -> SuiteFile | None:
        """Return the file that slices are saved to."""
        return None if self.suite_path is None else SuiteFile(path=self.suite_path, lock=self.lock)
