"""Columns of sample metrics and of fields as arrays over `_sample`, kept in memory for plots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kolena_store.datasets import Field, files_of
from kolena_store.inspection.scopes import DatasetScope
from kolena_store.inspection.workbench import Look
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.statistics.smooth import Numbers
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["FieldValues", "class_scores", "field_values", "sample_numbers", "samples_in_order"]


@dataclass(frozen=True, kw_only=True)
class FieldValues:
    """A field of all samples: `values` as they came, in the order of `samples`."""

    field: Field
    samples: np.ndarray
    values: pa.ChunkedArray

    def numbers(self, size: int) -> Numbers:
        """Return a numeric field over `_sample`, NaN where there is none."""
        dense = np.full(size, np.nan)
        dense[self.samples] = self.values.cast(pa.float64(), safe=False).to_numpy()
        return dense


def sample_numbers(look: Look, scored: ScoredResults, columns: Sequence[str], size: int) -> tuple[Numbers, ...]:
    """Return columns of sample metrics as numbers over `_sample`, NaN where there is none; true is 1."""
    chosen = [Fragment(f"{identifier(name)}::DOUBLE AS {identifier(name)}") for name in columns]
    return _dense(look, scored, joined(chosen), size, n_columns=len(columns))


def class_scores(
    look: Look, scored: ScoredResults, class_name: str, size: int, *, is_multilabel: bool = False
) -> tuple[Numbers, Numbers]:
    """Return a class's own score of every sample, and 1 where the sample is of the class; NaN where not known."""
    place = literal(scored.facts.classes.index(class_name) + 1)
    truth = f"truths[{place}]" if is_multilabel else f"truth = {literal(class_name)}"
    columns = Fragment(f"scores[{place}] AS score, ({truth})::DOUBLE AS is_so")
    score, is_so = _dense(look, scored, columns, size, n_columns=2)
    return score, is_so


def field_values(look: Look, scope: DatasetScope, field: Field, *, as_text: bool = False) -> FieldValues:
    """Return a field of all samples, as the texts that DuckDB writes its values as if that is asked for."""
    version = scope.version

    def made() -> FieldValues:
        query = statement("queries/inspection", "field_of_samples").fill(
            field=identifier(field.name), kind=Fragment(f"{field.type}::VARCHAR" if as_text else field.type)
        )
        files = [str(file.path(look.session.root)) for file in files_of(look.session, version.sample_files)]
        table = look.session.table(query, files=files)
        return FieldValues(field=field, samples=table.column(0).to_numpy(), values=table.column(1))

    key = ("field", scope.dataset.dataset_id, version.version, field.name, as_text)
    return look.kept.get(key, made, lambda found: int(found.values.nbytes) + found.samples.nbytes)


def samples_in_order(look: Look, scope: DatasetScope, field: Field, *, descending: bool) -> np.ndarray | None:
    """Return all samples in the order of a field, those without a value last, ties by number; None: it has no order."""

    def made() -> np.ndarray:
        found = field_values(look, scope, field)
        order = "descending" if descending else "ascending"
        places = pc.array_sort_indices(found.values.combine_chunks(), order=order, null_placement="at_end")
        return np.asarray(found.samples[places.to_numpy()], dtype=np.int64)

    if field.type.endswith(("[]", ")")) and not field.type.startswith("DECIMAL"):
        return None
    key = ("order", scope.dataset.dataset_id, scope.version.version, field.name, descending)
    try:
        return look.kept.get(key, made, lambda found: int(found.nbytes))
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def _dense(look: Look, scored: ScoredResults, columns: Fragment, size: int, *, n_columns: int) -> tuple[Numbers, ...]:
    paths = [str(path) for path in scored.paths]

    def made() -> tuple[Numbers, ...]:
        table = look.session.table(statement("queries/inspection", "sample_arrays").fill(columns=columns), files=paths)
        samples, found = table.column(0).to_numpy(), []
        for place in range(1, n_columns + 1):
            dense = np.full(size, np.nan)
            dense[samples] = table.column(place).cast(pa.float64()).to_numpy()
            found.append(dense)
        return tuple(found)

    return look.kept.get(
        ("numbers", *paths, str(columns), size), made, lambda arrays: sum(array.nbytes for array in arrays)
    )
