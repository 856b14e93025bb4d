"""Comparing two test runs: each difference of a metric, split into what it is due to."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

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
    import numpy as np
    import pyarrow as pa

__all__ = ["compare_runs"]

TEXTS = ("test_case", "metric", "class", "better")
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
        differences=_differences(rows[run], states, names),
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


def _differences(rows: "pa.Table", states: Sequence[Values], names: Sequence[str]) -> "pa.Table":
    """Return a row for each metric, test case and class that both runs have, in the order of the newer run."""
    import numpy as np
    import pyarrow as pa

    columns = [rows.column(name).to_pylist() for name in TEXTS]
    chosen = [row for row in zip(*columns, strict=True) if row[1] in names and row[:3] in states[0]]
    # A value that is not defined is NaN here, and so is every part that it would enter.
    values = [np.array([state.get(row[:3]) for row in chosen], dtype=np.float64) for state in states]
    found: dict[str, object] = {
        **{name: [row[place] for row in chosen] for place, name in enumerate(TEXTS)},
        **dict(zip(AFTER, values, strict=True)),
        "delta": values[-1] - values[0],
        **{part: after - before for part, (before, after) in zip(PARTS, pairwise(values), strict=True)},
        "reason": _reasons(np.isnan(np.stack(values))),
    }
    types = {"text": pa.string(), "number": pa.float64()}
    arrays = [pa.array(found[name], types[kind], from_pandas=True) for name, kind in ATTRIBUTION_COLUMNS]
    return pa.Table.from_arrays(arrays, names=[name for name, _ in ATTRIBUTION_COLUMNS])


def _reasons(is_undefined: "np.ndarray") -> list[str | None]:
    """Return which of the states of each row, [states, rows], have no value; None where all have one."""
    import numpy as np

    named = [name.replace("_", " ") for name in AFTER]
    reasons: list[str | None] = [None] * is_undefined.shape[1]
    for row in np.flatnonzero(is_undefined.any(axis=0)).tolist():
        lacking = [name for name, lacks in zip(named, is_undefined[:, row].tolist(), strict=True) if lacks]
        reasons[row] = f"not defined: {', '.join(lacking)}"
    return reasons
