"""Marks in tables: where bars, ticks and signs stand, as numbers that anyone can work out."""

import re
from typing import Any

import pytest

from kolena_store.inspection.compared import ComparedShown
from kolena_store.inspection.leaderboard import MetricShown, findings
from kolena_store.reports.marks import HEIGHT, MARGIN, WIDTH, Scale, delta_bar, interval_bar, scale_of, signed

INSIDE = WIDTH - 2 * MARGIN
MINUS = "\N{MINUS SIGN}"


def at(share: float) -> float:
    return pytest.approx(MARGIN + share * INSIDE, abs=0.06)


def line_of(bar: str) -> tuple[float, float]:
    (found,) = re.findall(r'<line x1="([\d.]+)" x2="([\d.]+)"', bar)
    return float(found[0]), float(found[1])


def dot_of(bar: str) -> float:
    return float(re.findall(r'<circle cx="([\d.]+)"', bar)[0])


def test_an_interval_reaches_from_end_to_end_around_its_value() -> None:
    row = {"value": 0.5, "ci_low": 0.25, "ci_high": 1.0}
    bar = interval_bar(row, Scale(low=0.0, high=1.0), label="a <b>", baseline=0.75)
    assert line_of(bar) == (at(0.25), at(1.0))
    assert dot_of(bar) == at(0.5)
    (tick,) = re.findall(r'class="base" d="M([\d.]+) 2V12"', bar)
    assert float(tick) == at(0.75)
    assert "a &lt;b&gt;" in bar
    assert "<b>" not in bar
    assert 'class="base"' not in interval_bar(row, Scale(low=0.0, high=1.0), label="")


def test_what_is_missing_is_not_drawn() -> None:
    scale = Scale(low=0.0, high=1.0)
    assert interval_bar({"value": None, "ci_low": None, "ci_high": None}, scale, label="") == ""
    assert "<line" not in interval_bar({"value": 0.5, "ci_low": None, "ci_high": None}, scale, label="")
    assert delta_bar({"delta": None, "ci_low": None, "ci_high": None, "verdict": "inconclusive"}, 1.0, label="") == ""


def test_a_difference_stands_beside_zero_in_the_middle() -> None:
    row = {"delta": -0.1, "ci_low": -0.2, "ci_high": 0.1, "verdict": "inconclusive"}
    bar = delta_bar(row, 0.2, label="")
    assert f'd="M{WIDTH / 2} 0V{HEIGHT}"' in bar
    assert line_of(bar) == (at(0.0), at(0.75))
    assert dot_of(bar) == at(0.25)
    assert 'class="bar delta inconclusive"' in bar


def test_a_scale_holds_values_and_intervals_and_places_what_is_outside_at_its_ends() -> None:
    rows: list[Any] = [
        {"value": 0.4, "ci_low": 0.1, "ci_high": 0.6},
        None,
        {"value": 2, "ci_low": None, "ci_high": None},
    ]
    scale = scale_of(rows)
    assert (scale.low, scale.high) == (0.1, 2)
    assert (scale.place(-5), scale.place(5)) == (at(0), at(1))
    assert Scale(low=1, high=1).place(1) == WIDTH / 2
    assert scale_of([]) == Scale(low=0.0, high=1.0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "+.100"), (-0.1, f"{MINUS}.100"), (0.0, ".000"), (1e-9, "<.001"), (None, "\N{EN DASH}")]
)
def test_a_difference_has_its_sign(value: float | None, text: str) -> None:
    assert signed(value) == text


def rows_with(whole: str, qs: list[float]) -> list[dict[str, Any]]:
    known = {"metric": "accuracy", "baseline": 0.8}
    rows = [{**known, "test_case": "all", "verdict": whole, "value": 0.9, "q": 0.01}]
    return rows + [{**known, "test_case": f"case {q}", "verdict": "regressed", "value": 0.5, "q": q} for q in qs]


def sentences(rows: list[dict[str, Any]]) -> list[str]:
    shown = ComparedShown(
        number=None,
        model="new",
        baseline="old",
        alpha=0.05,
        correction="benjamini-hochberg",
        tolerance={},
        rows={"accuracy": {row["test_case"]: row for row in rows}},
    )
    return findings({"new": shown}, [MetricShown(name="accuracy", better="higher", is_bounded=True)])


@pytest.mark.parametrize(
    ("whole", "how"),
    [("improved", "better than"), ("equivalent", "equivalent to"), ("inconclusive", "not shown to differ from")],
)
def test_what_the_whole_hides_is_a_sentence_with_the_surest_first(whole: str, how: str) -> None:
    assert sentences(rows_with(whole, [0.04, 0.01])) == [
        f"new is {how} old on all samples in accuracy (from .800 to .900), and worse on 2 test cases: "
        "case 0.01 (from .800 to .500), case 0.04 (from .800 to .500)"
    ]


def test_four_test_cases_are_named_and_the_others_counted() -> None:
    (said,) = sentences(rows_with("improved", [0.01, 0.02, 0.03, 0.04, 0.045, 0.049]))
    assert "worse on 6 test cases: " in said
    assert said.endswith("case 0.04 (from .800 to .500) and 2 more")
    assert "0.045" not in said


@pytest.mark.parametrize("rows", [rows_with("regressed", [0.01]), rows_with("improved", []), rows_with("x", [0.1])[1:]])
def test_nothing_is_hidden_where_the_whole_is_worse_or_no_test_case_is(rows: list[dict[str, Any]]) -> None:
    assert sentences(rows) == []
