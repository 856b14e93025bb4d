"""The shape of JSON values: what each field holds over all rows, gathered from the values or from descriptions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Clash", "Shape"]

WHOLE, REAL, TRUTH, TEXT, LIST, OBJECT = "an integer", "a number", "true or false", "text", "a list", "an object"
NUMBERS = frozenset({WHOLE, REAL})
LEAST, MOST, MOST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1
DESCRIBED = (
    ("BOOLEAN", TRUTH),
    ("UBIGINT", WHOLE),
    ("BIGINT", WHOLE),
    ("HUGEINT", WHOLE),
    ("DOUBLE", REAL),
    ("VARCHAR", TEXT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A value of another kind than the earlier ones of its field."""

    path: str
    kind: str
    earlier: str
    earlier_row: int


class Shape:
    """What the values of one field have been so far: their kind, and the shapes of what they hold."""

    __slots__ = ("fields", "first_row", "is_mixed", "items", "kind", "least", "most", "widest_row")

    def __init__(self) -> None:
        """Start with a field of which no value was seen."""
        self.kind: str | None = None
        self.first_row = 0
        self.is_mixed = False
        self.fields: dict[str, Shape] = {}
        self.items: Shape | None = None
        self.least = self.most = self.widest_row = 0

    def add(self, value: Any, row: int, path: str = "") -> Clash | None:
        """Take in a value of a row (line or item number); return how it contradicts the earlier ones, or None."""
        kind = _kind_of(value)
        if kind is None:
            return None
        earlier, first_row = self.kind, self.first_row or row
        if not self._take(kind, row):
            return Clash(path=path, kind=kind, earlier=str(earlier), earlier_row=first_row)
        if kind == WHOLE:
            self._widen(value, row)
        if kind == LIST:
            return self._first_clash(self._items(), value, row, f"{path}[]")
        if kind == OBJECT:
            return self._add_fields(value, row, path)
        return None

    def describe(self, structure: Any) -> bool:
        """Take in what json_structure says of a value; return whether that is clear and contradicts nothing."""
        if isinstance(structure, dict):
            unclear = [name for name, part in structure.items() if not self.field(name).describe(part)]
            return self._take(OBJECT, 0) and not unclear
        if isinstance(structure, list):
            return self._take(LIST, 0) and self._describe_items(structure)
        if structure == "NULL":
            return True
        if structure == "JSON":
            return self._take(OBJECT, 0)
        return any(structure == name and self._take(kind, 0) for name, kind in DESCRIBED)

    def field(self, name: str) -> "Shape":
        """Return the shape of one field of objects."""
        return self.fields.setdefault(name, Shape())

    def type(self) -> "pa.DataType":
        """Return the Arrow type that holds all values; the null type for a field without values."""
        import pyarrow as pa

        if self.kind == LIST:
            return pa.list_(self._items().type())
        if self.kind == OBJECT:
            return pa.struct([(name, shape.type()) for name, shape in self.fields.items()])
        if self.kind == WHOLE:
            return pa.int64() if self.most <= MOST else pa.uint64()
        return {REAL: pa.float64(), TRUTH: pa.bool_(), TEXT: pa.string(), None: pa.null()}[self.kind]

    def too_wide(self, path: str = "") -> tuple[int, str] | None:
        """Return the row and the column of integers that fit no 64 bits, or None."""
        is_negative = self.least < 0
        if self.kind == WHOLE and (self.least < LEAST or self.most > (MOST if is_negative else MOST_UNSIGNED)):
            return self.widest_row, path
        parts = [(name if not path else f"{path}.{name}", shape) for name, shape in self.fields.items()]
        if self.items is not None:
            parts.append((f"{path}[]", self.items))
        found = (shape.too_wide(part) for part, shape in parts if not shape.is_mixed)
        return next((problem for problem in found if problem), None)

    def _take(self, kind: str, row: int) -> bool:
        if self.kind is None:
            self.kind, self.first_row = kind, row
        elif self.kind != kind:
            if not {self.kind, kind} <= NUMBERS:
                self.is_mixed = True
                return False
            self.kind = REAL
        return True

    def _items(self) -> "Shape":
        self.items = self.items or Shape()
        return self.items

    def _describe_items(self, structure: list[Any]) -> bool:
        """Take in the description of a list, in which `JSON` means either mixed items or empty objects."""
        return all(part != "JSON" and self._items().describe(part) for part in structure)

    def _widen(self, value: int, row: int) -> None:
        if not self.least <= value <= self.most:
            self.least, self.most, self.widest_row = min(self.least, value), max(self.most, value), row

    def _add_fields(self, value: dict[str, Any], row: int, path: str) -> Clash | None:
        found = (self.field(name).add(part, row, f"{path}.{name}" if path else name) for name, part in value.items())
        return next((clash for clash in found if clash), None)

    @staticmethod
    def _first_clash(items: "Shape", values: list[Any], row: int, path: str) -> Clash | None:
        return next((clash for value in values if (clash := items.add(value, row, path))), None)


def _kind_of(value: Any) -> str | None:
    kinds = ((bool, TRUTH), (int, WHOLE), (float, REAL), (str, TEXT), (list, LIST), (dict, OBJECT))
    return next((kind for python_type, kind in kinds if isinstance(value, python_type)), None)
