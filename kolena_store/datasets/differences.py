"""What changed between two versions of a dataset, sample by sample and field by field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session
from kolena_store.datasets.attached import attached_tables
from kolena_store.datasets.records import DatasetRecord, VersionRecord, files_of, version_of
from kolena_store.display import Column, Listing, counted, shorten, visible
from kolena_store.formats import is_widening
from kolena_store.number_types import SMALL_WHOLE_NUMBERS
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.tables import Tabular

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["VersionDifference", "version_difference"]

EXAMPLES = 5
FIELDS_SHOWN = 5
VALUE_CELLS = 40
PLAIN_TYPES = ("BOOLEAN", "VARCHAR", "DATE", "UBIGINT", "FLOAT", "DOUBLE", *SMALL_WHOLE_NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDifference(Tabular):
    """What changed between two versions of a dataset; `table` has a row for each sample that differs.

    `changed_tables` says of each attached table that differs whether it was added, changed or removed.
    """

    dataset: str
    older: int
    newer: int
    added: int
    changed: int
    removed: int
    id_fields: tuple[str, ...]
    changed_fields: dict[str, int]
    changed_tables: dict[str, str]
    table: "pa.Table" = field(repr=False)

    def arrow(self) -> "pa.Table":
        """Return one row for each sample that differs: its id fields, `change`, the `fields` that differ, `old`, `new`.

        The last two hold the values of the fields that changed anywhere, NULL where a sample's did not change.
        """
        return self.table

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries; `old` and `new` hold the changed fields alone, None for other changes."""
        return [{**row, **_values(row)} for row in self.table.to_pylist()]

    def listings(self) -> Sequence[Listing | str]:
        """Return the counts, then the fields that changed with the number of samples, then the first few samples."""
        counts = f"{self.added:,} added, {self.changed:,} changed, {self.removed:,} removed"
        head = f"{self.dataset} from version {self.older} to {self.newer}: {counts}"
        columns = (Column(title="changed field"), Column(title="samples", align="right"))
        fields = tuple((name, f"{count:,}") for name, count in self.changed_fields.items())
        listing = [Listing(title=None, columns=columns, rows=fields)] if fields else []
        tables = [f"attached table {name}: {change}" for name, change in self.changed_tables.items()]
        return [head, *tables, *listing, *([self._first_samples()] if self.table.num_rows else [])]

    def _first_samples(self) -> Listing:
        columns = (*(Column(title=name) for name in self.id_fields), Column(title="change"), Column(title="values"))
        first = self.table.slice(0, EXAMPLES)
        n_ids = len(self.id_fields)
        ids = zip(*(first.column(position).to_pylist() for position in range(n_ids)), strict=True)
        changes = zip(ids, first.select(list(range(n_ids, n_ids + 4))).to_pylist(), strict=True)
        rows = tuple((*map(str, key), row["change"], "; ".join(_arrows(row))) for key, row in changes)
        more = self.table.num_rows - len(rows)
        notes = (f"and {counted(more, 'more sample')}: --format csv, in Python .arrow(), has them all",) if more else ()
        return Listing(title=None, columns=columns, rows=rows, notes=notes)


def version_difference(session: Session, dataset: DatasetRecord, older: int, newer: int) -> VersionDifference:
    """Return what changed from one version of a dataset to another, sample by sample and field by field.

    Raises:
        UnknownName: there is no such version.
    """
    before, after = version_of(session, dataset, older), version_of(session, dataset, newer)
    found = _compared(session, dataset, before, after, valued=[])
    changed_fields = _count_fields(found.column("_fields"))
    if changed_fields:
        found = _compared(session, dataset, before, after, valued=list(changed_fields))
    kinds = found.column("_change").to_pylist()
    return VersionDifference(
        dataset=dataset.name,
        older=older,
        newer=newer,
        added=kinds.count("added"),
        changed=kinds.count("changed"),
        removed=kinds.count("removed"),
        id_fields=tuple(dataset.id_fields),
        changed_fields=changed_fields,
        changed_tables=_changed_tables(session, before, after),
        table=found.rename_columns([*dataset.id_fields, "change", "fields", "old", "new"]),
    )


def _changed_tables(session: Session, before: VersionRecord, after: VersionRecord) -> dict[str, str]:
    older, newer = (
        {table.name.casefold(): table for table in attached_tables(session, version)} for version in (before, after)
    )
    changes = {}
    for key in sorted(older.keys() | newer.keys()):
        if key not in older:
            changes[newer[key].name] = "added"
        elif key not in newer:
            changes[older[key].name] = "removed"
        elif older[key].content_digest != newer[key].content_digest:
            changes[newer[key].name] = "changed"
    return changes


def _compared(
    session: Session, dataset: DatasetRecord, before: VersionRecord, after: VersionRecord, *, valued: Sequence[str]
) -> "pa.Table":
    """Return the samples that differ, with the values of some fields on both sides."""
    query = statement("queries/datasets", "version_differences").fill(
        ids=_ids(dataset.id_fields),
        changed_fields=_changed_fields(before, after),
        old=_struct("older", before, after, valued),
        new=_struct("newer", before, after, valued),
    )
    return session.table(query, older=_paths(session, before), newer=_paths(session, after))


def _values(row: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    if not row["fields"]:
        return {"old": None, "new": None}
    return {side: {name: row[side].get(name) for name in row["fields"]} for side in ("old", "new")}


def _arrows(row: Mapping[str, Any]) -> Iterator[str]:
    values = _values(row)
    old, new = values["old"] or {}, values["new"] or {}
    for name in row["fields"][:FIELDS_SHOWN]:
        yield f"{name}: {_shown(old[name])} -> {_shown(new[name])}"
    more = len(row["fields"]) - FIELDS_SHOWN
    if more > 0:
        yield f"{counted(more, 'more field')}"


def _shown(value: object) -> str:
    return "NULL" if value is None else shorten(visible(str(value)), VALUE_CELLS)


def _count_fields(fields: "pa.ChunkedArray") -> dict[str, int]:
    import pyarrow.compute as pc

    counts = pc.value_counts(pc.list_flatten(fields)).to_pylist()
    by_count = sorted(counts, key=lambda pair: (-pair["counts"], pair["values"]))
    return {pair["values"]: pair["counts"] for pair in by_count}


def _paths(session: Session, version: VersionRecord) -> list[str]:
    return [str(file.path(session.root)) for file in files_of(session, version.sample_files)]


def _ids(id_fields: Sequence[str]) -> Fragment:
    pairs = ((identifier("newer", name), identifier("older", name), identifier(name)) for name in id_fields)
    return joined(Fragment(f"coalesce({newer}, {older}) AS {name}") for newer, older, name in pairs)


def _changed_fields(before: VersionRecord, after: VersionRecord) -> Fragment:
    """Return the list of the fields whose values differ."""
    cases = []
    for name in dict.fromkeys([*after.types, *before.types]):
        older, newer = _sides(name, before, after)
        cases.append(Fragment(f"CASE WHEN {newer} IS DISTINCT FROM {older} THEN {literal(name)} END"))
    return Fragment(f"list_filter([{joined(cases)}], lambda field: field IS NOT NULL)")


def _struct(side: str, before: VersionRecord, after: VersionRecord, names: Sequence[str]) -> Fragment:
    """Return the struct of one side's values of some fields, each NULL where it did not change; NULL for no fields."""
    if not names:
        return literal(None)
    values = []
    for name in {name.casefold(): name for name in names}.values():
        older, newer = _sides(name, before, after)
        value = Fragment(f"{older if side == 'older' else newer}::{_shown_type(name, before, after)}")
        values.append(Fragment(f"{identifier(name)} := CASE WHEN {older} IS DISTINCT FROM {newer} THEN {value} END"))
    return Fragment(f"struct_pack({joined(values)})")


def _sides(name: str, before: VersionRecord, after: VersionRecord) -> tuple[Fragment, Fragment]:
    """Return a field of both versions with one type; a field that one version lacks is NULL there."""
    cast = _common_cast(name, before, after)
    older, newer = (
        Fragment(f"{identifier(side, name)}{cast}") if _holds(version, name) else literal(None)
        for side, version in (("older", before), ("newer", after))
    )
    return older, newer


def _shown_type(name: str, before: VersionRecord, after: VersionRecord) -> str:
    """Return the type that both sides' values are shown with: text for what not every reader of a table knows."""
    kinds = [version.types[name] for version in (before, after) if _holds(version, name)]
    kind = _common_cast(name, before, after).removeprefix("::") or next(iter(kinds), "VARCHAR")
    return kind if kind in PLAIN_TYPES or kind.startswith("DECIMAL") else "VARCHAR"


def _holds(version: VersionRecord, name: str) -> bool:
    """Return whether a version has a column, and not one of NULL alone, whose type fits nothing."""
    import pyarrow.types as types

    return name in version.plain_types and not types.is_null(version.plain_types[name])


def _common_cast(name: str, before: VersionRecord, after: VersionRecord) -> str:
    """Return the cast to a type that both versions' values of a column have; none when they have one type."""
    if not (_holds(before, name) and _holds(after, name)) or before.types[name] == after.types[name]:
        return ""
    for older, newer in ((before, after), (after, before)):
        if is_widening(older.plain_types[name], newer.plain_types[name]):
            return f"::{newer.types[name]}"
    return "::VARCHAR"
