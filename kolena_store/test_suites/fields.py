"""A field that is to be cut: a column, or a field inside its structs, as SQL that reads it from the samples' files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session
from kolena_store.datasets import VersionRecord, files_of
from kolena_store.errors import InvalidInput, MissingColumns, shown
from kolena_store.number_types import is_number
from kolena_store.statements import Fragment, Statement, identifier, literal, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CutField", "cut_field"]

TEXTS = ("BOOLEAN", "VARCHAR")
TEMPORAL = ("DATE", "TIME")
TYPED = (*TEMPORAL, "UUID", "INTERVAL")
"""Types whose values are written as DuckDB's own text and a cast, which keeps every digit (TIMESTAMP among them)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutField:
    """A field by the name that test cases show, the SQL that gives its value, its type, and where its values lie."""

    session: Session
    version: VersionRecord
    name: str
    root: str
    value: Fragment
    kind: str

    @property
    def is_number(self) -> bool:
        """Return whether it holds numbers."""
        return is_number(self.kind)

    @property
    def is_list(self) -> bool:
        """Return whether it holds lists."""
        return self.kind.endswith("]")

    @property
    def is_typed(self) -> bool:
        """Return whether its values are written as text with a cast."""
        return not self.is_list and self.kind.startswith(TYPED)

    @property
    def has_dates(self) -> bool:
        """Return whether it holds dates, with or without a time of day."""
        return not self.is_list and self.kind.startswith(("DATE", "TIMESTAMP"))

    @property
    def has_zone(self) -> bool:
        """Return whether it holds moments in time, which have a date in one zone alone."""
        return self.kind == "TIMESTAMP WITH TIME ZONE"

    @property
    def is_plain(self) -> bool:
        """Return whether it holds single values that can be compared."""
        return self.is_number or self.kind in TEXTS or self.is_typed

    @property
    def in_files(self) -> Fragment:
        """Return the value as it is in a file, which may be older than the column's type."""
        kind = self.version.types[self.root]
        return Fragment(self.value.replace(identifier(self.root), f"{identifier(self.root)}::{kind}", 1))

    def typed(self, text: str) -> Fragment:
        """Return the value that DuckDB writes as this text."""
        return Fragment(f"{literal(text)}::{self.kind}")

    def rows(self, query: Statement, /, fragments: dict[str, Fragment], **parameters: object) -> list[dict[str, Any]]:
        """Return the rows of a query over the files of the samples."""
        paths = [str(file.path(self.session.root)) for file in files_of(self.session, self.version.sample_files)]
        return list(self.session.table(query.fill(**fragments), files=paths, **parameters).to_pylist())


def cut_field(session: Session, version: VersionRecord, name: str) -> CutField:
    """Return a field by its name, or by the names of structs and the field inside them, joined with dots.

    Raises:
        MissingColumns: there is none.
        InvalidInput: it is a struct, not a field inside one.
    """
    root, inside = _split(version, name)
    kind, value = version.types[root], identifier(root)
    found = version.plain_types[root]
    for key in inside:
        value = Fragment(f"struct_extract({value}, {literal(key)})")
        found = found.field(key).type
    if inside:
        kind = _kind(session, value, root, kind)
    if _children(found):
        raise InvalidInput(
            f"{name!r} holds {kind}, which has no plain values to make test cases of; name a field inside it: "
            f"{shown([f'{name}.{child}' for child in _children(found)])}"
        )
    return CutField(session=session, version=version, name=name, root=root, value=value, kind=kind)


def _split(version: VersionRecord, name: str) -> tuple[str, list[str]]:
    """Return the column and the names inside it; names may hold dots themselves."""
    if name in version.types:
        return name, []
    for root in _prefixes(name):
        if root in version.types:
            inside = _inside(version.plain_types[root], name[len(root) + 1 :])
            if inside is not None:
                return root, inside
    roots = [root for root in _prefixes(name) if root in version.types]
    known = [f"{roots[0]}.{child}" for child in _leaves(version.plain_types[roots[0]])] if roots else []
    raise MissingColumns.of("the dataset", [name], known or list(version.types))


def _inside(found: "pa.DataType", rest: str) -> list[str] | None:
    children = _children(found)
    if rest in children:
        return [rest]
    for key in _prefixes(rest):
        inside = _inside(found.field(key).type, rest[len(key) + 1 :]) if key in children else None
        if inside is not None:
            return [key, *inside]
    return None


def _prefixes(name: str) -> Iterator[str]:
    """Yield what stands before each dot, the longest first."""
    yield from (name[:position] for position in range(len(name) - 1, 0, -1) if name[position] == ".")


def _children(found: "pa.DataType") -> list[str]:
    import pyarrow.types as types

    return [found.field(index).name for index in range(found.num_fields)] if types.is_struct(found) else []


def _leaves(found: "pa.DataType") -> Iterator[str]:
    for child in _children(found):
        inside = list(_leaves(found.field(child).type))
        yield from ([f"{child}.{one}" for one in inside] if inside else [child])


def _kind(session: Session, value: Fragment, root: str, kind: str) -> str:
    query = statement("queries/suites", "of_type").fill(value=value, kind=Fragment(kind), name=identifier(root))
    return str(session.rows(statement("queries/test_cases", "columns").fill(query=query))[0][1])
