"""How long content digests and a merge take, and how much memory: each in a process of its own.

    python benchmarks/merging.py              tables of 1,000,000 rows
    python benchmarks/merging.py --quick      of 20,000 rows

The digest is taken of 9 and of 15 columns; the merge brings one model's results, a run, and a version with 1 % more
samples into a store that numbered the same samples in another order, so that every row of the other store is written
anew. CPU seconds count all threads, so that they say more than the clock on a busy machine.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
from measuring import arguments, conditions, peak_memory

import kolena_store as ks

__all__ = ["main"]

WIDTHS = (9, 15)


def main(given: Sequence[str]) -> int:
    """Print one line for each piece of work; a process that does one of them is called with what and where."""
    if given and given[0] == "--work":
        _, work, folder, n_rows = given
        _do(work, Path(folder), int(n_rows))
        return 0
    n_rows = 20_000 if arguments(__doc__).quick else 1_000_000
    sys.stdout.write(conditions() + "\n")
    with tempfile.TemporaryDirectory() as folder:
        for width in WIDTHS:
            _apart(f"make {width}", folder, n_rows)
            _apart("digest", folder, n_rows, title=f"digest of {n_rows:,} rows of {width} columns")
        _apart("make two", folder, n_rows)
        _apart("merge", folder, n_rows, title=f"merge of {n_rows:,} rows of {WIDTHS[0]} columns")
        _apart("compare", folder, n_rows)
    return 0


def _apart(work: str, folder: str, n_rows: int, title: str | None = None) -> None:
    """Do something in a process of its own, whose memory is then that of this work alone."""
    command = [sys.executable, __file__, "--work", work, folder, str(n_rows)]
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
    elif work == "merge":
        _measured(lambda: ks.Store(folder / "two" / "ours").merge(folder / "two" / "theirs"))
    else:
        ours, theirs = (ks.Store(folder / "two" / name) for name in ("ours", "theirs"))
        assert ours.dataset_digest("d") == theirs.dataset_digest("d"), "the merged dataset is not the other one"


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
    start, processor = time.perf_counter(), time.process_time()
    work()
    seconds, of_processor = time.perf_counter() - start, time.process_time() - processor
    sys.stdout.write(f"{seconds:.1f} s, {of_processor:.1f} CPU s, {peak_memory():.2f} GiB\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
