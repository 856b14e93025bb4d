"""How long content digests and a merge take, and how much memory: each in a process of its own.

    python benchmarks/merging.py              tables of 1,000,000 rows
    python benchmarks/merging.py --rows N     of N rows

The digest is taken of 9 and of 15 columns; the merge brings one model's results, a run, and a version with 1 % more
samples into a store that numbered the same samples in another order, so that every row of the other store is written
anew. CPU seconds count all threads, so that they say more than the clock on a busy machine.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa

import kolena_store as ks

__all__ = ["main"]

WIDTHS = (9, 15)
KIB_PER_MIB = 1024


def main(arguments: Sequence[str]) -> int:
    """Print one line for each piece of work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work:
        _do(given.work, given.folder, given.rows)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for width in WIDTHS:
            _apart(f"make {width}", folder, given.rows)
            _apart("digest", folder, given.rows, title=f"digest of {given.rows:,} rows of {width} columns")
        _apart("make two", folder, given.rows)
        _apart("merge", folder, given.rows, title=f"merge of {given.rows:,} rows of {WIDTHS[0]} columns")
    return 0


def _apart(work: str, folder: str, n_rows: int, title: str | None = None) -> None:
    """Do something in a process of its own, whose memory is then that of this work alone."""
    command = [sys.executable, __file__, "--work", work, "--folder", folder, "--rows", str(n_rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    if title:
        sys.stdout.write(f"{title}: {done.stdout}")


def _do(work: str, folder: Path, n_rows: int) -> None:
    if work == "make two":
        _make_two(folder / "two", n_rows)
    elif work.startswith("make "):
        width = int(work.removeprefix("make "))
        ks.Store(folder / "one").upload_dataset("d", _table(n_rows, width), id_fields=["id"])
    elif work == "digest":
        _measured(lambda: ks.Store(folder / "one").dataset_digest("d"))
    else:
        _measured(lambda: ks.Store(folder / "two" / "ours").merge(folder / "two" / "theirs"))


def _table(n_rows: int, width: int) -> pa.Table:
    draws = np.random.default_rng(1)
    numbers = np.arange(n_rows)
    words = np.array(["billing", "login", "shipping", "other"])
    columns = {
        "id": numbers,
        "label": words[numbers % 4],
        "text": np.char.add("ticket number ", numbers.astype(str)),
        "length": draws.normal(size=n_rows),
        "age": numbers % 90,
        "is_night": numbers % 3 == 0,
        "seen": numbers.astype("datetime64[s]").astype("datetime64[us]"),
        "share": draws.random(n_rows),
        "site": words[::-1][numbers % 4],
    }
    more = {f"more_{number}": draws.normal(size=n_rows) for number in range(width - len(columns))}
    return pa.table({**columns, **more})


def _make_two(folder: Path, n_rows: int) -> None:
    table = _table(n_rows + n_rows // 100, WIDTHS[0])
    workflow = ks.Classification("label", "answer")
    first = table.slice(0, n_rows)
    ks.Store(folder / "ours").upload_dataset("d", first, id_fields=["id"], workflow=workflow)
    theirs = ks.Store(folder / "theirs")
    order = np.random.default_rng(2).permutation(n_rows)
    theirs.upload_dataset("d", first.take(pa.array(order)), id_fields=["id"], workflow=workflow)
    theirs.upload_dataset("d", table.slice(n_rows), append_only=True)
    theirs.upload_results("d", "m", table.select(["id", "site"]).rename_columns(["id", "answer"]))
    theirs.test("d", "m")


def _measured(work: Callable[[], object]) -> None:
    before, start, processor = _peak(), time.perf_counter(), time.process_time()
    work()
    seconds, of_processor = time.perf_counter() - start, time.process_time() - processor
    sys.stdout.write(
        f"{seconds:.1f} s, {of_processor:.1f} CPU s, peak {_peak():,.0f} MiB (started with {before:,.0f})\n"
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
