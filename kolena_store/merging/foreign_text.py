"""SQL from the other store's catalogue: held to the rules that it was written under before any of it runs here."""

from collections.abc import Collection, Iterable, Set

from kolena_store.errors import DamagedStore, InvalidInput, RefusedStatement
from kolena_store.merging.rows import Row
from kolena_store.metrics.user.checks import MetricPlace, check_metric
from kolena_store.metrics.user.fields import Tables
from kolena_store.metrics.user.files import parse_metrics
from kolena_store.predicates import SUITE, check_tree, parse_tree
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.types import type_fragment

__all__ = ["check_definition", "check_types", "check_user_metric"]

TABLES = ("test_samples", "ground_truths")
INFERENCES = "inferences"
THERE = "the other store"


def check_types(where: str, types: Iterable[str]) -> None:
    """Stop when a text that stands for a type is none.

    Raises:
        DamagedStore: there is one.
    """
    for kind in types:
        try:
            type_fragment(kind)
        except InvalidInput as error:
            raise DamagedStore(f"{where} of {THERE}: {error}; its catalogue was altered") from error


def check_definition(name: str, row: Row, tables: Collection[str] = ()) -> None:
    """Stop when a test case of the other store is no query of this dataset's samples, tables and metadata alone.

    Raises:
        RefusedStatement: it is none.
    """
    where = f"the test case {name!r} of {THERE}"
    # Of inferences only what results declare as their metadata is there when it runs.
    readable = {*TABLES, *map(lowered, tables), *([INFERENCES] if row["level"] == "inference" else [])}
    for query in (row["normalised"], row["object_query"]):
        if query is not None:
            _check_query(query, where, readable)


def _check_query(query: str, where: str, readable: Set[str]) -> None:
    tree = parse_tree(query, where=where)
    check_tree(tree, SUITE, where=where)
    own = {lowered(one) for one in tree.cte_names}
    strange = sorted({lowered(one) for one in tree.table_names} - own - readable)
    if strange:
        raise RefusedStatement(
            f"{where} reads {strange[0]!r}; a test case may read {TABLES[0]} alone: take it out of its suite there"
        )


def check_user_metric(name: str, row: Row, tables: Collection[str] = ()) -> None:
    """Stop when a user metric of the other store is no query of `results` and attached tables alone.

    Which fields `results` has here is not looked at: a metric may name some that are gone.

    Raises:
        MalformedFile: its text has another form than a file of metrics.
        RefusedStatement: its query may not stand there.
        DamagedStore: its text defines something else.
    """
    metrics = parse_metrics(row["source"], file=THERE)
    if [metric.name for metric in metrics] != [name]:
        raise DamagedStore(f"the text of the user metric {name!r} of {THERE} defines others; its catalogue was altered")
    known: Tables = {table: {} for table in tables}
    check_metric(metrics[0], {}, MetricPlace(THERE, metrics[0].line, name), known)
