"""Labels as text: one spelling for a class, whichever type its column has on either side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, did_you_mean, shown

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["label_of", "label_texts", "merged_labels", "spelled"]


def label_texts(column: "pa.Array", like: "pa.DataType") -> "pa.Array":
    """Return labels as text, spelled as a column of the type `like` spells them; NaN counts as NULL.

    A whole number is spelled the same whether its column holds integers or floats, and a fraction whether they are of
    32 bits or 64; booleans match 1 and 0.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_boolean(like) and (types.is_integer(column.type) or types.is_floating(column.type)):
        known = pc.if_else(pc.is_in(column, pa.array([0, 1]).cast(column.type)), column, None)
        return label_texts(known.cast(pa.bool_()), like)
    if types.is_integer(like) and types.is_boolean(column.type):
        return column.cast(pa.int8()).cast(pa.string())
    if types.is_floating(like) and types.is_boolean(column.type):
        return _float_texts(column.cast(pa.int8()).cast(pa.float64()), like)
    if types.is_floating(column.type):
        return _float_texts(column, like)
    if types.is_floating(like) and types.is_integer(column.type):
        return _float_texts(column.cast(pa.float64()), like)
    return column.cast(pa.string())


def merged_labels(truth: "pa.Array", predicted: "pa.Array", like: "pa.DataType") -> tuple[str, ...]:
    """Return the labels of both sides: those of the truth in their own order, then those only predicted."""
    texts = [*label_texts(truth, like).to_pylist(), *label_texts(predicted, like).to_pylist()]
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def label_of(value: object, labels: Sequence[str], like: "pa.DataType", what: str) -> str:
    """Return the spelling of the label that the user means by `value`.

    Raises:
        InvalidInput: no label is spelled so; near ones are named.
    """
    spellings = [spelling for spelling in _spellings(value, like) if spelling in labels]
    if not spellings:
        raise InvalidInput(
            f"{what} {value!r} is no label of the ground truth{did_you_mean(str(value), labels)}; "
            f"it has {shown(labels)}"
        )
    return spellings[0]


def spelled(value: object, labels: Sequence[str], like: "pa.DataType") -> str:
    """Return how the data spell the label `value`, or would spell it when no sample has it."""
    spellings = _spellings(value, like)
    return next((spelling for spelling in spellings if spelling in labels), spellings[0])


def _spellings(value: object, like: "pa.DataType") -> list[str]:
    import pyarrow as pa

    found = []
    for candidate in (value, str(value)):
        try:
            found.append(label_texts(pa.array([candidate]).cast(like), like)[0].as_py())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OverflowError):
            continue
    return [*(spelling for spelling in found if spelling is not None), str(value)]


def _float_texts(column: "pa.Array", like: "pa.DataType") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    known = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if not types.is_float64(column.type):  # by way of text, as 0.1 of 32 bits is not 0.1 of 64
        known = known.cast(pa.string()).cast(pa.float64())
    texts = [None if value is None else _float_text(value, types.is_integer(like)) for value in known.to_pylist()]
    return pa.array(texts, pa.string())


def _float_text(value: float, as_integer: bool) -> str:
    return str(int(value)) if as_integer and value.is_integer() else repr(value)
