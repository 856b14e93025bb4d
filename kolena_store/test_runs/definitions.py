"""What tells one definition of a metric from another: all that its value is made by, but for data and options."""

from collections.abc import Sequence

from kolena_store.datasets import VersionRecord
from kolena_store.digests import canonical_json, sha256_of_texts
from kolena_store.metrics.definitions import MetricDefinition, MetricFile
from kolena_store.metrics.user.stored import UserMetric
from kolena_store.workflows import Workflow

__all__ = ["metric_digests"]

DIGITS = 16
"""As many as tell the few definitions of one metric apart."""


def metric_digests(
    version: VersionRecord,
    workflow: Workflow,
    file: MetricFile,
    *,
    metrics: Sequence[MetricDefinition],
    own_metrics: Sequence[UserMetric],
) -> dict[str, str]:
    """Return metric -> digest of its definition: its expressions and terms, the scorer with its options, the weights.

    Runs whose digests of a metric are equal measured the same thing, whatever else they measured.
    """
    shared = [workflow.scorer_key, canonical_json(workflow.document()), version.sampled.weight or ""]
    brought = {metric.name: _expressions(metric, file) for metric in metrics}
    own = {metric.name: [metric.digest] for metric in own_metrics}
    return {name: sha256_of_texts([*shared, *texts])[:DIGITS] for name, texts in {**brought, **own}.items()}


def _expressions(metric: MetricDefinition, file: MetricFile) -> list[str]:
    """Return all that the value of a metric follows from, in a fixed order."""
    of_terms = [
        [one.name, one.kind, one.kernel or "", one.expression, one.over or "", *one.by, *one.each, str(one.is_pooled)]
        for one in file.terms_of([metric])
    ]
    own = [metric.name, metric.level, metric.better, metric.expression, metric.n, metric.among or ""]
    return [canonical_json(texts) for texts in (own, *of_terms)]
