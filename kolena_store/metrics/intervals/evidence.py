"""What the intervals of one model's metrics are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kolena_store.membership.bitmaps import Words
from kolena_store.metrics.aggregation import ClassNames
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.expressions import Gradient, gradient_of
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.metrics.terms import TermValues
from kolena_store.statistics.smooth import Numbers

__all__ = ["Evidence"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The samples and terms of one model on every test case, and the level and seed of its intervals."""

    columns: SampleColumns
    members: Words
    terms: TermValues
    definitions: Sequence[TermDefinition]
    classes: ClassNames
    constants: Mapping[str, float]
    design: SamplingDesign
    level: float
    seed: int

    @property
    def reported(self) -> list[int]:
        """Return the positions of the classes that enter the averages over reported classes."""
        return [position for position, name in enumerate(self.classes.names) if name in set(self.classes.reported)]

    def terms_for(self, metric: MetricDefinition, cases: slice = slice(None)) -> dict[str, Numbers]:
        """Return the terms of a metric as its expression reads them: [cases, 1] or [cases, classes]."""
        words, n_cases = metric.words(), len(self.terms.n_samples[cases])
        classes = self.reported if metric.level == "classes" else list(range(len(self.classes.names)))
        sizes = {"n_samples": self.terms.n_samples, "n_answered": self.terms.n_answered}
        whole = {name: values[cases].astype(np.float64)[:, np.newaxis] for name, values in sizes.items()}
        whole |= {name: values[cases][:, np.newaxis] for name, values in self.terms.by_case.items()}
        whole |= {name: np.full((n_cases, 1), value) for name, value in self.constants.items()}
        found = {name: values for name, values in whole.items() if name in words}
        if metric.level in ("class", "class, positive"):
            found = {name: np.repeat(values, len(classes), axis=1) for name, values in found.items()}
        by_class = {name: values[cases][:, classes] for name, values in self.terms.by_class.items() if name in words}
        return {**found, **by_class}

    def gradient(self, metric: MetricDefinition) -> Gradient:
        """Return a metric's derivatives by its terms on every test case."""
        return gradient_of(metric.expression, self.terms_for(metric))

    def kernel_term(self, metric: MetricDefinition) -> TermDefinition | None:
        """Return the term that a metric is, when it is one term of a kernel."""
        if metric.interval.kind != "kernel":
            return None
        return next(term for term in self.definitions if term.name == str(metric.expression))

    def definitions_of(self, metric: MetricDefinition) -> list[TermDefinition]:
        """Return the terms that a metric is made of."""
        words = metric.words()
        return [term for term in self.definitions if term.name in words]
