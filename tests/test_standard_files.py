"""The file of a quality standard: what it says is kept, and what it must not say is named with its place."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standard_files import table

import kolena_store as ks
from kolena_store.errors import MalformedFile, UnreadableFile

WHOLE = """\
[standard]
name = "ticket router"
dataset = "tickets"
suite = "everyday.sql"
alpha = 0.1
undecided = "warn"

[configuration]
threshold = 0.3

[tolerance]
accuracy = 0.01

[[gate]]
id = "floor"
metric = "accuracy"
cases = ["all", "Short*", "tag:vip"]
at_least = 0.9
by = "ci_low"
min_n = 300

[[ gate ]]
id = "no-regression"
metric = ["accuracy", "recall_macro"]
cases = "*"
baseline = "not_regressed"
severity = "warn"

[[waiver]]
gate = "no-regression"
case = "Short"
metric = "accuracy"
reason = "ticket 412"
expires = 2031-03-31
"""
LEAST = """\
[standard]
name = "s"
dataset = "d"
[[gate]]
id = "g"
metric = "accuracy"
cases = "all"
at_least = 0.5
"""
WAIVER = LEAST + '[[waiver]]\ngate = "g"\ncase = "all"\nreason = "r"\nexpires = 2031-03-31\n'
COMPARED = LEAST.replace("at_least = 0.5", 'baseline = "not_regressed"')


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "s.standard.toml"


def read(file: Path, text: str) -> ks.Standard:
    file.write_text(text, encoding="utf-8")
    return ks.read_standard(file)


def problem(file: Path, text: str) -> str:
    """What is said of a file, without its own name."""
    with pytest.raises(MalformedFile) as raised:
        read(file, text)
    assert str(raised.value).startswith(str(file))
    return str(raised.value).removeprefix(str(file)).removeprefix(": ").removeprefix(", ")


def test_everything_that_a_file_says_is_kept(file: Path) -> None:
    standard = read(file, WHOLE)
    assert (standard.name, standard.dataset, standard.suite) == (
        "ticket router",
        "tickets",
        file.parent / "everyday.sql",
    )
    assert (standard.alpha, standard.undecided, dict(standard.tolerance)) == (0.1, "warn", {"accuracy": 0.01})
    assert standard.configuration == ks.Configuration(threshold=0.3)
    floor, regression = standard.gates
    assert (floor.cases, floor.at_least, floor.by, floor.min_n) == (("all", "Short*", "tag:vip"), 0.9, "ci_low", 300)
    assert (regression.metrics, regression.on_baseline) == (("accuracy", "recall_macro"), "not_regressed")
    assert [gate.line for gate in standard.gates] == [14, 22]
    (waiver,) = standard.waivers
    assert (waiver.reason, waiver.expires) == ("ticket 412", datetime.date(2031, 3, 31))
    assert (waiver.metric, waiver.line) == ("accuracy", 29)


def test_what_is_left_out_has_the_defaults(file: Path) -> None:
    standard = read(file, LEAST)
    assert (standard.suite, standard.alpha, standard.undecided) == (None, 0.05, "fail")
    assert (standard.configuration, standard.tolerance, standard.waivers) == (None, {}, ())
    (gate,) = standard.gates
    assert (gate.by, gate.severity, gate.min_n, gate.classes) == ("value", "fail", None, ())
    assert not standard.needs_baseline


def test_a_suite_without_the_ending_of_a_file_is_a_name(file: Path) -> None:
    assert read(file, LEAST.replace('dataset = "d"', 'dataset = "d"\nsuite = "everyday"')).suite == "everyday"


def test_a_waiver_holds_through_its_last_day(file: Path) -> None:
    (waiver,) = read(file, WAIVER).waivers
    assert not waiver.is_expired(datetime.date(2031, 3, 31))
    assert waiver.is_expired(datetime.date(2031, 4, 1))


def test_lines_are_left_out_when_heads_in_a_text_make_them_unsure(file: Path) -> None:
    standard = read(file, WAIVER.replace('reason = "r"', 'reason = """r\n[[waiver]]"""'))
    assert (standard.gates[0].line, standard.waivers[0].line) == (4, None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[standard]", "[standrad]", "the file has an unknown key 'standrad'. Did you mean 'standard'? It takes"),
        ('name = "s"', "", "[standard] has no 'name'"),
        ('name = "s"', 'name = ""', "[standard] has name = ''"),
        ('name = "s"', "name = 3", "[standard] has name = 3"),
        ('name = "s"', 'name = "s"\nalfa = 0.1', "[standard] has an unknown key 'alfa'. Did you mean 'alpha'?"),
        ('name = "s"', 'name = "s"\nalpha = 0.5', "[standard] has alpha = 0.5. Write a level above 0 and below 0.5"),
        ('name = "s"', 'name = "s"\nalpha = 0', "[standard] has alpha = 0. Write a level above 0 and below 0.5"),
        ('name = "s"', 'name = "s"\nundecided = "warning"', "undecided = 'warning'. Did you mean 'warn'?"),
        (
            "at_least",
            "at_lest",
            "line 4: gate 'g' has an unknown key 'at_lest'. Did you mean 'at_least' or 'at_most'? It takes id",
        ),
        ("at_least = 0.5", "", "line 4: gate 'g' demands nothing. Give it at_least, at_most, or baseline"),
        ("0.5", '"0.5"', "gate 'g' has at_least = '0.5'. Write a finite number"),
        ("0.5", "true", "gate 'g' has at_least = True"),
        ("0.5", "nan", "gate 'g' has at_least = nan"),
        ("0.5", "inf", "gate 'g' has at_least = inf"),
        ("0.5", "0.5\nat_most = 0.4", "contradicts itself: at_least 0.5 is above at_most 0.4"),
        ("0.5", '0.5\nat_most = 0.9\nby = "ci_low"', "holds two bounds against ci_low"),
        ("0.5", '0.5\nbaseline = "improved"', "has both at_least and baseline. Make two gates of it"),
        ("0.5", '0.5\nby = "ci_lo"', "by = 'ci_lo'. Did you mean 'ci_low'"),
        ("0.5", "0.5\nmin_n = 0", "gate 'g' has min_n = 0. Write a whole number from 1 on"),
        ("0.5", "0.5\nmin_n = 2.5", "gate 'g' has min_n = 2.5"),
        ("0.5", '0.5\nseverity = "error"', "severity = 'error'"),
        ('cases = "all"', "cases = []", "gate 'g' has cases = []"),
        ('cases = "all"', 'cases = ["all", 3]', "gate 'g' has cases = ['all', 3]"),
        ('id = "g"', "", "gate number 1 has no 'id'"),
        ("[[gate]]", "[gate]", "the file has gate = {"),
        ("0.5", "", "line 8: this is no TOML: Invalid value"),
        ("[standard]", "[configuration]\nthresold = 1\n[standard]", "no option of the configuration named 'thresold'"),
        ("[standard]", "[configuration]\nthreshold = 'x'\n[standard]", "[configuration]: threshold='x' is neither"),
        (
            "[standard]",
            "[tolerance]\naccuracy = 1\n[standard]",
            "names 'accuracy', which no gate with baseline compares",
        ),
    ],
)
def test_what_a_file_must_not_say_is_named(file: Path, old: str, new: str, said: str) -> None:
    assert said in problem(file, LEAST.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('gate = "g"', 'gate = "h"', "line 9: waiver number 1 names a gate 'h' that there is not"),
        ("2031-03-31", '"2031-03-31"', "expires = '2031-03-31'. Write a date without quotes"),
        ("2031-03-31", "2031-03-31T10:00:00", "Write a date without quotes"),
        ('reason = "r"', "", "waiver number 1 has no 'reason'"),
        ('reason = "r"', 'reason = "r"\nmetric = "recall"', "names the metric 'recall', which gate 'g' has not"),
        ('reason = "r"', 'reason = "r"\nuntil = 1', "has an unknown key 'until'"),
    ],
)
def test_what_a_waiver_must_not_say_is_named(file: Path, old: str, new: str, said: str) -> None:
    assert said in problem(file, WAIVER.replace(old, new, 1))


def test_a_second_waiver_of_the_same_is_refused(file: Path) -> None:
    assert "waiver number 2 is there twice" in problem(file, WAIVER + WAIVER.removeprefix(LEAST))


def test_a_second_gate_of_the_same_id_is_refused(file: Path) -> None:
    gate = LEAST[LEAST.index("[[gate]]") :]
    assert "line 9: gate 'g' has the id of an earlier gate" in problem(file, LEAST + gate)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (
            "[tolerance]\naccuray = 0.1",
            "names 'accuray', which no gate with baseline compares. Did you mean 'accuracy'?",
        ),
        ("[tolerance]\naccuracy = 0", "accuracy = 0. Write how large a difference may be"),
        ("[tolerance]\naccuracy = 'x'", "has accuracy = 'x'. Write a finite number"),
        ("by = 'value'", "has by, which says what a bound is held against, and no bound"),
    ],
)
def test_a_tolerance_belongs_to_a_gate_that_compares(file: Path, added: str, said: str) -> None:
    text = COMPARED + added if added.startswith("by") else f"{added}\n{COMPARED}"
    assert said in problem(file, text)


def test_not_worse_needs_a_tolerance(file: Path) -> None:
    text = COMPARED.replace("not_regressed", "not_worse")
    assert "gate 'g' demands that accuracy is not worse, which nothing can show without a tolerance" in problem(
        file, text
    )
    assert read(file, f"[tolerance]\naccuracy = 0.01\n{text}").tolerance == {"accuracy": 0.01}


def test_a_file_without_gates_is_refused(file: Path) -> None:
    text = LEAST[: LEAST.index("[[gate]]")]
    assert "the file has no 'gate'" in problem(file, text)
    assert "there is no gate, so nothing can fail" in problem(file, f"gate = []\n{text}")


def test_a_file_that_is_not_there_is_named_with_near_names(file: Path) -> None:
    read(file, LEAST)
    with pytest.raises(UnreadableFile, match=r"s\.standard\.toml"):
        ks.read_standard(file.with_name("t.standard.toml"))


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableFile, match="no text in UTF-8"):
        ks.read_standard(file)


# --- any value at any key ---

VALUES = st.one_of(
    st.sampled_from(["all", "g", "accuracy", "value", "fail", "not_worse", ""]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8),
    st.integers(-3, 3),
    st.floats(-2, 2),
    st.booleans(),
    st.dates(),
    st.lists(st.sampled_from(["all", "accuracy", ""]), max_size=3),
)
TABLES = {
    "[standard]": ("name", "dataset", "suite", "alpha", "undecided"),
    "[[gate]]": ("id", "metric", "cases", "class", "at_least", "at_most", "by", "baseline", "min_n", "severity"),
    "[[waiver]]": ("gate", "case", "metric", "reason", "expires"),
}


@given(st.data())
def test_any_file_is_read_or_refused_with_its_place(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    file = tmp_path_factory.mktemp("any") / "s.standard.toml"
    usual = {"[standard]": {"name": "s", "dataset": "d"}, "[[gate]]": {"id": "g", "metric": "accuracy", "cases": "all"}}
    text = ""
    for head, names in TABLES.items():
        changed = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=3))
        text += table(head, {**usual.get(head, {}), **changed})
    try:
        read(file, text)
    except MalformedFile as error:
        assert str(error).startswith(str(file))
