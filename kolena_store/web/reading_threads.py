"""A few threads that read the store for the pages, and end before the interpreter takes down what they hold."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["ReadingThreads"]

T = TypeVar("T")
N_THREADS = 4


class ReadingThreads:
    """Threads of the app's own: they are waited for at the end, each with its connections to DuckDB.

    Those of an event loop are not: the interpreter stops them where they are, and a connection that is closed
    meanwhile takes the process down with it.
    """

    def __init__(self, n_threads: int = N_THREADS) -> None:
        """Begin with none; they are started by the first request."""
        self._n_threads = n_threads
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """Return what some work returns, done by one of the threads."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._n_threads, thread_name_prefix="kolena-store-page")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def answering(self, work: Callable[[Request], Response]) -> "Callable[[Request], object]":
        """Return an endpoint whose answers are made by the threads."""

        async def endpoint(request: Request) -> Response:
            return await self.run(partial(work, request))

        return endpoint

    def close(self) -> None:
        """Wait for the threads to end; what has not begun is not begun."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
