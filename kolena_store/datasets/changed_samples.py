"""Which samples differ between two versions: by their lists of files, and by the rows of files that differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets.changes import stored_samples
from kolena_store.datasets.records import files_of
from kolena_store.datasets.sql_types import sql_columns
from kolena_store.files import SAMPLE
from kolena_store.statements import Fragment, identifier, joined, literal, statement

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SampleChanges", "VersionRows", "changed_samples"]

FLOATS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRows:
    """The files of a version of a dataset or of results, and its columns with their SQL types.

    `repeat` is the column that tells the rows of one sample apart, where a sample has several.
    """

    file_ids: Sequence[int]
    types: Mapping[str, str]
    repeat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleChanges:
    """The samples that came, those that went, and those whose value changed, by column; each ascending.

    `retyped` names the columns that one version lacks or has with another type: all their values count as changed.
    """

    added: "np.ndarray"
    removed: "np.ndarray"
    changed: "Mapping[str, np.ndarray]"
    retyped: frozenset[str]

    def touching(self, columns: Iterable[str]) -> "np.ndarray":
        """Return the samples that came or went, or of which one of these columns changed."""
        import numpy as np

        parts = [self.added, self.removed, *(self.changed[name] for name in columns if name in self.changed)]
        return np.unique(np.concatenate(parts))


def changed_samples(session: Session, before: VersionRows, after: VersionRows, columns: Sequence[str]) -> SampleChanges:
    """Return which samples differ in some columns; files that both versions share are not read.

    Both versions tell the rows of one sample apart by the same column, if they do at all. A sample that has gained or
    lost a repeat counts as one that came or went.
    """
    import numpy as np

    known = [name for name in columns if name in before.types and before.types[name] == after.types.get(name)]
    retyped = frozenset(columns) - set(known)
    older, newer = (
        files_of(session, [one for one in rows.file_ids if one not in set(other.file_ids)])
        for rows, other in ((before, after), (after, before))
    )
    paths = [[str(file.path(session.root)) for file in files] for files in (older, newer)]
    sides = [
        sql_columns(session, [file.path(session.root) for file in files]).keys() for files in (older, newer) if files
    ]
    if len(sides) < 2 or not all(after.repeat in (None, *side) for side in sides):
        added, removed = (np.sort(stored_samples(session.root, files)) for files in (newer, older))
        return SampleChanges(added=added, removed=removed, changed={}, retyped=retyped)
    tests = {
        name: _differs(name, after.types[name], in_older=name in sides[0], in_newer=name in sides[1]) for name in known
    }
    named = [Fragment(f"{test} AS {identifier(f'c{position}')}") for position, test in enumerate(tests.values())]
    query = statement("queries/datasets", "changed_samples").fill(
        columns=joined([Fragment("1 AS _one"), *named]),
        changes=joined([literal(False), *tests.values()], " OR "),
        same_row=_same_row(after.repeat),
    )
    table = session.table(query, older=paths[0], newer=paths[1])
    samples, is_added, is_removed = (table.column(index).to_numpy() for index in range(3))
    return SampleChanges(
        added=samples[is_added],
        removed=samples[is_removed],
        changed={
            name: samples[table.column(f"c{position}").to_numpy() & ~is_added & ~is_removed]
            for position, name in enumerate(tests)
        },
        retyped=retyped,
    )


def _same_row(repeat: str | None) -> Fragment:
    """Return the condition that rows of both versions are the same one."""
    keys = [SAMPLE, *([repeat] if repeat is not None else [])]
    pairs = (Fragment(f"{identifier('older', name)} = {identifier('newer', name)}") for name in keys)
    return joined(pairs, " AND ")


def _differs(name: str, kind: str, *, in_older: bool, in_newer: bool) -> Fragment:
    """Return the condition that a column differs; for floats, 0.0 and -0.0 do."""
    if not (in_older and in_newer):
        sides = [identifier(side, name) for side, has in (("older", in_older), ("newer", in_newer)) if has]
        return Fragment(f"({sides[0]} IS NOT NULL)") if sides else literal(False)
    older, newer = identifier("older", name), identifier("newer", name)
    differs = f"{older}::{kind} IS DISTINCT FROM {newer}::{kind}"
    if kind in FLOATS:
        differs += f" OR (coalesce({newer} = 0, FALSE) AND signbit({older}) <> signbit({newer}))"
    return Fragment(f"({differs})")
