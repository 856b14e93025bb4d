"""Comparing two test runs: each difference of a metric, split into what it is due to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kolena_store.attribution.chain import PARTS, Chain, Link, chain_of
from kolena_store.attribution.counterfactuals import Values, leaving_no_files, measured_link, values_of
from kolena_store.attribution.outcome import ATTRIBUTION_COLUMNS, Attribution
from kolena_store.attribution.sides import Sides, sides_of
from kolena_store.database import Transaction
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.test_runs.execute import Setting
from kolena_store.test_runs.records import runs_numbered
from kolena_store.test_runs.repeat import Unrepeatable, setting_of_run, stored_rows
from kolena_store.test_runs.request import listed
from kolena_store.workflows import workflow_from_document

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["compare_runs"]

AFTER = ("baseline", *(f"after_{part}" for part in PARTS[:-1]), "value")
"""The columns of the states: the older run, the states between, the newer run."""


def compare_runs(
    transaction: Transaction, run: int, baseline: int, *, metrics: str | Sequence[str] | None = None
) -> Attribution:
    """Return how two runs differ, each difference split into its parts.

    From the older run to the newer one, the parts change one after the other: the definition of the metric, the labels,
    the membership of the test case, the configuration, the model. After each of them the metric is measured again on
    what would have been, so that the parts add up to the whole; what depends on the order goes to the later part.

    Raises:
        UnknownName: there is no such run, or no such metric in both.
        InvalidInput: they are of different datasets, have nothing in common, or can't be measured again.
    """
    sides = sides_of(transaction, run, baseline)
    rows = {one.run_id: stored_rows(transaction, one).metrics for one in (sides.baseline.run, sides.run.run)}
    names = _metrics(sides, metrics)
    chain = chain_of(sides, names)
    ends = [values_of(rows[one.run.run_id]) for one in (sides.baseline, sides.run)]
    states = _states(transaction, sides, chain, names, ends=ends)
    workflow = workflow_from_document(sides.run.version.workflow_document or {})
    headlines = [name for name in workflow.headlines() if name in names] or list(names)
    before, after = runs_numbered(transaction, [baseline, run])
    return Attribution(
        baseline=before,
        run=after,
        changed=chain.changed,
        headlines=tuple(names if metrics is not None else headlines[:3]),
        left_out=sides.left_out,
        differences=_table(list(_rows(rows[run], states, names))),
    )


def _metrics(sides: Sides, given: str | Sequence[str] | None) -> tuple[str, ...]:
    both = [name for name in sides.run.run.metric_digests if name in sides.baseline.run.metric_digests]
    if not both or not sides.run.cases:
        raise InvalidInput(
            f"runs {sides.baseline.run.run_id} and {sides.run.run.run_id} have no metric or no test case in common; "
            "name runs that do"
        )
    if given is None:
        return tuple(both)
    wanted = tuple(dict.fromkeys(listed(given)))
    for name in wanted:
        if name not in both:
            raise UnknownName.of("metric of both runs", name, both, "kolena-store runs list")
    return wanted


def _states(
    transaction: Transaction, sides: Sides, chain: Chain, names: Sequence[str], *, ends: Sequence[Values]
) -> list[Values]:
    """Return the values of the older run, of each state in between, and of the newer run."""
    states: list[Values] = [ends[0]]
    setting = _setting(transaction, sides, names) if any(isinstance(one, Link) for one in chain.links) else None
    with leaving_no_files(transaction):
        for link in chain.links:
            if isinstance(link, Link):
                assert setting is not None
                states.append(measured_link(transaction, setting, link))
            else:
                states.append(ends[1] if link == len(PARTS) else states[link])
    return states


def _setting(transaction: Transaction, sides: Sides, names: Sequence[str]) -> Setting:
    """Return how the newer run was measured, with the metrics that are asked for.

    Raises:
        InvalidInput: its definitions are not here any more.
    """
    run = sides.run.run
    found = setting_of_run(transaction, run, list(run.metric_digests))
    if isinstance(found, Unrepeatable):
        raise InvalidInput(
            f"{run.label} can't be measured again: {found.reason}; test its model again, and compare that run"
        )
    return replace(
        found,
        metrics=[metric for metric in found.metrics if metric.name in names],
        own_metrics=[metric for metric in found.own_metrics if metric.name in names],
    )


def _rows(rows: "pa.Table", states: Sequence[Values], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each metric, test case and class that both runs have, in the order of the newer run."""
    columns = (rows.column(name).to_pylist() for name in ("test_case", "metric", "class", "better"))
    for case, metric, class_name, better in zip(*columns, strict=True):
        key = (case, metric, class_name)
        if metric in names and key in states[0]:
            yield {
                "test_case": case,
                "metric": metric,
                "class": class_name,
                "better": better,
                **_parts([values.get(key) for values in states]),
            }


def _parts(values: Sequence[float | None]) -> Mapping[str, Any]:
    """Return the states of one metric, the difference and its parts; None, with a reason, where it is not defined."""
    parts = [_difference(after, before) for before, after in pairwise(values)]
    undefined = [name for name, value in zip(AFTER, values, strict=True) if value is None]
    return {
        **dict(zip(AFTER, values, strict=True)),
        "delta": _difference(values[-1], values[0]),
        **dict(zip(PARTS, parts, strict=True)),
        "reason": f"not defined: {', '.join(undefined).replace('_', ' ')}" if undefined else None,
    }


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _table(rows: list[dict[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    types = {"text": pa.string(), "number": pa.float64()}
    schema = pa.schema([(name, types[kind]) for name, kind in ATTRIBUTION_COLUMNS])
    return pa.Table.from_pylist(rows, schema=schema)
