"""What a comparison is made of: how it was asked for, a model beside the baseline, one metric on one test case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kolena_store.metrics.user.process import DEFAULT_LIMITS, Limits
from kolena_store.models import labelled
from kolena_store.test_suites import Bins, SuiteReport
from kolena_store.workflows import Configuration

__all__ = ["ALPHA", "ComparedModel", "ComparisonOptions", "Correction", "Difference", "Family", "TestKind", "Verdict"]

ALPHA = 0.05

Verdict = Literal["regressed", "different", "improved", "inconclusive", "equivalent"]
"""`different` stands for a difference that was shown in a metric of which neither direction is better."""

Correction = Literal["benjamini-hochberg", "benjamini-yekutieli"]
TestKind = Literal["default", "exact", "permutation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonOptions:
    """How to compare: on which suite, or by which fields; how the models are scored; which metrics; how to judge.

    Args:
        metrics: the names of the metrics; None means the workflow's headlines.
        by_class: whether metrics of classes have a row for each class beside that of the whole.
        tolerance: metric -> the difference, in the metric's unit, below which two models count as equivalent.
        alpha: the share of false discoveries that is accepted; intervals have the level 1 - alpha.
        correction: how the p-values of one family are corrected.
        test: `default`, or `exact` (McNemar's test) or `permutation` for the metrics that have such a test.
    """

    suite: "str | Path | SuiteReport | None" = None
    by: Sequence["str | Bins"] | None = None
    cross: bool = False
    configuration: Configuration | None = None
    metrics: Sequence[str] | None = None
    by_class: bool = False
    tolerance: Mapping[str, float] = field(default_factory=dict)
    alpha: float = ALPHA
    correction: Correction = "benjamini-hochberg"
    test: TestKind = "default"
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The p-values that are corrected together: `n_tests` of them, of which equal memberships enter once."""

    name: str
    n_tests: int
    n_distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedModel:
    """One model beside the baseline: what was compared, and which samples of the dataset were left out.

    `n_common` samples were answered by both, the only ones that count; the others by one of the two, or by neither.
    `comparison` is the number under which the comparison is stored.
    """

    comparison: int
    model: str
    upload_configuration: str | None
    results_version: int
    baseline: str
    baseline_upload_configuration: str | None
    baseline_results_version: int
    n_samples: int
    n_common: int
    n_only_model: int
    n_only_baseline: int
    n_neither: int
    families: tuple[Family, ...]
    notes: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return labelled(self.model, self.upload_configuration)

    @property
    def baseline_label(self) -> str:
        """Return the baseline's name, followed by its upload configuration when it has one."""
        return labelled(self.baseline, self.baseline_upload_configuration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One metric of one model beside the baseline, on one test case, over the samples that both answered.

    `delta` is `value` less `baseline`, in the metric's unit, with the interval `ci_low` to `ci_high`; `n` and
    `baseline_n` are the denominators of the two values. `p` is two-sided, `q` is p corrected within the `family`. `mde`
    is the smallest effect that this n could have shown with a power of 80 %, on the basis of `mde_basis`.
    `n_only_model` and `n_only_baseline` count the samples that only one of the two got right, where a sample is either
    right or wrong; of metrics of objects, the objects that only one found. `q_equivalence` tells whether the difference
    lies within the `tolerance`. `detected` says that q is at most alpha, and `reason` why there is no value, p or
    clear verdict; `note` says what else is to be known.
    """

    comparison: int
    model: str
    upload_configuration: str | None
    baseline_model: str
    baseline_upload_configuration: str | None
    test_case: str
    metric: str
    class_name: str | None
    better: str
    value: float | None
    baseline: float | None
    delta: float | None
    ci_low: float | None
    ci_high: float | None
    method: str | None
    p: float | None
    test: str | None
    q: float | None
    family: str | None
    mde: float | None
    mde_basis: str | None
    n: int
    baseline_n: int
    n_samples: int
    n_missing: int
    n_null: int
    n_only_model: int | None
    n_only_baseline: int | None
    tolerance: float | None
    q_equivalence: float | None
    verdict: Verdict
    detected: bool
    reason: str | None
    note: str | None

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return labelled(self.model, self.upload_configuration)
