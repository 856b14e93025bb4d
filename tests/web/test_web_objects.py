"""Objects over images: which are drawn as what, in which state, for all three workflows of objects."""

import base64
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from looked_at import street_store
from PIL import Image
from starlette.testclient import TestClient
from test_web_pages import address, text_of

import kolena_store as ks
from kolena_store.inspection.scenes import Scene, Shape
from kolena_store.web.application import create_application
from kolena_store.web.pages.overlays import Shown, scene_markup
from kolena_store.web.settings import WebSettings

STREET = {"dataset": "street", "suite": "weather"}
SHAPE = re.compile(
    r'<g class="shape (truth|detection) (\w+)( off)?"[^>]*data-label="([^"]*)"(?: data-score="([^"]*)")?'
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(5):
        Image.new("RGB", (100, 80), (40 * number, 90, 120)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module", params=["boxes", "masks", "keypoints"])
def street(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    return street_store(ks.Store(tmp_path_factory.mktemp(request.param) / "street.store"), request.param)


@pytest.fixture(scope="module")
def streets(street: ks.Store, pictures: Path) -> Iterator[TestClient]:
    with TestClient(create_application(street.path, WebSettings(image_roots=(pictures,)))) as found:
        yield found


def shapes_of(page: str) -> list[tuple[str, str, bool, str, str]]:
    return [
        (side, outcome, bool(off), html.unescape(label), score)
        for side, outcome, off, label, score in SHAPE.findall(page)
    ]


def test_shapes_are_what_the_view_of_matches_says(streets: TestClient, street: ks.Store) -> None:
    query = 'SELECT model, outcome, is_counted, count(*) AS n FROM "street".matches WHERE _sample = {} GROUP BY ALL'
    for sample in range(6):
        page = streets.get(address("/sample", {**STREET, "sample": sample, "model": ["good", "poor"]})).text
        expected: dict[tuple[str, str], int] = {}
        for row in street.sql(query.format(sample)).rows():
            kind = {"true positive": "right", "false positive": "wrong", "missed": "missed"}[row["outcome"]]
            kind = "unsure" if kind in ("right", "wrong") and not row["is_counted"] else kind
            expected[row["model"], kind] = expected.get((row["model"], kind), 0) + row["n"]
        for model, part in zip(("good", "poor"), page.split("<figure")[1:3], strict=True):
            found = [outcome for _, outcome, _, _, _ in shapes_of(part)]
            for kind in ("right", "wrong", "unsure"):
                assert found.count(kind) == expected.get((model, kind), 0), (sample, model, kind)
            n_missed = expected.get((model, "missed"), 0)
            assert found.count("missed") >= n_missed
            assert found.count("missed") + found.count("found") == 2


def test_the_gallery_shows_what_the_first_model_found(streets: TestClient) -> None:
    page = streets.get(address("/samples", {**STREET, "view": "gallery", "model": ["poor", "good"]})).text
    assert page.count('<span class="scene">') == 6
    assert "found by poor" in page
    assert "found by good" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("state", "visible"),
    [
        ({}, {"found", "missed", "right", "wrong"}),
        ({"show": ["nothing", "missed"]}, {"missed"}),
        ({"show": "nothing"}, set()),
        ({"show": ["nothing", "right"], "least": "0.85"}, {"right"}),
    ],
)
def test_the_address_says_which_shapes_are_visible(streets: TestClient, state: dict, visible: set[str]) -> None:
    page = streets.get(address("/samples", {**STREET, "view": "gallery", "model": "poor", **state})).text
    shapes = shapes_of(page)
    least = float(state.get("least", 0))
    assert {outcome for _, outcome, off, _, _ in shapes if not off} <= visible
    for _, outcome, off, _, score in shapes:
        assert off == (outcome not in visible or bool(score and float(score) < least))


def test_a_class_can_be_shown_alone(streets: TestClient) -> None:
    page = streets.get(address("/sample", {**STREET, "sample": 1, "model": "good", "of": "car"})).text
    assert {label for _, _, off, label, _ in shapes_of(page) if not off} == {"car"}


@pytest.mark.parametrize("least", ["2", "-1", "x", "1e-3", "nan"])
def test_a_score_is_a_number_from_0_to_1(streets: TestClient, least: str) -> None:
    answer = streets.get(address("/sample", {**STREET, "sample": 1, "least": least}))
    assert (answer.status_code, "no number from 0 to 1" in text_of(answer.text)) == (422, True)


def test_shapes_stand_where_the_objects_are(streets: TestClient, street: ks.Store) -> None:
    page = streets.get(address("/sample", {**STREET, "sample": 0, "model": "good"})).text
    assert 'viewBox="0 0 100 80"' in page
    assert "<rect" in page
    assert re.search(r'x="10" y="10" width="30" height="20"', page)
    kind = street.path.parent.name.rstrip("0123456789")
    if kind == "keypoints":
        assert page.count("<circle cx=") == 8
        assert '<circle cx="11" cy="11"' in page
    if kind == "masks":
        assert 'points="10,10 40,10 40,30 10,30"' in page
        encoded = re.findall(r'<image href="data:image/png;base64,([^"]+)" width="100" height="80"', page)[0]
        assert alpha_of(encoded).getbbox() == (50, 40, 90, 70)


def test_masks_are_drawn_in_the_gallery(streets: TestClient, street: ks.Store) -> None:
    page = streets.get(address("/samples", {**STREET, "view": "gallery", "model": "good"})).text
    encoded = re.findall(r'<image href="data:image/png;base64,([^"]+)" width="100" height="80"', page)
    is_masks = street.path.parent.name.startswith("masks")
    assert len(encoded) == (12 if is_masks else 0)
    assert {alpha_of(one).getbbox() for one in encoded} <= {(50, 40, 90, 70)}


def alpha_of(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA").getchannel("A")


def test_a_mask_in_the_gallery_has_no_more_pixels_than_are_seen() -> None:
    mask = {"size": [900, 1600], "counts": [0, 900 * 800, 900 * 800]}
    shape = Shape(is_detection=False, number=0, outcome="found", label=None, mask=mask)
    shown = Shown(outcomes=("found",), label=None, least=0.0)
    for is_small, size in ((True, (320, 180)), (False, (1600, 900))):
        scene = Scene(model=None, shapes=(shape,))
        markup = scene_markup(scene, (1600.0, 900.0), None, shown, is_small=is_small)
        encoded, width, height = re.search(r'base64,([^"]+)" width="(\d+)" height="(\d+)"', markup).groups()
        alpha = alpha_of(encoded)
        assert (alpha.size, alpha.getbbox(), width, height) == (size, (0, 0, size[0] // 2, size[1]), "1600", "900")


def test_an_image_that_is_not_there_leaves_its_shapes(streets: TestClient) -> None:
    page = streets.get(address("/sample", {**STREET, "sample": 5, "model": "good"})).text
    assert shapes_of(page)
    image = html.unescape(re.findall(r'<img[^>]* src="(/image[^"]+)"', page)[0])
    assert streets.get(image).status_code == 404


def test_samples_are_sorted_by_mistakes(streets: TestClient) -> None:
    asked = {**STREET, "model": ["poor", "good"], "sort": "@difference", "desc": "1", "view": "table"}
    page = streets.get(address("/samples", asked)).text
    wrong = [int(one) for one in re.findall(r"<td>\d of \d found, (\d) wrong</td><td>", page)]
    assert len(wrong) == 6


def test_samples_are_filtered_by_values(streets: TestClient) -> None:
    page = streets.get(address("/samples", {**STREET, "open": "weather"})).text
    link = html.unescape(next(one for one in re.findall(r'href="(/samples\?[^"]*)">rain<', page)))
    assert "3 of 6 samples" in text_of(streets.get(link).text)


def test_a_third_model_stands_beside_two_others(streets: TestClient) -> None:
    page = streets.get(address("/samples", {**STREET, "view": "table"})).text
    assert page.count('<select name="model"') == 3
