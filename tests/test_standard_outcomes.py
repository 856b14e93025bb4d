"""What the gates of a standard mean together: severity, what is undecided, waivers and their expiry."""

import datetime
from pathlib import Path

import pytest
from standard_files import outcomes, set_day, write_standard

import kolena_store as ks
from kolena_store.errors import InvalidInput

HIGH = {"metric": "accuracy", "cases": ["all", "German"], "at_least": 0.95}
FEW = {"metric": "accuracy", "cases": "German", "at_least": 0.1, "min_n": 1000}
LAST_DAY = datetime.date(2031, 3, 31)
WAIVER = {"gate": "g1", "case": "German", "reason": "ticket 412", "expires": LAST_DAY}


def means(report: ks.CheckReport) -> dict[str, str]:
    return {one.test_case: one.counts_as for one in report.results}


def test_a_failed_gate_fails_the_standard(ticket_store: ks.Store, tmp_path: Path) -> None:
    report = ticket_store.check(write_standard(tmp_path, HIGH), "v1")
    assert means(report) == {"all": "failure", "German": "failure"}
    assert (report.passed, report.verdict) == (False, "failed")


def test_a_gate_that_warns_fails_nothing(ticket_store: ks.Store, tmp_path: Path) -> None:
    report = ticket_store.check(write_standard(tmp_path, {**HIGH, "severity": "warn"}), "v1")
    assert (means(report), report.passed) == ({"all": "warning", "German": "warning"}, True)
    assert set(outcomes(report).values()) == {"fail"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("undecided", "severity", "meaning"),
    [
        (None, "fail", "failure"),
        ("fail", "fail", "failure"),
        ("fail", "warn", "warning"),
        ("warn", "fail", "warning"),
        ("pass", "fail", "pass"),
        ("pass", "warn", "pass"),
    ],
)
def test_what_is_undecided_means_what_the_standard_says(ticket_store, tmp_path, undecided, severity, meaning) -> None:
    said = {} if undecided is None else {"undecided": undecided}
    report = ticket_store.check(write_standard(tmp_path, {**FEW, "severity": severity}, **said), "v1")
    (result,) = report.results
    assert (result.outcome, result.counts_as) == ("undecided", meaning)
    assert report.passed == (meaning != "failure")
    assert result.mde is not None


def test_a_waived_gate_fails_nothing_until_its_day_has_passed(ticket_store, tmp_path, monkeypatch) -> None:
    file = write_standard(tmp_path, {**HIGH, "cases": "German"}, waivers=[WAIVER])
    set_day(monkeypatch, LAST_DAY)
    report = ticket_store.check(file, "v1")
    assert (means(report), report.passed) == ({"German": "waived"}, True)
    set_day(monkeypatch, LAST_DAY + datetime.timedelta(days=1))
    report = ticket_store.check(file, "v1")
    assert (means(report), report.passed) == ({"German": "failure"}, False)
    assert report.results[0].reason.endswith("; its waiver (ticket 412) expired after 2031-03-31")
    assert "the waiver of g1 on German (ticket 412) expired after 2031-03-31, so it holds no more" in report.notes


def test_a_waiver_of_one_test_case_leaves_the_others(ticket_store: ks.Store, tmp_path: Path) -> None:
    report = ticket_store.check(write_standard(tmp_path, HIGH, waivers=[WAIVER]), "v1")
    assert means(report) == {"all": "failure", "German": "waived"}


def test_what_is_undecided_can_be_waived(ticket_store: ks.Store, tmp_path: Path) -> None:
    report = ticket_store.check(write_standard(tmp_path, FEW, waivers=[WAIVER]), "v1")
    assert (means(report), report.passed) == ({"German": "waived"}, True)


def test_a_waiver_of_one_metric_leaves_the_others_and_wins_over_one_of_all(ticket_store, tmp_path) -> None:
    both = {**HIGH, "metric": ["accuracy", "f1_macro"], "cases": "German"}
    of_metric = {**WAIVER, "metric": "f1_macro", "reason": "of f1"}
    report = ticket_store.check(write_standard(tmp_path, both, waivers=[of_metric]), "v1")
    assert {one.metric: one.counts_as for one in report.results} == {"accuracy": "failure", "f1_macro": "waived"}
    report = ticket_store.check(write_standard(tmp_path, both, waivers=[WAIVER, of_metric]), "v1")
    assert {one.metric: one.waiver for one in report.results} == {"accuracy": "ticket 412", "f1_macro": "of f1"}


def test_a_waiver_that_ends_soon_or_is_not_needed_is_said(ticket_store, tmp_path, monkeypatch) -> None:
    set_day(monkeypatch, LAST_DAY - datetime.timedelta(days=14))
    notes = ticket_store.check(write_standard(tmp_path, HIGH, waivers=[WAIVER]), "v1").notes
    assert "the waiver of g1 on German (ticket 412) holds until 2031-03-31, 14 days from now" in notes
    set_day(monkeypatch, LAST_DAY - datetime.timedelta(days=15))
    notes = ticket_store.check(write_standard(tmp_path, HIGH, waivers=[WAIVER]), "v1").notes
    assert not any("waiver" in note for note in notes)
    low = {**HIGH, "at_least": 0.1}
    notes = ticket_store.check(write_standard(tmp_path, low, waivers=[WAIVER]), "v1").notes
    assert "the waiver of g1 on German (ticket 412) is not needed: the gate passes there; take it out" in notes


def test_a_waiver_of_a_test_case_that_the_gate_does_not_name_is_an_error(ticket_store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, HIGH, waivers=[{**WAIVER, "case": "Germn"}])
    with pytest.raises(
        InvalidInput, match="names the test case 'Germn', which the gate does not; did you mean 'German'"
    ):
        ticket_store.check(file, "v1")


def test_multiplicity_is_said_where_ends_of_intervals_decide(ticket_store: ks.Store, tmp_path: Path) -> None:
    words = "ci_low and ci_high are of 95 % intervals, each by itself: not adjusted for the number of test cases"
    assert words not in ticket_store.check(write_standard(tmp_path, HIGH), "v1").notes
    assert words in ticket_store.check(write_standard(tmp_path, {**HIGH, "by": "ci_low"}), "v1").notes


def test_a_report_of_one_gate_judges_by_that_alone(ticket_store: ks.Store, tmp_path: Path) -> None:
    report = ticket_store.check(write_standard(tmp_path, HIGH, {**HIGH, "at_least": 0.1}), "v1")
    assert not report.passed
    assert not report.of_gate("g1").passed
    assert report.of_gate("g2").passed
    assert {one.gate for one in report.of_gate("g2").results} == {"g2"}
