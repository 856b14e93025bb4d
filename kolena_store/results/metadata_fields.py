"""Inference metadata: columns of results that say how a sample was shown to the model, and nothing of its answer."""

from collections.abc import Iterable, Sequence

from kolena_store.datasets import Columns, VersionRecord, columns_of_pattern
from kolena_store.errors import ChangedType, InvalidInput, MissingColumns
from kolena_store.number_types import is_number
from kolena_store.results.common_types import common_types
from kolena_store.results.records import ResultsRecord

__all__ = ["answer_columns", "check_same_kinds", "declared_fields", "metadata_types", "types_of_metadata"]


def declared_fields(
    model: str,
    given: Sequence[str] | None,
    names: Sequence[str],
    *,
    before: ResultsRecord | None,
    needs: Columns,
) -> list[str]:
    """Return the inference metadata fields of a new version of results, in the order of its columns.

    Args:
        model: whose results they are.
        given: the fields that the upload declares; None leaves those of the version before.
        names: all columns of the new version.
        before: the version before.
        needs: the columns that the workflow reads.

    Raises:
        MissingColumns: there is no such column.
        InvalidInput: the workflow reads one as the model's answer.
    """
    if given is None:
        return list(before.metadata_fields) if before else []
    if isinstance(given, str):
        raise InvalidInput(f"metadata_fields={given!r} must be a list of columns, as in metadata_fields=[{given!r}]")
    missing = [name for name in given if name not in names]
    if missing:
        raise MissingColumns.of(f"the inference metadata of {model!r}", missing, names)
    answers = [name for name in given if name in answer_columns(needs, names)]
    if answers:
        raise InvalidInput(
            f"{answers[0]!r} can't be inference metadata of {model!r}: the workflow reads it as the model's answer; "
            "declare columns that say how a sample was shown to the model"
        )
    return [name for name in names if name in given]


def check_same_kinds(version: VersionRecord, results: ResultsRecord, others: Iterable[ResultsRecord]) -> None:
    """Check that the inference metadata of some results compares with that of others under the same name.

    Raises:
        ChangedType: one model has numbers there and another texts, or the like; no test case could read both.
    """
    own = _known_types(version, results)
    for other in others:
        for key, (name, kind) in _known_types(version, other).items():
            mine, own_kind = own.get(key, (name, kind))
            if own_kind != kind and not (is_number(own_kind) and is_number(kind)):
                raise ChangedType(
                    f"the inference metadata {mine!r} of {results.label!r} holds {own_kind}, that of {other.label!r} "
                    f"{kind}: a test case could not read both. Convert it (types=, --type), or rename the column"
                )


def metadata_types(version: VersionRecord, results: ResultsRecord) -> dict[str, str]:
    """Return the inference metadata fields of some results with their types, without those that the workflow reads."""
    answers = answer_columns(version.column_needs, list(results.types))
    return {name: results.types[name] for name in results.metadata_fields if name not in answers}


def types_of_metadata(version: VersionRecord, results: Iterable[ResultsRecord]) -> dict[str, str]:
    """Return the inference metadata fields that at least one of several results declares, with types that fit all."""
    return common_types(metadata_types(version, one) for one in results)


def _known_types(version: VersionRecord, results: ResultsRecord) -> dict[str, tuple[str, str]]:
    """Return the names and types of inference metadata by the names without capitals; not of what holds nothing."""
    import pyarrow.types as types

    found = metadata_types(version, results).items()
    return {name.casefold(): (name, kind) for name, kind in found if not types.is_null(results.plain_types[name])}


def answer_columns(needs: Columns, names: Sequence[str]) -> set[str]:
    """Return the columns, among some names, that a workflow reads as the model's answer."""
    found: set[str] = set()
    for need in (*needs.inference, *needs.optional):
        is_pattern = need.kind == "number_pattern"
        found.update(columns_of_pattern(need.name, names).values() if is_pattern else [need.name])
    return found
