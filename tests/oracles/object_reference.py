"""Metrics of objects in plain Python, from their papers and reference code: no line is shared with the package."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from scenes import Scene

__all__ = ["average_precision", "gains", "log_average_miss_rate", "voc_average_precision"]

Box = Sequence[float]
Ranked = list[tuple[float, bool]]
"""Detections that count by falling score: the score, and whether each is right."""


def overlap(found: Box, true: Box, *, over_detection: bool = False) -> float:
    """Return the intersection over the union, or over the detection."""
    width = min(found[0] + found[2], true[0] + true[2]) - max(found[0], true[0])
    height = min(found[1] + found[3], true[1] + true[3]) - max(found[1], true[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = found[2] * found[3]
    union = area if over_detection else area + true[2] * true[3] - width * height
    return width * height / union


def caltech_ranked(scene: Scene, label: int, is_ignored: Callable[[int], bool]) -> Ranked:
    """Return the detections of a class as the Caltech evaluation has them, without those that ignored objects absorb.

    Args:
        scene: the images.
        label: the class.
        is_ignored: whether an object, by its place in the scene, is ignored.
    """
    ranked: list[tuple[float, int, bool]] = []
    for image in range(scene.n_images):
        true = [n for n, row in enumerate(scene.truths) if row[0] == image and row[1] == label]
        taken: set[int] = set()
        found = [row for row in scene.detections if row[0] == image and row[1] == label]
        for row in sorted(found, key=lambda row: -row[3])[:100]:
            best, at = 0.5, None
            for n in true:
                if not is_ignored(n) and n not in taken and overlap(row[2], scene.truths[n][2]) >= best:
                    best, at = overlap(row[2], scene.truths[n][2]), n
            if at is not None:
                taken.add(at)
                ranked.append((row[3], image, True))
            elif not any(
                is_ignored(n) and overlap(row[2], scene.truths[n][2], over_detection=True) >= 0.5 for n in true
            ):
                ranked.append((row[3], image, False))
    ranked.sort(key=lambda one: -one[0])
    return [(score, is_hit) for score, _, is_hit in ranked]


def log_average_miss_rate(scene: Scene, label: int, is_ignored: Callable[[int], bool]) -> float | None:
    """Return the geometric mean of the miss rates at nine rates of false positives per image (Dollar 2012)."""
    n_true = sum(row[1] == label and not is_ignored(n) for n, row in enumerate(scene.truths))
    if not n_true:
        return None
    points, hits, false = [(0.0, 1.0)], 0, 0
    for _, is_hit in caltech_ranked(scene, label, is_ignored):
        hits, false = hits + is_hit, false + (not is_hit)
        points.append((false / scene.n_images, 1 - hits / n_true))
    logarithms = []
    for step in range(9):
        rate = 10 ** (-2 + step / 4)
        missed = [miss for at, miss in points if at <= rate][-1]
        logarithms.append(math.log(max(missed, 1e-10)))
    return math.exp(sum(logarithms) / 9)


def voc_average_precision(scene: Scene, label: int, *, threshold: float, points: int | None) -> float | None:
    """Return the average precision of the Pascal VOC development kit: of all points, or of so many recalls."""
    true = [(n, row) for n, row in enumerate(scene.truths) if row[1] == label]
    n_true = sum(not row[3] for _, row in true)
    if not n_true:
        return None
    taken: set[int] = set()
    ranked: Ranked = []
    for row in sorted((row for row in scene.detections if row[1] == label), key=lambda row: -row[3]):
        best, at = 0.0, None
        for n, truth in true:
            value = overlap(row[2], truth[2], over_detection=truth[3]) if truth[0] == row[0] else 0.0
            if value > best:
                best, at = value, n
        if at is not None and best >= threshold:
            if scene.truths[at][3]:
                continue
            ranked.append((row[3], at not in taken))
            taken.add(at)
        else:
            ranked.append((row[3], False))
    return _area(ranked, n_true, points)


def average_precision(ranked: Ranked, n_true: int) -> float:
    """Return COCO's average precision: the mean of the highest precision at 101 recalls and beyond."""
    return _area(ranked, n_true, 101)


def _area(ranked: Ranked, n_true: int, points: int | None) -> float:
    hits, curve = 0, []
    for seen, (_, is_hit) in enumerate(ranked, 1):
        hits += is_hit
        curve.append((hits / n_true, hits / seen))
    highest = [max(precision for _, precision in curve[n:]) for n in range(len(curve))]
    if points is not None:
        total = 0.0
        for step in range(points):
            # As in the reference code, whose recalls are multiples of a rounded step: 3 * .1 is a little more than .3.
            reached = [n for n, (recall, _) in enumerate(curve) if recall >= step * (1 / (points - 1))]
            total += highest[reached[0]] if reached else 0.0
        return total / points
    before = [0.0, *(recall for recall, _ in curve)]
    return sum((curve[n][0] - before[n]) * highest[n] for n in range(len(curve)))


def gains(rows: Iterable[dict[str, object]]) -> dict[str, dict[str, float]]:
    """Return by how much mending each kind of mistake raises the average precision of each class (Bolya 2020).

    Args:
        rows: detections and objects: `class`, `score`, `outcome`, `mistake`, and `place` (image and number) of an
            object, or `mends` (that of the object which a detection would find, and its class) where it would.
    """
    listed = list(rows)
    found = [row for row in listed if row["score"] is not None and row["outcome"] != "ignored"]
    found.sort(key=lambda row: -float(str(row["score"])))
    objects: defaultdict[str, int] = defaultdict(int)
    for row in listed:
        objects[str(row["class"])] += row["outcome"] in ("true positive", "missed")
    missed: defaultdict[str, int] = defaultdict(int)
    for row in listed:
        missed[str(row["class"])] += row["mistake"] == "missed"
    base = {name: _of_class(found, name, n) for name, n in objects.items() if n}
    result = {}
    for kind in ("classification", "localisation", "both", "duplicate", "background"):
        kept = [_mended(row) if row["mistake"] == kind else row for row in found]
        changed = [row for row in kept if row is not None]
        result[kind] = {name: max(_of_class(changed, name, objects[name]) - value, 0.0) for name, value in base.items()}
    result["missed"] = {
        name: max(_of_class(found, name, objects[name] - missed[name]) - value, 0.0)
        for name, value in base.items()
        if objects[name] > missed[name]
    }
    return result


def _mended(row: dict[str, object]) -> dict[str, object] | None:
    if row.get("mends") is None:
        return None
    return {**row, "class": row["mends"], "outcome": "true positive"}


def _of_class(found: Sequence[dict[str, object]], name: str, n_true: int) -> float:
    ranked = [(float(str(row["score"])), row["outcome"] == "true positive") for row in found if row["class"] == name]
    return average_precision(ranked, n_true)
