"""Metric macros: each metric of a workflow as a scalar macro over the columns of `sample_metrics`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from kolena_store.metrics.definitions import MetricDefinition, MetricFile, TermDefinition
from kolena_store.published.state import DatasetState
from kolena_store.published.terms import columns_of, term_of_class, term_of_each_class, term_of_whole, why_not
from kolena_store.published.views import CLASSES
from kolena_store.statements import Fragment, identifier, joined, literal, statement
from kolena_store.workflows.classification_scorer import OTHER_LABEL

__all__ = ["MetricMacro", "metric_macro", "why_no_macro"]

CLASS_LEVELS = ("class", "class, positive")
WEIGHT = "weight"
REPORTED = "reported"
WHOLE_COUNTS = ("n_samples", "n_answered")


@dataclass(frozen=True, kw_only=True)
class MetricMacro:
    """A macro's parameters, those that must be given and those with a default, and its body."""

    name: str
    required: tuple[str, ...]
    defaults: Mapping[str, object]
    body: Fragment

    def create(self, schema: str) -> Fragment:
        """Return the statement that makes it."""
        given = [Fragment(name) for name in self.required]
        optional = [
            statement("macros/metrics", "default").fill(name=Fragment(name), value=literal(value))
            for name, value in self.defaults.items()
        ]
        parameters = joined([*given, *optional])
        return statement("macros/metrics", "macro").fill(
            name=identifier(schema, self.name), parameters=parameters, value=self.body
        )

    def signature(self, schema: str) -> str:
        """Return how it is called."""
        optional = [f"{name} := {literal(value)}" for name, value in self.defaults.items()]
        return f"{identifier(schema, self.name)}({', '.join([*self.required, *optional])})"


def why_no_macro(metric: MetricDefinition, file: MetricFile) -> str | None:
    """Return why a metric can't be recomputed from sample metrics in SQL, or None when it can."""
    if not set(WHOLE_COUNTS).isdisjoint(re.findall(r"\w+", metric.expression)):
        return "it counts samples that the model did not answer, which sample_metrics does not hold"
    return next((reason for term in _terms(metric, file) if (reason := why_not(term))), None)


def metric_macro(metric: MetricDefinition, file: MetricFile, state: DatasetState) -> MetricMacro:
    """Return the macro of a metric that can be recomputed."""
    terms = _terms(metric, file)
    weight = Fragment(WEIGHT) if state.is_weighed else None
    columns = [name for name in state.metric_types if any(name in columns_of(term, [name]) for term in terms)]
    names_classes = any((term.each and not term.is_pooled) or (term.kind == "kernel" and term.labels) for term in terms)
    facts = next(iter(state.facts), {})
    defaults: dict[str, object] = {}
    required = [*columns, *([CLASSES] if names_classes else [])]
    if metric.level in CLASS_LEVELS:
        positive = facts.get("positive")
        if positive is None:
            required.append("class")
        else:
            defaults["class"] = positive
    defaults |= _constants(metric, terms, state)
    if metric.level == "classes":
        defaults[REPORTED] = None
    return MetricMacro(
        name=metric.name,
        required=(*required, *([WEIGHT] if weight else [])),
        defaults=defaults,
        body=_body(metric, terms, weight),
    )


def _constants(metric: MetricDefinition, terms: Sequence[TermDefinition], state: DatasetState) -> dict[str, float]:
    """Return the constants of the workflow that a metric names."""
    words = set(re.findall(r"\w+", metric.expression)) - {term.name for term in terms}
    constants = state.workflow.constants if state.workflow else {}
    return {name: value for name, value in constants.items() if name in words}


def _terms(metric: MetricDefinition, file: MetricFile) -> list[TermDefinition]:
    words = set(re.findall(r"\w+", metric.expression))
    return [term for term in file.terms if term.name in words]


def _body(metric: MetricDefinition, terms: Sequence[TermDefinition], weight: Fragment | None) -> Fragment:
    if metric.level in ("whole", *CLASS_LEVELS):
        make = term_of_class if metric.level in CLASS_LEVELS else term_of_whole
        text = _substituted(metric.expression, {term.name: make(term, weight) for term in terms})
        return statement("macros/metrics", "finite").fill(value=text)
    return _over_classes(metric, terms, weight)


def _substituted(expression: Fragment, terms: Mapping[str, Fragment]) -> Fragment:
    def found(match: "re.Match[str]") -> str:
        return f"({terms[match[0]]})" if match[0] in terms else match[0]

    return Fragment(re.sub(r"\w+", found, expression))


def _over_classes(metric: MetricDefinition, terms: Sequence[TermDefinition], weight: Fragment | None) -> Fragment:
    made = {term.name: term_of_each_class(term, weight) for term in terms}
    aggregates = {name: text for one in made.values() for name, text in one.aggregates.items()}
    labels = [one.labels for one in made.values() if one.labels is not None]
    keys = reduce(_joined_labels, labels or [Fragment("_classes")])
    condition = "is_reported" if metric.level == "classes" else "is_class"
    return statement("macros/metrics", "over_classes").fill(
        value=metric.expression,
        terms=joined(_named(one.value, name) for name, one in made.items()),
        carried=joined(map(identifier, aggregates)),
        keys=statement("macros/metrics", "distinct_labels").fill(labels=keys),
        aggregates=joined(_named(text, name) for name, text in aggregates.items()),
        condition=statement("macros/metrics", condition).fill(other=literal(OTHER_LABEL)),
    )


def _joined_labels(left: Fragment, right: Fragment) -> Fragment:
    return statement("macros/metrics", "joined_labels").fill(left=left, right=right)


def _named(value: Fragment, name: str) -> Fragment:
    return Fragment(f"{value} AS {identifier(name)}")
