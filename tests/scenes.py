"""Scenes of boxes for tests of matching: small nasty ones that hypothesis draws, and larger random ones."""

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from kolena_store.matching.boxes import box_areas, box_overlaps
from kolena_store.matching.candidates import Candidates, find_candidates
from kolena_store.matching.objects import Detections, Truths, detection_order

SIDES = (0.0, 1.0, 8.0, 10.0, 31.0, 33.0, 100.0)
PLACES = (0.0, 1.0, 2.0, 5.0)
SCORES = (0.1, 0.5, 0.5, 0.9)


@dataclass(frozen=True)
class Scene:
    """Images of objects and detections: rows are (image, label, [left, top, width, height], crowd or score)."""

    n_images: int
    n_classes: int
    truths: list[tuple[int, int, list[float], bool]]
    detections: list[tuple[int, int, list[float], float]]

    @property
    def boxes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the boxes of the detections, and of the objects."""
        found, true = ([row[2] for row in rows] for rows in (self.detections, self.truths))
        return np.array(found, dtype=float).reshape(-1, 4), np.array(true, dtype=float).reshape(-1, 4)

    @property
    def found(self) -> Detections:
        """Return the detections in the order that matching wants; `detections` has it already."""
        return Detections(
            images=np.array([row[0] for row in self.detections], dtype=np.int64),
            labels=np.array([row[1] for row in self.detections], dtype=np.int64),
            areas=box_areas(self.boxes[0]),
            scores=np.array([row[3] for row in self.detections], dtype=float),
        )

    @property
    def true(self) -> Truths:
        return Truths(
            images=np.array([row[0] for row in self.truths], dtype=np.int64),
            labels=np.array([row[1] for row in self.truths], dtype=np.int64),
            areas=box_areas(self.boxes[1]),
            is_crowd=np.array([row[3] for row in self.truths], dtype=bool),
            is_ignored=np.zeros(len(self.truths), dtype=bool),
        )

    def candidates(self) -> Candidates:
        found, true = self.boxes
        crowd = self.true.is_crowd
        return find_candidates(self.found, self.true, lambda pairs: box_overlaps(found, true, pairs, crowd))

    def coco(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the scene as COCO's ground truth and results."""
        images = [{"id": image + 1} for image in range(self.n_images)]
        categories = [{"id": label + 1} for label in range(self.n_classes)]
        annotations = [
            {
                "id": number,
                "image_id": image + 1,
                "category_id": label + 1,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": int(crowd),
            }
            for number, (image, label, box, crowd) in enumerate(self.truths, 1)
        ]
        results = [
            {"image_id": image + 1, "category_id": label + 1, "bbox": box, "score": score}
            for image, label, box, score in self.detections
        ]
        return {"images": images, "categories": categories, "annotations": annotations}, results


@st.composite
def scenes(draw: st.DrawFn, *, crowds: bool = True) -> Scene:
    """Draw a scene with many ties in score and overlap, boxes of no area, empty images and classes, and crowds."""
    n_images, n_classes = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    places = st.tuples(st.integers(0, n_images - 1), st.integers(0, n_classes - 1))
    box = st.tuples(*[st.sampled_from(PLACES)] * 2, *[st.sampled_from(SIDES)] * 2).map(list)
    true = draw(st.lists(st.tuples(places, box, st.booleans() if crowds else st.just(False)), max_size=8))
    found = draw(st.lists(st.tuples(places, box, st.sampled_from(SCORES)), max_size=10))
    by_image = [sorted(((*at, box, more) for at, box, more in rows), key=lambda row: row[0]) for rows in (true, found)]
    return Scene(n_images, n_classes, by_image[0], in_order(by_image[1]))


def random_scene(seed: int, n_images: int, n_classes: int, *, objects: int = 8, false: int = 10) -> Scene:
    """Return images of random objects that a detector found more or less well."""
    random = np.random.default_rng(seed)
    truths, detections = [], []
    for image in range(n_images):
        for _ in range(random.integers(0, objects)):
            label = int(random.integers(n_classes))
            box = [*random.uniform(0, 400, 2).round(2), *np.exp(random.uniform(2, 5.5, 2)).round(2)]
            truths.append((image, label, box, bool(random.random() < 0.03)))
            for _ in range(random.integers(0, 4)):
                scale = np.array([box[2], box[3], box[2], box[3]]) * 0.1
                near = np.array(box) + random.normal(size=4) * scale
                near[2:] = np.maximum(near[2:], 1)
                other = label if random.random() < 0.85 else int(random.integers(n_classes))
                detections.append((image, other, near.round(2).tolist(), round(random.beta(4, 2), 2)))
        for _ in range(random.integers(0, false)):
            box = [*random.uniform(0, 400, 2).round(2), *np.exp(random.uniform(2, 5.5, 2)).round(2)]
            detections.append((image, int(random.integers(n_classes)), box, round(random.beta(2, 4), 2)))
    return Scene(n_images, n_classes, truths, in_order(detections))


def in_order(rows: list[Any]) -> list[Any]:
    """Return detections by image, label and falling score."""
    images, labels = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    order = detection_order(images, labels, np.array([row[3] for row in rows], dtype=float))
    return [rows[place] for place in order]


def pycocotools_of(
    scene: Scene, images: "list[int] | None" = None, *, overlaps: "list[float] | None" = None
) -> COCOeval:
    """Return pycocotools' evaluation of a scene, or of some of its images: `eval` is filled, and `stats` mostly.

    There are no `stats` at other overlaps than COCO's ten.
    """
    truth, results = scene.coco()
    with contextlib.redirect_stdout(io.StringIO()):
        true = COCO()
        true.dataset = truth
        true.createIndex()
        found = true.loadRes(results) if results else COCO()
        if not results:
            found.dataset = {"images": truth["images"], "categories": truth["categories"], "annotations": []}
            found.createIndex()
        evaluation = COCOeval(true, found, "bbox")
        if images is not None:
            evaluation.params.imgIds = [image + 1 for image in images]
        if overlaps is not None:
            evaluation.params.iouThrs = np.array(overlaps)
        evaluation.evaluate()
        evaluation.accumulate()
        if overlaps is None:
            evaluation.summarize()
    return evaluation
