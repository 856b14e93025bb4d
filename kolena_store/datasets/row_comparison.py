"""Which staged rows are not what is stored: by SQL, and outside it for the values that SQL does not see in full."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets.inexact_values import inexact_differences
from kolena_store.datasets.sql_types import sql_columns
from kolena_store.datasets.staging import Staged
from kolena_store.files import SAMPLE, FileRecord
from kolena_store.formats import duckdb_type
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["differing_rows", "differing_samples"]

NULL_TYPES = ("NULL", '"NULL"')


def differing_rows(
    session: Session, staged: Staged, samples: "np.ndarray", current: Sequence[FileRecord]
) -> "np.ndarray":
    """Return for each staged row whether it differs from the stored row of its sample; False where there is none.

    Args:
        samples: the number of each staged row; -1 for one that is left out.
        current: the stored files, with one row for each sample.
    """
    import numpy as np

    found = _asked(session, "differing_rows", staged, samples=samples, current=current).column(0).to_numpy()
    is_different = np.zeros(len(samples), dtype=bool)
    is_different[found - staged.base] = True
    is_different |= inexact_differences(session.root, staged, samples, current)
    return is_different


def differing_samples(
    session: Session, staged: Staged, samples: "np.ndarray", current: Sequence[FileRecord], *, repeat: str
) -> "np.ndarray":
    """Return the samples, among those of staged rows, of which a repeat came, went or differs.

    Args:
        samples: the number of each staged row; -1 for one that is left out.
        current: the stored files, with any number of rows for each sample.
        repeat: the column that tells the rows of one sample apart.
    """
    import numpy as np

    if repeat not in sql_columns(session, [file.path(session.root) for file in current]):
        return np.unique(samples)
    found = _asked(session, "differing_samples", staged, samples=samples, current=current, repeat=identifier(repeat))
    inexact = inexact_differences(session.root, staged, samples, current, repeat=repeat)
    return np.union1d(found.column(SAMPLE).to_numpy(), samples[inexact])


def _asked(
    session: Session,
    name: str,
    staged: Staged,
    *,
    samples: "np.ndarray",
    current: Sequence[FileRecord],
    **fragments: Fragment,
) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    paths = [file.path(session.root) for file in current]
    differs = _differs(sql_columns(session, staged.paths), sql_columns(session, paths), staged.schema)
    kept = np.flatnonzero(samples >= 0)
    session.connection.register("numbered_rows", pa.table({"staged_row": kept + staged.base, "known": samples[kept]}))
    try:
        return session.table(
            statement("queries/datasets", name).fill(differs=differs, **fragments),
            staged=[str(path) for path in staged.paths],
            current=[str(path) for path in paths],
        )
    finally:
        session.connection.unregister("numbered_rows")


def _differs(staged: Mapping[str, str], stored: Mapping[str, str], schema: "pa.Schema") -> Fragment:
    """Return the condition that a staged row is not what is stored; a column that one side lacks is NULL there.

    Where the types differ, both sides are read as the type that the column will have.
    """
    conditions, columns = [], set(schema.names)
    for name in dict.fromkeys([*schema.names, *(name for name in stored if name != SAMPLE)]):
        is_kept = name in columns
        kinds = [kinds.get(name, NULL_TYPES[0]) for kinds in (staged if is_kept else {}, stored)]
        is_typed = [kind not in NULL_TYPES for kind in kinds]
        cast = f"::{duckdb_type(schema.field(name).type)}" if all(is_typed) and kinds[0] != kinds[1] else ""
        sides = zip(("staged", "stored"), is_typed, strict=True)
        left, right = (f"{identifier(side, name)}{cast}" if typed else literal(None) for side, typed in sides)
        conditions.append(Fragment(f"{left} IS DISTINCT FROM {right}"))
    return joined(conditions, " OR ") if conditions else literal(False)
