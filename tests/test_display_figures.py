"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.display.figures import are_figures, counted, fraction, interval_cell, number

FRACTIONS = st.floats(-1, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.612, ".612"),
        (0.5, ".500"),
        (0.0, ".000"),
        (1.0, "1.000"),
        (-0.25, "-.250"),
        (-1.0, "-1.000"),
        (None, "\N{EN DASH}"),
    ],
)
def test_a_fraction_has_three_digits_and_no_zero_before_the_point(value: float | None, text: str) -> None:
    assert fraction(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-9, "<.001"), (0.99999, ">.999"), (-1e-9, ">-.001"), (-0.99999, "<-.999"), (0.0004999, "<.001")],
)
def test_a_value_beside_zero_or_one_is_not_shown_as_zero_or_one(value: float, text: str) -> None:
    assert fraction(value) == text


@given(FRACTIONS)
def test_a_fraction_reads_back_within_half_a_digit(value: float) -> None:
    assert abs(float(fraction(value).lstrip("<>")) - value) <= 0.001


@given(FRACTIONS, st.integers(1, 6))
def test_only_exact_zero_and_one_are_shown_as_such(value: float, digits: int) -> None:
    text = fraction(value, digits)
    assert (text == "." + "0" * digits) == (value == 0)
    assert (text == "1." + "0" * digits) == (value == 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (38_473.6, "38,473.6"),
        (233.26, "233.26"),
        (23.3449, "23.34"),
        (2.33449, "2.334"),
        (0.00012, "0.00012"),
        (0.25, "0.250"),
        (0.0123, "0.0123"),
        (12_345_678.9, "12,345,679"),
        (1.5e300, "1.5e+300"),
        (-233.26, "-233.26"),
        (412, "412"),
        (3_596, "3,596"),
        (2.0, "2"),
        (0.0, "0"),
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (None, "\N{EN DASH}"),
    ],
)
def test_a_number_keeps_its_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(-1e300, 1e300))
def test_a_number_reads_back_within_half_a_percent(value: float) -> None:
    assert math.isclose(float(number(value).replace(",", "")), value, rel_tol=0.005, abs_tol=1e-300)


@given(st.integers())
def test_a_whole_number_reads_back_exactly(value: int) -> None:
    assert int(number(value).replace(",", "")) == value


@pytest.mark.parametrize("value", [1.5, -7.0, math.nan, math.inf])
def test_a_fraction_outside_minus_one_to_one_is_shown_as_a_number(value: float) -> None:
    assert fraction(value) == number(value)


def test_a_metric_with_its_interval_takes_one_cell() -> None:
    assert interval_cell(0.612, 0.57, 0.65, 412) == ".612 [.57, .65] n 412"
    assert interval_cell(0.612, 0.57, 0.65, 412, n_width=5) == ".612 [.57, .65] n   412"
    assert interval_cell(1.0, 0.96, 1.0, 3_596) == "1.000 [.96, 1.00] n 3,596"


def test_a_metric_without_interval_count_or_value_says_what_it_has() -> None:
    assert interval_cell(0.612, None, None, 412) == ".612 n 412"
    assert interval_cell(0.612, 0.57, 0.65, None) == ".612 [.57, .65]"
    assert interval_cell(None, None, None, 0) == "\N{EN DASH} n 0"


def test_a_metric_with_a_unit_keeps_its_own_digits() -> None:
    assert interval_cell(233.26, 221.1, 245.4, 50, bounded=False) == "233.26 [221.10, 245.40] n 50"
    assert interval_cell(0.5, -0.25, 1.25, 50, bounded=False) == "0.500 [-0.250, 1.250] n 50"


@given(st.lists(st.floats() | st.none(), min_size=3, max_size=3), st.integers(0, 10**7) | st.none(), st.booleans())
def test_every_metric_cell_is_known_to_be_figures(values: list[float | None], n: int | None, bounded: bool) -> None:
    assert are_figures([interval_cell(values[0], values[1], values[2], n, bounded=bounded, n_width=6)])


def test_text_is_no_figure() -> None:
    assert not are_figures(["", ""])
    assert not are_figures([".612 [.57, .65]", "low"])
    assert not are_figures(["2026-08-31 09:30"])
    assert not are_figures(["n 50"])


def test_one_thing_is_counted_as_one() -> None:
    assert (counted(1, "sample"), counted(0, "sample"), counted(1200, "row")) == ("1 sample", "0 samples", "1,200 rows")
    assert counted(1, "id", ("belongs", "belong")) == "1 id belongs"
    assert counted(2, "id", ("belongs", "belong")) == "2 ids belong"
