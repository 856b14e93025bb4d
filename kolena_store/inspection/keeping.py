"""What is kept in memory between two questions: the newest things that were asked for, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")
DEFAULT_BYTES = 1 << 30


class Kept:
    """Values by key; when they take more room than there is, those go that were not asked for the longest.

    Threads may share it. A value that two of them ask for at once is made once for each key.
    """

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        """Begin with nothing."""
        self._most = most_bytes
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._taken = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    @property
    def n_bytes(self) -> int:
        """How much room the values take, as their makers say."""
        return self._taken

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the value of a key, made now unless it is kept; `size` says how many bytes it takes."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                found: T = self._values[key][0]
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    again: T = self._values[key][0]
                    return again
            try:
                made = make()
                self._keep(key, made, size(made))
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return made

    def _keep(self, key: Hashable, value: object, n_bytes: int) -> None:
        with self._lock:
            self._values[key] = (value, n_bytes)
            self._taken += n_bytes
            while self._taken > self._most and len(self._values) > 1:
                _, (_, freed) = self._values.popitem(last=False)
                self._taken -= freed
