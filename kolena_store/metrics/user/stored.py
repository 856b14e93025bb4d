"""User metrics in the catalogue: every definition that was ever applied has a version, one of them is current."""

import datetime
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord
from kolena_store.display import Column, Listing
from kolena_store.errors import ConflictingDefinition, UnknownName
from kolena_store.metrics.definitions import Better, MetricDefinition, MetricFile, unknown_metric
from kolena_store.metrics.user.files import IntervalKind, MetricText, parse_metrics
from kolena_store.schema import now
from kolena_store.tables import Layout, RecordColumn, Tabular, table_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "USER_METRICS",
    "AppliedMetric",
    "MetricsReport",
    "UserMetric",
    "check_no_clash",
    "chosen_metrics",
    "drop_metric",
    "metrics_once_named",
    "store_metric",
    "user_metrics",
]

Change = Literal["new", "new version", "restored", "unchanged"]

KINDS = tuple(RecordColumn(name=name) for name in ("better", "unit", "interval"))
USER_METRICS = Layout(
    fields=(
        RecordColumn(name="name"),
        RecordColumn(name="version", kind="whole"),
        *KINDS,
        RecordColumn(name="undefined"),
        RecordColumn(name="source"),
        RecordColumn(name="created", kind="moment"),
    ),
    shown=(RecordColumn(name="metric", of="name"), RecordColumn(name="version", kind="whole"), *KINDS),
)
APPLIED_COLUMNS = (
    RecordColumn(name="name"),
    RecordColumn(name="version", kind="whole"),
    RecordColumn(name="change"),
    *KINDS,
    RecordColumn(name="is_tried", kind="flag"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMetric:
    """One version of a metric that a user defined; `source` is its header and its query as they were written."""

    name: str
    version: int
    better: Better
    unit: str
    interval: IntervalKind | None
    undefined: str | None
    query: str
    source: str
    digest: str = field(repr=False)
    created: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedMetric:
    """A metric as it stands after its file was applied, and what that changed.

    `is_tried` is False while no model has results to try it on.
    """

    name: str
    version: int
    change: Change
    better: Better
    unit: str
    interval: IntervalKind | None
    is_tried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsReport(Tabular):
    """The metrics of a file as they stand after it was applied."""

    dataset: str
    metrics: tuple[AppliedMetric, ...]

    def arrow(self) -> "pa.Table":
        """Return the metrics as a table."""
        return table_of(APPLIED_COLUMNS, self.metrics)

    def listings(self) -> Sequence[Listing | str]:
        """Return one row for each metric, and what to do next."""
        columns = (
            Column(title="metric"),
            Column(title="version", align="right"),
            Column(title="change"),
            Column(title="better"),
            Column(title="unit"),
            Column(title="interval"),
        )
        rows = tuple(
            (one.name, str(one.version), one.change, one.better, one.unit, one.interval or "") for one in self.metrics
        )
        waiting = ", ".join(one.name for one in self.metrics if not one.is_tried)
        notes = (f"not tried yet, as no model has results: {waiting}",) if waiting else ()
        return [Listing(title=f"{self.dataset}: metrics", columns=columns, rows=rows, notes=notes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A row of the catalogue."""

    name: str
    version: int
    definition_digest: str
    source: str
    is_current: bool
    created: datetime.datetime


def user_metrics(session: Session, dataset: DatasetRecord) -> list[UserMetric]:
    """Return the current metrics of a dataset by name."""
    found = session.records(_Version, "user_metrics.current_versions", dataset_id=dataset.dataset_id)
    return [_metric(version) for version in found]


def metrics_once_named(session: Session, dataset_id: int) -> dict[str, list[UserMetric]]:
    """Return name -> all versions that a metric of a dataset ever had, the current one first, then the newest."""
    found: dict[str, list[UserMetric]] = {}
    for version in session.records(_Version, "user_metrics.all_versions", dataset_id=dataset_id):
        found.setdefault(version.name, []).append(_metric(version))
    return found


def store_metric(
    transaction: Transaction, dataset: DatasetRecord, metric: MetricText, *, is_tried: bool
) -> AppliedMetric:
    """Make a definition the current one of its name; a definition that was there before keeps its version."""
    versions = _versions(transaction, dataset, metric.name)
    known = next((one for one in versions if one.definition_digest == metric.digest), None)
    if known is not None and known.is_current:
        return _applied(known, metric, "unchanged", is_tried=is_tried)
    key = {"dataset_id": dataset.dataset_id, "name": metric.name}
    number = known.version if known else len(versions) + 1
    if known is None:
        facts = {"definition_digest": metric.digest, "source": metric.source, "created": now()}
        transaction.run("user_metrics.insert_version", **key, version=number, **facts)
    transaction.run("user_metrics.make_current", **key, version=number)
    transaction.touched_datasets.add(dataset.dataset_id)
    stored = _versions(transaction, dataset, metric.name)[number - 1]
    change: Change = "restored" if known else "new version" if versions else "new"
    return _applied(stored, metric, change, is_tried=is_tried)


def drop_metric(transaction: Transaction, dataset: DatasetRecord, name: str) -> None:
    """Take a metric out of the current ones; its versions stay, and the runs that hold its values.

    Raises:
        UnknownName: the dataset has no such metric of its own.
    """
    known = [metric.name for metric in user_metrics(transaction, dataset)]
    if name not in known:
        listing = f"kolena-store metrics list {shlex.quote(dataset.name)}"
        raise UnknownName.of(f"user metric of {dataset.name!r}", name, known, listing)
    transaction.run("user_metrics.make_current", dataset_id=dataset.dataset_id, name=name, version=None)
    transaction.touched_datasets.add(dataset.dataset_id)


def check_no_clash(dataset: DatasetRecord, names: Collection[str], file: MetricFile) -> None:
    """Refuse user metrics that have the name of one that the dataset's workflow brings.

    Raises:
        ConflictingDefinition: there is one.
    """
    taken = [name for name in names if name in {metric.name for metric in file.metrics}]
    if taken:
        raise ConflictingDefinition(
            f"the metric {taken[0]!r} of {dataset.name!r} has the name of one that the dataset's workflow brings; "
            "give it another name (one that is stored already goes with: kolena-store metrics drop "
            f"{shlex.quote(dataset.name)} {taken[0]})"
        )


def chosen_metrics(
    file: MetricFile, own: Sequence[UserMetric], names: Sequence[str] | None
) -> tuple[tuple[MetricDefinition, ...], tuple[UserMetric, ...]]:
    """Return the metrics of these names, the workflow's and the user's own; None means all.

    Raises:
        UnknownName: there is no such metric.
    """
    if names is None:
        return file.chosen(None), tuple(own)
    own_names = {metric.name for metric in own}
    known = {*(metric.name for metric in file.metrics), *own_names}
    for name in names:
        if name not in known:
            raise unknown_metric(name, file, [metric.name for metric in own])
    brought = file.chosen([name for name in names if name not in own_names])
    return brought, tuple(metric for metric in own if metric.name in names)


def _versions(session: Session, dataset: DatasetRecord, name: str) -> list[_Version]:
    return session.records(_Version, "user_metrics.versions", dataset_id=dataset.dataset_id, name=name)


def _metric(version: _Version) -> UserMetric:
    text = parse_metrics(version.source, file=version.name)[0]
    return UserMetric(
        name=version.name,
        version=version.version,
        better=text.better,
        unit=text.unit,
        interval=text.interval,
        undefined=text.undefined,
        query=text.query,
        source=version.source,
        digest=version.definition_digest,
        created=version.created,
    )


def _applied(stored: _Version, metric: MetricText, change: Change, *, is_tried: bool) -> AppliedMetric:
    return AppliedMetric(
        name=metric.name,
        version=stored.version,
        change=change,
        better=metric.better,
        unit=metric.unit,
        interval=metric.interval,
        is_tried=is_tried,
    )
