"""The score from which on detections should count, for the best F1 of each class."""

import numpy as np

from kolena_store.matching.objects import Flags, Integers
from kolena_store.metrics.objects.table import MatchTable

__all__ = ["best_thresholds"]


def best_thresholds(table: MatchTable, samples: Integers | None) -> dict[str, float]:
    """Return for each class the score with the greatest F1; the highest of several that are equally good.

    A detection counts from its class's threshold on, so equal scores stand or fall together. A class of which no object
    is found has none; it is left out.

    Args:
        table: the matches.
        samples: those to tune on; None: all.
    """
    found, true = table.detections, table.truths
    chosen = table.counts & _among(found.samples, samples)
    n_truths = np.bincount(
        true.labels[table.truth_counts & _among(true.samples, samples)], minlength=len(table.classes)
    )
    rows = np.flatnonzero(chosen)
    order = rows[np.lexsort((-found.scores[rows], found.labels[rows]))]
    labels, scores = found.labels[order], found.scores[order]
    bounds = np.searchsorted(labels, np.arange(len(table.classes) + 1))
    is_hit = table.is_hit[order]
    best = {}
    for code, name in enumerate(table.classes):
        part = slice(bounds[code], bounds[code + 1])
        if n_truths[code] and is_hit[part].any():
            best[name] = _best(scores[part], is_hit[part], int(n_truths[code]))
    return best


def _best(scores: "np.ndarray", is_hit: Flags, n_truths: int) -> float:
    is_last = np.append(scores[1:] != scores[:-1], True)
    hits, seen = np.cumsum(is_hit)[is_last], np.arange(1, len(scores) + 1)[is_last]
    return float(scores[is_last][np.argmax(2 * hits / (seen + n_truths))])


def _among(values: Integers, samples: Integers | None) -> Flags:
    return np.ones(len(values), dtype=np.bool_) if samples is None else np.isin(values, samples)
