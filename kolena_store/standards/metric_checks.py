"""Whether a gate can be put on a metric: that there is one, its direction, its range, its interval."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.metrics.definitions import MetricDefinition, MetricFile, unknown_metric
from kolena_store.metrics.user.stored import UserMetric
from kolena_store.standards.documents import Gate

__all__ = ["check_metric"]

NO_GATE: Mapping[str, str] = MappingProxyType(
    {"expected_calibration_error": "biased upward in small test cases; gate brier_score or log_loss"}
)
"""Metrics that no gate can be put on honestly, and why."""

PER_CENT = 100


def check_metric(gate: Gate, name: str, file: MetricFile, own_metrics: Sequence[UserMetric], *, place: str) -> None:
    """Check that a gate can be put on a metric of a dataset.

    Raises:
        UnknownName: the dataset has no such metric; near names are suggested.
        InvalidInput: the metric can't be what the gate asks, or nobody can tell.
    """
    known: list[MetricDefinition | UserMetric] = [*file.metrics, *own_metrics]
    metric = next((one for one in known if one.name == name), None)
    if metric is None:
        raise UnknownName(f"{place}: {unknown_metric(name, file, [one.name for one in own_metrics])}")
    for problem in _problems(gate, metric):
        raise InvalidInput(f"{place}: {problem}")


def _problems(gate: Gate, metric: MetricDefinition | UserMetric) -> Iterator[str]:
    """Yield what a gate asks of a metric that it can't be asked, each with what to write."""
    if metric.name in NO_GATE:
        yield f"{metric.name} has no gate: it is {NO_GATE[metric.name]}"
    if gate.on_baseline is not None and metric.better == "none":
        yield f"no direction of {metric.name} is better, so it can't be compared; give it bounds"
    for better, right, wrong in (("higher", "at_least", "at_most"), ("lower", "at_most", "at_least")):
        if metric.better == better and getattr(gate, wrong) is not None and getattr(gate, right) is None:
            yield f"{better} is better for {metric.name}, and {wrong} passes what is bad; write {right} (both: a band)"
    if gate.by != "value" and _lacks_interval(metric):
        yield f"{metric.name} has no interval, so there is no {gate.by}; write by = 'value'"
    if isinstance(metric, MetricDefinition):
        yield from _out_of_range(gate, metric)


def _lacks_interval(metric: MetricDefinition | UserMetric) -> bool:
    if isinstance(metric, MetricDefinition):
        return metric.interval.kind == "none"
    return metric.interval in (None, "none")


def _out_of_range(gate: Gate, metric: MetricDefinition) -> Iterator[str]:
    lowest, highest = (float(end) for end in metric.value_range.strip("[]()").split(","))
    for bound in (gate.at_least, gate.at_most):
        if bound is not None and not lowest <= bound <= highest:
            is_per_cent = highest == 1 and 1 < bound <= PER_CENT
            remedy = f"write {bound / PER_CENT:g} for {bound:g} %" if is_per_cent else "write one within"
            yield f"{metric.name} lies in {metric.value_range}, and {bound:g} does not; {remedy}"
