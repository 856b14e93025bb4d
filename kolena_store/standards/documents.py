"""Quality standards as their files say them: gates, tolerances and waivers."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from kolena_store.workflows import Configuration

__all__ = [
    "BOUNDS",
    "By",
    "Gate",
    "OnBaseline",
    "Severity",
    "Standard",
    "Undecided",
    "Waiver",
]

By: TypeAlias = Literal["ci_low", "value", "ci_high"]
OnBaseline: TypeAlias = Literal["not_regressed", "not_worse", "improved"]
Severity: TypeAlias = Literal["fail", "warn"]
Undecided: TypeAlias = Literal["fail", "warn", "pass"]

BOUNDS: tuple[By, ...] = ("ci_low", "value", "ci_high")
"""What a bound can be held against, in ascending order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What some metrics must be on some test cases: within bounds, or in comparison with a baseline.

    `cases` are names, patterns and `tag:` names of test cases, `classes` names and patterns of classes (none: the
    metric of the whole). A gate has either bounds or a demand `on_baseline`. `line` is where it begins in its file.
    """

    id: str
    metrics: tuple[str, ...]
    cases: tuple[str, ...]
    classes: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    by: By = "value"
    on_baseline: OnBaseline | None = None
    min_n: int | None = None
    severity: Severity = "fail"
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A gate that may fail, or stay undecided, on a test case until a day has passed; of one metric when one is named.

    `case` and `metric` are as the gate has them; `line` is where the waiver begins in its file.
    """

    gate: str
    case: str
    metric: str | None = None
    reason: str
    expires: datetime.date
    line: int | None = field(default=None, compare=False)

    def is_expired(self, today: datetime.date) -> bool:
        """Return whether its last day has passed."""
        return today > self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A quality standard: a suite of a dataset, and the gates that a model must pass on it.

    `suite` is the name of a stored suite or the path of a file, None for the test case `all` alone; `alpha` the level
    of the comparison with a baseline; `tolerance` by metric the difference that does not matter, in the metric's unit;
    `undecided` what a gate that the data can't decide means for the whole.
    """

    file: Path
    name: str
    dataset: str
    suite: str | Path | None
    alpha: float = 0.05
    undecided: Undecided = "fail"
    configuration: Configuration | None = None
    tolerance: Mapping[str, float] = field(default_factory=dict)
    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...] = ()

    @property
    def needs_baseline(self) -> bool:
        """Whether a gate compares the model with a baseline."""
        return any(gate.on_baseline is not None for gate in self.gates)
