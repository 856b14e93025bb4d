"""The views that SQL clients see: one schema for each dataset, and `kolena` for everything about them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.database import Transaction
from kolena_store.files import SAMPLE, FileRecord
from kolena_store.statements import Fragment, identifier, joined, literal, load, statement

__all__ = ["common_types", "publish"]

OWN_COLUMNS = frozenset((SAMPLE, "model", "upload_configuration"))
UNION = " UNION ALL BY NAME "
NUMBERS = frozenset(
    (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "HUGEINT",
        "FLOAT",
        "DOUBLE",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    """The newest results of one model, and the sample metrics under the workflow's defaults when there are any.

    `spellings` maps the columns' names without capitals to the names as they are.
    """

    model: Fragment
    configuration: Fragment
    types: Mapping[str, str]
    spellings: Mapping[str, str]
    files: Fragment
    metric_types: Mapping[str, str]
    metric_files: Fragment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """A dataset as its schema shows it."""

    name: str
    types: Mapping[str, str]
    truths: tuple[str, ...]
    files: Fragment
    results: tuple[_Results, ...]

    def view(self, name: str) -> Fragment:
        """Return the quoted name of one of the dataset's views."""
        return identifier(self.name, name)


def publish(transaction: Transaction) -> None:
    """Bring the views up to date with what the transaction changed."""
    if transaction.is_first:
        for name, one in load("views/kolena").items():
            if name != "metrics":
                transaction.run(one.fill())
    for dataset_id in sorted(transaction.touched_datasets):
        _publish_dataset(transaction, _published(transaction, dataset_id))
    if transaction.has_new_runs:
        file_ids = [row[0] for row in transaction.rows("publish.all_metric_files")]
        view = statement("views/kolena", "metrics" if file_ids else "no_metrics")
        transaction.run(view.fill(files=_paths(transaction, file_ids)) if file_ids else view.fill())


def _published(transaction: Transaction, dataset_id: int) -> _Published:
    name, fields, sample_files, version = transaction.rows("publish.newest_dataset", dataset_id=dataset_id)[0]
    columns = json.loads(fields)
    scored = {
        (row[0], row[1]): row[2:]
        for row in transaction.rows("publish.newest_sample_metrics", dataset_id=dataset_id, dataset_version=version)
    }
    rows = transaction.rows("publish.newest_results", dataset_id=dataset_id)
    return _Published(
        name=name,
        types={column["name"]: column["type"] for column in columns},
        truths=tuple(column["name"] for column in columns if column["role"] == "ground_truth"),
        files=_paths(transaction, sample_files),
        results=tuple(_results(transaction, row, scored.get((row[0], row[1]))) for row in rows),
    )


def _results(transaction: Transaction, row: Sequence[Any], scored: Sequence[Any] | None) -> _Results:
    _, _, model, configuration, fields, inference_files = row
    types = {column["name"]: column["type"] for column in json.loads(fields)}
    return _Results(
        model=literal(model),
        configuration=literal(configuration),
        types=types,
        spellings={name.casefold(): name for name in types},
        files=_paths(transaction, inference_files),
        metric_types=dict(json.loads(scored[0])) if scored else {},
        metric_files=_paths(transaction, scored[1]) if scored else None,
    )


def _publish_dataset(transaction: Transaction, dataset: _Published) -> None:
    transaction.run(statement("views/datasets", "schema").fill(schema=identifier(dataset.name)))
    columns = joined([Fragment(SAMPLE), *(_typed(name, kind) for name, kind in dataset.types.items())])
    view = statement("views/datasets", "test_samples")
    transaction.run(view.fill(view=dataset.view("test_samples"), columns=columns, files=dataset.files))
    truths = joined([Fragment(SAMPLE), *map(identifier, dataset.truths)])
    view = statement("views/datasets", "ground_truths")
    samples = dataset.view("test_samples")
    transaction.run(view.fill(view=dataset.view("ground_truths"), columns=truths, samples=samples))
    _publish_parts(transaction, dataset, "inferences", _flat_parts(dataset), nothing="no_inferences")
    _publish_parts(transaction, dataset, "results", _struct_parts(dataset), nothing="no_results")


def _publish_parts(
    transaction: Transaction, dataset: _Published, name: str, parts: Sequence[Fragment], *, nothing: str
) -> None:
    if not parts:
        transaction.run(statement("views/datasets", nothing).fill(view=dataset.view(name)))
        return
    view = statement("views/datasets", "inferences")
    transaction.run(view.fill(view=dataset.view(name), parts=joined(parts, UNION)))


def _flat_parts(dataset: _Published) -> list[Fragment]:
    types = common_types(one.types for one in dataset.results)
    shown = [name for name in types if name.casefold() not in OWN_COLUMNS]
    part = statement("views/datasets", "inferences_of_model")
    return [
        part.fill(
            model=one.model,
            configuration=one.configuration,
            columns=joined((_of_model(one, name, types[name]) for name in shown), ""),
            files=one.files,
            samples=dataset.view("test_samples"),
        )
        for one in dataset.results
    ]


def _struct_parts(dataset: _Published) -> list[Fragment]:
    types = common_types(one.types for one in dataset.results)
    metric_types = next((one.metric_types for one in dataset.results if one.metric_types), {})
    part = statement("views/datasets", "results_of_model")
    return [
        part.fill(
            model=one.model,
            configuration=one.configuration,
            s=_struct({name: identifier("samples", name) for name in dataset.types}),
            g=_struct({name: identifier("samples", name) for name in dataset.truths}),
            i=_struct({name: _value_of_model(one, name, kind) for name, kind in types.items()}),
            m=_metrics_struct(one, metric_types),
            files=one.files,
            samples=dataset.view("test_samples"),
            scored=_metrics_join(one),
        )
        for one in dataset.results
    ]


def _metrics_struct(one: _Results, types: Mapping[str, str]) -> Fragment:
    def value(name: str, kind: str) -> Fragment:
        return identifier("scored", name) if one.metric_files else Fragment(f"NULL::{kind}")

    return _struct({name: value(name, kind) for name, kind in types.items()})


def _metrics_join(one: _Results) -> Fragment:
    if one.metric_files is None:
        return Fragment("")
    return statement("views/datasets", "join_sample_metrics").fill(files=one.metric_files)


def common_types(types_of_models: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the inference columns of all models, each with a type that all of them fit.

    Names that differ in capitals alone are one column, as they are in SQL; the first spelling stays.
    """
    spellings: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for types in types_of_models:
        for name, kind in types.items():
            found.setdefault(spellings.setdefault(name.casefold(), name), set()).add(kind)
    return {name: _common_type(kinds) for name, kinds in found.items()}


def _common_type(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    is_number = all(kind in NUMBERS or kind.startswith("DECIMAL(") for kind in kinds)
    return "DOUBLE" if is_number else "VARCHAR"


def _of_model(one: _Results, name: str, kind: str) -> Fragment:
    return Fragment(f", {_value_of_model(one, name, kind)} AS {identifier(name)}")


def _value_of_model(one: _Results, name: str, kind: str) -> Fragment:
    own = one.spellings.get(name.casefold())
    return Fragment(f"NULL::{kind}" if own is None else f"{identifier('inferences', own)}::{kind}")


def _struct(values: Mapping[str, Fragment]) -> Fragment:
    if not values:
        return Fragment("NULL::INTEGER")
    return Fragment(f"struct_pack({joined(Fragment(f'{identifier(name)} := {one}') for name, one in values.items())})")


def _typed(name: str, kind: str) -> Fragment:
    return Fragment(f"{identifier(name)}::{kind} AS {identifier(name)}")


def _paths(transaction: Transaction, file_ids: Sequence[int]) -> Fragment:
    """Return a list of paths under the root that a session names, else under the root that the store was written at."""
    files = transaction.records(FileRecord, "store.files_of", file_ids=list(file_ids)) if file_ids else []
    root = Fragment(f"coalesce(getvariable('kolena_root'), {literal(str(transaction.root))})")
    paths = (
        f"{root} || {literal('/' + file.path(transaction.root).relative_to(transaction.root).as_posix())}"
        for file in files
    )
    return Fragment(f"[{joined(map(Fragment, paths))}]")
