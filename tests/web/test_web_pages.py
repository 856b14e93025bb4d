"""Every page on a small store: what it shows, and that what users type or name is shown and never run."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
from looked_at import HOSTILE
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store import test_runs as runs_room
from kolena_store.database import open_snapshot
from kolena_store.inspection.overview import MOST_RUNS, overview
from kolena_store.web.application import create_application

NAME = HOSTILE.replace("\u202e", "").replace("\u202c", "")
SPAM = {"dataset": "spam", "suite": "everyday"}
PAGES = [
    ("/", {}),
    ("/leaderboard", SPAM),
    ("/leaderboard", {**SPAM, "metric": ["accuracy", "recall"], "sort": "delta", "by": "new", "desc": "1"}),
    ("/leaderboard", {**SPAM, "view": "compact"}),
    ("/compare", SPAM),
    ("/compare", {**SPAM, "verdict": "regressed", "metric": "recall"}),
    ("/case", {**SPAM, "case": "Short", "field": "length"}),
    ("/case", {**SPAM, "case": "Nothing"}),
    ("/samples", {**SPAM, "case": "Short", "model": ["new", "old"], "answers": "worse", "sort": "@difference"}),
    ("/samples", {**SPAM, "where": "length < 10", "sort": "length", "desc": "1"}),
    ("/sample", {**SPAM, "sample": 3, "at": 3}),
    ("/slices", {**SPAM, "where": "language = 'de'"}),
    ("/slices/measured", {**SPAM, "where": "isnan(length)"}),
    ("/runs", SPAM),
    ("/runs", {**SPAM, "case": "Short", "metric": "recall"}),
    ("/standards", SPAM),
]


def address(path: str, parameters: dict) -> str:
    return f"{path}?{urlencode(parameters, doseq=True)}"


def text_of(page: str) -> str:
    """Return what people read of a page."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare)))


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize(("path", "parameters"), PAGES, ids=[address(*one) for one in PAGES])
def test_a_page_is_shown(client: TestClient, path: str, parameters: dict) -> None:
    answer = client.get(address(path, parameters))
    assert answer.status_code == 200, text_of(answer.text)
    tags = Tags(answer.text).tags
    assert not [name for _, attributes in tags for name in attributes if name == "style" or name.startswith("on")]
    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert all("src" in one or one.get("type") == "application/json" for one in scripts)


def test_the_first_page_leads_to_the_suites(client: TestClient) -> None:
    page = text_of(client.get("/").text)
    assert "spam" in page
    assert "everyday" in page
    assert "400 samples" in page


def test_the_leaderboard_calls_out_what_the_whole_hides(client: TestClient) -> None:
    page = text_of(client.get(address("/leaderboard", SPAM)).text)
    assert "new is better than old on all samples in accuracy" in page
    assert "worse on 1 test case: Short" in page
    assert "▼ regressed" in page


def test_the_leaderboard_has_the_values_of_the_store(client: TestClient, spam_copy: Path) -> None:
    results = ks.Store(spam_copy).test("spam", suite="everyday")
    page = client.get(address("/leaderboard", SPAM)).text
    for case in ("all", "Short", "German"):
        value = results[case, "new", "accuracy"].value
        assert f"accuracy of new {value:.3f}".replace("0.", ".") in page


@pytest.mark.parametrize(
    ("parameters", "first"),
    [
        ({"sort": "name"}, "German"),
        ({"sort": "value", "by": "new"}, "Short"),
        ({"sort": "n", "desc": "1"}, "German"),
        ({"q": "short"}, "Short"),
        ({"q": "30 characters"}, "Short"),
    ],
)
def test_the_leaderboard_sorts_and_filters(client: TestClient, parameters: dict, first: str) -> None:
    page = client.get(address("/leaderboard", {**SPAM, **parameters})).text
    names = re.findall(r'<tr[^>]*><th scope="row"><a [^>]*>([^<]+)</a>', page)
    assert next(name for name in names if name != "all") == first


def test_a_comparison_leads_to_the_samples_that_one_model_gets_right(client: TestClient) -> None:
    page = client.get(address("/compare", {**SPAM, "model": "new", "baseline": "old"})).text
    links = re.findall(r'href="(/samples\?[^"]*answers=worse[^"]*)">([\d,]+)<', page)
    short = next((link, n) for link, n in links if "case=Short" in link)
    found = text_of(client.get(html.unescape(short[0])).text)
    assert f"{short[1]} of" in found


def test_a_cell_of_the_confusion_matrix_leads_to_its_samples(client: TestClient) -> None:
    page = client.get(address("/case", {**SPAM, "case": "Short"})).text
    link, n = re.findall(r'href="(/samples\?[^"]*truth=spam[^"]*predicted=ham[^"]*)"[^>]*>([\d,]+)<', page)[0]
    assert f"{n} of" in text_of(client.get(html.unescape(link)).text)


def test_samples_go_on_in_the_order_of_the_list(client: TestClient) -> None:
    first = client.get(address("/samples", {**SPAM, "where": "length < 20", "sort": "length"})).text
    link = html.unescape(re.findall(r'<th scope="row"><a href="([^"]+)"', first)[0])
    lengths = []
    for _ in range(3):
        page = client.get(link).text
        lengths.append(float(re.findall(r">length</th><td[^>]*>([\d.]+)", page)[0]))
        link = html.unescape(re.findall(r'rel="next" data-key="j" href="([^"]+)"', page)[0])
    assert lengths == sorted(lengths)


def test_a_slice_is_measured(client: TestClient, spam_copy: Path) -> None:
    page = client.get(address("/slices", {**SPAM, "where": "length < 30", "model": "new", "metric": "accuracy"})).text
    value = ks.Store(spam_copy).test("spam", "new", "everyday")["Short", "new", "accuracy"].value
    assert f"accuracy of new {value:.3f}".replace("0.", ".") in page
    assert "CREATE VIEW" in text_of(page)


def test_building_a_slice_adds_to_the_condition(client: TestClient) -> None:
    page = client.get(address("/slices", {**SPAM, "where": "length < 30", "open": "language"})).text
    link = html.unescape(
        next(one for one in re.findall(r'href="(/slices\?[^"]*)"', page) if "language" in one and "AND" in one)
    )
    assert client.get(link).status_code == 200
    assert "%28length+%3C+30%29+AND" in link


def test_a_condition_that_ends_in_a_comment_is_added_to(client: TestClient) -> None:
    page = client.get("/slices", params={"dataset": "spam", "suite": "everyday", "where": "length > 3 -- long"}).text
    links = [html.unescape(one) for one in re.findall(r'href="(/slices[^"]*where=[^"]*AND[^"]*)"', page)]
    assert links
    assert client.get(links[0]).status_code == 200


def test_a_page_follows_new_commits(spam_copy: Path) -> None:
    with TestClient(create_application(spam_copy)) as client:
        assert "Brand new" not in client.get(address("/leaderboard", SPAM)).text
        store = ks.Store(spam_copy)
        store.apply_suite(
            "spam", 'CREATE VIEW "Brand new" AS SELECT * FROM test_samples WHERE length > 50;', name="everyday"
        )
        store.test("spam", suite="everyday")
        assert "Brand new" in client.get(address("/leaderboard", SPAM)).text


def test_looking_changes_nothing(client: TestClient, spam_root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in spam_root.rglob("*")}
    for path, parameters in PAGES:
        client.get(address(path, parameters))
    assert {path: path.stat().st_mtime_ns for path in spam_root.rglob("*")} == before


@pytest.mark.parametrize(
    ("path", "parameters", "status", "said"),
    [
        ("/leaderboard", {}, 422, "names no dataset"),
        ("/leaderboard", {"dataset": "spm"}, 404, "did you mean 'spam'"),
        ("/leaderboard", {"dataset": "spam", "suite": "evryday"}, 404, "did you mean 'everyday'"),
        ("/leaderboard", {**SPAM, "metric": "acuracy"}, 404, "did you mean 'accuracy'"),
        ("/leaderboard", {**SPAM, "model": "neww"}, 404, "did you mean 'new'"),
        ("/leaderboard", {**SPAM, "baseline": "oldd"}, 404, "did you mean 'old'"),
        ("/leaderboard", {**SPAM, "sort": "x"}, 422, "is none of suite, name"),
        ("/leaderboard", {**SPAM, "page": "-1"}, 422, "no whole number"),
        ("/leaderboard", {**SPAM, "page": "99999999999999999999"}, 422, "no whole number"),
        ("/leaderboard", {**SPAM, "page": "\u0661"}, 422, "no whole number"),
        ("/compare", {**SPAM, "model": "x", "baseline": "old"}, 404, "no model"),
        ("/case", {**SPAM, "case": "Shrt"}, 404, "did you mean 'Short'"),
        ("/case", SPAM, 422, "names no case"),
        ("/samples", {**SPAM, "sort": "lengthy"}, 404, "did you mean 'length'"),
        ("/samples", {**SPAM, "answers": "odd"}, 422, "is none of any, wrong"),
        ("/sample", {**SPAM, "sample": "123456"}, 404, "no sample numbered 123456"),
        ("/nowhere", {}, 404, "there is no page"),
    ],
)
def test_bad_input_gets_a_page_that_says_so(
    client: TestClient, path: str, parameters: dict, status: int, said: str
) -> None:
    answer = client.get(address(path, parameters))
    assert (answer.status_code, said in text_of(answer.text)) == (status, True), text_of(answer.text)[:500]


HOSTILE_PREDICATES = [
    "list_sum(list_transform(range(30000000), lambda x: x)) > 1",
    "len(repeat('x', 1000000000)) > 1",
    "levenshtein(repeat(text, 400), text) > 1",
    "len(range(id % 1000 + 200000)) > id",
    "length > 0) UNION ALL (SELECT 1",
    "exists(SELECT 1 FROM read_text('/etc/passwd'))",
    "1 = 1; DROP TABLE x",
    "getenv('HOME') = 'x'",
    "length >",
    "lengthy > 1",
    "length",
]


@pytest.mark.parametrize("path", ["/samples", "/slices", "/slices/measured"])
@pytest.mark.parametrize("predicate", HOSTILE_PREDICATES)
def test_a_hostile_predicate_is_refused_beside_what_was_typed(client: TestClient, path: str, predicate: str) -> None:
    answer = client.get(address(path, {**SPAM, "where": predicate}))
    assert answer.status_code in (200, 422)
    assert 'class="problem"' in answer.text
    assert "root:" not in answer.text


# --- hostile names ---


@pytest.mark.parametrize("path", ["/", "/leaderboard", "/compare", "/case", "/samples", "/sample", "/slices", "/runs"])
def test_hostile_names_are_shown_and_never_run(hostile_client: TestClient, path: str) -> None:
    parameters = {"dataset": NAME, "suite": NAME, "case": NAME, "field": NAME} if path != "/" else {}
    answer = hostile_client.get(
        address(path, {**parameters, "sample": 3, "at": 0} if path == "/sample" else parameters)
    )
    assert answer.status_code == 200, text_of(answer.text)[:800]
    assert "<script>alert" not in answer.text
    assert "{{7*7}}" in answer.text
    assert "alert(1)" in text_of(answer.text)
    tags = Tags(answer.text).tags
    assert not [attributes for tag, attributes in tags if tag == "script" and not attributes]


def test_long_texts_are_shortened_in_tables(client: TestClient) -> None:
    page = client.get(address("/samples", {**SPAM, "where": "id = 3"})).text
    assert "&lt;script&gt;" in page


def test_the_latest_runs_are_those_that_are_listed(spam_root: Path) -> None:
    session = open_snapshot(spam_root)
    listed = runs_room.test_runs(session)
    assert overview(session).runs == listed[::-1][:MOST_RUNS]
    assert listed


# --- saving ---


def save(client: TestClient, **fields: str) -> object:
    form = {**SPAM, "where": "length < 10", "name": "Tiny", **fields}
    return client.post("/slices/save", data=form, headers={"origin": "http://testserver"}, follow_redirects=False)


def test_a_slice_is_saved_to_the_file_and_not_to_the_store(
    saving_client: tuple[TestClient, Path], spam_copy: Path
) -> None:
    client, path = saving_client
    path.write_text('CREATE VIEW "Old" AS SELECT * FROM test_samples WHERE length > 100;\n', encoding="utf-8")
    answer = save(client, description="Under ten, it's tiny")
    assert answer.status_code == 303
    text = path.read_text(encoding="utf-8")
    assert text.startswith('CREATE VIEW "Old"')
    assert "Under ten, it''s tiny" in text
    report = ks.Store(spam_copy).apply_suite("spam", path)
    assert [case.name for case in report.cases] == ["all", "Old", "Tiny"]
    assert "Added to slices.sql as Tiny" in text_of(client.get(answer.headers["location"]).text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "can't name a test case"),
        ({"name": "all"}, "can't name a test case"),
        ({"name": "x\ny"}, "can't name a test case"),
        ({"where": "1 = 1; DROP TABLE x"}, "not one condition"),
        ({"where": ""}, "is empty"),
        ({"dataset": "spm"}, "did you mean"),
    ],
)
def test_what_can_not_be_saved_leaves_the_file_alone(
    saving_client: tuple[TestClient, Path], fields: dict, said: str
) -> None:
    client, path = saving_client
    answer = save(client, **fields)
    assert said in text_of(answer.text)
    assert not path.exists()


def test_a_name_is_saved_once(saving_client: tuple[TestClient, Path]) -> None:
    client, path = saving_client
    save(client)
    before = path.read_text(encoding="utf-8")
    assert "names 'Tiny' already" in text_of(save(client).text)
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("CREATE VIEW tiny AS SELECT * FROM test_samples WHERE length > 1;\n", "names 'Tiny' already"),
        ("CREATE VIEW old AS SELECT * FROM test_samples WHERE length > 1", "semicolon"),
        ("CREATE VIEW old AS SELECT * FROM test_samples WHERE length > 1;\n/* open\n", "not closed"),
        ("CREATE VIEW old AS SELECT * FROM test_samples WHERE lenght > 1;\n", "no column 'lenght'"),
        ("DROP TABLE test_samples;\n", "can't hold DROP TABLE"),
    ],
)
def test_a_file_that_could_not_be_read_again_is_never_written(
    saving_client: tuple[TestClient, Path], before: str, said: str
) -> None:
    client, path = saving_client
    path.write_text(before, encoding="utf-8")
    answer = save(client)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert path.read_text(encoding="utf-8") == before


def test_a_name_in_a_condition_is_no_name_of_a_test_case(saving_client: tuple[TestClient, Path]) -> None:
    client, path = saving_client
    path.write_text(
        'CREATE VIEW old AS SELECT * FROM test_samples WHERE text <> \'"Tiny"\'; -- "Tiny"', encoding="utf-8"
    )
    assert save(client).status_code == 303
    assert 'CREATE VIEW "Tiny"' in path.read_text(encoding="utf-8")


def test_without_a_suite_file_nothing_is_saved(client: TestClient) -> None:
    assert "no suite file was named" in text_of(save(client).text)


@pytest.mark.parametrize("path", ["/", "/leaderboard", "/samples", "/sample", "/slices", "/runs", "/case"])
def test_a_dataset_that_was_never_tested_can_be_looked_at(ticket_store: ks.Store, path: str) -> None:
    with TestClient(create_application(ticket_store.path)) as client:
        answer = client.get(address(path, {"dataset": "tickets", "case": "all", "sample": 1}))
        assert answer.status_code == 200, text_of(answer.text)
