"""Work on many test cases with every core: numpy lets go of the interpreter while it computes."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

__all__ = ["run_in_parts"]


def run_in_parts(work: Callable[[int, int], None], n_items: int, *, smallest_part: int = 1) -> None:
    """Call `work(start, stop)` for consecutive parts of [0, n_items), one thread per core.

    The parts must not depend on each other: which thread does which, and how many there are, differs between machines.

    Args:
        work: handles the items of one part.
        n_items: how many items there are.
        smallest_part: items that are worth a thread of their own.
    """
    n_parts = max(1, min(os.cpu_count() or 1, n_items // max(1, smallest_part)))
    bounds = [n_items * part // n_parts for part in range(n_parts + 1)]
    if n_parts == 1:
        work(0, n_items)
        return
    with ThreadPoolExecutor(n_parts) as pool:
        for done in [pool.submit(work, *part) for part in pairwise(bounds)]:
            done.result()
