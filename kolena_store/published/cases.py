"""One view for each current test case of a dataset: the samples that it selects, with all their columns."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kolena_store.database import Session, Transaction
from kolena_store.digests import sha256_of_texts
from kolena_store.files import SAMPLE
from kolena_store.predicates.tokens import lowered
from kolena_store.published.descriptions import field_comment, member_comment, shared_comment
from kolena_store.published.object_views import object_fields
from kolena_store.published.objects import PublishedObject
from kolena_store.published.paths import paths
from kolena_store.published.state import DatasetState
from kolena_store.statements import Fragment, identifier, joined, literal, statement

__all__ = ["CurrentCase", "case_views", "cases_schema", "current_cases", "note_cases"]

SUFFIX = " test cases"
STAR_OPTIONS = ("exclude_list", "replace_list", "rename_list", "qualified_exclude_list", "columns", "expr")
QUERY_OPTIONS = ("modifiers", "group_expressions", "having", "qualify", "sample")
SAMPLES = "test_samples"
OF_MODEL = "inference"
MODEL_COLUMNS = frozenset(("model", "upload_configuration"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentCase:
    """The version of a test case that a current suite pins."""

    test_case_id: int
    version: int
    name: str
    level: str
    definition_digest: str
    normalised: str | None
    object_query: str | None
    fields: list[str]
    members_file: int | None
    description: str | None


def cases_schema(dataset: str) -> str:
    """Return the name of the schema that holds a dataset's test cases."""
    return dataset + SUFFIX


def current_cases(session: Session, dataset_id: int, columns: Iterable[str]) -> list[CurrentCase]:
    """Return the test cases of the current suites; where two pin versions of one, a file goes before `by`.

    A suite by fields may outlive its fields: those of its cases that read another than the dataset's columns are left
    out.
    """
    known = {lowered(name) for name in (SAMPLE, *columns)}
    found = session.records(CurrentCase, "publish.current_cases", dataset_id=dataset_id)
    return [case for case in found if known.issuperset(map(lowered, case.fields))]


def note_cases(transaction: Transaction, dataset_id: int, cases: Sequence[CurrentCase]) -> bool:
    """Keep which versions are current in the catalogue, where views read them; return whether that is a change."""
    found = [(case.test_case_id, case.version) for case in cases]
    if transaction.rows("publish.published_cases", dataset_id=dataset_id) == found:
        return False
    transaction.run("publish.forget_cases", dataset_id=dataset_id)
    transaction.run(
        "publish.note_cases",
        dataset_id=dataset_id,
        test_case_ids=[number for number, _ in found],
        versions=[version for _, version in found],
    )
    return True


def case_views(session: Session, state: DatasetState, cases: Sequence[CurrentCase]) -> Iterator[PublishedObject]:
    """Yield the views; each is written anew when its definition or the dataset's columns have changed."""
    columns = [(SAMPLE, shared_comment(SAMPLE))]
    columns += [(name, field_comment(name, state.roles[name])) for name in state.types]
    shape = sha256_of_texts([text for pair in state.types.items() for text in pair])
    for case in cases:
        root = str(session.root) if case.members_file is not None else ""
        yield PublishedObject(
            schema=cases_schema(state.name),
            name=case.name,
            kind="view",
            made_from=f"{case.test_case_id} {case.version} {shape} {root}",
            create=lambda case=case: _create(session, state, case),  # type: ignore[misc]
            comment=case.description or f"The {_selected(case)} of the test case {case.name}",
            columns=_columns(state, case, columns),
        )


def _selected(case: CurrentCase) -> str:
    return "samples" if case.object_query is None else "objects"


def _columns(state: DatasetState, case: CurrentCase, columns: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Return the columns of a test case's view with their comments, given those of the samples."""
    if case.object_query is not None:
        number = ("_object", shared_comment("_object"))
        return [columns[0], number, *((name, field_comment(name, "ground_truth")) for name in object_fields(state)[0])]
    if case.level == OF_MODEL:
        models = [(name, member_comment(name)) for name in ("model", "upload_configuration")]
        return [columns[0], *models, *_own_names(columns[1:])]
    return columns


def _create(session: Session, state: DatasetState, case: CurrentCase) -> Fragment:
    view = identifier(cases_schema(state.name), case.name)
    if case.level == OF_MODEL:
        return _create_of_models(state, case, view)
    if case.object_query is not None:
        return _create_of_objects(session, state, case, view)
    if case.members_file is not None:
        query, is_plain = (
            statement("views/datasets", "listed_members").fill(files=paths(session, [case.members_file])),
            False,
        )
    else:
        query, is_plain = _with_schema(session, case.normalised or "", state.name, _tables(state))
    if is_plain:
        return statement("views/datasets", "plain_test_case").fill(view=view, query=query)
    return statement("views/datasets", "test_case").fill(view=view, samples=state.view("test_samples"), members=query)


def _create_of_objects(session: Session, state: DatasetState, case: CurrentCase, view: Fragment) -> Fragment:
    """Return the view of an object-level test case: the objects that it selects, a row for each."""
    query, _ = _with_schema(session, case.object_query or "", state.name, _tables(state))
    return statement("views/datasets", "test_case_of_objects").fill(
        view=view, objects=state.view("ground_truths"), selected=query
    )


def _tables(state: DatasetState) -> frozenset[str]:
    """Return the names of what test cases may read, in lower case."""
    return frozenset(map(lowered, (SAMPLES, "ground_truths", *(table.name for table in state.tables))))


def _create_of_models(state: DatasetState, case: CurrentCase, view: Fragment) -> Fragment:
    """Return the view of an inference-level test case: a row for each sample and each model that was shown it so."""
    names = [(name, "") for name in state.types]
    columns = joined((Fragment(f", {identifier('samples', name)}") for name, _ in _own_names(names)), "")
    return statement("views/datasets", "test_case_of_models").fill(
        view=view,
        samples=state.view("test_samples"),
        members=state.view("test_case_members"),
        test_case=literal(case.name),
        columns=columns,
    )


def _own_names(columns: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the columns of samples but for those with a name that the model has beside them."""
    return [one for one in columns if one[0].casefold() not in MODEL_COLUMNS]


def _with_schema(session: Session, query: str, schema: str, tables: frozenset[str]) -> tuple[Fragment, bool]:
    """Return a query that names the dataset's tables by two parts, so that it means the same wherever it is read.

    The second says that it is plain: whole rows of the table under a condition, which can stand as they are.
    """
    tree = json.loads(session.value("predicates.tree", text=query))
    root = tree["statements"][0]["node"]
    _qualify(root, schema, tables)
    text = str(session.value("publish.rewritten", tree=json.dumps(tree))).rstrip("; \n")
    return Fragment(text), _is_plain(root)


def _is_plain(node: Any) -> bool:
    """Return whether a query is `SELECT * FROM test_samples WHERE ...` and nothing more."""
    if node["type"] != "SELECT_NODE" or len(node["select_list"]) != 1 or node["cte_map"]["map"]:
        return False
    (star,) = node["select_list"]
    is_whole = star["class"] == "STAR" and not any(star.get(key) for key in STAR_OPTIONS)
    table = node["from_table"]
    is_samples = table["type"] == "BASE_TABLE" and lowered(str(table["table_name"])) == SAMPLES
    is_samples = is_samples and not table["column_name_alias"]
    return is_whole and is_samples and not any(node.get(key) for key in QUERY_OPTIONS)


def _qualify(node: Any, schema: str, tables: frozenset[str]) -> None:
    """Add the schema to the tables below a node; a name of WITH hides the table of that name within its query."""
    if isinstance(node, list):
        for one in node:
            _qualify(one, schema, tables)
    if not isinstance(node, dict):
        return
    entries = node["cte_map"]["map"] if isinstance(node.get("cte_map"), dict) else []
    for entry in entries:
        _qualify(entry["value"], schema, tables)
        tables = tables - {lowered(entry["key"])}
    if node.get("type") == "BASE_TABLE":
        name = lowered(str(node["table_name"]))
        if name in tables and not node["schema_name"]:
            node["schema_name"] = schema
            node["alias"] = node["alias"] or node["table_name"]
            if "qualified_name" in node:  # DuckDB 2 reads the name from here
                node["qualified_name"] = {**node["qualified_name"], "path": [schema, node["table_name"]]}
    for key, value in node.items():
        if key != "cte_map":
            _qualify(value, schema, tables)
