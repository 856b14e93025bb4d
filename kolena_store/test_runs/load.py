"""Reading the stored rows of runs into the results that people hold."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.test_runs.outcome import TestResults
from kolena_store.test_runs.records import TestRun, runs_numbered
from kolena_store.test_suites import size_note

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["load_results"]


def load_results(
    session: Session, run_ids: Sequence[int], *, headlines: Sequence[str], metrics: Sequence[str] | None = None
) -> TestResults:
    """Return the results of some runs on one suite, in this order; `metrics` restricts what is shown."""
    runs = runs_numbered(session, run_ids)
    rows = _rows(session, runs, [run.metric_file for run in runs])
    if metrics is not None:
        import pyarrow.compute as pc

        rows = rows.filter(pc.is_in(rows.column("metric"), value_set=_texts(metrics)))
    of_model = tuple(name for (name,) in session.rows("runs.inference_cases", run_id=runs[0].run_id))
    return TestResults(
        dataset=runs[0].dataset,
        dataset_version=runs[0].dataset_version,
        suite=runs[0].suite,
        suite_version=runs[0].suite_version,
        models=tuple(run.label for run in runs),
        runs=tuple(runs),
        headlines=tuple(metrics[:3]) if metrics is not None else tuple(headlines),
        metrics=rows,
        terms=_rows(session, runs, [run.term_file for run in runs]),
        notes=tuple(_notes(runs, rows, of_model)),
        inference_cases=of_model,
    )


def _rows(session: Session, runs: Sequence[TestRun], file_ids: Sequence[int]) -> "pa.Table":
    """Return the rows of each run in turn, each in the order in which it was written.

    A run's rows lie together in its file; a slice of them spares a small test the loading of Arrow's kernels.
    """
    import pyarrow as pa

    paths = [str(file.path(session.root)) for file in files_of(session, sorted(set(file_ids)))]
    found = session.table("runs.rows_of_runs", files=paths, run_ids=[run.run_id for run in runs])
    run_of_row = found.column("run").to_pylist()
    counts = Counter(run_of_row)
    return pa.concat_tables(
        [
            found.slice(run_of_row.index(run.run_id), counts[run.run_id]) if counts[run.run_id] else found[:0]
            for run in runs
        ]
    )


def _notes(runs: Sequence[TestRun], rows: "pa.Table", of_model: Sequence[str]) -> list[str]:
    notes = [f"{run.label}: {note}" for run in runs for note in run.notes]
    labels = {run.run_id: f" of {run.label}" for run in runs}
    columns = (rows.column(name).to_pylist() for name in ("test_case", "n_samples", "run"))
    sizes = {name + (labels[run] if name in of_model else ""): n for name, n, run in zip(*columns, strict=True)}
    by_note: dict[str, list[str]] = {}
    for name, n in sizes.items():
        by_note.setdefault(size_note(n), []).append(f"{name} ({n:,})")
    return [*notes, *(f"{note}: {', '.join(names)}" for note, names in by_note.items() if note)]


def _texts(names: Sequence[str]) -> "pa.Array":
    import pyarrow as pa

    return pa.array(list(names), pa.string())
