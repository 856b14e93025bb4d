"""Whether the rows of stored runs are what their sample metrics and memberships give today."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.errors import DamagedStore, StoreError
from kolena_store.progress import track
from kolena_store.test_runs.repeat import Repeated, StoredRun, Unrepeatable, repeated_run, stored_rows, stored_runs
from kolena_store.verification.report import Finding

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.test_runs.measure import Measured

__all__ = ["RunCheck", "run_findings"]

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""How far real-valued sums, and what is made of them, may lie apart: they differ by order of rows and numpy's version.
The absolute part is for sums that cancel out."""

REMEDY = "the files are whole, so the software differs: compare the versions that the run records, or report it"


@dataclass(slots=True)
class RunCheck:
    """How many runs were found as they should be, and why others were not measured again."""

    n_equal: int = 0
    not_repeated: list[tuple[str, str]] = field(default_factory=list)


def run_findings(session: Session, check: RunCheck) -> Iterator[Finding]:
    """Yield the runs whose rows are not what they would be today; those with damaged files are left out."""
    runs = stored_runs(session)
    with track(len(runs), "measuring runs again") as advance:
        for run in runs:
            problem = _problem(session, run, check)
            if problem is not None:
                yield Finding(kind="run", subject=run.label, problem=problem, remedy=REMEDY)
            advance(1)


def _problem(session: Session, run: StoredRun, check: RunCheck) -> str | None:
    try:
        stored = stored_rows(session, run)
        names = list(stored.metrics.column("metric").unique().to_pylist())
        found = repeated_run(session, run, names=names)
    except DamagedStore:
        check.not_repeated.append((run.label, "a file is damaged"))
        return None
    except StoreError as error:
        return f"it can't be measured again: {error}"
    if isinstance(found, Unrepeatable):
        check.not_repeated.append((run.label, found.reason))
        return None
    problem = _first_difference(stored, found)
    check.n_equal += problem is None
    return problem


def _first_difference(stored: "Measured", found: Repeated) -> str | None:
    terms = _difference("terms", stored.terms, found.rows.terms, exact=found.counts)
    return terms or _difference("metrics", stored.metrics, found.rows.metrics)


def _difference(what: str, stored: "pa.Table", found: "pa.Table", *, exact: frozenset[str] = frozenset()) -> str | None:
    """Return the first difference between two tables of rows, of the columns that both have.

    Whole numbers, texts and the terms in `exact` are equal bit for bit, other reals nearly so.
    """
    if stored.num_rows != found.num_rows:
        return f"{stored.num_rows:,} rows of {what} are stored, there are {found.num_rows:,} today"
    for name in [name for name in stored.column_names if name in found.column_names]:
        positions = _differing(stored, found, name, exact=exact)
        if len(positions):
            at = int(positions[0])
            row: Mapping[str, object] = found.slice(at, 1).to_pylist()[0]
            named = {key: row[key] for key in ("test_case", "metric", "term", "class") if row.get(key) is not None}
            values = [table.column(name)[at].as_py() for table in (stored, found)]
            return f"{what}: {name} of {json.dumps(named, ensure_ascii=False)} is {values[0]!r}, today {values[1]!r}"
    return None


def _differing(stored: "pa.Table", found: "pa.Table", name: str, *, exact: frozenset[str]) -> "np.ndarray":
    """Return the positions of the rows that differ in a column; case names may differ in capitals, as SQL has it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    old, new = stored.column(name), found.column(name)
    is_null = [column.is_null().to_numpy() for column in (old, new)]
    if pa.types.is_floating(old.type):
        left, right = (column.fill_null(0).to_numpy() for column in (old, new))
        is_equal = np.isclose(left, right, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        if exact:
            is_count = pc.is_in(stored.column("term"), value_set=pa.array(sorted(exact), pa.string())).to_numpy()
            is_equal &= ~is_count | (left == right)
    else:
        if pa.types.is_string(old.type):
            old, new = pc.utf8_lower(old), pc.utf8_lower(new)
        is_equal = pc.fill_null(pc.equal(old, new), True).to_numpy()
    return np.flatnonzero((is_null[0] != is_null[1]) | (~is_null[0] & ~is_equal))
