"""Gates of quality standards: which values they are held against, and what they say of each."""

import math
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from standard_files import outcomes, write_standard

import kolena_store as ks
from kolena_store.errors import InvalidInput, StoreError, UnknownName
from kolena_store.standards import Gate
from kolena_store.standards.judgements import judged, written_apart
from kolena_store.test_runs import MetricValue

FLOOR = {"metric": "accuracy", "cases": "*", "at_least": 0.5}


def gate(**options) -> Gate:
    return Gate(**{"id": "g", "metrics": ("accuracy",), "cases": ("*",), **options})


def value(found: float | None, low: float | None = None, high: float | None = None, n: int = 100) -> MetricValue:
    return MetricValue(
        model="m",
        upload_configuration=None,
        test_case="all",
        metric="accuracy",
        class_name=None,
        value=found,
        n=n,
        n_samples=n,
        n_missing=0,
        n_null=0,
        ci_low=low,
        ci_high=high,
        method=None if low is None else "wilson",
        better="higher",
        reason="no sample has one" if found is None else "no interval: of counts" if low is None else None,
    )


def error_of(store: ks.Store, file: Path, kind: type[StoreError] = InvalidInput) -> str:
    with pytest.raises(kind) as raised:
        store.check(file, "v1")
    assert str(raised.value).startswith(f"{file}, line ")
    return str(raised.value)


# --- one value ---

ENDS = st.tuples(*[st.integers(-20, 20)] * 3).map(sorted)


@given(ENDS, st.integers(-20, 20), st.sampled_from(["ci_low", "value", "ci_high"]), st.booleans())
def test_a_bound_is_decided_as_it_is_explained(ends: list[int], bound: int, by: str, is_lower: bool) -> None:
    low, middle, high = ends
    side = {"at_least": bound} if is_lower else {"at_most": bound}
    found = judged(gate(by=by, **side), value(middle, low, high)).outcome
    keeps = [end >= bound if is_lower else end <= bound for end in (low, middle, high)]
    whole, some = all(keeps), any(keeps)
    near, far = ("ci_low", "ci_high") if is_lower else ("ci_high", "ci_low")
    expected = {"value": keeps[1], far: some}.get(by)
    if by == near:
        assert found == ("pass" if whole else "undecided" if some else "fail")
    else:
        assert found == ("pass" if expected else "fail")


@given(st.lists(st.integers(0, 10), min_size=3, max_size=3).map(sorted), st.integers(0, 10), st.integers(0, 10))
def test_a_band_passes_what_lies_within(ends: list[int], first: int, second: int) -> None:
    band = gate(at_least=min(first, second), at_most=max(first, second))
    found = judged(band, value(ends[1], ends[0], ends[2])).outcome
    assert found == ("pass" if min(first, second) <= ends[1] <= max(first, second) else "fail")


def test_without_a_value_nothing_is_decided() -> None:
    found = judged(gate(at_least=0.5), value(None))
    assert (found.outcome, found.reason) == ("undecided", "no value: no sample has one")


def test_without_an_interval_its_end_decides_nothing() -> None:
    found = judged(gate(at_least=0.5, by="ci_low"), value(0.9))
    assert (found.outcome, found.reason) == ("undecided", "no ci_low: no interval: of counts")


def test_too_few_samples_decide_nothing() -> None:
    found = judged(gate(at_least=0.5, min_n=101), value(0.9, 0.8, 1.0))
    assert (found.outcome, found.reason) == ("undecided", "100 samples, and the gate asks for 101")
    assert judged(gate(at_least=0.5, min_n=100), value(0.9, 0.8, 1.0)).outcome == "pass"


def test_the_last_bits_of_a_sum_decide_nothing() -> None:
    assert judged(gate(at_least=0.9), value(0.1 * 9 - 1e-16)).outcome == "pass"
    assert judged(gate(at_least=0.9), value(0.9 - 1e-8)).outcome == "fail"
    assert judged(gate(at_most=1e6), value(1e6 + 1e-4)).outcome == "pass"


def test_infinite_values_are_decided() -> None:
    assert judged(gate(at_most=5.0), value(math.inf)).outcome == "fail"
    assert judged(gate(at_least=5.0), value(math.inf)).outcome == "pass"


@pytest.mark.parametrize(("n", "power"), [(400, 0.8)])
def test_what_could_be_seen_is_seen_in_four_of_five_tests(n: int, power: float) -> None:
    """By the binomial distribution: at a truth that lies `mde` above the bound, ci_low reaches it with power 80 %."""
    bound = 0.5
    spread = stats.norm.ppf(0.975) * math.sqrt(0.25 / n)
    mde = judged(gate(at_least=bound, by="ci_low"), value(bound, bound - spread, bound + spread, n)).mde
    successes = range(n + 1)
    passing = [
        judged(gate(at_least=bound, by="ci_low"), value(k / n, k / n - spread, k / n + spread)).outcome == "pass"
        for k in successes
    ]
    chance = sum(stats.binom.pmf(k, n, bound + mde) for k in successes if passing[k])
    assert chance == pytest.approx(power, abs=0.02)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_different_numbers_are_written_differently(first: float, second: float) -> None:
    one, other = written_apart(first, second)
    assert (one == other) == (first == second) or abs(first - second) < 1e-9


# --- names, patterns, tags, classes ---


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("cases", "chosen"),
    [
        ("all", ["all"]),
        ("*", ["all", "Short", "German", "Short [x]", "Nothing"]),
        (["German", "all"], ["all", "German"]),
        ("Short*", ["Short", "Short [x]"]),
        ("Short [x]", ["Short [x]"]),
        ("tag:vip", ["Short", "German"]),
        (["tag:german", "No*"], ["German", "Nothing"]),
        ("tag:*", ["Short", "German"]),
        ("?ll", ["all"]),
        ("[!AS]*", ["all", "German", "Nothing"]),
    ],
)
def test_names_patterns_and_tags_choose_test_cases(ticket_store: ks.Store, tmp_path: Path, cases, chosen) -> None:
    report = ticket_store.check(write_standard(tmp_path, {**FLOOR, "cases": cases}), "v1")
    assert [one.test_case for one in report.results] == chosen


@pytest.mark.parametrize(
    ("cases", "said", "kind"),
    [
        ("Shrt", "no test case named 'Shrt'; did you mean 'Short'", UnknownName),
        ("short", "no test case named 'short'; did you mean 'Short'", UnknownName),
        ("tag:vp", "no tag of a test case in suite 'everyday' named 'vp'; did you mean 'vip'", UnknownName),
        ("French*", "no test case fits 'French*', so it checks nothing", InvalidInput),
        (["all", "tag:x*"], "no tag of a test case in suite 'everyday' fits 'x*'", InvalidInput),
    ],
)
def test_names_that_stand_for_nothing_are_errors(ticket_store, tmp_path: Path, cases, said: str, kind) -> None:
    message = error_of(ticket_store, write_standard(tmp_path, {**FLOOR, "cases": cases}), kind)
    assert said in message
    assert "kolena-store suite show tickets everyday" in message


def test_nothing_is_kept_of_a_standard_that_can_not_be_used(ticket_store: ks.Store, tmp_path: Path) -> None:
    error_of(ticket_store, write_standard(tmp_path, {**FLOOR, "cases": "Shrt"}), UnknownName)
    assert (len(ticket_store.test_suites()), len(ticket_store.test_runs())) == (0, 0)


def test_classes_are_chosen_by_name_and_pattern(ticket_store: ks.Store, tmp_path: Path) -> None:
    recall = {"metric": "recall", "cases": "all", "at_least": 0.5}
    file = write_standard(tmp_path, {**recall, "class": ["o*"]}, {**recall, "class": "billing"})
    assert list(outcomes(ticket_store.check(file, "v1"))) == [
        ("g1", "recall of other", "all"),
        ("g1", "recall of outage", "all"),
        ("g2", "recall of billing", "all"),
    ]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("given", "said", "kind"),
    [
        (
            {"metric": "recall"},
            "recall has a value for each class and none of the whole; add class = '*'",
            InvalidInput,
        ),
        ({"metric": "accuracy", "class": "*"}, "accuracy has no values of classes; leave class away", InvalidInput),
        ({"metric": "recall", "class": "biling"}, "no class named 'biling'; did you mean 'billing'", UnknownName),
        ({"metric": "recall", "class": "x*"}, "no class fits 'x*'", InvalidInput),
        ({"metric": "acuracy"}, "no metric named 'acuracy'; did you mean 'accuracy", UnknownName),
        ({"metric": "mae"}, "mae belongs to regression", UnknownName),
        ({"metric": "expected_calibration_error"}, "has no gate: it is biased upward", InvalidInput),
        (
            {"metric": "support", "class": "*", "by": "ci_low"},
            "support has no interval, so there is no ci_low",
            InvalidInput,
        ),
        ({"at_least": 90}, "accuracy lies in [0, 1], and 90 does not; write 0.9 for 90 %", InvalidInput),
        ({"at_least": -1}, "accuracy lies in [0, 1], and -1 does not; write one within", InvalidInput),
        ({"metric": "log_loss"}, "lower is better for log_loss, and at_least passes what is bad", InvalidInput),
    ],
)
def test_a_gate_that_does_not_fit_its_metric_is_an_error(ticket_store, tmp_path: Path, given, said, kind) -> None:
    assert said in error_of(ticket_store, write_standard(tmp_path, {**FLOOR, "cases": "all", **given}), kind)


def test_at_most_is_refused_where_higher_is_better_unless_it_is_a_band(ticket_store, tmp_path: Path) -> None:
    at_most = {"metric": "accuracy", "cases": "all", "at_most": 0.99}
    assert "write at_least (both: a band)" in error_of(ticket_store, write_standard(tmp_path, at_most))
    assert ticket_store.check(write_standard(tmp_path, {**at_most, "at_least": 0}), "v1").passed


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("lower", "upper"), list(product(["ci_low", "value", "ci_high"], repeat=2)))
def test_gates_that_no_value_passes_together_are_an_error(ticket_store, tmp_path: Path, lower: str, upper: str) -> None:
    ends = ("ci_low", "value", "ci_high")
    band = {"metric": "accuracy", "cases": ["all", "German"]}
    file = write_standard(
        tmp_path,
        {**band, "at_least": 0.9, "by": lower},
        {**band, "cases": "*", "at_least": 0, "at_most": 0.8} if upper == "value" else {**FLOOR, "at_least": 0.1},
    )
    if upper == "value" and ends.index(lower) <= ends.index(upper):
        message = error_of(ticket_store, file)
        assert (
            "gates 'g1' and 'g2' contradict each other: accuracy on all can't be at least 0.9 and at most 0.8"
            in message
        )
    else:
        ticket_store.check(file, "v1")


def test_gates_of_different_test_cases_contradict_nothing(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(
        tmp_path,
        {**FLOOR, "cases": "all", "at_least": 0.9},
        {**FLOOR, "cases": "German", "at_least": 0, "at_most": 0.8},
    )
    assert len(ticket_store.check(file, "v1").results) == 2


# --- the whole ---


def test_values_are_those_of_a_test(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, {**FLOOR, "at_least": 0.8, "by": "value"})
    report = ticket_store.check(file, "v1")
    tested = ticket_store.test("tickets", "v1", "everyday")
    for one in report.results:
        expected = tested[one.test_case, "v1", "accuracy"]
        assert (one.value, one.ci_low, one.ci_high, one.n) == (
            expected.value,
            expected.ci_low,
            expected.ci_high,
            expected.n,
        )
        is_kept = None if expected.value is None else expected.value >= 0.8
        assert one.outcome == {True: "pass", False: "fail", None: "undecided"}[is_kept]
    assert len(ticket_store.test_runs()) == 1


def test_a_standard_without_a_suite_is_of_all_samples(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, FLOOR)
    file.write_text(file.read_text().replace('suite = "everyday.sql"\n', ""))
    assert [one.test_case for one in ticket_store.check(file, "v1").results] == ["all"]


def test_a_stored_suite_is_found_by_its_name(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, FLOOR, suite="-- nothing")
    ticket_store.apply_suite("tickets", 'CREATE VIEW "a" AS SELECT * FROM test_samples WHERE length < 9', name="mine")
    file.write_text(file.read_text().replace("everyday.sql", "mine"))
    assert [one.test_case for one in ticket_store.check(file, "v1").results] == ["all", "a"]


def test_each_result_of_a_model_is_checked(ticket_store: ks.Store, tmp_path: Path) -> None:
    answers = [{"id": number, "label": "other"} for number in range(60)]
    answers = [{"id": one["id"], "prediction": one["label"]} for one in answers]
    ticket_store.upload_results("tickets", "v1", answers, upload_configuration={"shots": 5})
    report = ticket_store.check(write_standard(tmp_path, {**FLOOR, "cases": "all"}), "v1")
    assert report.models == ("v1", 'v1 {"shots":5}')
    assert [one.outcome for one in report.results] == ["pass", "fail"]
    assert not report.passed


@pytest.mark.sampled(2)
def test_a_metric_of_the_users_own_is_gated(ticket_store: ks.Store, tmp_path: Path) -> None:
    metric = """-- metric: long_share    better: lower    unit: share    interval: proportion
SELECT count(*) FILTER (s.length > 50) / nullif(count(*), 0) AS value, count(*) AS n FROM results;
"""
    ticket_store.apply_metrics("tickets", metric)
    of_own = {"metric": "long_share", "cases": "all", "at_most": 0.9, "by": "ci_high"}
    assert ticket_store.check(write_standard(tmp_path, of_own), "v1").passed
    file = write_standard(tmp_path, {**of_own, "metric": "long_shar"})
    assert "did you mean 'long_share'" in error_of(ticket_store, file, UnknownName)


def test_the_configuration_of_a_standard_is_that_of_the_test(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, {"metric": "f_beta", "class": "*", "cases": "all", "at_least": 0.1})
    file.write_text(file.read_text() + "[configuration]\nbeta = 0.5\n")
    report = ticket_store.check(file, "v1")
    tested = ticket_store.test("tickets", "v1", "everyday", configuration=ks.Configuration(beta=0.5))
    assert [one.value for one in report.results] == [
        tested["all", "v1", "f_beta", one.class_name].value for one in report.results
    ]


def test_a_read_standard_can_be_checked_too(ticket_store: ks.Store, tmp_path: Path) -> None:
    standard = ks.read_standard(write_standard(tmp_path, FLOOR))
    assert ticket_store.check(standard, "v1").standard is standard


def test_unknown_models_and_datasets_are_errors(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, FLOOR)
    with pytest.raises(UnknownName, match="'v3'"):
        ticket_store.check(file, "v3")
    file.write_text(file.read_text().replace('"tickets"', '"ticket"'))
    with pytest.raises(UnknownName, match="did you mean 'tickets'"):
        ticket_store.check(file, "v1")


def test_a_gate_that_compares_needs_a_baseline(ticket_store: ks.Store, tmp_path: Path) -> None:
    file = write_standard(tmp_path, {"metric": "accuracy", "cases": "*", "baseline": "not_regressed"})
    assert "gate 'g1' compares with a baseline, and none is named" in error_of(ticket_store, file)
    with pytest.raises(InvalidInput, match="'v1' is both the model and the baseline"):
        ticket_store.check(file, "v1", "v1")


def test_a_baseline_that_no_gate_needs_is_said(ticket_store: ks.Store, tmp_path: Path) -> None:
    report = ticket_store.check(write_standard(tmp_path, FLOOR), "v1", "v2")
    assert report.notes[0] == "no gate compares, so the baseline v2 is not looked at"
    assert report.baseline is None
