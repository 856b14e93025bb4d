"""Repeats: several answers of one model to each sample (seeds, completions, passes), told apart by a field."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets import Columns, VersionRecord, check_ids, files_of, is_exact
from kolena_store.display import counted
from kolena_store.errors import ChangedType, InvalidInput, MissingColumns, shown
from kolena_store.results.metadata_fields import answer_columns
from kolena_store.results.records import ResultsRecord
from kolena_store.statements import identifier, joined, literal, statement

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = [
    "check_kept_answers",
    "check_keys",
    "check_repeat_column",
    "check_same_metadata",
    "check_workflow_repeats",
    "repeat_field_of",
]

NO_REPEATS = "repeat_field='' (--repeat '')"


def check_repeat_column(where: str, schema: "pa.Schema", field: str, *, keys: Sequence[str], needs: Columns) -> None:
    """Check that a column can tell the repeats of a sample apart.

    Args:
        where: what messages call the table.
        schema: its columns.
        field: the one in question.
        keys: the columns that tell the samples, and the models, apart.
        needs: the columns that the workflow reads.

    Raises:
        MissingColumns: there is no such column.
        InvalidInput: it says something else, or the workflow knows of one answer to each sample alone.
        ChangedType: its values can't be told apart safely.
    """
    import pyarrow.types as types

    check_workflow_repeats(where, field, needs)
    if field not in schema.names:
        remedy = f"add the column that tells the repeats of a sample apart, or say {NO_REPEATS} for one answer each"
        raise MissingColumns.of(where, [field], schema.names, remedy=remedy)
    if field in keys or field in answer_columns(needs, schema.names):
        other = "it tells samples or models apart" if field in keys else "the workflow reads it as the model's answer"
        raise InvalidInput(f"{where}: {field!r} can't tell the repeats of a sample apart, since {other}; name another")
    found = schema.field(field).type
    if types.is_floating(found) or types.is_nested(found) or types.is_null(found) or not is_exact(found):
        raise ChangedType(
            f"{where}: the repeat field {field!r} holds {found}, whose values can't be told apart safely; "
            "use integers, text, dates or booleans (declare the type, e.g. types={...} or --type)"
        )


def check_workflow_repeats(where: str, field: str, needs: Columns) -> None:
    """Check that a workflow can take several answers to each sample.

    Raises:
        InvalidInput: it takes all objects of a sample, or all samples of a group, together.
    """
    what = "each row is an object" if needs.has_objects else f"samples are scored by {needs.group_by!r} together"
    if needs.has_objects or needs.group_by is not None:
        raise InvalidInput(
            f"{where}: repeats (told apart by {field!r}) are of no use where {what}; upload each of them under a model "
            "name or an upload configuration of its own"
        )


def repeat_field_of(
    model: str, given: str | None, before: ResultsRecord | None, metadata_fields: Sequence[str]
) -> str | None:
    """Return the repeat field of a new version of results.

    Args:
        model: whose results they are.
        given: what the upload says: None is nothing, and the empty text that each sample has one answer.
        before: the version before.
        metadata_fields: the inference metadata of the new version.

    Raises:
        InvalidInput: nothing was said, and the results had repeats; or the field is inference metadata too.
    """
    if given is None and before is not None and before.repeat_field is not None:
        raise InvalidInput(
            f"the results of {model!r} tell the repeats of a sample apart by {before.repeat_field!r}: say so again "
            f"with repeat_field={before.repeat_field!r} (--repeat {before.repeat_field}), or say {NO_REPEATS} for one "
            "answer each"
        )
    if given and given in metadata_fields:
        raise InvalidInput(
            f"{given!r} tells the repeats of a sample in the results of {model!r} apart, so it can't be inference "
            "metadata too; declare columns that are the same for all repeats of a sample"
        )
    return given or None


def check_keys(
    session: Session, where: str, paths: "Sequence[Path]", keys: Sequence[str], *, field: str | None
) -> None:
    """Check that staged rows tell samples (and models, and repeats) apart.

    Raises:
        InvalidInput: a key is NULL.
        DuplicateIds: rows share a key.
    """
    if field is None:
        remedy = (
            "Remove the repeated rows; or, where they are several answers to one sample, name the field that tells "
            "them apart (repeat_field=, --repeat); or collect their values into a list (collect=, --collect)"
        )
        check_ids(session, where, paths, keys, remedy=remedy)
        return
    remedy = f"Remove the repeated rows, or give each repeat of a sample a value of its own in {field!r}"
    check_ids(session, where, paths, [*keys, field], remedy=remedy)


def check_kept_answers(session: Session, version: VersionRecord, before: ResultsRecord, after: ResultsRecord) -> None:
    """Check that answers that a version of results took over fit its repeat field, when that is another one.

    Raises:
        InvalidInput: some have no value there, or the same one.
    """
    field = after.repeat_field
    if before.repeat_field == field:
        return
    query = statement("queries/results", "samples_without_repeat").fill(
        repeat=literal(1) if field is None else identifier(field)
    )
    paths = {"samples": version.sample_files, "inferences": after.inference_files}
    files = {name: [str(file.path(session.root)) for file in files_of(session, ids)] for name, ids in paths.items()}
    n_samples = session.rows(query, **files)[0][0]
    if n_samples:
        told = "one answer each" if before.repeat_field is None else f"repeats told apart by {before.repeat_field!r}"
        wanted = "have several answers" if field is None else f"have answers that {field!r} does not tell apart"
        raise InvalidInput(
            f"the results of {after.label!r} have {told} so far, and {counted(n_samples, 'sample')} that this upload "
            f"leaves as they are {wanted}; upload all answers anew, or these under another model name"
        )


def check_same_metadata(session: Session, where: str, results: ResultsRecord) -> None:
    """Check that the repeats of a sample agree in the inference metadata, which says how the sample was shown.

    Raises:
        InvalidInput: those of some sample differ; the first field is named.
    """
    fields = results.metadata_fields
    if not fields or results.repeat_field is None:
        return
    differing = [statement("queries/datasets", "has_several_values").fill(column=identifier(name)) for name in fields]
    query = statement("queries/datasets", "samples_with_several_values").fill(
        keys=identifier("_sample"), differing=joined(differing), any_differs=joined(differing, " OR ")
    )
    paths = [str(file.path(session.root)) for file in files_of(session, results.inference_files)]
    found = session.rows(query, files=paths)
    if found:
        named = [name for name, differs in zip(fields, found[0][1:], strict=True) if differs]
        raise InvalidInput(
            f"{where}: repeats of one sample differ in the inference metadata {shown(named)}, by which samples are "
            "selected as a whole; declare fields that are the same for all repeats of a sample, or upload what was "
            "shown otherwise under another upload configuration"
        )
