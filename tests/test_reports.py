"""Reports: one file that needs nothing else, says what the store says, and does no harm with hostile names."""

import re
from pathlib import Path

import pytest
from looked_at import HOSTILE, hostile_store, spam_store

import kolena_store as ks
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.reports.contents import ReportRequest
from kolena_store.reports.report import report

OUTSIDE = re.compile(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""")
NAME = HOSTILE.replace("\u202e", "").replace("\u202c", "")


@pytest.fixture(scope="module")
def spam_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spam_store(ks.Store(tmp_path_factory.mktemp("reports") / "spam.store")).path


def asked(**options: object) -> ReportRequest:
    return ReportRequest(**{"dataset": "spam", "suite": "everyday", **options})


@pytest.mark.sampled(2)
def test_a_report_is_one_small_file_that_needs_no_other(spam_root: Path) -> None:
    page = report(spam_root, asked(models=("new",), baseline="old"))
    assert len(page.encode()) < 1_000_000
    assert not OUTSIDE.search(page)
    assert "<script" not in page
    assert "script-src &#39;none&#39;" in page
    assert page.count('<svg class="marks"') + page.count('xmlns="http://www.w3.org/2000/svg"') >= 5
    assert "new is better than old on all samples in accuracy" in page
    assert "▼" in page


@pytest.mark.sampled(2)
def test_the_plots_of_a_report_don_t_share_ids(spam_root: Path) -> None:
    page = report(spam_root, asked())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


@pytest.mark.sampled(2)
def test_an_interactive_report_runs_the_script_that_its_policy_names(spam_root: Path) -> None:
    import base64
    import hashlib

    page = report(spam_root, asked(), interactive=True)
    (script,) = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"sha256-{digest}" in page.replace("&#43;", "+").replace("&#34;", '"')
    assert "vegaEmbed" in script


def test_markdown_has_the_verdicts(spam_root: Path) -> None:
    text = report(spam_root, asked(models=("new",), baseline="old", metrics=("accuracy",)), form="markdown")
    assert text.startswith("## new beside old on spam / everyday\n")
    assert "- **Hidden regression**: new is better than old" in text
    assert re.search(r"\| Short \| ▼ regressed \| \d+ \|", text)


def test_markdown_without_a_baseline_has_values_with_intervals(spam_root: Path) -> None:
    text = report(spam_root, asked(metrics=("accuracy",)), form="markdown")
    value = ks.Store(spam_root).test("spam", "old", "everyday")["Short", "old", "accuracy"].value
    assert re.search(rf"\| Short \| \d+ \| {f'{value:.3f}'[1:]} ", text)


@pytest.mark.sampled(2)
def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    root = hostile_store(ks.Store(tmp_path / "hostile.store")).path
    page = report(root, ReportRequest(dataset=NAME, suite=NAME, baseline=f"old {NAME}"))
    assert "<script" not in page
    text = report(root, ReportRequest(dataset=NAME, suite=NAME), form="markdown")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dataset": "spm"}, UnknownName, "did you mean 'spam'"),
        ({"suite": "evryday"}, UnknownName, "did you mean 'everyday'"),
        ({"models": ("neww",)}, UnknownName, "did you mean 'new'"),
        ({"baseline": "oldd"}, UnknownName, "did you mean 'old'"),
        ({"metrics": ("acuracy",)}, UnknownName, "did you mean 'accuracy'"),
    ],
)
def test_unknown_names_are_refused(spam_root: Path, options: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        report(spam_root, asked(**options))


def test_other_forms_are_refused(spam_root: Path) -> None:
    with pytest.raises(InvalidInput, match="none of html, markdown"):
        report(spam_root, asked(), form="pdf")
    with pytest.raises(InvalidInput, match="leave one of the two away"):
        report(spam_root, asked(), form="markdown", interactive=True)


def test_nothing_tested_is_nothing_to_report(ticket_store: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="kolena-store test tickets"):
        report(ticket_store.path, ReportRequest(dataset="tickets"))
