"""Object detection: COCO's evaluation, many test cases after one matching, and resamples, against COCO's own tools.

5,000 images, 80 classes, about 37,000 objects and 280,000 detections. Peers that are not installed are left out:
pip install hotcoco faster-coco-eval (pycocotools comes with the test dependencies).

Compared is what the peers do: COCO's matching alone, of pairs of one class that overlap by half or more. A store also
keeps the pairs of any two classes from a tenth on, for the confusion matrix and the kinds of mistakes; one row has them
too, and detection_store.py measures a store as a whole.
"""

import contextlib
import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from measuring import Claims, arguments, conditions, peak_memory, table, timed

from kolena_store.formats.coco import read_instances, read_results
from kolena_store.matching.boxes import box_areas, box_overlaps
from kolena_store.matching.candidates import LEAST_OVERLAP, find_candidates
from kolena_store.matching.coco import AREAS, THRESHOLDS, Settings, match_coco
from kolena_store.matching.objects import Detections, Truths, detection_order, falling_order
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.objects.hits import Hits, hits_of
from kolena_store.metrics.objects.precision import interpolated_precision
from kolena_store.metrics.objects.ranked import Curve, Found, Objects, RankedMatches, ranked_matches

N_CLASSES = 80
RUNS = 5
N_LOOPED = 20
CURVES = [Curve(bit=area * len(THRESHOLDS) + bit, family=area) for area in range(4) for bit in range(len(THRESHOLDS))]


@dataclass(frozen=True)
class Data:
    """Objects and detections in memory, by image."""

    n_images: int
    true_images: np.ndarray
    true_labels: np.ndarray
    true_boxes: np.ndarray
    is_crowd: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray


def synthetic(n_images: int) -> Data:
    """Return images of random objects, which a detector finds more or less well."""
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(N_CLASSES, 0.7))
    true_images = np.repeat(np.arange(n_images), random.poisson(7.3, n_images))
    n_true = len(true_images)
    true_labels = random.choice(N_CLASSES, n_true, p=shares)
    sides = np.exp(random.normal(4, 1, (n_true, 2))).clip(4, 400)
    true_boxes = np.hstack([random.uniform(0, 1, (n_true, 2)) * (640 - sides).clip(1), sides]).round(2)
    images = np.repeat(np.arange(n_images), random.integers(10, 101, n_images))
    n_found = len(images)
    of_image = np.bincount(true_images, minlength=n_images)[images]
    partner = np.searchsorted(true_images, images) + (random.random(n_found) * of_image).astype(int)
    partner = np.minimum(partner, n_true - 1)
    is_near = (of_image > 0) & (random.random(n_found) < 0.4)
    shaken = true_boxes[partner] + random.normal(0, 0.12, (n_found, 4)) * np.tile(sides, 2)[partner]
    placed = np.hstack([random.uniform(0, 500, (n_found, 2)), np.exp(random.normal(4, 1, (n_found, 2))).clip(4, 400)])
    boxes = np.where(is_near[:, None], shaken, placed)
    boxes[:, 2:] = boxes[:, 2:].clip(2)
    is_named = is_near & (random.random(n_found) < 0.85)
    return Data(
        n_images=n_images,
        true_images=true_images,
        true_labels=true_labels,
        true_boxes=true_boxes,
        is_crowd=random.random(n_true) < 0.0115,
        images=images,
        labels=np.where(is_named, true_labels[partner], random.choice(N_CLASSES, n_found, p=shares)),
        boxes=boxes.round(2),
        scores=np.where(is_near, random.beta(4, 2, n_found), random.beta(1.5, 5, n_found)).round(5),
    )


def matched(data: Data, curves: Sequence[Curve] = CURVES, *, as_stored: bool = False) -> RankedMatches:
    """Match all images in every setting of COCO's, with the pairs that a store finds or those that COCO needs."""
    falling = falling_order(data.scores)
    order = detection_order(data.images, data.labels, data.scores, falling=falling)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    boxes = data.boxes[order]
    found = Detections(
        images=data.images[order], labels=data.labels[order], areas=box_areas(boxes), scores=data.scores[order]
    )
    true = Truths(
        images=data.true_images,
        labels=data.true_labels,
        areas=box_areas(data.true_boxes),
        is_crowd=data.is_crowd,
        is_ignored=np.zeros(len(data.true_images), dtype=bool),
    )
    candidates = find_candidates(
        found,
        true,
        lambda pairs: box_overlaps(boxes, data.true_boxes, pairs, data.is_crowd),
        least=LEAST_OVERLAP if as_stored else THRESHOLDS[0],
        alike=not as_stored,
    )
    matches = match_coco(found, true, candidates, Settings())
    return ranked_matches(
        replace(Found.of(found, matches.matched, matches.ignored), falling=place[falling]),
        Objects(images=true.images, labels=true.labels, ignored=matches.ignored_truths),
        curves,
        n_classes=N_CLASSES,
        n_images=data.n_images,
    )


def mean_of_known(values: np.ndarray) -> float:
    """Return the mean of the numbers among some values; NaN when there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def twelve(ranked: RankedMatches, weights: np.ndarray) -> list[float]:
    """Return COCO's twelve numbers of some images."""
    return numbers_of_hits(hits_of(ranked, weights))


def with_f1(ranked: RankedMatches, weights: np.ndarray) -> list[float]:
    """Return the twelve numbers and F1."""
    hits = hits_of(ranked, weights)
    return [*numbers_of_hits(hits), best_f1(hits)]


def numbers_of_hits(hits: Hits) -> list[float]:
    """Return COCO's twelve numbers."""
    shape = (len(AREAS), len(THRESHOLDS), N_CLASSES)
    precision, recall = interpolated_precision(hits).reshape(shape), hits.whole_recall.reshape(shape)
    within = [hits.recall_within(most, len(THRESHOLDS)) for most in (1, 10)]
    parts = [precision[0], precision[0, 0], precision[0, 5], *precision[1:], *within, *recall]
    return [mean_of_known(part) for part in parts]


def best_f1(hits: Hits) -> float:
    """Return the mean over the classes of the best F1 at an overlap of .5, each at a score of its own."""
    end = int(np.searchsorted(hits.segments, N_CLASSES))
    segments, found = hits.segments[:end], np.zeros(N_CLASSES)
    values = 2 * hits.found[:end] / (hits.seen[:end] + hits.of_segment[segments])
    np.maximum.at(found, segments, values)
    return float(found[hits.of_segment[:N_CLASSES] > 0].mean())


def of_all(ranked: RankedMatches, selections: Sequence[np.ndarray]) -> list[list[float]]:
    """Return the twelve numbers of many test cases and F1, on all cores."""
    found: list[list[float]] = [[] for _ in selections]

    def part(start: int, stop: int) -> None:
        found[start:stop] = [with_f1(ranked, one) for one in selections[start:stop]]

    run_in_parts(part, len(selections))
    return found


def written(data: Data, folder: Path) -> tuple[Path, Path]:
    """Write COCO's two files."""
    sizes = {"width": 640, "height": 640}
    truth = {
        "images": [{"id": one + 1, "file_name": f"{one}.jpg", **sizes} for one in range(data.n_images)],
        "categories": [{"id": one + 1, "name": str(one)} for one in range(N_CLASSES)],
        "annotations": [
            {
                "id": one + 1,
                "image_id": int(data.true_images[one]) + 1,
                "category_id": int(data.true_labels[one]) + 1,
                "bbox": data.true_boxes[one].tolist(),
                "area": float(data.true_boxes[one, 2] * data.true_boxes[one, 3]),
                "iscrowd": int(data.is_crowd[one]),
            }
            for one in range(len(data.true_images))
        ],
    }
    columns = zip(data.images.tolist(), data.labels.tolist(), data.boxes.tolist(), data.scores.tolist(), strict=True)
    results = [
        {"image_id": image + 1, "category_id": label + 1, "bbox": box, "score": score}
        for image, label, box, score in columns
    ]
    paths = folder / "instances.json", folder / "results.json"
    for path, document in zip(paths, (truth, results), strict=True):
        path.write_text(json.dumps(document))
    return paths


def from_files(paths: tuple[Path, Path]) -> list[float]:
    """Read COCO's files and evaluate them, as a store does with what it read."""
    instances = read_instances(paths[0])
    names = {one["id"]: one["name"] for one in instances.document["categories"]}
    objects = instances.objects.sort_by("image_id")
    found = read_results(paths[1], names, instances.images.schema.field("image_id").type)
    known = pa.array(list(names.values()))
    sides = ("x", "y", "width", "height")
    columns = [
        (
            one.column("image_id").to_numpy() - 1,
            pc.index_in(one.column("label"), value_set=known).to_numpy().astype(np.int64),
            np.column_stack([one.column(side).to_numpy() for side in sides]),
        )
        for one in (objects, found)
    ]
    data = Data(
        instances.images.num_rows,
        *columns[0],
        objects.column("is_crowd").to_numpy(zero_copy_only=False),
        *columns[1],
        found.column("score").to_numpy(),
    )
    return twelve(matched(data), np.ones(data.n_images, dtype=np.int32))


def peer(name: str, paths: tuple[Path, Path]) -> Any:
    """Return an evaluation of pycocotools, or of what takes its place, with both files loaded."""
    homes = {"pycocotools": ("pycocotools.coco", "pycocotools.cocoeval"), "hotcoco": ("hotcoco", "hotcoco")}
    homes["faster-coco-eval"] = ("faster_coco_eval", "faster_coco_eval")
    coco, evaluator = homes[name]
    classes = {"faster-coco-eval": ("COCO", "COCOeval_faster")}.get(name, ("COCO", "COCOeval"))
    with contextlib.redirect_stdout(io.StringIO()):
        true = getattr(import_module(coco), classes[0])(str(paths[0]))
        load = true.load_res if name == "hotcoco" else true.loadRes
        return getattr(import_module(evaluator), classes[1])(true, load(str(paths[1])), "bbox")


def evaluated(evaluation: Any) -> Any:
    """Evaluate and accumulate."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def within(evaluation: Any, images: list[int]) -> Any:
    """Evaluate some images anew."""
    evaluation.params.imgIds = images
    return evaluated(evaluation)


def numbers_of(evaluation: Any) -> list[float]:
    """Return the twelve numbers of a peer."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.summarize()
    return [float(one) for one in evaluation.stats[:12]]


def plain_numbers(evaluation: Any, images: Sequence[int]) -> tuple[float, float]:
    """Return AP and the best F1 at .5 of some images, each as often as it stands there, from pycocotools' matches.

    `images` are places among all, ascending, so that ties stand as pycocotools has them.
    """
    n_images, n_areas = len(evaluation._paramsEval.imgIds), len(AREAS)
    precisions, best = [], []
    for label in range(N_CLASSES):
        at = label * n_areas * n_images
        entries = [one for image in images if (one := evaluation.evalImgs[at + image]) is not None]
        n_true = sum(int((np.asarray(one["gtIgnore"]) == 0).sum()) for one in entries)
        if n_true == 0:
            continue
        order = np.argsort(-np.concatenate([one["dtScores"] for one in entries]), kind="mergesort")
        is_out = np.concatenate([one["dtIgnore"] for one in entries], axis=1)[:, order].astype(bool)
        is_hit = np.concatenate([one["dtMatches"] for one in entries], axis=1)[:, order] > 0
        hits, seen = (is_hit & ~is_out).cumsum(axis=1), (~is_out).cumsum(axis=1)
        best.append(float((2 * hits[0] / (seen[0] + n_true)).max(initial=0.0)))
        for found, all_seen in zip(hits, seen, strict=True):
            precision = np.append(np.maximum.accumulate((found / np.maximum(all_seen, 1))[::-1])[::-1], 0.0)
            reached = np.searchsorted(found / n_true, np.linspace(0, 1, 101), side="left")
            precisions.append(float(precision[reached].mean()))
    return float(np.mean(precisions)), float(np.mean(best))


def check_plainly(
    evaluation: Any,
    selections: Sequence[np.ndarray],
    of_slices: Sequence[Sequence[float]],
    draws: Sequence[np.ndarray],
    of_draws: Sequence[float],
) -> None:
    """Check F1 of some test cases, and AP of some resamples, with what pycocotools matched."""
    for one, numbers in list(zip(selections, of_slices, strict=True))[:10]:
        assert np.isclose(plain_numbers(evaluation, np.flatnonzero(one).tolist())[1], numbers[12], atol=1e-9)
    for counts, found in list(zip(draws, of_draws, strict=True))[:10]:
        drawn = np.repeat(np.arange(len(counts)), counts).tolist()
        assert np.isclose(plain_numbers(evaluation, drawn)[0], found, atol=1e-9)


def main() -> None:
    """Measure every part beside the peers that there are."""
    options = arguments(__doc__)
    data, claims = synthetic(100 if options.quick else 5_000), Claims()
    print(conditions())
    print(f"{data.n_images:,} images, {len(data.true_images):,} objects, {len(data.images):,} detections")
    everything = np.ones(data.n_images, dtype=np.int32)
    random = np.random.default_rng(1)
    selections = [(random.random(data.n_images) < one).astype(np.int32) for one in random.uniform(0.01, 0.5, 100)]
    with tempfile.TemporaryDirectory() as folder:
        paths = written(data, Path(folder))
        ours, found = timed(lambda: twelve(matched(data), everything), runs=RUNS)
        stored, with_all_pairs = timed(lambda: twelve(matched(data, as_stored=True), everything), runs=RUNS)
        assert np.array_equal(found, with_all_pairs)
        files, again = timed(lambda: from_files(paths), runs=RUNS)
        assert np.allclose(found, again)
        ranked = matched(data)
        slices, of_slices = timed(lambda: of_all(ranked, selections), runs=RUNS)
        single = matched(data, CURVES[: len(THRESHOLDS)])
        draws = random.multinomial(data.n_images, np.full(data.n_images, 1 / data.n_images), 100).astype(np.int32)
        resamples, of_draws = timed(
            lambda: [mean_of_known(interpolated_precision(hits_of(single, one))) for one in draws]
        )
        rows: list[Sequence[object]] = [
            ("kolena_store", "from memory", ours),
            ("kolena_store", "from memory, with the pairs that a store keeps for mistakes", stored),
            ("kolena_store", "from files", files),
            ("kolena_store", "100 test cases with F1, matched before", slices),
            ("kolena_store", "100 resamples of ap, matched before", resamples),
        ]
        seconds = (ours.median, files.median, slices.median, resamples.median)
        rows += compared(paths, selections, claims, seconds, found=found, of_slices=of_slices)
        if options.quick:
            total, evaluation = timed(lambda: evaluated(peer("pycocotools", paths)))
            assert np.allclose(numbers_of(evaluation), found, atol=1e-9)
            check_plainly(evaluation, selections, of_slices, draws, of_draws)
            rows.append(("pycocotools", "from files", total))
    table("Seconds", rows)
    peers = sorted({str(row[0]) for row in rows} - {"kolena_store"})
    print(
        f"\nnumbers equal to 1e-9 beside {', '.join(peers) or 'nobody: no peer is installed, and no claim was tested'}"
    )
    print(f"\npeak memory {peak_memory():.2f} GiB, peers included")


def compared(
    paths: tuple[Path, Path],
    selections: Sequence[np.ndarray],
    claims: Claims,
    seconds: tuple[float, float, float, float],
    *,
    found: list[float],
    of_slices: list[list[float]],
) -> list[Sequence[object]]:
    """Run the peers, check that they agree, and state the ratios."""
    memory, files, slices, resamples = seconds
    rows: list[Sequence[object]] = []
    ids = {str(place): (np.flatnonzero(one) + 1).tolist() for place, one in enumerate(selections)}
    if find_spec("hotcoco"):
        loaded, evaluation = timed(lambda: peer("hotcoco", paths))
        whole, evaluation = timed(lambda: evaluated(evaluation), runs=RUNS)
        assert np.allclose(numbers_of(evaluation), found, atol=1e-9)
        by_slice, answers = timed(lambda: evaluation.slice_by(ids), runs=RUNS)
        for place, one in enumerate(of_slices):
            assert np.isclose(answers[str(place)]["AP"], one[0], atol=1e-9)
        rows += [("hotcoco", "loading", loaded), ("hotcoco", "from memory", whole), ("hotcoco", "slice_by", by_slice)]
        claims.at_least("evaluation from memory, against hotcoco", whole.median / memory, 1)
        claims.at_least("100 test cases, against hotcoco's slice_by", by_slice.median / slices, 4)
        claims.at_least("a resample of ap, against hotcoco anew", whole.median / (resamples / 100), 20)
    if find_spec("faster_coco_eval"):
        total, evaluation = timed(lambda: evaluated(peer("faster-coco-eval", paths)), runs=RUNS)
        assert np.allclose(numbers_of(evaluation), found, atol=1e-9)
        rows.append(("faster-coco-eval", "from files", total))
        claims.at_least("evaluation from files, against faster-coco-eval", total.median / files, 10)
        looped = list(ids)[:N_LOOPED]
        one_by_one, numbers = timed(lambda: [numbers_of(within(evaluation, ids[place])) for place in looped])
        for place, found_here in zip(looped, numbers, strict=True):
            assert np.allclose(found_here, np.nan_to_num(of_slices[int(place)][:12], nan=-1), atol=1e-9)
        share = len(ids) / len(looped)
        rows.append(("faster-coco-eval", f"{len(looped)} of the test cases, one by one", one_by_one))
        ratio = one_by_one.median * share / slices
        claims.at_least("100 test cases, against faster-coco-eval one by one", ratio, 50)
    return rows


if __name__ == "__main__":
    main()
