"""Objects drawn over an image: boxes, masks and keypoints, what is right and wrong told by line, mark and colour."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape

from kolena_store.inspection.run_lengths import pixels_of
from kolena_store.inspection.scenes import OUTCOMES, Outcome, Scene, Shape
from kolena_store.web.states import State

__all__ = ["SHOWN_FIRST", "Shown", "controls_of", "scene_markup", "shown_of"]

MARKS: Mapping[Outcome, str] = MappingProxyType(
    {"plain": "□", "found": "✓", "missed": "✗", "right": "✓", "wrong": "✗", "unsure": "?", "ignored": "·"}
)
SHOWN_FIRST: tuple[Outcome, ...] = ("plain", "found", "missed", "right", "wrong")
NOTHING = "nothing"
"""Sent along with the boxes that are ticked, so that none of them is a choice, too."""

MOST_SHAPES = 500
SMALL_SIDE = 320
"""Pixels of a mask in a gallery, along its longer side."""

LONGEST_NAME = 24
COLOURS: Mapping[Outcome, tuple[int, int, int]] = MappingProxyType(
    {
        "plain": (20, 110, 200),
        "found": (29, 140, 78),
        "missed": (200, 40, 30),
        "right": (20, 110, 200),
        "wrong": (215, 95, 0),
        "unsure": (120, 130, 140),
        "ignored": (120, 130, 140),
    }
)
"""Of masks alone: everything else is coloured by the style sheet."""

LIMBS = (
    *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10)),
    *((1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
)
"""Which of COCO's 17 keypoints are joined."""

N_OF_COCO = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which shapes are shown: of which outcomes, of a class (None: all), from which score on."""

    outcomes: tuple[str, ...]
    label: str | None
    least: float

    def holds(self, shape: Shape) -> bool:
        """Return whether a shape is shown."""
        is_sure = shape.score is None or shape.score >= self.least
        return shape.outcome in self.outcomes and self.label in (None, shape.label) and is_sure


def shown_of(state: State) -> Shown:
    """Return which shapes an address asks for.

    Raises:
        InvalidInput: the score is no number from 0 to 1.
    """
    given = state.texts("show")
    return Shown(
        outcomes=tuple(one for one in given if one in OUTCOMES) if given else SHOWN_FIRST,
        label=state.text("of"),
        least=state.share("least", 0.0),
    )


def controls_of(scenes: Sequence[Scene], shown: Shown) -> Mapping[str, Any]:
    """Return what the form of a page with objects offers: outcomes with their counts, classes, the score."""
    is_plain = bool(scenes) and all(scene.model is None for scene in scenes)
    labels = sorted({shape.label for scene in scenes for shape in scene.shapes if shape.label is not None})
    outcomes = [
        {
            "name": name,
            "title": title,
            "mark": MARKS[name],
            "n": sum(scene.count(name) for scene in scenes),
            "is_shown": name in shown.outcomes,
        }
        for name, title in OUTCOMES.items()
        if (name == "plain") == is_plain
    ]
    return {"outcomes": outcomes, "labels": labels, "label": shown.label, "least": shown.least, "nothing": NOTHING}


def scene_markup(scene: Scene, size: tuple[float, float], image: str | None, shown: Shown, *, is_small: bool) -> Markup:
    """Return an image with the shapes of a scene over it; small ones without words.

    Args:
        scene: the shapes.
        size: width and height of the image in pixels.
        image: its address; None draws the shapes on an empty ground.
        shown: which shapes are visible at first.
        is_small: of a gallery.
    """
    width, height = (max(1.0, one) for one in size)
    shapes = "".join(_drawn(one, width, height, shown, is_small=is_small) for one in scene.shapes[:MOST_SHAPES])
    picture = f'<img loading="lazy" alt="" src="{escape(image)}">' if image else '<span class="ground"></span>'
    words = escape(scene.summary)
    kind = "scene asking" if any(one.is_asked for one in scene.shapes) else "scene"
    return Markup(
        f'<span class="{kind}">{picture}<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{words}">'
        f"<title>{words}</title>{shapes}</svg></span>"
    )


def _drawn(shape: Shape, width: float, height: float, shown: Shown, *, is_small: bool) -> str:
    unit = max(width, height) / 100
    inner = _geometry(shape, unit, is_small=is_small)
    if not inner:
        return ""
    side = "detection" if shape.is_detection else "truth"
    score = "" if shape.score is None else f' data-score="{shape.score:.6g}"'
    state = f"{' asked' if shape.is_asked else ''}{'' if shown.holds(shape) else ' off'}"
    label = "" if is_small else _label(shape, unit, width)
    return (
        f'<g class="shape {side} {shape.outcome}{state}" data-outcome="{shape.outcome}" '
        f'data-label="{escape(shape.label or "")}"{score}><title>{escape(shape.words)}</title>{inner}{label}</g>'
    )


def _geometry(shape: Shape, unit: float, *, is_small: bool) -> str:
    parts = []
    if shape.mask is not None:
        parts.append(_mask(shape, most=SMALL_SIDE if is_small else None))
    for ring in shape.polygons:
        parts.append(f'<polygon points="{" ".join(f"{x:g},{y:g}" for x, y in ring)}"/>')
    if shape.keypoints:
        parts += _skeleton(shape, unit)
    if shape.box is not None:
        left, top, wide, high = shape.box
        kind = ' class="faint"' if shape.polygons or shape.keypoints or shape.mask else ""
        parts.append(
            f'<rect{kind} x="{left:g}" y="{top:g}" width="{max(wide, 0):g}" height="{max(high, 0):g}" '
            'vector-effect="non-scaling-stroke"/>'
        )
    return "".join(parts)


def _skeleton(shape: Shape, unit: float) -> list[str]:
    """Return the keypoints that are there as dots, those of COCO's people joined."""
    points, parts = shape.keypoints, []
    for first, second in LIMBS if len(points) == N_OF_COCO else ():
        (x1, y1, is_there), (x2, y2, is_other) = points[first], points[second]
        if is_there and is_other:
            line = f'x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"'
            parts.append(f'<line {line} vector-effect="non-scaling-stroke"/>')
    parts += [f'<circle cx="{x:g}" cy="{y:g}" r="{unit * 0.6:g}"/>' for x, y, is_there in points if is_there]
    return parts


def _label(shape: Shape, unit: float, width: float) -> str:
    """Return the words beside a shape: a truth's below its box, a detection's above."""
    if shape.box is None:
        return ""
    left, top, _, high = shape.box
    size = unit * 2.8
    y = max(size, top - unit * 0.5) if shape.is_detection else top + high + size
    score = "" if shape.score is None else f" {shape.score:.2f}"
    name = shape.label or ""
    name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    text = f"{MARKS[shape.outcome]} {name}{score}"
    x = min(max(0.0, left), max(0.0, width - len(text) * size * 0.5))
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}">{escape(text)}</text>'


def _mask(shape: Shape, most: int | None) -> str:
    """Return a run-length encoded mask as a picture of one colour, a third opaque; `most` pixels wide and high."""
    pixels = None if shape.mask is None else pixels_of(shape.mask)
    if pixels is None:
        return ""  # The box is drawn all the same.
    from PIL import Image

    height, width = pixels.shape
    step = 1 if most is None else max(1, -(-max(height, width) // most))
    pixels = pixels[::step, ::step]
    picture = Image.fromarray(pixels.astype("uint8"))
    picture = picture.convert("P")
    picture.putpalette([0, 0, 0, *COLOURS[shape.outcome]])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes([0, 90]), bits=1)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    kind = ' preserveAspectRatio="none"' if step > 1 else ""
    return f'<image href="data:image/png;base64,{data}" width="{width}" height="{height}"{kind}/>'
