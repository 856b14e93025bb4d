"""What pages say beside what the library says: figures and their order, what is outdated, what is kept too long."""

import os
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from looked_at import STANDARD, SUITE, homes_store, spam_tables
from starlette.testclient import TestClient
from test_web_pages import SPAM, address, text_of

import kolena_store as ks
from kolena_store.web.application import create_application
from kolena_store.web.settings import WebSettings

BOARD = {**SPAM, "baseline": "old", "model": ["old", "new"]}
ROW = re.compile(r'<tr[^>]*><th scope="row"><a [^>]*>([^<]*)</a>.*?</tr>', re.DOTALL)


def shown_rows(client: TestClient, **more: str) -> dict[str, str]:
    page = client.get(address("/leaderboard", {**BOARD, **more})).text
    return {found[1]: text_of(found[0]) for found in ROW.finditer(page)}


def figure(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def test_a_leaderboard_has_the_values_of_the_store(client: TestClient, spam_root: Path) -> None:
    store, rows = ks.Store(spam_root), shown_rows(client)
    results = store.test("spam", ["old", "new"], "everyday")
    for difference in store.compare("spam", "new", "old", "everyday", metrics=["accuracy"]).rows():
        if difference["delta"] is None:
            continue
        row = rows[difference["test_case"]]
        for model in ("old", "new"):
            value = results[difference["test_case"], model, "accuracy"]
            assert f"{figure(value.value)} [{value.ci_low:.2f}".replace("[0", "[") in row
        sign = "+" if difference["delta"] > 0 else "\N{MINUS SIGN}"
        assert f"{sign}{figure(abs(difference['delta']))} " in row
        assert f" {difference['verdict']}" in row


@pytest.mark.parametrize(("desc", "order"), [({}, ["Short", "German"]), ({"desc": "1"}, ["German", "Short"])])
def test_test_cases_stand_by_their_difference(client: TestClient, desc: dict[str, str], order: list[str]) -> None:
    names = [name for name in shown_rows(client, sort="delta", by="new", **desc) if name in order]
    assert names == order


def test_a_leaderboard_says_that_its_runs_are_outdated(spam_copy: Path) -> None:
    outdated = "Newer data or results have come since the runs of new"
    with TestClient(create_application(spam_copy)) as client:
        assert outdated not in text_of(client.get(address("/leaderboard", BOARD)).text)
        _, answers = spam_tables()
        ks.Store(spam_copy).upload_results("spam", "new", answers["old"].slice(0, 50))
        assert outdated in text_of(client.get(address("/leaderboard", BOARD)).text)


def test_a_leaderboard_says_that_a_newer_suite_has_no_run(spam_copy: Path) -> None:
    newer = "Version 2 of the suite has no run yet; these are of version 1."
    with TestClient(create_application(spam_copy)) as client:
        assert newer not in text_of(client.get(address("/leaderboard", BOARD)).text)
        ks.Store(spam_copy).apply_suite("spam", SUITE.replace("< 30", "< 40"), name="everyday")
        assert newer in text_of(client.get(address("/leaderboard", BOARD)).text)


def standards_page(client: TestClient) -> str:
    return text_of(client.get(address("/standards", {**SPAM, "model": "new", "baseline": "old"})).text)


@pytest.mark.sampled(2)
def test_standards_are_checked_again_after_a_change_of_the_file_or_the_store(spam_copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "mail.standard.toml"
    text = STANDARD.replace("at_least = 0.75", "at_least = 0.25")
    file.write_text(text, encoding="utf-8")
    with TestClient(create_application(spam_copy, WebSettings(standards=(file,)))) as client:
        first = standards_page(client)
        file.write_text(text.replace("0.25", "0.99"), encoding="utf-8")
        os.utime(file, ns=(1, 1))
        second = standards_page(client)
        assert "0.99" in second
        assert gate_of(first) != gate_of(second)
        samples, _ = spam_tables()
        right = pa.table(
            {"id": samples["id"], "score": [float(kind == "spam") for kind in samples["kind"].to_pylist()]}
        )
        store = ks.Store(spam_copy)
        store.upload_results("spam", "new", right)
        store.test("spam", "new", suite="everyday")
        assert gate_of(standards_page(client)) not in (gate_of(first), gate_of(second))


def gate_of(page: str) -> str:
    """The line of the gate that asks for a value: how many test cases pass and fail."""
    return page[page.index("right") :][:200]


def test_a_comparison_that_takes_long_is_left_to_the_command(
    spam_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mail.standard.toml"
    file.write_text(STANDARD, encoding="utf-8")
    monkeypatch.setattr("kolena_store.inspection.standing.QUICK", 1)
    with TestClient(create_application(spam_root, WebSettings(standards=(file,)))) as client:
        assert "takes longer than a page should" in standards_page(client)


def test_right_and_wrong_are_asked_of_proportions_alone(client: TestClient, tmp_path: Path) -> None:
    homes = homes_store(ks.Store(tmp_path / "homes.store")).path

    def asked(of: TestClient, **more: Any) -> list[str]:
        page = of.get(address("/samples", more)).text
        return re.findall(r'<option value="([^"]*)"', page[page.index('name="answers"') :].partition("</select>")[0])

    assert asked(client, **SPAM, model=["new", "old"]) == ["any", "wrong", "right", "worse", "better", "differ"]
    with TestClient(create_application(homes)) as of_homes:
        assert asked(of_homes, dataset="homes", model="v1") == ["any", "worse", "better", "differ"]
