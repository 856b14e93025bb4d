"""Tables that are attached to the samples of a dataset: uploads, versions, test cases, metrics, views, upkeep."""

import datetime
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from agreement_reference import krippendorff, nominal
from hypothesis import given
from hypothesis import strategies as st
from small_stores import temporary_store
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import (
    ChangedType,
    ConflictingDefinition,
    EmptyInput,
    InvalidInput,
    MissingColumns,
    RefusedStatement,
    UnknownName,
    UnmatchedResults,
)

N = 120
IDS = [f"p{number}" for number in range(N)]
SUITE = """
CREATE VIEW doubted AS SELECT * FROM test_samples
    WHERE EXISTS (FROM annotations a WHERE a._sample = test_samples._sample AND a.expert_says <> test_samples.label);
CREATE VIEW annotated AS SELECT DISTINCT _sample FROM annotations;
CREATE VIEW "doubted twos" AS SELECT * FROM test_samples WHERE _sample IN (SELECT _sample FROM doubted) AND label = 2;
CREATE VIEW ones AS SELECT * FROM test_samples WHERE label = 1;
"""
METRICS = """
-- metric: expert_agreement  better: none  unit: share  interval: none
SELECT avg((a.expert_says = g.label)::INT) AS value, count(*) AS n FROM results JOIN annotations a USING (_sample);
-- metric: annotations_seen  better: none  unit: rows
SELECT count(*) AS value FROM annotations WHERE (SELECT count(*) FROM results) > 0;
"""


def samples(ids: list[str] = IDS, **columns: Any) -> pa.Table:
    return pa.table({"id": ids, "label": [int(one[1:]) % 3 for one in ids], **columns})


def annotations(wrong: int = 4, experts: int = 2) -> pa.Table:
    """Two experts on every third sample; the second errs on the first `wrong` of them."""
    rows = [
        {"id": one, "expert": f"e{expert}", "expert_says": (int(one[1:]) + (expert == 1 and place < wrong)) % 3}
        for place, one in enumerate(IDS[::3])
        for expert in range(experts)
    ]
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = ks.Store(tmp_path_factory.mktemp("attached") / "s")
    with store.transaction():
        store.upload_dataset("d", samples(), workflow=ks.Classification("label"), tables={"annotations": annotations()})
        store.upload_results("d", "m", pa.table({"id": IDS, "prediction": [0] * N}))
        store.apply_suite("d", SUITE, name="s")
        store.apply_metrics("d", METRICS)
        store.test("d", "m", "s")
    return store.path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> ks.Store:
    return ks.Store(shutil.copytree(made, tmp_path / "s"))


def members(store: ks.Store) -> dict[str, int]:
    found = store.sql("SELECT test_case, count(*) AS n FROM d.test_case_members GROUP BY ALL").rows()
    return {row["test_case"]: row["n"] for row in found}


def test_rows_come_back_as_they_were_uploaded(store: ks.Store) -> None:
    assert store.download_dataset("d", table="Annotations").equals(annotations())
    assert store.dataset("d").tables[0].n_rows == 80
    assert "attached table annotations: 80 rows (id, expert, expert_says)" in str(store.dataset("d"))


def test_any_number_of_rows_and_values_of_any_type_are_kept() -> None:
    table = pa.table(
        {
            "id": ["b", "b", "a"],
            "span": pa.array([{"from": 1.5, "to": float("nan")}, None, {"from": float("inf"), "to": 0.0}]),
            "when": pa.array([datetime.date(2026, 1, 2), None, None]),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        }
    )
    store = temporary_store()
    store.upload_dataset("d", pa.table({"id": ["a", "b", "c"]}), tables={"my notes": table})
    assert str(store.download_dataset("d", table="my notes").to_pylist()) == str(table.take([2, 0, 1]).to_pylist())
    assert store.download_dataset("d", table="my notes").schema == table.schema
    assert store.sql('SELECT _sample, id FROM d."my notes" ORDER BY _sample').rows()[0] == {"_sample": 0, "id": "a"}


def test_the_same_rows_in_another_order_make_no_version_and_others_do(store: ks.Store) -> None:
    shuffled = annotations().take(list(range(79, -1, -1)))
    assert store.upload_dataset("d", samples(), tables={"annotations": shuffled}).version == 1
    report = store.upload_dataset("d", samples(), tables={"ANNOTATIONS": annotations(wrong=1)})
    assert (report.version, report.unchanged, report.notes) == (2, N, ("attached table annotations: 80 rows",))
    assert store.download_dataset("d", 1, table="annotations").equals(annotations())
    difference = store.dataset_difference("d", 1, 2)
    assert (difference.changed, difference.changed_tables) == (0, {"annotations": "changed"})
    assert "attached table annotations: changed" in str(difference)


@pytest.mark.sampled(2)
def test_a_table_stays_when_it_is_not_named_without_the_rows_of_samples_that_left(store: ks.Store) -> None:
    store.apply_suite("d", SUITE.split("CREATE VIEW ones")[0], name="s")
    assert store.upload_dataset("d", samples(IDS[1:])).removed == 1
    assert store.download_dataset("d", table="annotations").num_rows == 78
    store.upload_dataset("d", samples(IDS[1:2]))
    assert store.download_dataset("d", table="annotations").num_rows == 0
    assert store.sql("SELECT count(*) AS n FROM d.annotations").rows() == [{"n": 0}]
    assert [version.tables for version in store.dataset_history("d")] == [["annotations"]] * 3
    assert store.verify().is_sound


def test_rows_may_be_of_samples_that_come_with_the_same_upload() -> None:
    store = temporary_store()
    store.upload_dataset("d", pa.table({"id": [1, 2]}), tables={"notes": pa.table({"id": [2], "x": [1]})})
    store.upload_dataset(
        "d", pa.table({"id": [3]}), append_only=True, tables={"notes": pa.table({"id": [1, 3], "x": [5, 6]})}
    )
    assert store.download_dataset("d", table="notes").to_pylist() == [{"id": 1, "x": 5}, {"id": 3, "x": 6}]


def test_a_table_is_taken_away_by_none(store: ks.Store) -> None:
    with pytest.raises(ConflictingDefinition, match=r"lacks the table 'annotations', which test case 'doubted' of"):
        store.upload_dataset("d", samples(), tables={"annotations": None})
    store.apply_suite("d", "CREATE VIEW ones AS SELECT * FROM test_samples WHERE label = 1;", name="s")
    for name in ("expert_agreement", "annotations_seen"):
        store.drop_metric("d", name)
    report = store.upload_dataset("d", samples(), tables={"annotations": None})
    assert (report.version, report.notes) == (2, ("the attached table annotations was taken away",))
    with pytest.raises(UnknownName, match="no attached table of 'd' version 2 named 'annotations'"):
        store.download_dataset("d", table="annotations")
    with pytest.raises(UnknownName, match="annotations"):
        store.sql("FROM d.annotations")
    with pytest.raises(UnknownName, match="no attached table of 'd' named 'annotations'"):
        store.upload_dataset("d", samples(), tables={"annotations": None})
    assert store.dataset_difference("d", 1, 2).changed_tables == {"annotations": "removed"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            {"id": ["p1", "q1", "q2", "q2"]},
            UnmatchedResults,
            r"'annotations' \(the Arrow table\): 3 of 4 rows belong to no sample of 'd'. Unknown id: 'q1', 'q2', 'q2'",
        ),
        ({"id": ["p1", None]}, UnmatchedResults, "1 of 2 rows belongs to no sample of 'd'. Unknown id: None"),
        ({"ids": ["p1"]}, MissingColumns, "has no column 'id'"),
        ({"id": [1]}, ChangedType, "id field 'id' holds int64, the dataset's is string"),
        ({"id": ["p1"], "_x": [1]}, InvalidInput, "'_x' starts with an underscore"),
        ({"id": pa.array([], pa.string())}, EmptyInput, "has no rows"),
    ],
)
def test_rows_that_can_not_be_matched_are_refused_and_nothing_is_kept(
    store: ks.Store, table: dict[str, Any], error: type[Exception], message: str
) -> None:
    before = sorted(path.name for path in store.path.rglob("*"))
    with pytest.raises(error, match=message):
        store.upload_dataset("d", samples(more=[1] * N), tables={"annotations": pa.table(table)})
    assert sorted(path.name for path in store.path.rglob("*")) == before
    assert store.dataset("d").version == 1


@pytest.mark.parametrize("name", ["test_samples", "Results", "all", "_own", " x", "", "s", "test_case_members", 3])
def test_names_that_the_store_needs_itself_are_refused(store: ks.Store, name: Any) -> None:
    with pytest.raises(InvalidInput, match=r"can't name an attached table|is kept for the store's own views"):
        store.upload_dataset("d", samples(), tables={name: annotations()})


def test_a_table_can_not_have_the_name_of_a_test_case(store: ks.Store) -> None:
    with pytest.raises(ConflictingDefinition, match="'Ones' of 'd' has the name of the test case 'ones'"):
        store.upload_dataset("d", samples(), tables={"Ones": annotations()})


def test_two_spellings_of_one_name_and_what_is_no_mapping_are_refused(store: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="two attached tables are named 'NOTES'"):
        store.upload_dataset("d", samples(), tables={"notes": annotations(), "NOTES": annotations()})
    with pytest.raises(InvalidInput, match="tables=Table does not name the tables"):
        store.upload_dataset("d", samples(), tables=annotations())  # type: ignore[arg-type]


@pytest.mark.sampled(2)
def test_test_cases_select_by_the_rows_and_follow_them(store: ks.Store) -> None:
    assert members(store) == {"all": N, "doubted": 4, "annotated": 40, "ones": 40}
    rows = store.sql('SELECT id FROM "d test cases".doubted ORDER BY _sample').rows()
    assert [row["id"] for row in rows] == ["p0", "p3", "p6", "p9"]
    store.upload_dataset("d", samples(), tables={"annotations": annotations(wrong=7).slice(0, 60)})
    store.test("d", "m", "s")
    assert members(store) == {"all": N, "doubted": 7, "annotated": 30, "ones": 40}
    assert (store.test_runs()[-1].n_scored, store.test_runs()[-1].n_reused) == (0, N)
    store.upload_dataset("d", samples(more=[1] * N))
    store.test("d", "m", "s")
    assert members(store)["doubted"] == 7
    assert store.verify().is_sound


@pytest.mark.sampled(2)
@FEW
@given(
    first=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=8),
    second=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=8),
    labels=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_memberships_after_a_change_are_those_of_a_fresh_store(
    first: list[tuple[int, int]], second: list[tuple[int, int]], labels: list[int]
) -> None:
    """The column has the same name in the table and in the samples."""
    suite = (
        "CREATE VIEW other AS SELECT * FROM test_samples t "
        "WHERE EXISTS (FROM notes n WHERE n._sample = t._sample AND n.label <> t.label);"
    )
    tables = [pa.table({"id": [a for a, _ in rows], "label": [b for _, b in rows]}) for rows in (first, second)]
    found = []
    for steps in ([0, 1], [1]):
        store = temporary_store()
        for step in steps:
            data = pa.table({"id": range(6), "label": labels})
            store.upload_dataset("d", data, workflow=ks.Classification("label"), tables={"notes": tables[step]})
            store.upload_results("d", "m", pa.table({"id": range(6), "prediction": [0] * 6}))
            store.apply_suite("d", suite, name="s")
        query = "SELECT _sample FROM d.test_case_members WHERE test_case = 'other' ORDER BY ALL"
        found.append([row["_sample"] for row in store.sql(query).rows()])
    assert found[0] == found[1] == sorted({a for a, b in second if b != labels[a]})


def test_a_test_case_that_repeats_a_sample_or_names_no_table_is_refused(store: ks.Store) -> None:
    with pytest.raises(RefusedStatement, match="selects some samples more than once"):
        store.apply_suite("d", "CREATE VIEW twice AS SELECT _sample FROM annotations;", name="t")
    with pytest.raises(RefusedStatement, match="reads 'annotation'.*did you mean 'annotations'"):
        store.apply_suite("d", "CREATE VIEW one AS SELECT DISTINCT _sample FROM annotation;", name="t")
    with pytest.raises(RefusedStatement, match="has the name of a table"):
        store.apply_suite("d", "CREATE VIEW annotations AS SELECT * FROM test_samples;", name="t")
    with pytest.raises(MissingColumns, match="expert_said"):
        store.apply_suite(
            "d", "CREATE VIEW a AS SELECT DISTINCT _sample FROM annotations WHERE expert_said = 1;", name="t"
        )


def test_a_column_that_a_test_case_reads_stays(store: ks.Store) -> None:
    fewer = annotations().drop_columns(["expert_says"])
    with pytest.raises(ConflictingDefinition, match="lacks the column 'expert_says', which test case 'doubted'"):
        store.upload_dataset("d", samples(), tables={"annotations": fewer})


def test_metrics_of_your_own_see_the_rows_of_their_test_case(store: ks.Store) -> None:
    results = store.test("d", "m", "s", metrics=["expert_agreement", "annotations_seen"])
    found = results["all", "m", "expert_agreement"]
    assert (found.value, found.n) == (pytest.approx(76 / 80), 80)
    assert results["doubted", "m", "expert_agreement"].value == 0.5
    assert [results[case, "m", "annotations_seen"].value for case in ("all", "doubted", "ones")] == [80, 8, 0]


@pytest.mark.sampled(2)
def test_annotators_are_compared_by_the_metric_of_the_page(store: ks.Store) -> None:
    page = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    text = page.split("```sql agreement.sql\n")[1].split("```")[0].replace("says", "expert_says")
    store.apply_metrics("d", text.replace("interval: bootstrap", "interval: none"))
    results = store.test("d", "m", "s", metrics=["annotator_alpha"])
    said = annotations().to_pylist()
    for case, n in (("all", 40), ("doubted", 4)):
        ids = [row["id"] for row in store.sql(f'SELECT id FROM "d test cases"."{case}"').rows()]
        units = [[row["expert_says"] for row in said if row["id"] == one] for one in ids]
        found = results[case, "m", "annotator_alpha"]
        assert (found.value, found.n) == (pytest.approx(krippendorff(units, nominal)), n)
    assert results["ones", "m", "annotator_alpha"].value is None


def test_a_metric_reads_no_table_that_is_not_attached(store: ks.Store) -> None:
    text = "-- metric: x  better: none\nSELECT count(*) AS value FROM results JOIN notes USING (_sample)"
    with pytest.raises(RefusedStatement, match=r"reads 'notes', but a metric reads the view 'results' and attached"):
        store.apply_metrics("d", text)


@pytest.mark.sampled(2)
def test_a_sample_that_is_drawn_twice_is_two_samples() -> None:
    """One row in ten is counted; grouping by sample must not merge the copies of a bootstrap draw."""
    store = temporary_store()
    ids = list(range(200))
    with store.transaction():
        data = pa.table({"id": ids, "label": [0] * 200})
        notes = pa.table({"id": ids, "x": [float(one % 10 == 0) for one in ids]})
        store.upload_dataset("d", data, workflow=ks.Classification("label"), tables={"notes": notes})
        store.upload_results("d", "m", pa.table({"id": ids, "prediction": [0] * 200}))
        store.apply_metrics(
            "d",
            "-- metric: total  better: none  interval: bootstrap\n"
            "WITH one AS (SELECT _sample, max(x) AS x FROM results JOIN notes USING (_sample) GROUP BY _sample)\n"
            "SELECT sum(x) AS value FROM one",
        )
        found = store.test("d", metrics=["total"])["all", "m", "total"]
    expected = 1.972 * (200 * 0.1 * 0.9) ** 0.5
    assert (found.ci_high - found.ci_low) / 2 == pytest.approx(expected, rel=0.12)


def test_other_clients_find_the_table_its_comments_and_the_metric(store: ks.Store, tmp_path: Path) -> None:
    store.publish(tmp_path / "whole.duckdb")
    for path in (store.path / "store.duckdb", tmp_path / "whole.duckdb"):
        with duckdb.connect(str(path), read_only=True) as client:
            assert client.sql("SELECT count(*), count(DISTINCT _sample) FROM d.annotations").fetchall() == [(80, 40)]
            assert client.sql("FROM d.annotations_seen('m', 'doubted')").fetchall() == [(8,)]
            assert client.sql('SELECT count(*) FROM "d test cases".doubted').fetchall() == [(4,)]
            query = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'annotations' ORDER BY column_index"
            comments = dict(client.sql(f"{query}").fetchall())
            assert comments["id"] == "Identifies the sample: id"
            assert comments["expert_says"] == "A column of the attached table: expert_says"
            rows = client.sql("SELECT attached_table, n_rows FROM kolena.attached_tables").fetchall()
            assert rows == [("annotations", 80)]


@pytest.mark.sampled(2)
def test_a_digest_counts_the_tables_and_a_merge_brings_them(store: ks.Store, tmp_path: Path) -> None:
    other = ks.Store(tmp_path / "other")
    other.upload_dataset("d", samples(IDS[::-1]), workflow=ks.Classification("label"))
    assert other.dataset_digest("d") != store.dataset_digest("d")
    other.upload_dataset("d", samples(), tables={"Annotations": annotations()})
    assert other.dataset_digest("d") == store.dataset_digest("d")
    store.upload_dataset("d", samples(), tables={"annotations": annotations(wrong=2)})
    store.drop_metric("d", "expert_agreement")  # draws go by the numbers of the samples, which are others there
    store.test("d", "m", "s")
    assert other.merge(store.path).is_dry_run is False
    assert other.dataset_digest("d") == store.dataset_digest("d")
    assert other.apply_suite("d", SUITE, name="s").cases[1].n == 2
    assert other.verify().findings == ()


def test_cleaning_up_keeps_what_versions_need(store: ks.Store) -> None:
    store.upload_dataset("d", samples(), tables={"annotations": annotations(wrong=9)})
    store.gc(grace=0)
    assert store.download_dataset("d", 1, table="annotations").equals(annotations())
    store.gc(grace=0, keep=1)
    assert len(list(store.path.glob("data/attached/*"))) == 1
    assert store.download_dataset("d", table="annotations").equals(annotations(wrong=9))
    assert store.verify().is_sound


@pytest.mark.sampled(2)
def test_a_damaged_file_is_found_and_named(store: ks.Store) -> None:
    (path,) = store.path.glob("data/attached/*.parquet")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-10])
    (finding,) = [one for one in store.verify().findings if "attached" in one.subject]
    assert "the table annotations of dataset d version 1" in finding.remedy


def test_rows_come_from_files_with_the_ids_as_the_dataset_has_them(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("id,says\n007,yes\n7,no\n")
    pq.write_table(pa.table({"id": ["7", "007"]}), tmp_path / "d.parquet")
    store = temporary_store()
    store.upload_dataset("d", tmp_path / "d.parquet", tables={"notes": path})
    assert store.sql("SELECT _sample, says FROM d.notes ORDER BY ALL").rows() == [
        {"_sample": 0, "says": "no"},
        {"_sample": 1, "says": "yes"},
    ]
