"""Failures of a moment ago: what gave no image is not asked again at once, and nobody waits for it twice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from kolena_store.errors import StoreError

__all__ = ["RecentFailures"]

SECONDS = 60.0
MOST = 10_000


class RecentFailures:
    """What failed within the last minute, by hosts and addresses; threads may share it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Begin with none; `seconds` is how long a failure is remembered."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, StoreError]] = {}

    @contextmanager
    def remembering(self, key: str) -> Iterator[None]:
        """Do something unless it failed a moment ago; when it fails now, that is remembered.

        Raises:
            StoreError: it failed a moment ago, with the error of that time.
        """
        self._refuse(key)
        try:
            yield
        except StoreError as error:
            self._note(key, error)
            raise

    def _refuse(self, key: str) -> None:
        with self._lock:
            until, error = self._known.get(key, (0.0, None))
        if error is not None and monotonic() < until:
            raise type(error)(str(error))

    def _note(self, key: str, error: StoreError) -> None:
        now = monotonic()
        with self._lock:
            self._known = {one: known for one, known in self._known.items() if now < known[0]}
            if key in self._known or len(self._known) < MOST:
                # The error without its traceback, which holds what was read.
                self._known.setdefault(key, (now + self._seconds, type(error)(str(error))))
