"""How much each image moves a term of matched objects: its derivative by how often the image counts.

The average precision is taken as the area under the envelope of precision: an image moves it by the objects that it
adds, and by the precision at every recall where its detections stand above. COCO's mean over 101 recalls differs from
the area by less than a hundredth; it has steps, and no derivative of its own that would say how it varies.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.matching.objects import Floats, Integers
from kolena_store.metrics.objects.hits import Hits
from kolena_store.metrics.objects.ranked import RankedMatches
from kolena_store.metrics.objects.values import ADDITIVE, AVERAGE_PRECISION, AVERAGE_RECALL, Entries, ObjectValues

__all__ = ["entries_of"]

Numbers: TypeAlias = NDArray[Any]
TINY = 1e-300
"""In place of no object at all, where nothing is divided by it."""

Part: TypeAlias = tuple[Numbers, Numbers, Numbers]
"""Images, classes and amounts."""


def entries_of(values: ObjectValues, name: str) -> Entries:
    """Return by how much each image moves each class's value of a term; an image may have several entries.

    Args:
        values: the terms on a selection of images.
        name: the term's statistic.
    """
    if name in ADDITIVE:
        return _additive(values, name)
    places = values.curves.places
    if name in AVERAGE_PRECISION:
        area, threshold = AVERAGE_PRECISION[name]
        return _of_precision(values, _chosen(places[area], threshold))
    if name in AVERAGE_RECALL:
        area, threshold, most = AVERAGE_RECALL[name]
        return _of_recall(values, _chosen(places[area], threshold), most)
    return _of_precision(values, places["one_to_one"])


def _chosen(curves: Sequence[int], threshold: int | None) -> Sequence[int]:
    return sorted(curves) if threshold is None else [curves[threshold]]


def _additive(values: ObjectValues, name: str) -> Entries:
    entries = values.statistics.entries[name]
    if name == "images":
        classes, n = np.arange(values.curves.n_classes), len(entries.images)
        entries = Entries(
            images=np.repeat(entries.images, len(classes)),
            labels=np.tile(classes, n),
            amounts=np.ones(n * len(classes)),
        )
    amounts = values.weights[entries.images] * entries.amounts
    live = np.flatnonzero(amounts)
    return Entries(images=entries.images[live], labels=entries.labels[live], amounts=amounts[live])


def _of_recall(values: ObjectValues, curves: Sequence[int], most: int | None) -> Entries:
    """Return the influences on the mean recall of some curves of one family."""
    hits, ranked = values.hits, values.hits.ranked
    part = _hits_of_curves(hits, curves)
    if most is not None:
        part = part[ranked.ranks[hits.places[part]] < most]
    total = hits.of_segment[hits.segments[part]]
    found = hits.weights[part] / total / len(curves)
    recall = hits.summed(np.where(np.isin(np.arange(len(hits.places)), part), hits.weights, 0.0))[list(curves)]
    mean = recall.mean(axis=0) / np.maximum(hits.positives[_family(ranked, curves)], TINY)
    return _joined(
        [(ranked.images[hits.places[part]], hits.segments[part] % ranked.n_classes, found)],
        _of_truths(values, curves, mean),
    )


def _of_precision(values: ObjectValues, curves: Sequence[int]) -> Entries:
    """Return the influences on the mean average precision of some curves of one family."""
    hits, ranked = values.hits, values.hits.ranked
    part = _hits_of_curves(hits, curves)
    share = hits.weights[part] / hits.of_segment[hits.segments[part]] / len(curves)
    peaks = _peaks(hits, part)
    mass = np.bincount(peaks, weights=share, minlength=len(part)).astype(np.float64)
    precision = hits.found[part] / hits.seen[part]
    gain, loss = mass / hits.seen[part], mass * precision / hits.seen[part]
    segments = hits.segments[part]
    after = _suffix_sums(gain, segments)
    labels = segments % ranked.n_classes
    own = share * hits.envelope[part] + hits.weights[part] * after
    area = np.bincount(labels, weights=share * hits.envelope[part], minlength=ranked.n_classes)
    return _joined(
        [
            (ranked.images[hits.places[part]], labels, own),
            _passed_over(values, part, loss, curves),
            _changed(values, part, loss, curves),
        ],
        _of_truths(values, curves, area),
    )


def _hits_of_curves(hits: Hits, curves: Sequence[int]) -> Integers:
    """Return the hits of some curves, in the order of the curves."""
    n = hits.ranked.n_classes
    bounds = np.searchsorted(hits.segments, [(curve * n, (curve + 1) * n) for curve in curves])
    return np.concatenate([np.arange(start, stop) for start, stop in bounds])


def _peaks(hits: Hits, part: Integers) -> Integers:
    """Return for each hit the place among `part` where the highest precision from it on is reached."""
    precision = hits.found[part] / hits.seen[part]
    is_peak = precision >= hits.envelope[part] - 1e-9
    places = np.where(is_peak, np.arange(len(part)), len(part))
    return np.minimum.accumulate(places[::-1])[::-1] if len(part) else places


def _suffix_sums(amounts: Floats, segments: Numbers) -> Floats:
    """Return the sum of the amounts from each place to the end of its segment."""
    sums = np.append(np.cumsum(amounts[::-1])[::-1], 0.0)
    ends = np.searchsorted(segments, segments, side="right")
    return np.asarray(sums[:-1] - sums[ends])


def _passed_over(values: ObjectValues, part: Integers, loss: Floats, curves: Sequence[int]) -> Part:
    """Return what detections that count in the family's first curve take away from the precision at lower scores."""
    hits, ranked = values.hits, values.hits.ranked
    family = _family(ranked, curves)
    of_place = np.bincount(hits.places[part], weights=loss, minlength=len(ranked.images)).astype(np.float64)
    labels = ranked.labels
    below = _suffix_sums(of_place, labels)
    live = np.flatnonzero(ranked.counted[family] & (values.weights[ranked.images] != 0) & (below != 0))
    weights = values.weights[ranked.images[live]]
    return ranked.images[live], labels[live], -weights * below[live]


def _changed(values: ObjectValues, part: Integers, loss: Floats, curves: Sequence[int]) -> Part:
    """Return the same of detections that count in other curves of the family than in its first one."""
    hits, ranked = values.hits, values.hits.ranked
    n = ranked.n_classes
    bounds = [ranked.segment_starts[[curve * n, (curve + 1) * n]] for curve in curves]
    events = np.concatenate([start + np.flatnonzero(ranked.change[start:stop]) for start, stop in bounds])
    weights = values.weights[ranked.images[ranked.places[events]]]
    events, weights = events[weights != 0], weights[weights != 0]
    keys = hits.segments[part].astype(np.int64) * len(ranked.images) + hits.places[part]
    wanted = ranked.segments[events].astype(np.int64) * len(ranked.images) + ranked.places[events]
    sums = np.append(np.cumsum(loss[::-1])[::-1], 0.0)
    first = np.searchsorted(keys, wanted)
    ends = np.searchsorted(hits.segments[part], ranked.segments[events], side="right")
    below = sums[first] - sums[ends]
    return ranked.images[ranked.places[events]], ranked.segments[events] % n, -weights * ranked.change[events] * below


def _of_truths(values: ObjectValues, curves: Sequence[int], area: Numbers) -> Part:
    """Return what objects take away: each one more to find divides the area by more."""
    hits, ranked = values.hits, values.hits.ranked
    family = _family(ranked, curves)
    first, last = np.searchsorted(ranked.truth_groups // ranked.n_classes, [family, family + 1])
    part = slice(int(first), int(last))
    images, labels = ranked.truth_images[part], ranked.truth_groups[part] % ranked.n_classes
    total = hits.positives[family][labels]
    weights = values.weights[images]
    live = np.flatnonzero(weights)
    return images[live], labels[live], -weights[live] * area[labels[live]] / total[live]


def _family(ranked: RankedMatches, curves: Sequence[int]) -> int:
    return ranked.curves[curves[0]].family


def _joined(parts: Sequence[Part], of_truths: Part) -> Entries:
    images, labels, amounts = zip(*parts, of_truths, strict=True)
    return Entries(images=np.concatenate(images), labels=np.concatenate(labels), amounts=np.concatenate(amounts))
