"""The chain of states between two runs, each with one more part of the newer one in the place of the older one's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from kolena_store.attribution.sides import Side, Sides
from kolena_store.test_runs.repeat import StoredRun

__all__ = ["PARTS", "Chain", "Link", "Part", "chain_of"]

Part: TypeAlias = Literal["metric_definition", "labels", "membership", "configuration", "model"]

PARTS: tuple[Part, ...] = get_args(Part)
"""The parts in the order in which they change; another order would split a difference otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A state of the chain: which run gives the labels, the test cases, the options and the answers.

    The metrics are always defined as in the newer run.
    """

    labels: Side
    membership: Side
    configuration: Side
    model: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What is different between two runs, and how the states between them are had.

    `changed` are the parts that differ. `links` has, for each part, the state after it: a link to be measured, or the
    place of another state that it equals, where 0 is the older run and 5 the newer one.
    """

    changed: tuple[Part, ...]
    links: tuple[Link | int, ...]


def chain_of(sides: Sides, metrics: Sequence[str]) -> Chain:
    """Return the chain between two runs; a state is measured only when parts differ both before and after it."""
    baseline, run = sides.baseline, sides.run
    changed = tuple(part for part in PARTS if _differs(part, baseline, run, metrics))
    return Chain(changed=changed, links=tuple(_state(place, sides, changed) for place in range(1, len(PARTS) + 1)))


def _state(place: int, sides: Sides, changed: Sequence[Part]) -> Link | int:
    done, left = PARTS[:place], PARTS[place:]
    if not set(done) & set(changed):
        return 0
    if not set(left) & set(changed):
        return len(PARTS)
    if PARTS[place - 1] not in changed:
        return place - 1

    def side(part: Part) -> Side:
        return sides.run if part in done else sides.baseline

    return Link(
        labels=side("labels"),
        membership=side("membership"),
        configuration=side("configuration"),
        model=side("model"),
    )


def _differs(part: Part, baseline: Side, run: Side, metrics: Sequence[str]) -> bool:
    if part == "metric_definition":
        return any(baseline.run.metric_digests[name] != run.run.metric_digests[name] for name in metrics)
    if part == "labels":
        return baseline.run.dataset_version != run.run.dataset_version
    if part == "membership":
        return _membership(baseline) != _membership(run)
    if part == "configuration":
        return baseline.run.configuration_id != run.run.configuration_id
    return _answers(baseline.run) != _answers(run.run)


def _membership(side: Side) -> tuple[object, ...]:
    """Return all that decides which samples count on each test case."""
    return (side.run.dataset_version, [case.key for case in side.cases], side.run.restriction)


def _answers(run: StoredRun) -> tuple[int, int]:
    return run.results_id, run.results_version
