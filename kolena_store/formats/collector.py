"""Python's collector of cycles, put off while many objects are made that have none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_off"]


@contextmanager
def collector_off() -> Iterator[None]:
    """Let no cycles be collected: entries of JSON have none, and the collector would go through all of them many times.

    That took more than a quarter of the time of reading COCO's instances. Other threads collect none either, until the
    block ends.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
