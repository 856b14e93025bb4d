"""Uploading 1 M rows of 15 columns from Parquet, against pyarrow's own read and write of the same file.

The upload checks names and types, finds duplicate and missing ids, numbers the samples, and commits with fsync.
"""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import Claims, arguments, conditions, peak_memory, spent, table, timed
from synthetic import samples

import kolena_store as ks

PARTS = {
    "reading and writing the rows": ("datasets/staging.py", "stage"),
    "checking the ids": ("datasets/identity.py", "check_ids"),
    "the map of ids": ("datasets/numbering.py", "add_to_id_map"),
    "comparing with what is there": ("datasets/changes.py", "row_changes"),
    "commit": ("database/commit.py", "_finish"),
}


def rows(n: int) -> pa.Table:
    """Return n rows of 15 columns."""
    random = np.random.default_rng(5)
    more = {f"feature_{index}": random.random(n).round(4) for index in range(3)}
    whole = samples(n)
    for name, values in more.items():
        whole = whole.append_column(name, pa.array(values))
    return whole


def main() -> None:
    """Measure and print."""
    quick = arguments(__doc__).quick
    n = 100_000 if quick else 1_000_000
    print(conditions())
    claims = Claims()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, copy = folder / "rows.parquet", folder / "copy.parquet"
        pq.write_table(rows(n), source, compression="zstd", compression_level=1)
        assert len(pq.read_schema(source)) == 15
        fresh = iter(range(100))

        def upload() -> ks.Store:
            store = ks.Store(folder / f"{next(fresh)}.store")
            store.upload_dataset("d", source, id_fields=["id"], workflow=ks.Classification("label"))
            return store

        runs = 1 if quick else 3
        plain, _ = timed(
            lambda: pq.write_table(pq.read_table(source), copy, compression="zstd", compression_level=1), runs=runs
        )
        ours, store = timed(upload, runs=runs)
        assert store.download_dataset("d").equals(pq.read_table(source))
        parts = spent(upload, PARTS)
    table(
        f"{n:,} rows of 15 columns from Parquet",
        [
            ("upload_dataset", ours),
            ("pyarrow, read and write", plain),
            ("peak memory of this process", f"{peak_memory():.2f} GiB"),
        ],
    )
    table("where the time goes", parts)
    print()
    claims.at_most("against pyarrow's read and write", ours.median / plain.median, 3)


if __name__ == "__main__":
    main()
