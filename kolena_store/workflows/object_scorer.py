"""Scoring of objects: the detections of each sample are matched to its objects, once, by every protocol."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.workflows.object_matches import MatchedObjects, match_arrays

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.matching.candidates import Candidates
    from kolena_store.matching.coco import Matches, Settings
    from kolena_store.matching.objects import Detections, Truths
    from kolena_store.matching.one_to_one import OneToOne

__all__ = ["Scene", "scored_scene"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """The detections and objects of some samples, numbered by their rows, and how to match them.

    `found_places` and `true_places` are their places in the lists that the user gave. Crowds and ignored objects are
    marked in `true`, as the matching takes them; `is_crowd` are the crowds that the user marked. `overlaps` tells how
    much pairs of them overlap. `matching` is `coco` or `one_to_one`.
    """

    n_rows: int
    found: "Detections"
    true: "Truths"
    is_crowd: "np.ndarray"
    found_places: "np.ndarray"
    true_places: "np.ndarray"
    labels: "list[str]"
    overlaps: "Callable[[tuple[np.ndarray, np.ndarray]], np.ndarray]"
    settings: "Settings"
    matching: str
    n_unusable: "np.ndarray"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Counted:
    """The matching that counts: the object of each detection, -1 for none, and which detections count at all."""

    truths: "np.ndarray"
    counts: "np.ndarray"
    overlaps: "np.ndarray"


def scored_scene(scene: Scene) -> "list[pa.Array]":
    """Return what is stored of each sample: the columns of `match_schema`."""
    import numpy as np

    from kolena_store.matching.candidates import find_candidates
    from kolena_store.matching.coco import match_coco
    from kolena_store.matching.mistakes import KINDS, find_mistakes
    from kolena_store.matching.one_to_one import ONE_TO_ONE_BIT, match_confused, match_one_to_one

    found, true, threshold = scene.found, scene.true, scene.settings.thresholds[0]
    candidates = find_candidates(found, true, scene.overlaps)
    matches = match_coco(found, true, candidates, scene.settings)
    within = match_one_to_one(found, true, candidates, threshold)
    confused = match_confused(found, true, candidates, threshold=threshold, within=within)
    bit = np.uint64(1) << np.uint64(ONE_TO_ONE_BIT)
    matched = matches.matched | np.where(within.truths >= 0, bit, np.uint64(0))
    ignored = matches.ignored & ~bit | np.where(within.is_ignored, bit, np.uint64(0))
    counted = _by_coco(matches) if scene.matching == "coco" else _by_one_to_one(within, candidates)
    mistakes = find_mistakes(
        found, true, candidates, matched=counted.truths, counts=counted.counts, threshold=threshold
    )
    detections = {
        "object": _numbers(scene.found_places),
        "label": _texts(found.labels, scene.labels),
        "score": _numbers(found.scores),
        "rank": _numbers(found.ranks),
        "matched": _numbers(matched),
        "ignored": _numbers(ignored),
        "truth": _places(counted.truths, scene),
        "overlap": _numbers(counted.overlaps, counted.truths < 0),
        "mistake": _texts(mistakes.kinds, list(KINDS)),
        "mistaken_for": _places(mistakes.truths, scene),
        "is_mendable": _numbers(mistakes.is_mendable),
        "confused_with": _places(confused, scene),
    }
    ignored_truths = matches.ignored_truths & ~bit | np.where(true.is_crowd | true.is_ignored, bit, np.uint64(0))
    truths = {
        "object": _numbers(scene.true_places),
        "label": _texts(true.labels, scene.labels),
        "area": _numbers(true.areas),
        "ignored": _numbers(ignored_truths),
        "is_crowd": _numbers(scene.is_crowd),
        "is_missed": _numbers(mistakes.is_missed),
    }
    pairs = {
        "detection": _numbers(_within_sample(found.images)[candidates.detections]),
        "truth": _numbers(_within_sample(true.images)[candidates.truths]),
        "overlap": _numbers(candidates.overlaps),
    }
    lists = [
        MatchedObjects(rows=found.images, columns=detections),
        MatchedObjects(rows=true.images, columns=truths),
        MatchedObjects(rows=found.images[candidates.detections], columns=pairs),
    ]
    return match_arrays(scene.n_rows, lists, scene.n_unusable)


def _by_coco(matches: "Matches") -> _Counted:
    """Return COCO's matching in its first setting."""
    import numpy as np

    counts = (matches.ignored & np.uint64(1)) == 0
    is_hit = (matches.truths >= 0) & counts
    truths, overlaps = np.where(is_hit, matches.truths, -1), np.where(is_hit, matches.overlaps, 0.0)
    return _Counted(truths=truths, counts=counts, overlaps=overlaps)


def _by_one_to_one(within: "OneToOne", candidates: "Candidates") -> _Counted:
    """Return the one-to-one matching."""
    import numpy as np

    overlaps = np.zeros(len(within.truths))
    is_pair = within.truths[candidates.detections] == candidates.truths
    overlaps[candidates.detections[is_pair]] = candidates.overlaps[is_pair]
    return _Counted(truths=within.truths, counts=~within.is_ignored, overlaps=overlaps)


def _within_sample(images: "np.ndarray") -> "np.ndarray":
    """Return the place of each entry among those of its sample."""
    import numpy as np

    from kolena_store.matching.objects import group_starts

    return np.arange(len(images)) - group_starts(images)


def _numbers(values: "np.ndarray", hidden: "np.ndarray | None" = None) -> "pa.Array":
    import pyarrow as pa

    return pa.array(values, mask=hidden)


def _texts(codes: "np.ndarray", texts: "list[str]") -> "pa.Array":
    """Return the text of each code; -1 is NULL."""
    import pyarrow as pa

    return pa.array(texts, pa.string()).take(pa.array(codes, mask=codes < 0))


def _places(truths: "np.ndarray", scene: Scene) -> "pa.Array":
    """Return the places of objects in the list that the user gave; -1 is NULL."""
    import numpy as np

    is_none = truths < 0
    places = np.zeros(len(truths), dtype=np.int64)
    places[~is_none] = scene.true_places[truths[~is_none]]
    return _numbers(places, is_none)
