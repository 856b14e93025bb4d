"""Pages on what came before and whether a model may ship: runs over time, causes of differences, standards."""

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from looked_at import STANDARD, corrected_store
from starlette.testclient import TestClient
from test_web_pages import SPAM, address, text_of

import kolena_store as ks
from kolena_store.web.application import create_application
from kolena_store.web.settings import WebSettings


@pytest.fixture(scope="module")
def corrected_root(spam_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corrected") / "corrected.store"
    return corrected_store(ks.Store(shutil.copytree(spam_root, root))).path


@pytest.fixture(scope="module")
def judging(corrected_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An app over a store with a history, and three files of standards, one of them broken."""
    folder = tmp_path_factory.mktemp("standards")
    texts = {"mail": STANDARD, "broken": "[standard", "other": STANDARD.replace('"spam"', '"spim"')}
    for name, text in texts.items():
        (folder / f"{name}.standard.toml").write_text(text, encoding="utf-8")
    standards = tuple(folder / f"{name}.standard.toml" for name in texts)
    with TestClient(create_application(corrected_root, WebSettings(standards=standards))) as found:
        yield found


def test_runs_go_on_as_the_history_of_the_store_has_them(judging: TestClient, corrected_root: Path) -> None:
    page = judging.get(address("/runs", {**SPAM, "case": "Short"})).text
    rows = ks.Store(corrected_root).history("spam", "Short", metrics="accuracy").rows()
    shown = [int(one) for one in re.findall(r'</th><td class="num">(\d+)</td><td>20', page)]
    assert shown == [row["run"] for row in rows if row["status"] == "measured"][::-1]
    assert "other dataset version" in text_of(page)


def test_a_change_leads_to_the_parts_that_add_up_to_it(judging: TestClient, corrected_root: Path) -> None:
    page = judging.get(address("/runs", {**SPAM, "case": "Short"})).text
    link = html.unescape(re.findall(r'href="(/attribution\?[^"]*)"', page)[0])
    answer = judging.get(link)
    assert answer.status_code == 200, text_of(answer.text)
    run, against = (int(re.findall(rf"{name}=(\d+)", link)[0]) for name in ("run", "against"))
    store = ks.Store(shutil.copytree(corrected_root, corrected_root.parent / "asked.store"))
    row = next(one for one in store.compare_runs(run, against).rows() if one["test_case"] == "Short")
    shown = re.findall(r'<tr><th scope="row">Short</th>(.*?)</tr>', answer.text)[0]
    numbers = [float(one.replace("\u2212", "-")) for one in re.findall(r">([+\u2212]?\d*\.\d+)<", shown)]
    assert numbers[2] == pytest.approx(row["delta"], abs=6e-4)
    assert sum(numbers[3:]) == pytest.approx(row["delta"], abs=3e-3)


def test_causes_are_found_without_touching_the_store(judging: TestClient, corrected_root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in corrected_root.rglob("*")}
    runs = ks.Store(corrected_root).test_runs().rows()
    asked = {**SPAM, "run": runs[-1]["run"], "against": runs[0]["run"], "metric": "recall"}
    answer = judging.get(address("/attribution", asked))
    assert answer.status_code == 200, text_of(answer.text)
    assert {path: path.stat().st_mtime_ns for path in corrected_root.rglob("*")} == before


def test_a_comparison_says_what_its_differences_are_due_to(judging: TestClient) -> None:
    page = text_of(judging.get(address("/compare", {**SPAM, "model": "newer", "baseline": "new"})).text)
    assert "nothing but the model changed: each difference is due to it" in page


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"run": 1, "against": 1}, 404, "no test run 1"),
        ({}, 404, "no test run 0"),
        ({"run": "x"}, 422, "no whole number"),
    ],
)
def test_runs_that_are_not_there_have_no_causes(judging: TestClient, asked: dict, status: int, said: str) -> None:
    answer = judging.get(address("/attribution", {**SPAM, **asked}))
    assert (answer.status_code, said in text_of(answer.text)) == (status, True), text_of(answer.text)


def test_standards_say_what_the_check_says(judging: TestClient, corrected_root: Path, tmp_path: Path) -> None:
    file = tmp_path / "mail.standard.toml"
    file.write_text(STANDARD, encoding="utf-8")
    store = ks.Store(shutil.copytree(corrected_root, tmp_path / "checked.store"))
    page = text_of(judging.get(address("/standards", {"model": ["new", "newer"], "baseline": "newer"})).text)
    report = store.check(file, "new", "newer")
    for one in report.summaries:
        assert one.demand in page
    assert f"new {'✓' if report.passed else '✗'} {report.verdict}" in page
    for result in report.not_passed():
        assert result.reason is None or result.reason in page
    assert "newer 'newer' is both the model and the baseline" in page


def test_waivers_say_how_long_they_hold(judging: TestClient) -> None:
    page = judging.get(address("/standards", {**SPAM, "model": "new", "baseline": "newer"})).text
    assert "<b>come later</b>" not in page
    text = text_of(page)
    assert "2020-01-01 expired" in text
    assert re.search(r"2100-01-01 \d+ days left", text)


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("broken.standard.toml", 200, "is no TOML"),
        ("other.standard.toml", 404, "did you mean 'spam'"),
        ("../mail.standard.toml", 404, "no file of a standard named"),
    ],
)
def test_a_standard_that_can_not_be_used_says_why(judging: TestClient, name: str, status: int, said: str) -> None:
    answer = judging.get(address("/standards", {"standard": name}))
    assert (answer.status_code, said in text_of(answer.text)) == (status, True), text_of(answer.text)


def test_models_that_were_not_tested_are_not_tested_by_looking(judging: TestClient) -> None:
    page = text_of(judging.get(address("/standards", {"model": "old", "baseline": "new"})).text)
    assert "old was not tested as this standard asks yet; run: kolena-store check" in page
