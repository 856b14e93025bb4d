"""Pages of samples that were asked for objects: cells of a confusion matrix, objects that one model finds, own cases."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from object_stores import detection_rows, image_rows, truth_rows
from scenes import random_scene
from starlette.testclient import TestClient
from test_web_pages import address, text_of

import kolena_store as ks
from kolena_store.inspection.scopes import suite_seen
from kolena_store.inspection.workbench import Workbench
from kolena_store.web.application import create_application

SUITE = """
CREATE VIEW "First half" AS SELECT * FROM test_samples WHERE half = 'first';
CREATE VIEW "Small" AS SELECT * FROM ground_truths WHERE width * height <= 1024;
CREATE VIEW "Small, first half" AS SELECT * FROM "Small" WHERE _sample IN (SELECT _sample FROM "First half");
"""
CASES = ["all", "First half", "Small", "Small, first half"]
PLACE = {"dataset": "d", "suite": "areas"}
SHAPE = re.compile(r'<g class="shape (truth|detection) (\w+)( asked)?( off)?"')
CELL = re.compile(r'<td class="shade\d[^"]*"><a href="([^"]+)" aria-label="(.*?) found as (.*?): ([\d,]+) objects"')
FOUND = re.compile(r"([\d,]+) of [\d,]+ samples")
LINK = re.compile(r'<a href="(/samples[^"]+)">(\d+)</a>')
N_OBJECTS = re.compile(r"· ([\d,]+) objects")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    scene = random_scene(7, n_images=50, n_classes=3)
    store = ks.Store(tmp_path_factory.mktemp("questions") / "d.store")
    found = detection_rows(scene)
    with store.transaction():
        truths, workflow = truth_rows(scene), ks.ObjectDetection()
        store.upload_dataset("d", image_rows(scene), id_fields=["image"], objects=truths, workflow=workflow)
        store.upload_results("d", "m", found)
        store.upload_results("d", "half", [one for number, one in enumerate(found) if number % 2])
        store.apply_suite("d", SUITE, name="areas")
        store.test("d", suite="areas")
    return store


@pytest.fixture(scope="module")
def web(store: ks.Store) -> Iterator[TestClient]:
    with TestClient(create_application(store.path)) as found:
        yield found


def matches(case: str) -> str:
    """Return the view that holds the matches of a test case."""
    own = f"(SELECT * FROM \"d\".case_matches WHERE test_case = '{case}')"
    half = '(SELECT m.* FROM "d".matches m JOIN "d".test_samples s USING (_sample) WHERE s.half = \'first\')'
    return {"all": '"d".matches', "First half": half}.get(case, own)


def n_of(pattern: re.Pattern, page: str) -> int:
    return int(pattern.search(text_of(page))[1].replace(",", ""))


@pytest.mark.parametrize("case", CASES)
def test_cells_of_a_confusion_matrix_lead_to_their_objects(web: TestClient, store: ks.Store, case: str) -> None:
    page = web.get(address("/case", {**PLACE, "case": case, "model": "m"})).text
    cells = [tuple(map(html.unescape, one)) for one in CELL.findall(page)]
    total = 0
    for href, truth, predicted, n in cells:
        samples = web.get(href).text
        assert n_of(N_OBJECTS, samples) == int(n.replace(",", "")), (truth, predicted)
        total += int(n.replace(",", ""))
        if truth == predicted:
            rows = store.sql(
                f"SELECT count(DISTINCT _sample) AS samples, count(*) AS objects FROM {matches(case)} "
                f"WHERE model = 'm' AND outcome = 'true positive' AND is_counted AND class = '{truth}'"
            ).rows()
            assert (n_of(FOUND, samples), n_of(N_OBJECTS, samples)) == (rows[0]["samples"], rows[0]["objects"])
    labels = {label for _, truth, predicted, _ in cells for label in (truth, predicted)}
    assert labels == {"c0", "c1", "c2", "background"}
    counted = (
        f"SELECT count(*) FILTER (outcome = 'false positive' AND is_counted) AS wrong FROM {matches(case)} "
        "WHERE model = 'm'"
    )
    wrong = sum(int(n.replace(",", "")) for _, truth, found, n in cells if found not in (truth, "background"))
    assert wrong == store.sql(counted).rows()[0]["wrong"]


def test_a_row_or_a_column_of_a_confusion_matrix_is_asked_for(web: TestClient) -> None:
    asked = {**PLACE, "case": "Small", "model": "m"}
    cells = CELL.findall(web.get(address("/case", asked)).text)
    for name, place in (("truth", 1), ("predicted", 2)):
        expected = sum(int(one[3]) for one in cells if one[place] == "background")
        page = web.get(address("/samples", {**asked, name: "background"})).text
        assert n_of(N_OBJECTS, page) == expected


@pytest.mark.parametrize("label", ["nothing like it", "(background)", ""])
def test_a_class_that_is_not_there_is_none_to_ask_for(web: TestClient, label: str) -> None:
    answer = web.get(address("/samples", {**PLACE, "model": "m", "truth": label}))
    assert answer.status_code == (404 if label else 200)
    assert ("there are c0, c1, c2, background" in text_of(answer.text)) == bool(label)


@pytest.mark.parametrize("case", CASES)
def test_counts_of_a_comparison_lead_to_their_objects(web: TestClient, store: ks.Store, case: str) -> None:
    page = web.get(address("/compare", {**PLACE, "model": "half", "baseline": "m", "metric": "recall"})).text
    links = {}
    for href, n in LINK.findall(page):
        parameters = parse_qs(urlsplit(html.unescape(href)).query)
        if parameters.get("case") == [case] and "answers" in parameters:
            links[parameters["answers"][0]] = (html.unescape(href), int(n))
    query = (
        "WITH found AS (SELECT model, _sample, ground_truth FROM {matches} "
        "WHERE outcome = 'true positive' AND is_counted) "
        "SELECT count(*) AS objects, count(DISTINCT _sample) AS samples FROM found AS a WHERE model = '{one}' AND NOT "
        "EXISTS (FROM found AS b WHERE b.model = '{other}' AND a._sample = b._sample AND a.ground_truth = b.ground_truth)"
    )
    for answers, one, other in (("gained", "half", "m"), ("lost", "m", "half")):
        expected = store.sql(query.format(matches=matches(case), one=one, other=other)).rows()[0]
        if answers not in links:
            assert expected["objects"] == 0
            continue
        href, n = links[answers]
        samples = web.get(href).text
        assert n == expected["objects"] == n_of(N_OBJECTS, samples)
        assert n_of(FOUND, samples) == expected["samples"]
    assert "lost" in links


def test_objects_that_are_asked_for_are_marked(web: TestClient) -> None:
    asked = {**PLACE, "model": ["half", "m"], "answers": "lost"}
    listed = web.get(address("/samples", {**asked, "view": "gallery"})).text
    n_marked = sum(bool(one[2]) for one in SHAPE.findall(listed))
    assert n_marked == n_of(N_OBJECTS, listed)
    href = html.unescape(re.search(r'<li><a href="([^"]+)"', listed)[1])
    page = web.get(href).text
    of_half, of_m = (SHAPE.findall(part) for part in page.split("<figure")[1:3])
    outcomes = [{(side, outcome) for side, outcome, is_asked, _ in one if is_asked} for one in (of_half, of_m)]
    assert outcomes == [{("truth", "missed")}, {("truth", "found")}]
    assert text_of(page).count("asked for") == sum(bool(one[2]) for one in of_half) * 2


@pytest.mark.parametrize("case", ["Small", "Small, first half"])
def test_shapes_are_those_of_the_case_that_selects_objects(web: TestClient, store: ks.Store, case: str) -> None:
    query = "SELECT outcome, is_counted, count(*) AS n FROM {} WHERE _sample = {} AND model = 'm' GROUP BY ALL"
    differing = 0
    for sample in range(12):
        page = web.get(address("/sample", {**PLACE, "case": case, "sample": sample, "model": "m"})).text
        assert f"those of {case}: objects outside of it are ignored" in text_of(page)
        expected = {"right": 0, "wrong": 0, "missed": 0}
        for row in store.sql(query.format(matches(case), sample)).rows():
            kind = {"true positive": "right", "false positive": "wrong", "missed": "missed"}.get(row["outcome"])
            if kind == "right" and not row["is_counted"]:
                kind = "missed"  # What is below the threshold finds nothing.
            if kind == "missed" or (kind and row["is_counted"]):
                expected[kind] += row["n"]
        outcomes = [outcome for _, outcome, _, _ in SHAPE.findall(page)]
        assert {kind: outcomes.count(kind) for kind in expected} == expected
        whole = web.get(address("/sample", {**PLACE, "sample": sample, "model": "m"})).text
        differing += outcomes != [outcome for _, outcome, _, _ in SHAPE.findall(whole)]
    assert differing > 6


def test_mistakes_are_those_of_the_case_that_selects_objects(web: TestClient, store: ks.Store) -> None:
    asked = {**PLACE, "case": "Small", "model": "m", "sort": "@value", "desc": "1", "view": "table"}
    cells = re.findall(r"<td>(\d+) of (\d+) found, (\d+) wrong</td>", web.get(address("/samples", asked)).text)
    mistakes = [int(there) - int(found) + int(wrong) for found, there, wrong in cells]
    assert mistakes == sorted(mistakes)
    counted = "outcome = 'missed' OR (outcome = 'true positive') <> is_counted AND outcome <> 'ignored'"
    query = f"SELECT count(*) AS n FROM {matches('Small')} WHERE model = 'm' AND ({counted})"
    assert sum(mistakes) == store.sql(query).rows()[0]["n"]


@pytest.mark.parametrize("wanted", [{"model": "m"}, {"model": []}])
def test_objects_that_one_model_finds_take_two_models(web: TestClient, wanted: dict) -> None:
    answer = web.get(address("/samples", {**PLACE, **wanted, "answers": "gained"}))
    assert answer.status_code == (422 if wanted["model"] else 200)


def test_objects_are_plain_where_no_model_was_asked(tmp_path: Path) -> None:
    scene = random_scene(7, n_images=3, n_classes=2)
    store, truths = ks.Store(tmp_path / "s"), truth_rows(scene)
    store.upload_dataset("d", image_rows(scene), id_fields=["image"], objects=truths, workflow=ks.ObjectDetection())
    with TestClient(create_application(store.path)) as client:
        for place in ("/samples?dataset=d", "/samples?dataset=d&view=table", "/sample?dataset=d&sample=0&at=0"):
            page = client.get(place)
            assert page.status_code == 200
            assert "found" not in text_of(page.text)
            assert "missed" not in text_of(page.text)


def test_the_suite_that_someone_wrote_comes_before_those_of_fields(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "s")
    store.upload_dataset("d", [{"id": 0, "a": "x"}], id_fields=["id"], workflow=ks.Judged(verdict="ok"))
    store.upload_results("d", "m", [{"id": 0, "ok": True}])
    store.test("d", by=["a"])
    bench = Workbench(Path(store.path))
    assert suite_seen(bench.look(), "d").suite.name == "by a"
    store.apply_suite("d", "CREATE VIEW w AS SELECT * FROM test_samples WHERE a = 'x';", name="zebra")
    assert suite_seen(bench.look(), "d").suite.name == "zebra"
    bench.close()
