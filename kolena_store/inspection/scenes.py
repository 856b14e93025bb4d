"""Objects on the image of a sample: what is there, what a model found, and what became of each of them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from kolena_store.database import Session
from kolena_store.datasets import OBJECTS
from kolena_store.errors import InvalidInput
from kolena_store.inspection.asked_objects import AskedShapes
from kolena_store.inspection.samples import SampleRow
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scored import scores_of
from kolena_store.matching.one_to_one import ONE_TO_ONE_BIT
from kolena_store.workflows import Facts
from kolena_store.workflows.box_scenes import BoxFields
from kolena_store.workflows.object_detection import ObjectDetection

__all__ = ["OUTCOMES", "Outcome", "Scene", "Shape", "fields_of_objects", "scenes_of"]

Outcome: TypeAlias = Literal["plain", "found", "missed", "right", "wrong", "unsure", "ignored"]

OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        "plain": "objects",
        "found": "objects that are found",
        "missed": "objects that are missed",
        "right": "detections that are right",
        "wrong": "detections that are wrong",
        "unsure": "detections below the threshold",
        "ignored": "ignored",
    }
)
"""What can become of an object or a detection, as people read it; objects are plain where no model was asked."""

Points: TypeAlias = tuple[tuple[float, float], ...]
N_NUMBERS = 3
"""Of a keypoint: x, y and visibility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An object, or a detection with its score; places are in pixels of the image.

    `number` is its place among those of its side; `partner` that of what it is matched to; `mistake` what kind of
    mistake it is. `mask` is a run-length encoding. `is_asked`: a page was asked for it.
    """

    is_detection: bool
    number: int
    outcome: Outcome
    label: str | None
    score: float | None = None
    partner: int | None = None
    overlap: float | None = None
    mistake: str | None = None
    box: tuple[float, float, float, float] | None = None
    polygons: tuple[Points, ...] = ()
    mask: Mapping[str, Any] | None = None
    keypoints: tuple[tuple[float, float, float], ...] = ()
    is_asked: bool = False

    @property
    def words(self) -> str:
        """Return the shape in words."""
        name = "any" if self.label is None else self.label
        sure = "" if self.score is None else f" {self.score:.2f}"
        kind = f" ({self.mistake})" if self.mistake and self.outcome in ("wrong", "missed") else ""
        overlap = "" if self.overlap is None else f", IoU {self.overlap:.2f}"
        if self.outcome == "plain":
            return name
        return f"{name}{sure}: {self.outcome}{kind}{overlap}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The objects of a sample beside what a model found; None: the objects alone."""

    model: str | None
    shapes: tuple[Shape, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many shapes have an outcome."""
        return sum(one.outcome == outcome for one in self.shapes)

    @property
    def extent(self) -> tuple[float, float]:
        """Return how far to the right and down the shapes reach."""
        corners = [(one.box[0] + one.box[2], one.box[1] + one.box[3]) for one in self.shapes if one.box]
        return max((x for x, _ in corners), default=1.0), max((y for _, y in corners), default=1.0)

    @property
    def summary(self) -> str:
        """Return in words what the scene shows."""
        if self.model is None:
            return f"{len(self.shapes)} objects"
        n_objects = self.count("found") + self.count("missed")
        n_counted = self.count("right") + self.count("wrong")
        return (
            f"{self.count('found')} of {n_objects} objects found by {self.model}, {self.count('right')} of its "
            f"{n_counted} detections right"
        )


def fields_of_objects(scope: SuiteScope) -> BoxFields | None:
    """Return which fields of objects are what; None when the dataset is not one of detections."""
    workflow = scope.of.workflow
    return workflow.fields if isinstance(workflow, ObjectDetection) else None


def scenes_of(
    session: Session,
    scope: SuiteScope,
    rows: Sequence[SampleRow],
    models: Sequence[str],
    *,
    asked: Sequence[AskedShapes | None] = (),
) -> list[list[Scene]]:
    """Return for each sample the scene of each model, or, without a model, that of the objects alone.

    Args:
        session: of the store.
        scope: a suite of the dataset.
        rows: the samples, with what the models said of them.
        models: their labels, in the order of the rows' answers.
        asked: which objects of each sample a page was asked for.
    """
    fields = fields_of_objects(scope)
    if fields is None:
        return []
    facts = [_facts(session, scope, model) for model in models]
    found = []
    for row, shapes in zip(rows, asked or [None] * len(rows), strict=True):
        scenes = list(_scenes_of_row(row, models, facts, fields))
        found.append([_marked(scene, shapes, is_first=not nth) for nth, scene in enumerate(scenes)])
    return found


def _scenes_of_row(
    row: SampleRow, models: Sequence[str], facts: Sequence[Facts | None], fields: BoxFields
) -> Iterator[Scene]:
    truths = _objects(row.fields)
    if not models:
        plain = _truths(truths, fields, {}, found=set(), counting=0)
        yield Scene(model=None, shapes=tuple(replace(one, outcome="plain") for one in plain))
    for model, answer, scores, of_model in zip(models, row.answers, row.scores, facts, strict=False):
        shapes = _shapes(truths, _objects(answer), scores, fields, facts=of_model)
        yield Scene(model=model, shapes=tuple(shapes))


def _marked(scene: Scene, asked: AskedShapes | None, *, is_first: bool) -> Scene:
    """Return a scene with its shapes marked that were asked for; detections are those of the first model."""
    if asked is None:
        return scene
    detections = asked.detections if is_first else frozenset()
    shapes = tuple(
        replace(one, is_asked=one.number in (detections if one.is_detection else asked.truths)) for one in scene.shapes
    )
    return replace(scene, shapes=shapes)


def _facts(session: Session, scope: SuiteScope, model: str) -> Facts | None:
    try:
        return scores_of(session, scope.of, scope.of.results_labelled(model), scope.configuration_id).facts
    except InvalidInput:
        return None


def _shapes(
    truths: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
    scores: Mapping[str, Any],
    fields: BoxFields,
    *,
    facts: Facts | None,
) -> Iterator[Shape]:
    counting = ONE_TO_ONE_BIT if facts and facts.constants.get("is_one_to_one") else 0
    thresholds = facts.thresholds if facts else {}
    matches = {one["object"]: one for one in scores.get("detections") or ()}
    detections = [
        _detection(number, one, fields, matches.get(number), counting=counting, thresholds=thresholds)
        for number, one in enumerate(found)
    ]
    hits = {one.partner for one in detections if one.outcome == "right" and one.partner is not None}
    stored = {one["object"]: one for one in scores.get("truths") or ()}
    yield from _truths(truths, fields, stored, found=hits, counting=counting)
    yield from detections


def _truths(
    truths: Sequence[Mapping[str, Any]],
    fields: BoxFields,
    stored: Mapping[int, Mapping[str, Any]],
    *,
    found: set[int],
    counting: int,
) -> Iterator[Shape]:
    for number, one in enumerate(truths):
        match = stored.get(number)
        outcome: Outcome = "found"
        if match is not None and int(match["ignored"]) >> counting & 1:
            outcome = "ignored"
        elif match is not None and number not in found:
            outcome = "missed"
        yield Shape(
            is_detection=False,
            number=number,
            outcome=outcome,
            label=_label(one, fields),
            mistake="not found at all" if match is not None and match["is_missed"] else None,
            **_geometry(one, fields),
        )


def _detection(
    number: int,
    one: Mapping[str, Any],
    fields: BoxFields,
    match: Mapping[str, Any] | None,
    *,
    counting: int,
    thresholds: Mapping[str, float],
) -> Shape:
    score, label = _number(one.get(fields.score)), _label(one, fields)
    partner = None if match is None else match["truth"]
    outcome: Outcome = "ignored" if match is None else "wrong"
    if match is not None and (score is None or score < thresholds.get(str(match["label"]), 0.0)):
        outcome = "unsure"
    elif partner is not None:
        outcome = "right"
    elif match is not None and int(match["ignored"]) >> counting & 1:
        outcome = "ignored"
    return Shape(
        is_detection=True,
        number=number,
        outcome=outcome,
        label=label,
        score=score,
        partner=partner,
        overlap=None if match is None else _number(match["overlap"]),
        mistake=None if match is None else match["mistake"],
        **_geometry(one, fields),
    )


def _objects(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in row.get(OBJECTS) or () if isinstance(one, Mapping)]


def _label(one: Mapping[str, Any], fields: BoxFields) -> str | None:
    value = one.get(fields.label) if fields.label is not None else None
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _geometry(one: Mapping[str, Any], fields: BoxFields) -> dict[str, Any]:
    found: dict[str, Any] = {"box": _box(one, fields)}
    if fields.masks is not None:
        polygons, mask = _mask(one.get(fields.masks.field))
        found |= {"polygons": polygons, "mask": mask}
    if fields.keypoints is not None:
        found["keypoints"] = _keypoints(one.get(fields.keypoints.field))
    return found


def _box(one: Mapping[str, Any], fields: BoxFields) -> tuple[float, float, float, float] | None:
    left, top, third, fourth = (_number(one.get(name)) for name in fields.box)
    if left is None or top is None or third is None or fourth is None:
        return None
    return (left, top, third - left, fourth - top) if fields.are_corners else (left, top, third, fourth)


def _mask(value: object) -> tuple[tuple[Points, ...], Mapping[str, Any] | None]:
    """Return the polygons of a mask, or its run-length encoding."""
    try:
        given = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return (), None
    if isinstance(given, Mapping):
        return (), given
    if not isinstance(given, list) or not given:
        return (), None
    rings = given if isinstance(given[0], list) else [given]
    return tuple(points for ring in rings if (points := _points(ring))), None


def _points(ring: Sequence[object]) -> Points:
    numbers = [_number(one) for one in ring]
    known = [one for one in numbers if one is not None]
    return tuple(zip(known[::2], known[1::2], strict=False)) if len(known) == len(numbers) else ()


def _keypoints(value: object) -> tuple[tuple[float, float, float], ...]:
    numbers = [_number(one) or 0.0 for one in value] if isinstance(value, list) else []
    starts = range(0, len(numbers) - N_NUMBERS + 1, N_NUMBERS)
    return tuple((numbers[start], numbers[start + 1], numbers[start + 2]) for start in starts)
