"""Test suites: applying, versions, conflicts, notes on sizes, and what changed between two states."""

import math
from pathlib import Path
from typing import Any

import pytest
from small_stores import Slices, store_with, table_of

import kolena_store as ks
from kolena_store.errors import ConflictingDefinition, InvalidInput, RefusedStatement, UnknownName, UnreadableFile

N = 200
WORKFLOW = ks.Classification("label")
NIGHT = 'CREATE VIEW "Night" AS SELECT * FROM test_samples WHERE hour >= 20;'
DAY = 'CREATE VIEW "Day" AS SELECT * FROM test_samples WHERE hour < 20;'


def columns() -> dict[str, Any]:
    return {
        "hour": [number % 24 for number in range(N)],
        "speed": [math.nan if number % 50 == 0 else number / 4 for number in range(N)],
        "label": ["u", "v"] * (N // 2),
    }


@pytest.fixture
def drives() -> ks.Store:
    return store_with(columns(), WORKFLOW, {"m": {"prediction": ["u"] * N}})


def versions(store: ks.Store, suite: str) -> tuple[int, dict[str, int]]:
    """The suite's version, and the version of each of its test cases in order."""
    found = {record.name: record.version for record in store.test_suites("d")}
    return found[suite], {case.name: case.version for case in store.test_cases("d", suite)}


# Versions -------------------------------------------------------------------------------------------------------------


def test_all_samples_stand_first_in_every_suite(drives: ks.Store) -> None:
    report = drives.apply_suite("d", NIGHT, name="s")
    assert [(case.name, case.version, case.n) for case in report.cases] == [("all", 1, N), ("Night", 1, 32)]
    assert drives.apply_suite("d", "", name="nothing").cases[0].name == "all"
    assert len(drives.test_cases("d", "nothing")) == 1


def test_applying_the_same_suite_twice_does_nothing(drives: ks.Store) -> None:
    first = drives.apply_suite("d", NIGHT + DAY, name="s")
    files = sorted(drives.path.rglob("*.parquet"))
    again = drives.apply_suite("d", NIGHT + DAY, name="s")
    assert (first.version, first.is_new_version) == (1, True)
    assert (again.version, again.is_new_version) == (1, False)
    assert again.cases == first.cases
    assert sorted(drives.path.rglob("*.parquet")) == files
    assert "(unchanged)" in str(again)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "text",
    [
        NIGHT.replace(" ", "   ").replace(";", "\n;"),
        "-- a comment\n" + NIGHT.replace("WHERE", "/* another */ WHERE"),
        NIGHT.replace("SELECT", "select").replace("FROM test_samples", "from TEST_SAMPLES"),
        NIGHT + "COMMENT ON VIEW \"Night\" IS 'From eight in the evening on';",
        "-- tags: dark, vip\n" + NIGHT,
    ],
    ids=["white space", "comments", "case of words", "description", "tags"],
)
def test_what_does_not_change_a_definition_makes_no_version(drives: ks.Store, text: str) -> None:
    drives.apply_suite("d", NIGHT, name="s")
    assert not drives.apply_suite("d", text, name="s", description="about hours", tags=["hours"]).is_new_version
    assert versions(drives, "s") == (1, {"all": 1, "Night": 1})


def test_descriptions_and_tags_are_those_of_the_last_application(drives: ks.Store) -> None:
    text = "-- tags: dark, vip\n" + NIGHT + "COMMENT ON VIEW \"Night\" IS 'It''s dark';"
    drives.apply_suite("d", text, name="s", description="by hour", tags=["a", "b"])
    case, suite = drives.test_cases("d", "s")[1], drives.test_suites("d")[0]
    assert (case.description, case.tags) == ("It's dark", ["dark", "vip"])
    assert (suite.description, suite.tags) == ("by hour", ["a", "b"])
    drives.apply_suite("d", NIGHT, name="s")
    case, suite = drives.test_cases("d", "s")[1], drives.test_suites("d")[0]
    assert (case.description, case.tags) == (None, [])
    assert (suite.description, suite.tags) == ("by hour", ["a", "b"])


@pytest.mark.usefixtures("unkept")
def test_a_changed_definition_is_a_new_version_and_an_older_text_the_older_one(drives: ks.Store) -> None:
    later = NIGHT.replace("20", "22")
    history = []
    for text in (NIGHT, later, NIGHT, later):
        drives.apply_suite("d", text, name="s")
        history.append(versions(drives, "s"))
    assert [suite for suite, _ in history] == [1, 2, 3, 4]
    assert [cases["Night"] for _, cases in history] == [1, 2, 1, 2]
    assert [case.version for case in drives.test_cases("d", "s", 2)] == [1, 2]


def test_the_order_of_test_cases_belongs_to_the_suite(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT + DAY, name="s")
    assert drives.apply_suite("d", DAY + NIGHT, name="s").version == 2
    assert list(versions(drives, "s")[1]) == ["all", "Day", "Night"]


@pytest.mark.usefixtures("unkept")
def test_a_removed_test_case_leaves_the_new_version_and_keeps_its_own(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT + DAY, name="s")
    drives.apply_suite("d", DAY, name="s")
    assert versions(drives, "s") == (2, {"all": 1, "Day": 1})
    assert [case.name for case in drives.test_cases("d", "s", 1)] == ["all", "Night", "Day"]
    drives.apply_suite("d", DAY + NIGHT.replace("20", "21"), name="s")
    assert versions(drives, "s") == (3, {"all": 1, "Day": 1, "Night": 2})


def test_a_renamed_test_case_is_another_one_but_for_upper_and_lower_case(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="s")
    drives.apply_suite("d", NIGHT.replace("Night", "Dark"), name="s")
    assert versions(drives, "s") == (2, {"all": 1, "Dark": 1})
    drives.apply_suite("d", NIGHT.replace("Night", "DARK"), name="s")
    assert versions(drives, "s") == (2, {"all": 1, "DARK": 1})


def test_suites_are_named_without_regard_to_case(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="Hours")
    assert drives.apply_suite("d", DAY, name="hours").version == 2
    assert [(suite.name, suite.version) for suite in drives.test_suites("d")] == [("Hours", 2)]
    assert drives.test("d", suite="HOURS")["Day", "m", "accuracy"].n > 0


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["all", "ALL"])
def test_the_name_all_is_reserved(drives: ks.Store, name: str) -> None:
    with pytest.raises(RefusedStatement, match="reserved; choose another name"):
        drives.apply_suite("d", NIGHT.replace("Night", name), name="s")
    with pytest.raises(InvalidInput, match="'all' is the suite of every sample"):
        drives.apply_suite("d", NIGHT, name=name)
    with pytest.raises(InvalidInput, match="(?i)two test cases are named 'all'; rename one"):
        drives.apply_suite("d", "", name="s", cases=[ks.ExplicitCase(name=name, ids=[1])])
    assert drives.test_suites("d") == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201])
def test_a_suite_needs_a_printable_name_of_fair_length(drives: ks.Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="can't name a test suite|needs a name"):
        drives.apply_suite("d", NIGHT, name=name)


def test_a_text_needs_a_name_and_a_file_has_one(drives: ks.Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the suite needs a name"):
        drives.apply_suite("d", NIGHT)
    path = tmp_path / "ünder way.sql"
    path.write_text(NIGHT, encoding="utf-8")
    assert drives.apply_suite("d", path).name == "ünder way"
    assert drives.apply_suite("d", str(path), name="other").name == "other"
    assert {suite.name for suite in drives.test_suites("d")} == {"other", "ünder way"}


def test_a_suite_file_that_cannot_be_read_is_named(drives: ks.Store, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"absent.sql can't be read: there is no such file"):
        drives.apply_suite("d", tmp_path / "absent.sql")
    (tmp_path / "latin.sql").write_bytes('CREATE VIEW "Nächte" AS SELECT 1;'.encode("latin-1"))
    with pytest.raises(UnreadableFile, match="latin.sql is no text in UTF-8 .*; save it as UTF-8"):
        drives.apply_suite("d", tmp_path / "latin.sql")


def test_an_unknown_suite_or_version_is_refused_with_near_names(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="hours")
    with pytest.raises(UnknownName, match="no test suite of 'd' named 'huors'; did you mean 'hours'"):
        drives.test("d", suite="huors")
    with pytest.raises(UnknownName, match="suite 'hours' has no version 7; it has 1 to 1"):
        drives.test_cases("d", "hours", 7)


# Several suites -------------------------------------------------------------------------------------------------------


def write(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return [folder / f"{name}.sql" for name in texts]


def test_two_suites_may_share_a_test_case(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="one")
    drives.apply_suite("d", DAY + NIGHT, name="two")
    assert versions(drives, "two") == (1, {"all": 1, "Day": 1, "Night": 1})


def test_a_name_that_another_suite_defines_otherwise_is_refused(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="one")
    with pytest.raises(ConflictingDefinition, match=r"'Night' of suite 'two' is defined otherwise in suite 'one'"):
        drives.apply_suite("d", NIGHT.replace("20", "22"), name="two")
    assert [suite.name for suite in drives.test_suites("d")] == ["one"]
    assert versions(drives, "one") == (1, {"all": 1, "Night": 1})


def test_suites_that_share_a_test_case_change_together(drives: ks.Store, tmp_path: Path) -> None:
    drives.apply_suites("d", write(tmp_path, one=NIGHT, two=NIGHT + DAY))
    later = NIGHT.replace("20", "22")
    one, two = write(tmp_path, one=later, two=later + DAY)
    with pytest.raises(ConflictingDefinition, match="kolena-store suite apply d FILE FILE"):
        drives.apply_suite("d", one)
    reports = drives.apply_suites("d", [one, two])
    assert [(report.name, report.version) for report in reports] == [("one", 2), ("two", 2)]
    assert versions(drives, "two") == (2, {"all": 1, "Night": 2, "Day": 1})


def test_suites_applied_together_must_agree_and_have_names_of_their_own(drives: ks.Store, tmp_path: Path) -> None:
    files = write(tmp_path, one=NIGHT, two=NIGHT.replace("20", "22"))
    with pytest.raises(ConflictingDefinition, match="'Night'"):
        drives.apply_suites("d", files)
    (tmp_path / "more").mkdir()
    twice = [*write(tmp_path, one=NIGHT), *write(tmp_path / "more", One=DAY)]
    with pytest.raises(InvalidInput, match="two suites are named 'One'"):
        drives.apply_suites("d", twice)
    assert drives.test_suites("d") == []


def test_a_name_is_free_again_when_no_current_suite_has_it(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="one")
    drives.apply_suite("d", DAY, name="one")
    drives.apply_suite("d", NIGHT.replace("20", "22"), name="two")
    assert versions(drives, "two") == (1, {"all": 1, "Night": 2})


def test_a_test_by_fields_leaves_names_descriptions_and_suites_of_others_alone(drives: ks.Store) -> None:
    text = "CREATE VIEW \"Label = u\" AS SELECT * FROM test_samples WHERE label = 'u';"
    drives.apply_suite("d", text + "COMMENT ON VIEW \"Label = u\" IS 'mine';", name="by label")
    results = drives.test("d", by=["label"])
    assert results.suite == "by label (fields)"
    case = drives.test_cases("d", "by label")[1]
    assert (case.name, case.description, case.version) == ("Label = u", "mine", 1)
    assert versions(drives, "by label")[0] == 1


@pytest.mark.usefixtures("unkept")
def test_a_suite_made_by_fields_becomes_the_users_own_when_applied(drives: ks.Store) -> None:
    drives.test("d", by=["label"])
    drives.apply_suite("d", NIGHT, name="by label")
    found = {suite.name: (suite.origin, suite.version) for suite in drives.test_suites("d")}
    assert found == {"by label": ("file", 2)}
    assert drives.test("d", by=["label"]).suite == "by label (fields)"


def test_a_suite_that_is_refused_leaves_no_trace(drives: ks.Store, tmp_path: Path) -> None:
    bad = NIGHT + 'CREATE VIEW "bad" AS SELECT * FROM test_samples WHERE spee > 1;'
    with pytest.raises(InvalidInput, match="no column 'spee'; did you mean 'speed'"):
        drives.apply_suites("d", write(tmp_path, good=DAY, wrong=bad))
    assert drives.test_suites("d") == []
    assert drives.sql("SELECT count(*) AS n FROM kolena.test_cases").rows() == [{"n": 0}]


# Sizes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize(
    ("predicate", "n", "note"),
    [
        ("hour > 100", 0, "EMPTY, no sample"),
        ("id < 1", 1, "TINY, fewer than 30 samples say little"),
        ("id < 29", 29, "TINY, fewer than 30 samples say little"),
        ("id < 30", 30, "fewer than 100 samples"),
        ("id < 99", 99, "fewer than 100 samples"),
        ("id < 100", 100, ""),
    ],
)
def test_small_test_cases_are_noted_loudly(drives: ks.Store, predicate: str, n: int, note: str) -> None:
    report = drives.apply_suite("d", Slices(predicates={"few": predicate}).text, name="s")
    assert (report.cases[1].n, report.cases[1].note) == (n, note)
    printed = " ".join(str(drives.test("d", suite=report)).split())
    assert (f"{note}: few ({n})" in printed) == bool(note)
    assert report.cases[0].note == ""


def test_nan_rows_of_a_test_case_are_counted(drives: ks.Store) -> None:
    report = drives.apply_suite("d", Slices(predicates={"fast": "speed > 10", "slow": "speed <= 10"}).text, name="s")
    fast, slow = report.cases[1:]
    assert (fast.n_nan, slow.n_nan) == (4, 0)
    assert fast.note == "4 with NaN, which counts as the greatest number"
    assert "NaN" not in slow.note


# Differences ----------------------------------------------------------------------------------------------------------


def rows_of(difference: Any) -> dict[str, tuple[Any, ...]]:
    return {
        case.name: (case.n_before, case.n_after, case.rows_in, case.rows_out, case.change) for case in difference.cases
    }


@pytest.mark.usefixtures("unkept")
def test_a_suites_difference_shows_definitions_that_changed(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT + DAY, name="s")
    drives.apply_suite("d", NIGHT.replace("20", "22") + DAY.replace("Day", "Light"), name="s")
    difference = drives.suite_difference("d", "s")
    assert (difference.suite_versions, difference.dataset_versions) == ((1, 2), (1, 1))
    assert rows_of(difference) == {
        "all": (N, N, 0, 0, "same definition"),
        "Night": (32, 16, 0, 16, "definition 1 to 2"),
        "Light": (None, 168, 168, 0, "new test case"),
        "Day": (168, None, 0, 168, "left the suite"),
    }
    assert "definition 1 to 2" in str(difference)


def test_a_suites_difference_shows_data_that_changed(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="s")
    changed = columns()
    changed["hour"] = [23 if hour == 1 else 2 if hour == 20 else hour for hour in changed["hour"]]
    drives.upload_dataset("d", table_of(changed))
    difference = drives.suite_difference("d", "s")
    assert (difference.suite_versions, difference.dataset_versions) == ((1, 1), (1, 2))
    assert rows_of(difference)["Night"] == (32, 33, 9, 8, "same definition")


def test_a_difference_can_name_both_versions(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="s")
    drives.upload_dataset("d", table_of(columns()).slice(0, 100))
    drives.apply_suite("d", NIGHT.replace("20", "12"), name="s")
    difference = drives.suite_difference("d", "s", suite_versions=(1, 2), dataset_versions=(1, 2))
    assert rows_of(difference)["Night"] == (32, 48, 32, 16, "definition 1 to 2")
    same = drives.suite_difference("d", "s", suite_versions=(2, 2), dataset_versions=(2, 2))
    assert {case.rows_in + case.rows_out for case in same.cases} == {0}
    with pytest.raises(UnknownName, match="has no version 9"):
        drives.suite_difference("d", "s", suite_versions=(1, 9))


# What leaves a suite ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unkept")
def test_a_report_names_the_test_cases_that_left_the_suite(drives: ks.Store) -> None:
    listed = ks.ExplicitCase(name="Reported", ids=[1, 2])
    assert drives.apply_suite("d", NIGHT, name="s", cases=[listed]).removed == ()
    report = drives.apply_suite("d", NIGHT, name="s")
    assert report.removed == ("Reported",)
    assert str(report).endswith("\n\nleft suite s with version 2: 'Reported'")
    assert drives.apply_suite("d", NIGHT, name="s").removed == ()
    assert drives.stratify("d", "s", ["label"]).removed == ("Night",)


@pytest.mark.usefixtures("unkept")
def test_a_file_that_is_tested_says_what_left_its_suite(drives: ks.Store, tmp_path: Path) -> None:
    listed = ks.ExplicitCase(name="Reported", ids=[1, 2])
    drives.apply_suite("d", NIGHT, name="s", cases=[listed])
    (tmp_path / "s.sql").write_text(NIGHT, encoding="utf-8")
    assert drives.test("d", suite=tmp_path / "s.sql").notes[-1] == "left suite s with version 2: 'Reported'"
    assert not any("left" in note for note in drives.test("d", suite=tmp_path / "s.sql").notes)


# Pinned definitions ---------------------------------------------------------------------------------------------------


def without(name: str) -> Any:
    return table_of(columns()).drop_columns([name])


def test_an_upload_that_drops_a_column_of_a_pinned_test_case_is_refused(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="s")
    lacking = "version of 'd' lacks the column 'hour', which test case 'Night' of suite 's' reads. Keep the column, or"
    with pytest.raises(ConflictingDefinition, match=lacking):
        drives.upload_dataset("d", without("hour"))
    assert drives.dataset("d").version == 1
    assert drives.upload_dataset("d", without("speed")).version == 2


@pytest.mark.sampled(2)
def test_a_column_of_older_suite_versions_and_of_suites_by_fields_may_go(drives: ks.Store) -> None:
    drives.apply_suite("d", NIGHT, name="s")
    drives.test("d", by=["hour"])
    drives.apply_suite("d", "CREATE VIEW \"u\" AS SELECT * FROM test_samples WHERE label = 'u';", name="s")
    assert drives.upload_dataset("d", without("hour")).version == 2
    assert drives.test("d", suite="s")["u", "m", "accuracy"].n == N // 2


def test_a_pinned_list_of_ids_needs_no_column(drives: ks.Store) -> None:
    drives.apply_suite("d", "", name="s", cases=[ks.ExplicitCase(name="some", ids=[1, 2])])
    drives.upload_dataset("d", without("hour"))
    assert drives.test("d", suite="s")["some", "m", "accuracy"].n == 2
