"""Stratifying dates by period, lists by element, and fields inside structs; the groups are those of plain Python."""

import datetime
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from small_stores import store_with

import kolena_store as ks
from kolena_store.errors import InvalidInput, MissingColumns
from kolena_store.test_suites import parse_bins

UTC = datetime.UTC
Groups = dict[str, list[int]]


def store_of(values: Any, name: str = "f") -> ks.Store:
    return store_with({name: values, "label": ["u"] * len(values)}, ks.Classification("label"))


def members(store: ks.Store, by: Any, tmp_path: Path, **options: Any) -> Groups:
    """Test case -> ids of its members, without the one of all; the text, saved and applied again, is the same suite."""
    report = store.stratify("d", "strata", by if isinstance(by, list) else [by], **options)
    (tmp_path / "strata.sql").write_text(report.source, encoding="utf-8")
    assert not store.apply_suite("d", tmp_path / "strata.sql").is_new_version
    rows = store.sql("SELECT test_case, id FROM d.test_case_members JOIN d.test_samples USING (_sample) ORDER BY id")
    found: Groups = {case.name: [] for case in report.cases[1:]}
    for row in rows.rows():
        if row["test_case"] in found:
            found[row["test_case"]].append(row["id"])
    return found


def grouped(keys: Iterable[Hashable]) -> Groups:
    found: Groups = {}
    for number, key in enumerate(keys):
        found.setdefault(str(key), []).append(number)
    return found


DAYS = [datetime.date(2023, 12, 18) + datetime.timedelta(days=5 * number) for number in range(60)]
DATES: list[datetime.date | None] = [*DAYS, None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]


def named(name: str) -> Callable[[datetime.date | None], str]:
    def key(day: datetime.date | None) -> str:
        if day is None:
            return "f is missing"
        monday = day - datetime.timedelta(days=day.weekday())
        return {
            "year": f"f in {day.year:04}",
            "quarter": f"f in {day.year:04}-Q{(day.month - 1) // 3 + 1}",
            "month": f"f in {day.year:04}-{day.month:02}",
            "week": f"f in the week of {monday.isoformat()}",
            "day": f"f on {day.isoformat()}",
        }[name]

    return key


@pytest.mark.sampled(2)
@pytest.mark.parametrize("period", ["year", "quarter", "month", "week", "day"])
def test_dates_are_cut_by_each_period(period: str, tmp_path: Path) -> None:
    assert members(store_of(DATES), ks.Bins("f", period), tmp_path) == grouped(map(named(period), DATES))


@pytest.mark.sampled(2)
def test_dates_and_moments_without_a_period_are_cut_by_the_shortest_that_makes_few(tmp_path: Path) -> None:
    assert members(store_of(DAYS), "f", tmp_path) == grouped(map(named("month"), DAYS))
    moments = [datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=7 * number) for number in range(40)]
    assert members(store_of(moments), "f", tmp_path) == grouped(named("day")(one.date()) for one in moments)
    years = [datetime.date(1900 + number, 1, 1) for number in range(80)]
    assert members(store_of(years), "f", tmp_path) == grouped(map(named("year"), years))


ZONE = datetime.timezone(datetime.timedelta(hours=5))


def test_a_moment_belongs_to_its_day_in_utc(tmp_path: Path) -> None:
    moments = [datetime.datetime(2026, 1, 1, 2, tzinfo=ZONE) + datetime.timedelta(hours=3 * n) for n in range(40)]
    column = pa.array(moments, pa.timestamp("us", "Asia/Karachi"))
    expected = grouped(named("day")(one.astimezone(UTC).date()) for one in moments)
    assert members(store_of(column), ks.Bins("f", "day"), tmp_path) == expected


def test_nanoseconds_before_1970_belong_to_the_day_before(tmp_path: Path) -> None:
    found = members(store_of(pa.array([-1, 0, 1, None], pa.timestamp("ns"))), ks.Bins("f", "year"), tmp_path)
    assert found == {"f in 1969": [0], "f in 1970": [1, 2], "f is missing": [3]}


@pytest.mark.sampled(2)
def test_dates_are_cut_at_dates(tmp_path: Path) -> None:
    edges = [datetime.date(2024, 1, 1), datetime.date(2024, 7, 1)]

    def key(day: datetime.date | None) -> str:
        if day is None:
            return "f is missing"
        if day < edges[0]:
            return "f before 2024-01-01"
        return "f in [2024-01-01, 2024-07-01)" if day < edges[1] else "f from 2024-07-01 on"

    for bins in (ks.Bins("f", edges=edges), parse_bins("f:2024-01-01,2024-07-01", ["f"])):
        assert members(store_of(DATES), bins, tmp_path) == grouped(map(key, DATES))
    noon = ks.Bins("f", edges=[datetime.datetime(2024, 1, 1, 12, tzinfo=UTC)])
    moments = pa.array([datetime.datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (11, 12)])
    found = members(store_of(moments), noon, tmp_path)
    assert found == {"f before 2024-01-01T12:00:00+00:00": [0], "f from 2024-01-01T12:00:00+00:00 on": [1]}


@pytest.mark.parametrize(
    "text", ["f:month", "f:2026-01-31", "f:2026-01-31,2026-02-28", "f:2026-01-31T12:30:00", "a:b:week"]
)
def test_a_cut_of_dates_is_spelled_as_it_is_written(text: str) -> None:
    assert str(parse_bins(text, ["f"])) == text


def test_cuts_that_dates_do_not_have_are_refused() -> None:
    store = store_of(DATES)
    with pytest.raises(InvalidInput, match=r"'f' holds DATE; cut it by year, quarter, .* as in f:month, or at dates"):
        store.stratify("d", "s", [ks.Bins("f", quantiles=3)])
    with pytest.raises(InvalidInput, match="'label' holds VARCHAR, which has no dates"):
        store.stratify("d", "s", [ks.Bins("label", "month")])
    with pytest.raises(InvalidInput, match="'fortnight' is no period to cut 'f' by; name one of year, quarter"):
        ks.Bins("f", "fortnight")
    with pytest.raises(InvalidInput, match="must be dates that ascend, each once, all with a zone or none"):
        ks.Bins("f", edges=[datetime.date(2026, 2, 1), datetime.date(2026, 1, 1)])
    with pytest.raises(InvalidInput, match=r"has no zone, and the edge .* has one; leave it away"):
        store.stratify("d", "s", [ks.Bins("f", edges=[datetime.datetime(2026, 1, 1, tzinfo=UTC)])])
    days = [datetime.date(2026, 1, 1) + datetime.timedelta(days=number) for number in range(101)]
    with pytest.raises(InvalidInput, match="falls into more than 100 different periods of a day; take a longer one"):
        store_of(days).stratify("d", "s", [ks.Bins("f", "day")])


TAGS = [["rain", "it's"], ["rain", "rain"], [], None, [None], ["ü.x", None], ['"'], ["rain"]]


def has(element: str) -> list[int]:
    return [number for number, tags in enumerate(TAGS) if element in (tags or ())]


def test_lists_make_a_test_case_of_each_element(tmp_path: Path) -> None:
    assert members(store_of(TAGS), "f", tmp_path) == {
        'f has "': has('"'),
        "f has it's": has("it's"),
        "f has rain": has("rain"),
        "f has ü.x": has("ü.x"),
        "f has a missing element": [4, 5],
        "f is empty": [2],
        "f is missing": [3],
    }


@pytest.mark.sampled(2)
def test_lists_hold_values_of_any_plain_type(tmp_path: Path) -> None:
    nan = float("nan")
    numbers = members(store_of(pa.array([[1.5, nan], [-0.0], [0.0]])), "f", tmp_path)
    assert numbers == {"f has 0": [1, 2], "f has 1.5": [0], "f has NaN": [0]}
    dates = members(store_of([[datetime.date(2026, 1, 31)], []]), "f", tmp_path)
    assert dates == {"f has 2026-01-31": [0], "f is empty": [1]}
    whole = members(store_of(pa.array([[1, 2], [3, 1]], pa.list_(pa.int8(), 2))), "f", tmp_path)
    assert whole == {"f has 1": [0, 1], "f has 2": [0], "f has 3": [1]}


def test_of_many_elements_the_commonest_have_test_cases(tmp_path: Path) -> None:
    lists = [[f"t{element}" for element in range(number + 1)] for number in range(60)]
    store = store_of(lists)
    report = store.stratify("d", "strata", ["f"])
    assert {case.name for case in report.cases[1:]} == {f"f has t{element}" for element in range(50)}
    assert report.warnings == (
        "f has 60 different elements; the 50 commonest have a test case, the others are in at most 11 samples each",
    )
    assert report.warnings[0] in report.notes


def test_lists_without_plain_values_and_ranges_of_lists_are_refused() -> None:
    with pytest.raises(InvalidInput, match="its lists hold no plain values"):
        store_of([[[1]], [[2]]]).stratify("d", "s", ["f"])
    with pytest.raises(InvalidInput, match="lists have no ranges"):
        store_of([[1], [2]]).stratify("d", "s", [ks.Bins("f", quantiles=2)])


STRUCTS = [
    {"camera": {"name": "a", "x.y": 1}, "tags": ["t"], "it's": 1.5},
    {"camera": {"name": "b", "x.y": 2}, "tags": [], "it's": 2.5},
    {"camera": None, "tags": None, "it's": None},
    None,
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["test_samples", 'a.b "c"'])
def test_fields_inside_structs_are_named_with_dots(name: str, tmp_path: Path) -> None:
    store = store_of(STRUCTS, name=name)
    field = f"{name}.camera.name"
    assert members(store, field, tmp_path) == {f"{field} = a": [0], f"{field} = b": [1], f"{field} is missing": [2, 3]}
    field = f"{name}.camera.x.y"
    assert members(store, ks.Bins(field, edges=[2]), tmp_path) == {
        f"{field} < 2": [0],
        f"{field} >= 2": [1],
        f"{field} is missing": [2, 3],
    }
    found = members(store, [f"{name}.tags", f"{name}.it's"], tmp_path)
    assert found[f"{name}.tags has t"] == [0]
    assert found[f"{name}.it's = 2.5"] == [1]


def test_a_struct_and_a_field_that_it_lacks_are_answered_with_its_fields() -> None:
    store = store_of(STRUCTS)
    with pytest.raises(InvalidInput, match=r"name a field inside it: 'f.camera', 'f.tags', \"f.it's\""):
        store.stratify("d", "s", ["f"])
    with pytest.raises(InvalidInput, match=r"name a field inside it: 'f.camera.name', 'f.camera.x.y'"):
        store.stratify("d", "s", ["f.camera"])
    with pytest.raises(MissingColumns, match=r"no column 'f.camera.nam'; did you mean 'f.camera.name'"):
        store.stratify("d", "s", ["f.camera.nam"])
