"""Samples with objects: what stands over their images, and the table of objects beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from kolena_store.inspection.asked_objects import AskedShapes
from kolena_store.inspection.samples import SampleRow
from kolena_store.inspection.scenes import Scene, Shape, fields_of_objects, scenes_of
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.reports.marks import figure
from kolena_store.web.images import size_of_picture
from kolena_store.web.pages.cells import joined
from kolena_store.web.pages.frames import Desk
from kolena_store.web.pages.overlays import scene_markup, shown_of

__all__ = ["gallery_scene", "has_objects", "object_rows", "scene_counts", "scenes_shown"]

SIDES = (("width", "height"), ("image_width", "image_height"))
LEAST_ROOM = 1.05
"""Of an image whose size nobody knows, beyond the outermost box."""


def has_objects(scope: SuiteScope) -> bool:
    """Return whether a dataset is one of detections."""
    return fields_of_objects(scope) is not None


def gallery_scene(desk: Desk, row: SampleRow, scene: Scene, *, image: tuple[str, str] | None) -> Markup:
    """Return the image of a sample with a scene over it; `image` is the field that names it, and its address."""
    return _markup(desk, _size(desk, row, [scene], image), scene, image, is_small=True)


def scenes_shown(
    desk: Desk,
    scope: SuiteScope,
    row: SampleRow,
    models: Sequence[str],
    *,
    image: tuple[str, str] | None,
    asked: AskedShapes | None,
) -> list[Mapping[str, Any]]:
    """Return the image of a sample once for each model; `asked` are the objects that the page was asked for."""
    scenes = scenes_of(desk.look.session, scope, [row], models, asked=[asked])[0]
    size = _size(desk, row, scenes, image)
    return [
        {
            "scene": scene,
            "markup": _markup(desk, size, scene, image, is_small=False),
            "rows": object_rows(scene),
        }
        for scene in scenes
    ]


def scene_counts(scene: Scene) -> str:
    """Return in a few words what became of the objects, for a cell of a table."""
    if scene.model is None:
        return scene.summary
    missed, wrong = scene.count("missed"), scene.count("wrong")
    found = scene.count("found")
    return f"{found} of {found + missed} found, {wrong} wrong"


def object_rows(scene: Scene) -> Markup:
    """Return a row for each object and detection: what was asked for, then the mistakes first."""
    order = ("plain", "missed", "wrong", "right", "found", "unsure", "ignored")
    shapes = sorted(scene.shapes, key=lambda one: (not one.is_asked, order.index(one.outcome)))
    return joined(_row(one) for one in shapes)


def _markup(
    desk: Desk, size: tuple[float, float], scene: Scene, image: tuple[str, str] | None, *, is_small: bool
) -> Markup:
    return scene_markup(scene, size, image[1] if image else None, shown_of(desk.state), is_small=is_small)


def _size(desk: Desk, row: SampleRow, scenes: Sequence[Scene], image: tuple[str, str] | None) -> tuple[float, float]:
    """Return width and height of an image: as the sample has them, else of the file, else of what is drawn on it."""
    for names in SIDES:
        width, height = (row.fields.get(name) for name in names)
        if isinstance(width, int | float) and isinstance(height, int | float) and width > 0 and height > 0:
            return float(width), float(height)
    found = size_of_picture(row.fields.get(image[0]), desk.settings.image_roots) if image else None
    if found is not None:
        return float(found[0]), float(found[1])
    right, bottom = (max(sides) for sides in zip(*(scene.extent for scene in scenes), strict=True))
    return right * LEAST_ROOM, bottom * LEAST_ROOM


def _row(shape: Shape) -> str:
    side = "detection" if shape.is_detection else "object"
    partner = "" if shape.partner is None else f"object {shape.partner}"
    asked = ' <span class="tag">asked for</span>' if shape.is_asked else ""
    return (
        f'<tr><th scope="row">{side} {shape.number}{asked}</th><td>{escape(shape.label or "")}</td>'
        f'<td class="num">{figure(shape.score) if shape.score is not None else ""}</td>'
        f'<td><span class="outcome {shape.outcome}">{shape.outcome}</span></td>'
        f'<td class="num">{figure(shape.overlap) if shape.overlap is not None else ""}</td>'
        f"<td>{partner}</td><td>{escape(shape.mistake or '')}</td></tr>"
    )
