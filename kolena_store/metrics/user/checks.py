"""What the query of a user metric may read and call, as its text shows it; nothing is run here."""

from dataclasses import dataclass
from types import MappingProxyType

from kolena_store.errors import MissingColumns, RefusedStatement, did_you_mean, shown
from kolena_store.metrics.user.fields import (
    PLAIN_COLUMNS,
    SIDES,
    Fields,
    Tables,
    base_names,
    field_references,
    own_names,
)
from kolena_store.metrics.user.files import MetricText
from kolena_store.predicates import METRIC, Tree, check_tokens, check_tree, parse_tree
from kolena_store.predicates.functions import reason_against
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.zones import check_zones, zoned_fields

__all__ = ["VIEW", "MetricPlace", "check_metric"]

VIEW = "results"
NO_TABLES: Tables = MappingProxyType({})
UNLISTED = reason_against("", frozenset())


@dataclass(frozen=True, slots=True)
class MetricPlace:
    """Where a metric stands: the beginning of every message about it."""

    file: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: the metric {self.name!r}"


def check_metric(metric: MetricText, fields: Fields, place: MetricPlace, tables: Tables = NO_TABLES) -> Tree:
    """Return the parsed query of a metric that reads `results` and attached tables, by functions of the reviewed list.

    Args:
        metric: its text.
        fields: what each side of `results` has; of a side that is not known yet (no model has results) nothing is
            checked.
        place: where it stands.
        tables: the attached tables that it may read beside `results`.

    Raises:
        RefusedStatement: it is no single SELECT of that kind; the message says what, why, and what to write instead.
        MissingColumns: it names a field that a side does not have.
    """
    where = str(place)
    check_tokens(metric.tokens, where=where)
    tree = parse_tree(metric.query, where=f"{place.file}: the metric {place.name!r}")
    check_tree(tree, METRIC, where=where)
    _check_sources(tree, where, tables)
    _check_names(tree, where, tables)
    _check_fields(tree, fields, where)
    zoned = frozenset[str]().union(*(zoned_fields(known) for known in (*fields.values(), *tables.values())))
    check_zones(tree, zoned, where=where)
    return tree


def _check_sources(tree: Tree, where: str, tables: Tables) -> None:
    own = {lowered(name) for name in tree.cte_names}
    known = {VIEW, *map(lowered, tables)}
    taken = sorted(own & known)
    if taken:
        raise RefusedStatement(f"{where} gives the name {taken[0]!r} to a query of its own; rename that after WITH")
    others = [name for name in tree.table_names if lowered(name) not in own | known]
    if others:
        near = did_you_mean(others[0], [*tree.cte_names, VIEW, *tables])
        alone = f"the view {VIEW!r} and attached tables ({shown(tables)})" if tables else f"the view {VIEW!r} alone"
        raise RefusedStatement(f"{where} reads {others[0]!r}, but a metric reads {alone}{near}")
    if not base_names(tree):
        raise RefusedStatement(f"{where} does not read the view {VIEW!r}; write FROM {VIEW}")


def _check_names(tree: Tree, where: str, tables: Tables) -> None:
    """Refuse names that DuckDB takes for functions where no column has them: `user`, `current_date`, `rowid`."""
    known = own_names(tree) | set(PLAIN_COLUMNS) | set(SIDES) | _columns_read(tree, tables)
    for node in tree.of_class("COLUMN_REF"):
        parts = [lowered(part) for part in node["column_names"]]
        reason = reason_against(parts[0], frozenset())
        if len(parts) == 1 and parts[0] not in known and reason != UNLISTED:
            raise RefusedStatement(f"{where} uses {parts[0]}, which {reason}")


def _columns_read(tree: Tree, tables: Tables) -> set[str]:
    read = {lowered(name) for name in tree.table_names}
    return {lowered(column) for name, columns in tables.items() if lowered(name) in read for column in columns}


def _check_fields(tree: Tree, fields: Fields, where: str) -> None:
    for side, field in field_references(tree):
        known = fields.get(side)
        if known is not None and lowered(field) not in {lowered(name) for name in known}:
            raise MissingColumns.of(f"{where}: the struct {side}", [field], known)
