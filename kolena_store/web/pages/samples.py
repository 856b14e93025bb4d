"""Samples: a table or gallery of many, and one with all that is known of it."""

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any, get_args

from markupsafe import Markup, escape
from starlette.responses import Response

from kolena_store.datasets import OBJECTS
from kolena_store.errors import InvalidInput, LimitExceeded, MissingColumns
from kolena_store.inspection.distributions import fields_to_show
from kolena_store.inspection.members import Answers, case_members
from kolena_store.inspection.samples import (
    BY_DIFFERENCE,
    BY_VALUE,
    SAMPLES_PER_PAGE,
    SampleRequest,
    SampleRow,
    SamplesShown,
    sample_at,
    samples_shown,
)
from kolena_store.inspection.scenes import Scene, scenes_of
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.membership.bitmaps import WORD_BITS
from kolena_store.reports.rendering import address, shown_value
from kolena_store.test_suites import ALL
from kolena_store.web.images import image_fields
from kolena_store.web.pages.cells import joined
from kolena_store.web.pages.choices import choices_of
from kolena_store.web.pages.frames import Desk, here_of, page, scope_named
from kolena_store.web.pages.overlays import controls_of, shown_of
from kolena_store.web.pages.sample_objects import gallery_scene, has_objects, scene_counts, scenes_shown
from kolena_store.web.pages.texts import texts_beside
from kolena_store.workflows.object_matches import MATCH_COLUMNS

__all__ = ["sample_page", "samples_page"]

TITLES = (
    ("any", "any"),
    ("wrong", "wrong"),
    ("right", "right"),
    ("worse", "worse than beside"),
    ("better", "better than beside"),
    ("differ", "differing"),
)
TITLES_OF_OBJECTS = (
    ("any", "any"),
    ("worse", "more mistakes than beside"),
    ("better", "fewer mistakes than beside"),
    ("differ", "differing in mistakes"),
    ("gained", "objects that only the model finds"),
    ("lost", "objects that only the one beside finds"),
)
"""What answers are called where samples are right or wrong, and where they have objects."""

MOST_COLUMNS = 14
MOST_CASES = 200
SHORT = 40
MOST_DECIMALS = 4
LARGEST_PLAIN = 1e12
OF_MATCHES = frozenset(MATCH_COLUMNS)
MISSING = "/static/missing.svg"
MISTAKES = "mistakes"


def samples_page(desk: Desk) -> Response:
    """Return a page of samples; a condition that can't be used is shown beside what was typed."""
    scope = scope_named(desk)
    asked, shown, problem, status = _request(desk, scope), None, None, 200
    try:
        shown = samples_shown(desk.look, scope, asked)
    except (InvalidInput, MissingColumns, LimitExceeded) as error:
        problem, status = str(error), 422
    rows: Sequence[SampleRow] = shown.rows if shown else ()
    images = image_fields([dict(row.fields) for row in rows], [field.name for field in scope.of.version.field_list])
    view = desk.state.choice("view", ("table", "gallery"), "gallery" if images else "table")
    state, with_objects = desk.state, has_objects(scope)
    scenes = _scenes(desk, scope, shown) if with_objects else []
    return page(
        desk,
        "samples.html",
        status=status,
        heading=f"Samples · {scope.of.dataset.name}",
        here=here_of(scope, desk),
        asked=asked,
        shown=shown,
        problem=problem,
        example=_example(scope),
        cases=[case.name for case in scope.cases],
        models=[one.label for one in scope.of.results],
        answers=_titles(shown, with_objects=with_objects),
        sorts=_sorts(scope, asked),
        view=view,
        image_fields=images,
        heads=_heads(scope, shown) if shown else "",
        rows=_rows(desk, scope, shown, asked, scenes=scenes) if shown else "",
        row_link=lambda place, row: _link(desk, asked, place, row),
        picture_of=lambda place, row: _picture(desk, scope, row, scenes=scenes[place : place + 1], images=images),
        with_objects=with_objects,
        of_objects=scope.case_of_objects(asked.case) is not None,
        controls=controls_of([one[0] for one in scenes], shown_of(state)) if scenes and view == "gallery" else None,
        choices=choices_of(desk, scope, is_usable=problem is None, most_open=0),
        id_of=lambda row: _id(scope, row),
        answers_of=lambda row: _marks(shown, row),
        page_link=lambda number: state.link(page=number),
        slice_link=state.link("/slices", page=None, sort=None, desc=None, answers=None, case=None),
        unlabelled=state.link(truth=None, predicted=None, page=None),
    )


def sample_page(desk: Desk) -> Response:
    """Return one sample with its fields, what each model said, and the samples before and after it."""
    scope, state = scope_named(desk), desk.state
    asked, number = _request(desk, scope), state.number("sample", 0)
    place = state.number("at", 0) if state.text("at") is not None else None
    found = sample_at(desk.look, scope, asked, number, place=place)
    row, before, after = found.row, found.before, found.after
    models = [scope.of.results_labelled(label).label for label in asked.models][: len(row.answers)]
    marks = [_mark(row, index) for index in range(len(models))]
    names = [field.name for field in scope.of.version.field_list]
    images = image_fields([dict(row.fields)], names)
    at, with_objects = place or 0, has_objects(scope)
    image = (images[0], _image(scope, row, images[0], is_small=False)) if images else None
    scenes = scenes_shown(desk, scope, row, models, image=image, asked=found.asked) if with_objects else []
    hidden = {OBJECTS, *OF_MATCHES} if with_objects else set()
    return page(
        desk,
        "sample.html",
        heading=_id(scope, row),
        here=here_of(scope, desk),
        title=_id(scope, row),
        fields=[
            (field.name, field.role.replace("_", " "), row.fields.get(field.name))
            for field in scope.of.version.field_list
            if field.name not in hidden
        ],
        models=[{"name": name, "mark": mark} for name, mark in zip(models, marks, strict=True)],
        answers=_side_by_side(row.answers, hidden),
        scores=[(name, values) for name, values in _side_by_side(row.scores, hidden) if any(map(_is_known, values))],
        images=[
            {"field": name, "src": _image(scope, row, name, is_small=False)}
            for name in (images[1:] if with_objects else images)
        ],
        scenes=scenes,
        of_objects=scope.case_of_objects(asked.case),
        controls=controls_of([one["scene"] for one in scenes], shown_of(state)) if with_objects else None,
        texts=list(texts_beside(scope, row, models)),
        member_of=_cases_of(desk, scope, number),
        case_link=lambda name: state.link(
            "/case", case=name, sample=None, at=None, where=None, answers=None, sort=None, desc=None, page=None
        ),
        before=state.link(sample=before, at=at - 1) if before is not None else None,
        after=state.link(sample=after, at=at + 1) if after is not None else None,
        back=state.link("/samples", sample=None, at=None, page=at // SAMPLES_PER_PAGE + 1),
    )


def _request(desk: Desk, scope: SuiteScope) -> SampleRequest:
    state = desk.state
    answers: Answers = state.choice("answers", get_args(Answers), "any")
    return SampleRequest(
        case=state.text("case") or ALL,
        where=state.text("where") or "",
        models=state.texts("model")[:3] or tuple(one.label for one in scope.of.results[-2:][::-1]),
        metric=state.text("metric"),
        answers=answers,
        truth=state.text("truth"),
        predicted=state.text("predicted"),
        sort=state.text("sort"),
        descending=state.text("desc") is not None,
        page=state.page(),
    )


def _sorts(scope: SuiteScope, asked: SampleRequest) -> list[tuple[str, str]]:
    found = [("", "the order of upload"), (BY_VALUE, "how right the first model is")]
    if len(asked.models) > 1:
        found.append((BY_DIFFERENCE, "how far the two models differ"))
    return [*found, *((field.name, field.name) for field in fields_to_show(scope.of, with_ids=True))]


def _columns(scope: SuiteScope) -> list[str]:
    """Return the fields of a table: ids, truths, then metadata, as many as fit."""
    order = {"id": 0, "ground_truth": 1}
    fields = sorted(scope.of.version.field_list, key=lambda field: order.get(field.role, 2))
    shown = [field.name for field in fields if not (field.name == OBJECTS and has_objects(scope))]
    return shown[:MOST_COLUMNS]


def _heads(scope: SuiteScope, shown: SamplesShown) -> Markup:
    first, *others = _columns(scope)
    heads = [f'<th scope="col">{escape(first)}</th>']
    heads += [f'<th scope="col">{escape(model)}</th>' for model in shown.models]
    for name in others:
        kind = ' class="num"' if _decimals([row.fields.get(name) for row in shown.rows]) is not None else ""
        heads.append(f'<th scope="col"{kind}>{escape(name)}</th>')
    return joined(heads)


def _decimals(values: Sequence[object]) -> int | None:
    """Return how many decimals the numbers of a column need, so that they line up; None when they are no numbers."""
    known = [value for value in values if value is not None]
    if not known or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in known):
        return None
    texts = [f"{value:.4g}" for value in known if isinstance(value, float) and not value.is_integer()]
    plain = [text.partition(".")[2] for text in texts if "e" not in text]
    return min(MOST_DECIMALS, max((len(text) for text in plain), default=0))


def _titles(shown: SamplesShown | None, *, with_objects: bool) -> Sequence[tuple[str, str]]:
    """Return which answers can be asked for, and what they are called."""
    if with_objects:
        return TITLES_OF_OBJECTS
    return TITLES if shown is None or shown.is_proportion or not shown.metric else TITLES[:1] + TITLES[3:]


def _scenes(desk: Desk, scope: SuiteScope, shown: SamplesShown | None) -> list[list[Scene]]:
    """Return for each sample of a page its scene with each model."""
    if shown is None:
        return []
    asked = [shown.asked.of(row.sample) if shown.asked else None for row in shown.rows]
    return scenes_of(desk.look.session, scope, shown.rows, shown.models, asked=asked)


def _picture(
    desk: Desk, scope: SuiteScope, row: SampleRow, *, scenes: Sequence[Sequence[Scene]], images: Sequence[str]
) -> Markup:
    """Return the image of a sample in a gallery, with the scene of the first model when it has objects."""
    source = _image(scope, row, images[0], is_small=True) if images else None
    if scenes:
        return gallery_scene(desk, row, scenes[0][0], image=(images[0], source) if images and source else None)
    return Markup('<img loading="lazy" alt="" src="{}" width="320" height="240">').format(source or MISSING)


def _rows(
    desk: Desk, scope: SuiteScope, shown: SamplesShown, asked: SampleRequest, *, scenes: Sequence[Sequence[Scene]]
) -> Markup:
    first, *others = _columns(scope)
    decimals = {name: _decimals([row.fields.get(name) for row in shown.rows]) for name in others}
    lines = []
    for place, row in enumerate(shown.rows):
        href = escape(_link(desk, asked, place, row))
        own = scenes[place] if scenes else ()
        cells = (
            [scene_counts(one) for one in own] if own else [_answer(scope, row, i) for i in range(len(shown.models))]
        )
        said = "".join(f"<td>{cell}</td>" for cell in cells[: len(shown.models)])
        values = "".join(_value(row.fields.get(name), decimals[name]) for name in others)
        name = escape(shown_value(row.fields.get(first), SHORT))
        lines.append(f'<tr><th scope="row"><a href="{href}">{name}</a></th>{said}{values}</tr>')
    return joined(lines)


def _value(value: object, decimals: int | None) -> str:
    if decimals is None:
        return f'<td dir="auto">{escape(shown_value(value, 120))}</td>'
    is_plain = isinstance(value, int | float) and math.isfinite(value) and abs(value) < LARGEST_PLAIN
    return f'<td class="num">{f"{value:,.{decimals}f}" if is_plain else escape(shown_value(value))}</td>'


def _answer(scope: SuiteScope, row: SampleRow, index: int) -> str:
    """Return what a model said of a sample, with a mark for right or wrong."""
    answer = row.answers[index] if index < len(row.answers) else {}
    if not answer:
        return '<span class="undefined">no answer</span>'
    scores = row.scores[index] if index < len(row.scores) else {}
    value = scores.get("prediction", scores.get("verdict", next(iter(answer.values()))))
    mark = _mark(row, index) if "correct" in scores else ""
    sure = scores.get("confidence", scores.get("error"))
    more = f' <span class="range">{escape(shown_value(sure))}</span>' if isinstance(sure, float) else ""
    return f"{mark} {escape(shown_value(value, SHORT))}{more}"


def _mark(row: SampleRow, index: int) -> Markup:
    """Return a mark for what a sample counts for where it is right or wrong, else the number."""
    count = row.counts[index] if index < len(row.counts) else None
    if count is None:
        return Markup("")
    if row.is_judged and count in (0.0, 1.0):
        kind, sign, word = ("hit", "✓", "right") if count else ("miss", "✗", "wrong")
        return Markup(
            f'<span class="mark {kind}"><span aria-hidden="true">{sign}</span><span class="unseen">{word}</span></span>'
        )
    return Markup('<span class="range">{}</span>').format(shown_value(count))


def _marks(shown: SamplesShown | None, row: SampleRow) -> Markup:
    """Return each model's name with its mark, for a picture."""
    models = shown.models if shown else ()
    what = "mistakes of " if shown and shown.metric == MISTAKES else ""
    parts = [
        Markup('<span class="said">{} {}{}</span>').format(_mark(row, index), what, model)
        for index, model in enumerate(models)
        if index < len(row.counts)
    ]
    return Markup("").join(parts)


def _link(desk: Desk, asked: SampleRequest, place: int, row: SampleRow) -> str:
    at = (asked.page - 1) * SAMPLES_PER_PAGE + place
    return desk.state.link("/sample", sample=row.sample, at=at, page=None, model=list(asked.models))


def _image(scope: SuiteScope, row: SampleRow, field: str, *, is_small: bool) -> str:
    return address(
        "/image",
        dataset=scope.of.dataset.name,
        sample=row.sample,
        field=field,
        version=scope.of.version.version,
        size="small" if is_small else None,
    )


def _id(scope: SuiteScope, row: SampleRow) -> str:
    return " · ".join(shown_value(row.fields.get(name), SHORT) for name in scope.of.dataset.id_fields)


def _example(scope: SuiteScope) -> str:
    """Return a condition over fields of the dataset, to show how one is written."""
    for field in fields_to_show(scope.of):
        if field.type in ("DOUBLE", "FLOAT"):
            return f"{field.name} > 0.5"
        if field.type in ("BIGINT", "INTEGER"):
            return f"{field.name} < 40"
    names = [field.name for field in fields_to_show(scope.of)]
    return f"{names[0]} IS NOT NULL" if names else "_sample < 1000"


def _side_by_side(sides: Sequence[Mapping[str, Any]], hidden: Set[str]) -> list[tuple[str, list[Any]]]:
    names = dict.fromkeys(name for side in sides for name in side if name not in hidden)
    return [(name, [side.get(name) for side in sides]) for name in names]


def _is_known(value: object) -> bool:
    return value is not None


def _cases_of(desk: Desk, scope: SuiteScope, sample: int) -> list[str]:
    """Return the test cases that a sample is in, of those whose members are the same for every model."""
    found = []
    for case in scope.cases[:MOST_CASES]:
        if case.name == ALL or case.is_of_model:
            continue
        try:
            words = case_members(desk.look, scope, case.name)
        except InvalidInput:
            continue
        if int(words[sample // WORD_BITS]) >> (sample % WORD_BITS) & 1:
            found.append(case.name)
    return found
