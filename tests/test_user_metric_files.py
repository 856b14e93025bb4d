"""Files of user metrics: what headers say, where a metric ends, and the words with which a broken one is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput, MalformedFile, RefusedStatement
from kolena_store.metrics.user.files import MetricText, parse_metrics

EXAMPLE = (Path(__file__).parent / "data" / "extra_steps.sql").read_text(encoding="utf-8")
QUERY = "SELECT avg(i.x) AS value FROM results"
HEADER = "-- metric: mean_x  better: higher"


def parsed(text: str) -> tuple[MetricText, ...]:
    return parse_metrics(text, file="metrics.sql")


def metric(text: str) -> MetricText:
    (found,) = parsed(text)
    return found


def test_the_documented_example_says_what_it_says() -> None:
    found = metric(EXAMPLE)
    assert (found.name, found.better, found.unit, found.interval) == (
        "extra_steps_per_solved",
        "lower",
        "steps",
        "ratio",
    )
    assert found.undefined == "the model solved no problem of this test case"
    assert found.query.strip().startswith("WITH terms AS")
    assert found.query.endswith("FROM terms")


def test_a_byte_order_mark_changes_nothing() -> None:
    assert parsed("\ufeff" + EXAMPLE) == parsed(EXAMPLE)


def test_a_file_holds_several_metrics_with_or_without_semicolons() -> None:
    second = "-- the next one\n-- metric: rows  better: none\nSELECT count(*) AS value FROM results;;\n"
    text = f"{HEADER}\n{QUERY}\n\n{second}"
    assert [(one.name, one.line) for one in parsed(text)] == [("mean_x", 1), ("rows", 5)]


def test_each_key_may_have_a_line_of_its_own_and_remarks_stand_between() -> None:
    lines = ["-- metric: mean_x", "-- what users wait for", "--unit:seconds", "--  better:   lower", QUERY]
    found = metric("\n".join(lines))
    assert (found.name, found.unit, found.better, found.interval, found.undefined) == (
        "mean_x",
        "seconds",
        "lower",
        None,
        None,
    )


def test_the_text_of_undefined_may_hold_anything() -> None:
    found = metric(f"{HEADER}  undefined: no rows  (or: none)  better: not this\n{QUERY}")
    assert found.undefined == "no rows  (or: none)  better: not this"


def test_headers_inside_texts_and_comments_are_no_headers() -> None:
    query = "SELECT count(*) FILTER (i.x = '\n-- metric: a  better: none\n') AS value /*\n-- metric: b\n*/ FROM results"
    assert [one.name for one in parsed(f"{HEADER}\n{query}")] == ["mean_x"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_the_query_count_as_those_of_the_file(end: str) -> None:
    found = metric(end.join(["-- a file", "", HEADER, "-- unit: s", "", QUERY]))
    assert found.line == 3
    assert found.query.index("SELECT") == found.query.count("\n") == 5


def test_the_source_of_a_metric_reads_back_as_the_same_metric() -> None:
    first, second = parsed(f"{EXAMPLE}\n{HEADER}  unit: s\n{QUERY} -- the end\n")
    for one in (first, second):
        again = metric(one.source)
        assert (again.name, again.digest, again.query.strip()) == (one.name, one.digest, one.query.strip())


SAME = [f"{HEADER}\n  select avg ( i.x )\n as value from RESULTS ;", f"-- remark\n{HEADER}\n/* a */ {QUERY} -- b\n"]
OTHER = [
    f"{HEADER}\nSELECT avg(i.y) AS value FROM results",
    f"{HEADER}  unit: s\n{QUERY}",
    f"{HEADER}  interval: none\n{QUERY}",
    f"{HEADER}  undefined: nothing\n{QUERY}",
    f"-- metric: mean_x  better: lower\n{QUERY}",
]


@pytest.mark.parametrize("text", SAME)
def test_space_comments_and_case_of_bare_words_don_t_change_a_definition(text: str) -> None:
    assert metric(text.replace("RESULTS", "Results")).digest == metric(f"{HEADER}\n{QUERY}").digest


@pytest.mark.parametrize("text", OTHER)
def test_every_fact_of_the_header_and_every_token_changes_a_definition(text: str) -> None:
    assert metric(text).digest != metric(f"{HEADER}\n{QUERY}").digest


BROKEN = {
    "": "metrics.sql, line 1: no metric is defined here. Write it as: -- metric: the_name  better: higher",
    f"\n{QUERY}": "metrics.sql, line 2: no metric is defined here",
    f"{QUERY};\n{HEADER}\n{QUERY}": "metrics.sql, line 1: 'SELECT' stands above the first header",
    f"-- better: lower\n{HEADER}\n{QUERY}": "line 1: '-- better: lower' belongs to no header. Put it right below",
    f"{HEADER}\n{QUERY}\n-- unit: s": "line 3: '-- unit: s' belongs to no header",
    f"-- metric: mean_x\n{QUERY}": "line 1: the metric 'mean_x' has no 'better:'. Say which values are better",
    f"{HEADER}  intervall: none\n{QUERY}": "must not look like 'key:'; did you mean 'interval'?",
    f"{HEADER}\n-- note: mine\n{QUERY}": "line 2: a metric has no key 'note'. Its keys are metric, better, unit,",
    f"{HEADER}\n-- unit: s\n-- unit: s\n{QUERY}": "line 3: the key 'unit' is given twice",
    f"{HEADER}\n-- unit:\n{QUERY}": "line 2: the key 'unit' has no value",
    f"-- metric: mean_x  unit:  better: lower\n{QUERY}": "line 1: the key 'unit' has no value",
    f"{HEADER}  seconds\n{QUERY}": "line 1: 'seconds' is no entry of a header. Write 'key: value'",
    f"-- metric: m  better: highest\n{QUERY}": "'highest'. It is one of higher, lower, none; did you mean 'higher'?",
    f"{HEADER}  interval: wilson\n{QUERY}": "can't be 'wilson'. It is one of proportion, ratio, bootstrap, none",
    f"-- metric: Mean X  better: lower\n{QUERY}": "'Mean X' can't name a metric. Use small letters, digits",
    f"-- metric: 1st  better: lower\n{QUERY}": "'1st' can't name a metric",
    f"-- metric: n_samples  better: lower\n{QUERY}": "'n_samples' names a column of the results, not a metric",
    f"{HEADER}\n;\n": "line 1: the metric 'mean_x' has no SELECT. Write one below the header",
    f"{HEADER}\n{QUERY}; {QUERY}": "line 2: the metric 'mean_x' holds several statements. Write one SELECT",
    f"{HEADER}\n{QUERY};\n{HEADER}\n{QUERY}": "line 3: the metric 'mean_x' stands in line 1 too. Rename one of them",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_refused_with_its_line_and_a_remedy(text: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        parsed(text)
    assert BROKEN[text] in str(caught.value)
    assert str(caught.value).startswith("metrics.sql, line ")


def test_what_is_not_closed_is_refused_with_its_line() -> None:
    with pytest.raises(RefusedStatement, match=r"metrics\.sql, line 2: the text that starts here is not closed"):
        parsed(f"{HEADER}\nSELECT 'a AS value FROM results")


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, f"{HEADER}  {text}\n{QUERY}", f"{HEADER}\n{text}"):
        try:
            found = parsed(candidate)
        except InvalidInput:
            continue
        assert all(one.name and one.tokens for one in found)
