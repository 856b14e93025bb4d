"""Where the quantiles of a forecast stand: in a column for each level, or in lists."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from kolena_store.datasets import LEVEL_MARK, ColumnNeed, columns_of_pattern
from kolena_store.errors import InvalidInput, shown
from kolena_store.workflows.base import INFERENCE, ScoringInput
from kolena_store.workflows.numbers import numbers_of
from kolena_store.workflows.options import check_column_names

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Levels", "Quantiles", "checked_quantiles", "level_text", "levels_of", "quantile_matrix", "quantile_needs"]

Quantiles: TypeAlias = "str | Mapping[str, str] | None"
"""Level -> column, a pattern such as `q_{level}`, or the name of a list column."""

Levels: TypeAlias = "str | Sequence[float] | None"
"""The levels of a list column, in its order, or the list column that holds them."""


def level_text(level: object) -> str:
    """Return how a level is written as a class: 0.025 as `0.025`.

    Raises:
        InvalidInput: it is no number between 0 and 1.
    """
    try:
        value = float(str(level))
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise InvalidInput(f"{level!r} is no level of a quantile; levels are numbers between 0 and 1, such as 0.025")
    return repr(value)


def checked_quantiles(quantiles: object, levels: object) -> tuple[Quantiles, Levels]:
    """Return the two options as a document gives them back.

    Raises:
        InvalidInput: they name no column, no level, or contradict each other.
    """
    if isinstance(quantiles, Mapping):
        by_level = {level_text(level): column for level, column in quantiles.items()}
        check_column_names("Regression", **{f"quantiles[{level}]": name for level, name in by_level.items()})
        if not by_level or levels is not None:
            raise InvalidInput("quantiles={...} names each level with its column, and at least one; leave levels away")
        return by_level, None
    check_column_names("Regression", quantiles=quantiles)
    if quantiles is None:
        if levels is not None:
            raise InvalidInput(f"levels={levels!r} are those of a list of quantiles; name its column (quantiles=)")
        return None, None
    text = str(quantiles)
    if LEVEL_MARK in text:
        columns_of_pattern(text, ())
        if levels is not None:
            raise InvalidInput(f"quantiles={text!r} reads the levels from the columns' names; leave levels away")
        return text, None
    if levels is None:
        raise InvalidInput(
            f"quantiles={text!r} is one column of lists: name their levels in order (levels=[0.025, 0.5, 0.975]), or "
            f"the list column that holds them; columns for each level are named by a pattern, as 'q_{LEVEL_MARK}'"
        )
    if isinstance(levels, str):
        check_column_names("Regression", levels=levels)
        return text, levels
    listed = tuple(float(level_text(level)) for level in levels)  # type: ignore[attr-defined]
    if not listed or len(set(listed)) < len(listed):
        raise InvalidInput(f"levels={list(listed)} must name each level once, and at least one")
    return text, listed


def quantile_needs(quantiles: Quantiles, levels: Levels) -> list[ColumnNeed]:
    """Return the columns that hold the quantiles."""
    if quantiles is None:
        return []
    if isinstance(quantiles, Mapping):
        return [ColumnNeed(name=column, kind="number") for column in quantiles.values()]
    if LEVEL_MARK in quantiles:
        return [ColumnNeed(name=quantiles, kind="number_pattern")]
    of_levels = [ColumnNeed(name=levels, kind="numbers")] if isinstance(levels, str) else []
    return [ColumnNeed(name=quantiles, kind="numbers"), *of_levels]


def levels_of(quantiles: Quantiles, levels: Levels, inputs: ScoringInput) -> tuple[str, ...]:
    """Return the levels of one model's forecasts, ascending.

    Raises:
        InvalidInput: a column's name, or a value, is no level.
    """
    import numpy as np

    if isinstance(levels, str):
        found = np.unique(_entries(inputs.distinct(INFERENCE + levels))[1])
        return _ascending({level_text(level) for level in found.tolist()})
    if levels is not None:
        return _ascending({level_text(level) for level in levels})
    return _ascending(_columns_by_level(quantiles, inputs.schema))


def quantile_matrix(
    quantiles: Quantiles, levels: Levels, batch: "pa.RecordBatch", wanted: Sequence[str]
) -> "np.ndarray":
    """Return the quantiles of the levels `wanted`: float64[rows, levels], NaN where there is none.

    Raises:
        InvalidInput: a list has another length than its levels, or names a level twice.
    """
    import numpy as np

    found = np.full((batch.num_rows, len(wanted)), np.nan)
    position = {level: index for index, level in enumerate(wanted)}
    if quantiles is None:
        return found
    if levels is None:
        for level, column in _columns_by_level(quantiles, batch.schema).items():
            found[:, position[level]] = numbers_of(batch.column(INFERENCE + column))
        return found
    values = batch.column(f"{INFERENCE}{quantiles}")
    rows, numbers = _entries(values)
    if isinstance(levels, str):
        _check_lengths(values, batch.column(INFERENCE + levels), f"{quantiles!r} and {levels!r}")
        columns = _positions(batch.column(INFERENCE + levels), position)
    else:
        columns = _columns_of_lists(values, str(quantiles), [position[level_text(level)] for level in levels])
    columns = columns.astype(np.int64)
    places = rows * max(len(wanted), 1) + columns
    if np.unique(places).size < places.size:
        raise InvalidInput(f"{levels!r} names a level twice in some rows; give each level one quantile")
    found[rows, columns] = numbers
    return found


def _ascending(levels: "set[str] | Mapping[str, str]") -> tuple[str, ...]:
    return tuple(sorted(levels, key=float))


def _columns_by_level(quantiles: Quantiles, schema: "pa.Schema") -> dict[str, str]:
    if isinstance(quantiles, Mapping):
        return dict(quantiles)
    names = [name.removeprefix(INFERENCE) for name in schema.names if name.startswith(INFERENCE)]
    return {level_text(level): name for level, name in columns_of_pattern(str(quantiles), names).items()}


def _entries(values: "pa.Array") -> "tuple[np.ndarray, np.ndarray]":
    """Return the row and the number of every element of lists."""
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_null(values.type):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.asarray(pc.list_parent_indices(values), dtype=np.int64), numbers_of(values.flatten())


def _positions(levels: "pa.Array", position: Mapping[str, int]) -> "np.ndarray":
    """Return where each level of lists stands among the wanted ones."""
    import numpy as np

    found, inverse = np.unique(_entries(levels)[1], return_inverse=True)
    return np.array([position[level_text(level)] for level in found.tolist()], dtype=np.int64)[inverse]


def _check_lengths(values: "pa.Array", levels: "pa.Array", names: str) -> None:
    import pyarrow.compute as pc
    import pyarrow.types as types

    kept = [one for one in (values, levels) if not types.is_null(one.type)]
    lengths = [pc.list_value_length(one).fill_null(0) for one in kept]
    if len(kept) == 1 or (lengths and not lengths[0].equals(lengths[1])):
        raise InvalidInput(f"{names} hold lists of different lengths in some rows; each quantile needs its level")


def _columns_of_lists(values: "pa.Array", name: str, columns: Sequence[int]) -> "np.ndarray":
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_null(values.type):
        return np.zeros(0)
    known = values.drop_null()
    lengths = pc.unique(pc.list_value_length(known)).to_pylist()
    if any(length != len(columns) for length in lengths):
        raise InvalidInput(
            f"the lists in {name!r} have {shown(sorted(lengths))} values, and there are {len(columns)} levels; "
            "name the levels in the order of the list with levels=[...]"
        )
    return np.tile(np.array(columns), len(known))
