"""Repeats through the store: uploads and what they refuse, versions, scoring anew, views, metrics of one's own, upkeep."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from small_stores import temporary_store
from test_seals import damage

import kolena_store as ks
from kolena_store.errors import ChangedType, DuplicateIds, InvalidInput, MissingColumns, StoreError

N = 40
LABELS = ["a" if number % 3 else "b" for number in range(N)]
WORKFLOW = ks.Classification("y", "p")


def answers(seeds: dict[int, str] | None = None, ids: Any = range(N), **columns: Any) -> pa.Table:
    """For each seed what the model answers to each id: the truth where the letter is `t`, else `a`."""
    chosen = {1: "t", 2: "a", 3: "a"} if seeds is None else seeds
    rows = [{"id": i, "seed": seed, "p": LABELS[i] if how == "t" else "a"} for seed, how in chosen.items() for i in ids]
    table = pa.Table.from_pylist(rows)
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def dataset(store: ks.Store, name: str = "d", workflow: Any = WORKFLOW, **options: Any) -> ks.Store:
    table = pa.table({"id": range(N), "y": LABELS, "x": [float(i) for i in range(N)]})
    store.upload_dataset(name, table, id_fields=["id"], workflow=workflow, **options)
    return store


@pytest.fixture
def filled(store: ks.Store) -> Iterator[ks.Store]:
    """The model `m` answered each sample three times, right once and `a` twice; `once` answered once, right."""
    with store.transaction():
        dataset(store)
        store.upload_results("d", "m", answers(), repeat_field="seed")
        store.upload_results("d", "once", answers({1: "t"}).drop_columns(["seed"]))
    yield store


def value(store: ks.Store, metric: str = "accuracy", case: str = "all") -> float | None:
    return store.test("d", "m")[case, "m", metric].value


SHARE_A = LABELS.count("a") / N
THREE = (1 + 2 * SHARE_A) / 3
"""The accuracy of being right once in three, and saying `a` twice."""


# Uploads, and what they refuse.


def test_rows_of_a_sample_are_repeats_when_a_field_says_so(store: ks.Store) -> None:
    dataset(store)
    with pytest.raises(DuplicateIds, match=r"repeat_field=, --repeat.*collect=, --collect"):
        store.upload_results("d", "m", answers())
    report = store.upload_results("d", "m", answers(), repeat_field="seed")
    assert (report.inserted, report.missing, report.repeat_field, report.answers) == (N, 0, "seed", 3 * N)
    assert "120 answers: a sample has one for each seed" in str(report)
    again = store.upload_results("d", "m", answers())  # the field stays
    assert (again.version, again.unchanged) == (1, N)
    assert "repeats by" in str(store.dataset("d"))
    assert store.dataset("d").models[0].repeat_field == "seed"
    (version,) = store.sql("SELECT repeat_field, n_answered, n_rows FROM kolena.result_versions").rows()
    assert version == {"repeat_field": "seed", "n_answered": N, "n_rows": 3 * N}


def test_a_repeat_that_stands_twice_is_named(store: ks.Store) -> None:
    dataset(store)
    table = pa.concat_tables([answers(), answers({2: "t"}, ids=[7])])
    with pytest.raises(DuplicateIds, match=r"\(id=7, seed=2\).*a value of its own in 'seed'"):
        store.upload_results("d", "m", table, repeat_field="seed")
    assert len(store.models()) == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("change", "field", "error", "told"),
    [
        ({}, "pass", MissingColumns, "one answer each"),
        ({}, "id", InvalidInput, "tells samples or models apart"),
        ({}, "p", InvalidInput, "reads it as the model's answer"),
        ({"f": [0.5] * 3 * N}, "f", ChangedType, "can't be told apart safely"),
        ({"f": [[1]] * 3 * N}, "f", ChangedType, "can't be told apart safely"),
        ({"f": [None, *range(3 * N - 1)]}, "f", InvalidInput, "no value in one of 'id', 'f'"),
    ],
)
def test_a_field_that_tells_no_repeats_apart_is_refused(
    store: ks.Store, change: dict[str, Any], field: str, error: type[StoreError], told: str
) -> None:
    dataset(store)
    with pytest.raises(error, match=told):
        store.upload_results("d", "m", answers(**change), repeat_field=field)
    assert len(store.models()) == 0


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.string(), pa.date32(), pa.bool_(), pa.dictionary(pa.int8(), pa.string())]
)
def test_repeats_of_many_types_come_back_as_they_went_in(store: ks.Store, kind: pa.DataType) -> None:
    dataset(store)
    told = pa.array([0, 1] * N, pa.int32())
    spelled = {pa.bool_(): told.cast(pa.bool_()), pa.date32(): told.cast(pa.date32()), pa.int8(): told.cast(pa.int8())}
    texts = pa.array(["it's", "zwei"] * N)
    told = spelled[kind] if kind in spelled else texts.cast(pa.string()) if kind == pa.string() else texts.cast(kind)
    table = pa.table({"id": np.repeat(np.arange(N), 2), "which one?": told, "p": ["a"] * 2 * N})
    store.upload_results("d", "m", table, repeat_field="which one?")
    assert store.download_results("d", "m").equals(table)
    assert value(store) == pytest.approx(SHARE_A)
    assert store.upload_results("d", "m", table).unchanged == N
    assert store.verify().is_sound


def test_a_part_replaces_all_repeats_of_just_those_samples(filled: ks.Store) -> None:
    report = filled.upload_results("d", "m", answers({8: "t", 9: "t"}, ids=[2, 0]))
    assert (report.inserted, report.updated, report.unchanged, report.answers) == (0, 2, 0, 3 * N - 2)
    found = filled.download_results("d", "m").to_pylist()
    assert [row["seed"] for row in found if row["id"] == 0] == [8, 9]
    assert [row["seed"] for row in found if row["id"] == 1] == [1, 2, 3]
    assert [row["id"] for row in found] == sorted(row["id"] for row in found)
    wrong = [label == "b" for label in LABELS]
    right = [1.0 if i in (0, 2) else 1 / 3 if wrong[i] else 1.0 for i in range(N)]
    assert value(filled) == pytest.approx(np.mean(right))
    assert filled.verify().is_sound
    assert filled.download_results("d", "m", version=1).num_rows == 3 * N


@pytest.mark.usefixtures("unkept")
def test_one_repeat_more_is_another_answer(filled: ks.Store) -> None:
    both = pa.concat_tables([answers(), answers({4: "t"}, ids=[5])])
    report = filled.upload_results("d", "m", both)
    assert (report.version, report.updated, report.unchanged) == (2, 1, N - 1)
    fewer = filled.upload_results("d", "m", answers())
    assert (fewer.version, fewer.updated, fewer.answers) == (3, 1, 3 * N)


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("tiny_files")
def test_repeats_of_a_sample_may_lie_in_several_files(filled: ks.Store) -> None:
    assert len(list((filled.path / "data" / "inferences").glob("*.parquet"))) > 6
    value(filled)
    report = filled.upload_results("d", "m", answers({5: "t", 6: "a", 7: "a", 8: "a"}, ids=[3, 30]))
    assert (report.updated, report.answers) == (2, 3 * N + 2)
    rows = filled.download_results("d", "m").to_pylist()
    assert [row["seed"] for row in rows if row["id"] in (3, 30)] == [5, 6, 7, 8] * 2
    assert filled.test("d", "m").runs[0].n_scored == 8
    assert filled.sql("SELECT count(*) AS n FROM d.sample_metrics WHERE model = 'm'").rows() == [{"n": 3 * N + 2}]
    assert filled.verify().is_sound
    assert filled.upload_results("d", "m", filled.download_results("d", "m")).unchanged == N


@pytest.fixture
def tiny_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of few rows, written batch by batch."""
    for name, rows in (("ROWS_PER_FILE", 16), ("ROWS_PER_GROUP", 8)):
        monkeypatch.setattr(f"kolena_store.files.{name}", rows)


def test_values_that_sql_does_not_see_in_full_are_compared_by_repeat(filled: ks.Store) -> None:
    nanoseconds = [1_700_000_000_000_000_000 + number for number in range(3 * N)]
    kind = pa.timestamp("ns", "UTC")
    given = answers(at=pa.array(nanoseconds, pa.int64()).cast(kind))
    assert filled.upload_results("d", "m", given).updated == N
    assert filled.upload_results("d", "m", given.take(pa.array(range(3 * N - 1, -1, -1)))).unchanged == N
    later = answers(at=pa.array([*nanoseconds[:-1], nanoseconds[-1] + 1], pa.int64()).cast(kind))
    assert filled.upload_results("d", "m", later).updated == 1
    assert filled.verify().is_sound


@pytest.mark.sampled(2)
def test_repeats_come_and_go_with_all_answers(filled: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="39 samples that this upload leaves as they are have answers that 'seed'"):
        filled.upload_results("d", "once", answers(ids=[3]), repeat_field="seed")
    with pytest.raises(InvalidInput, match="38 samples .* have several answers"):
        filled.upload_results("d", "m", answers({1: "t"}, ids=[3, 4]), repeat_field="")
    with pytest.raises(InvalidInput, match="that 'pass' does not tell apart"):
        filled.upload_results("d", "m", answers(ids=[3], **{"pass": [1, 2, 3]}), repeat_field="pass")
    assert [one.results_version for one in filled.dataset("d").models] == [1, 1]
    report = filled.upload_results("d", "m", answers({1: "t"}), repeat_field="")
    assert (report.repeat_field, report.answers, report.updated) == (None, N, N)
    assert value(filled) == 1.0
    assert filled.upload_results("d", "m", answers(), repeat_field="seed").answers == 3 * N
    assert value(filled) == pytest.approx(THREE)


def test_one_file_with_the_repeats_of_many_models(filled: ks.Store) -> None:
    tables = [answers().append_column("model", pa.array([name] * 3 * N)) for name in ("m", "n")]
    with pytest.raises(DuplicateIds, match="more than one row of 'model', 'id'"):
        filled.upload_results("d", None, pa.concat_tables(tables), model_field="model")
    once = answers({1: "t"}).append_column("model", pa.array(["m"] * N))
    with pytest.raises(
        InvalidInput, match=r"say so again with repeat_field='seed' \(--repeat seed\), or say repeat_field=''"
    ):
        filled.upload_results("d", None, once, model_field="model")
    reports = filled.upload_results("d", None, pa.concat_tables(tables), model_field="model", repeat_field="seed")
    assert [(one.model, one.inserted, one.unchanged, one.answers) for one in reports] == [
        ("m", 0, N, 3 * N),
        ("n", N, 0, 3 * N),
    ]


def test_repeats_are_kept_by_upload_configuration(store: ks.Store) -> None:
    dataset(store)
    store.upload_results("d", "m", answers(), repeat_field="seed", upload_configuration={"t": 1})
    with pytest.raises(DuplicateIds):
        store.upload_results("d", "m", answers())
    store.upload_results("d", "m", answers({1: "t"}))
    assert [one.repeat_field for one in store.dataset("d").models] == ["seed", None]


@pytest.mark.usefixtures("unkept")
def test_long_tables_are_collected_for_each_repeat(store: ks.Store) -> None:
    labels = [["a", "b"], ["a"]] * (N // 2)
    table = pa.table({"id": range(N), "y": labels})
    store.upload_dataset("d", table, id_fields=["id"], workflow=ks.MultilabelClassification("y", "p"))
    long = [(i, s, one) for i in range(N) for s in (1, 2) for one in (labels[i] if s == 1 else ["b"])]
    given = pa.table({"id": [r[0] for r in long], "seed": [r[1] for r in long], "p": [r[2] for r in long]})
    report = store.upload_results("d", "m", given, repeat_field="seed", collect=["p"])
    assert report.answers == 2 * N
    right = [labels[i] == said for i in range(N) for said in (labels[i], ["b"])]
    assert value(store) == pytest.approx(np.mean(right))


def test_objects_and_groups_take_no_repeats(store: ks.Store) -> None:
    dataset(store, workflow=ks.Custom(scorer="scorers:errors", group_by="y"))
    with pytest.raises(
        InvalidInput, match="samples are scored by 'y' together; upload each of them under a model name"
    ):
        store.upload_results("d", "m", answers(), repeat_field="seed")
    dataset(store)
    store.upload_results("d", "m", answers(), repeat_field="seed")
    dataset(store, workflow=ks.Custom(scorer="scorers:errors", group_by="y"))
    metric = "-- metric: n_answers    better: none\nSELECT count(*) AS value FROM results;"
    with pytest.raises(InvalidInput, match="the results of 'm'.*samples are scored by 'y' together"):
        store.apply_metrics("d", metric)
    objects = pa.table({"id": range(N), "box": range(N)})
    store.upload_dataset(
        "o", pa.table({"id": range(N)}), id_fields=["id"], objects=objects, workflow=ks.Custom(objects=True)
    )
    rows = pa.table({"id": [0, 0], "seed": [1, 2], "box": [1, 2]})
    with pytest.raises(InvalidInput, match="each row is an object"):
        store.upload_results("o", "m", rows, repeat_field="seed")


def words_wrong(batch: pa.RecordBatch) -> dict[str, Any]:
    said, truth = (batch.column(side).to_pylist() for side in ("i", "g"))
    return {"wrong": [int(one["p"] != two["y"]) for one, two in zip(said, truth, strict=True)]}


@pytest.mark.sampled(2)
def test_a_scorer_of_ones_own_scores_every_answer(store: ks.Store) -> None:
    workflow = ks.Custom(scorer=f"{__name__}:words_wrong", reads=["g.y", "i.p"])
    dataset(store, workflow=workflow)
    store.upload_results("d", "m", answers(), repeat_field="seed")
    metric = "-- metric: error_rate    better: lower    interval: ratio\n-- undefined: nothing\n"
    store.apply_metrics("d", metric + "SELECT sum(m.wrong * _weight) / nullif(sum(_weight), 0) AS value FROM results;")
    found = store.test("d", "m")["all", "m", "error_rate"]
    assert found.value == pytest.approx(1 - THREE)
    assert found.method == f"linearised t, {N} samples"
    assert store.verify().is_sound


# What the numbers count.


@pytest.mark.usefixtures("unkept")
def test_models_with_and_without_repeats_stand_side_by_side(filled: ks.Store) -> None:
    results = filled.test("d", by=["y"])
    assert results["all", "m", "accuracy"].value == pytest.approx(THREE)
    assert results["all", "once", "accuracy"].value == 1.0
    assert {(one.n, one.n_samples) for one in (results["all", m, "accuracy"] for m in ("m", "once"))} == {(N, N)}
    text = " ".join(str(results).split())
    line = "m answered each sample 3 times (by seed): each counts for its share of the sample"
    assert text.index(line) < text.index("test case")
    runs = {run.model: run for run in results.runs}
    assert json.loads(str(runs["m"].repeats)) == {"field": "seed", "fewest": 3, "most": 3, "n_rows": 3 * N}
    assert runs["once"].repeats is None
    assert runs["m"].n_scored == 3 * N


@pytest.mark.sampled(2)
def test_common_samples_are_those_that_each_answered_at_least_once(store: ks.Store) -> None:
    dataset(store)
    store.upload_results("d", "m", answers(ids=range(30)), repeat_field="seed")
    store.upload_results("d", "once", answers({1: "t"}, ids=range(10, N)).drop_columns(["seed"]))
    found = store.test("d", common=True)
    assert [found["all", model, "accuracy"].n_samples for model in ("m", "once")] == [20, 20]
    whole = store.test("d")["all", "m", "accuracy"]
    assert (whole.n, whole.n_samples, whole.n_missing) == (30, N, 10)
    assert store.verify().is_sound


def test_rank_correlations_of_equally_many_repeats(store: ks.Store) -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    dataset(store, workflow=ks.Regression("x", "p"))
    of, noise = np.tile(np.arange(N), 2), rng.normal(0, 5, 2 * N)
    table = pa.table({"id": of, "seed": np.repeat([1, 2], N), "p": of + noise})
    store.upload_results("d", "m", table, repeat_field="seed")
    found = store.test("d", "m")
    assert found["all", "m", "spearman"].value == pytest.approx(stats.spearmanr(of, of + noise).statistic)
    assert found["all", "m", "spearman"].method == f"linearised t, {N} samples"
    store.upload_results("d", "m", table.slice(0, 2 * N - 1))
    assert "weighted samples" in str(store.test("d", "m")["all", "m", "spearman"].reason)


@pytest.mark.sampled(2)
def test_a_model_whose_samples_all_left(filled: ks.Store) -> None:
    filled.upload_results("d", "gone", answers({1: "t", 2: "t"}, ids=[0]), repeat_field="seed")
    rest = pa.table({"id": range(1, N), "y": LABELS[1:], "x": [float(i) for i in range(1, N)]})
    filled.upload_dataset("d", rest, id_fields=["id"])
    one = filled.test("d", "gone")["all", "gone", "accuracy"]
    assert (one.value, one.n, one.n_samples, one.n_missing) == (None, 0, N - 1, N - 1)
    assert next(model.missing for model in filled.dataset("d").models if model.model == "m") == 0
    assert filled.download_results("d", "m").num_rows == 3 * (N - 1)
    assert filled.verify().is_sound


# Scored anew, kept, cleaned up, merged.


@pytest.mark.sampled(2)
def test_only_samples_that_changed_are_scored_again(filled: ks.Store) -> None:
    value(filled)
    filled.upload_results("d", "m", answers({1: "t", 5: "a"}, ids=[1, 4]))
    run = filled.test("d", "m").runs[0]
    assert (run.n_scored, run.n_reused) == (4, 3 * (N - 2))
    fresh = temporary_store()
    dataset(fresh)
    fresh.upload_results("d", "m", filled.download_results("d", "m"), repeat_field="seed")
    assert (
        fresh.test("d", "m").arrow().drop_columns(["run"]).equals(filled.test("d", "m").arrow().drop_columns(["run"]))
    )
    relabelled = pa.table({"id": range(N), "y": ["a", *LABELS[1:]], "x": [float(i) for i in range(N)]})
    filled.upload_dataset("d", relabelled, id_fields=["id"])
    assert filled.test("d", "m").runs[0].n_scored == 3
    filled.upload_results("d", "m", filled.download_results("d", "m"), repeat_field="seed")
    assert filled.verify().is_sound


@pytest.mark.sampled(2)
def test_repair_and_clean_up(filled: ks.Store) -> None:
    filled.test("d")
    for seed in range(10, 20):
        filled.upload_results("d", "m", answers({seed: "t", seed + 1: "a"}, ids=[seed]))
    before = filled.download_results("d", "m")
    filled.test("d")
    filled.gc(grace=0, keep=1)
    assert filled.download_results("d", "m").equals(before)
    assert filled.verify().is_sound
    for kind in ("sample_metrics", "terms", "metrics"):
        damage(filled.path, kind)
    assert filled.verify(repair=True).is_sound


def test_counts_that_are_wrong_are_found(filled: ks.Store) -> None:
    catalogue = filled.path / "store.duckdb"
    catalogue.chmod(0o644)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("UPDATE catalogue.results_versions SET n_rows = 5 WHERE repeat_field = 'seed'")
    problems = [finding.problem for finding in ks.Store(filled.path).verify().findings]
    assert f"has {3 * N} rows in its files, the catalogue says 5" in problems


@pytest.mark.sampled(2)
def test_merged_repeats_are_the_same(filled: ks.Store, tmp_path: Path) -> None:
    filled.test("d")
    here = ks.Store(tmp_path / "here")
    with here.transaction():
        table = pa.table({"id": range(N - 1, -1, -1), "y": LABELS[::-1], "x": [float(i) for i in range(N - 1, -1, -1)]})
        here.upload_dataset("d", table, id_fields=["id"], workflow=WORKFLOW)
    here.merge(filled.path)
    rows = [sorted(one.download_results("d", "m").to_pylist(), key=str) for one in (here, filled)]
    assert rows[0] == rows[1]
    assert value(here) == pytest.approx(THREE)
    assert here.verify().is_sound
    report = here.merge(filled.path)
    assert "m" not in str([one for one in report.rows() if one.get("outcome") in ("added", "extended")])
    filled.upload_results("d", "m", answers({1: "t", 2: "a"}, ids=[3]))
    here.merge(filled.path)
    assert here.download_results("d", "m").num_rows == 3 * N - 1
    here.upload_results("d", "m", answers({7: "t"}, ids=[3]))
    filled.upload_results("d", "m", answers({8: "t", 9: "t"}, ids=[3, 4]))
    here.merge(filled.path, prefer="theirs")
    (last,) = here.sql(
        "SELECT updated, unchanged, inserted, n_rows, n_answered FROM kolena.result_versions WHERE model = 'm' "
        "ORDER BY version DESC LIMIT 1"
    ).rows()
    assert last == {"updated": 2, "unchanged": N - 2, "inserted": 0, "n_rows": 3 * N - 2, "n_answered": N}
    assert here.verify().is_sound


def test_a_partial_merge_counts_samples_and_answers(filled: ks.Store, tmp_path: Path) -> None:
    here = ks.Store(tmp_path / "here")
    table = pa.table({"id": range(10), "y": LABELS[:10], "x": [float(i) for i in range(10)]})
    here.upload_dataset("d", table, id_fields=["id"], workflow=WORKFLOW)
    here.upload_dataset("d", table.set_column(2, "x", pa.array([1.0] * 10)), id_fields=["id"])
    here.merge(filled.path, prefer="ours")
    rows = here.sql("SELECT n_rows, n_answered, unmatched FROM kolena.result_versions WHERE model = 'm'").rows()
    assert rows == [{"n_rows": 30, "n_answered": 10, "unmatched": 3 * N - 30}]
    assert here.verify().is_sound


# Views, metrics of one's own, inference metadata.


def test_views_show_every_answer_with_its_weight(filled: ks.Store) -> None:
    filled.test("d")
    for view, told in (("inferences", "seed"), ("sample_metrics", "_repeat"), ("results", "i.seed")):
        rows = filled.sql(
            f"SELECT {told} AS told, _weight FROM d.{view} WHERE model = 'm' AND _sample = 4 ORDER BY 1"
        ).rows()
        assert rows == [{"told": seed, "_weight": pytest.approx(1 / 3)} for seed in (1, 2, 3)], view
        once = filled.sql(f"SELECT _weight FROM d.{view} WHERE model = 'once' AND _sample = 4").rows()
        assert once == [{"_weight": 1.0}], view
    joined = filled.sql("SELECT bool_and((i.p = g.y) = m.correct) AS same FROM d.results WHERE model = 'm'").rows()
    assert joined == [{"same": True}]
    counted = filled.sql("SELECT count(*) AS n FROM d.results WHERE model = 'm'").rows()
    assert counted == [{"n": 3 * N}]


def test_a_store_without_repeats_looks_as_before(store: ks.Store) -> None:
    dataset(store)
    store.upload_results("d", "once", answers({1: "t"}))
    store.test("d")
    columns = "SELECT column_name FROM duckdb_columns() WHERE table_name = $1 AND schema_name = 'd'"
    for view in ("inferences", "sample_metrics"):
        names = [row["column_name"] for row in store.sql(columns.replace("$1", f"'{view}'")).rows()]
        assert not {"_weight", "_repeat"} & set(names), view
    assert store.sql("SELECT DISTINCT _weight FROM d.results").rows() == [{"_weight": 1.0}]
    assert store.sql("SELECT d.accuracy(correct) AS v FROM d.sample_metrics").rows() == [{"v": 1.0}]


OWN = """-- metric: hit_rate    better: higher    interval: proportion
-- undefined: nothing was answered
SELECT count(*) FILTER (m.correct) / nullif(count(*), 0) AS value, count(*) AS n, count(*) FILTER (m.correct) AS successes FROM results;
-- metric: middle    better: higher    interval: bootstrap
-- undefined: nothing was answered
SELECT sum(_weight * m.correct::INTEGER) / sum(_weight) + 0 * median(s.x) AS value FROM results;
"""


@pytest.mark.sampled(2)
def test_metrics_of_ones_own_see_every_answer_and_its_weight(filled: ks.Store) -> None:
    filled.apply_metrics("d", OWN)
    found = filled.test("d")
    for metric in ("hit_rate", "middle"):
        one = found["all", "m", metric]
        assert one.value == pytest.approx(THREE)
        assert f", {N} samples" in str(one.method)
    assert found["all", "m", "hit_rate"].n == 3 * N
    assert found["all", "once", "hit_rate"].method == "wilson"
    brought = found["all", "m", "accuracy"]
    counted = found["all", "m", "hit_rate"]
    assert (counted.ci_low, counted.ci_high) == pytest.approx((brought.ci_low, brought.ci_high), abs=0.01)
    with duckdb.connect(str(filled.path / "store.duckdb"), read_only=True) as connection:
        (published,) = connection.execute("SELECT value FROM d.hit_rate('m', 'all')").fetchall()
    assert published[0] == pytest.approx(THREE)
    assert filled.verify().is_sound


@pytest.mark.sampled(2)
def test_inference_metadata_are_the_same_for_all_repeats(store: ks.Store) -> None:
    dataset(store)
    shown = [float(i % 2) for _ in range(3) for i in range(N)]
    store.upload_results("d", "m", answers(shown=shown), repeat_field="seed", metadata_fields=["shown"])
    suite = 'CREATE VIEW "Dim" AS SELECT i.* FROM inferences AS i WHERE shown < 1;'
    store.apply_suite("d", suite, name="dim")
    found = store.test("d", "m", "dim")["Dim", "m", "accuracy"]
    even = [LABELS[i] == "a" for i in range(0, N, 2)]
    assert (found.value, found.n_samples) == (pytest.approx((1 + 2 * np.mean(even)) / 3), N // 2)
    with pytest.raises(InvalidInput, match="repeats of one sample differ in the inference metadata 'shown'"):
        store.upload_results("d", "m", answers(ids=[0], shown=[0.0, 0.0, 1.0]))
    with pytest.raises(InvalidInput, match="'seed' tells the repeats of a sample in the results of 'm' apart"):
        store.upload_results("d", "m", answers(shown=shown), metadata_fields=["seed"])
    assert store.verify().is_sound


# Times.


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize(
    ("kind", "cluster", "is_told"),
    [
        (pa.timestamp("us"), None, True),
        (pa.date32(), None, True),
        (pa.timestamp("us"), "day", False),
        (None, None, False),
    ],
)
def test_samples_taken_over_time_get_a_note(
    store: ks.Store, kind: pa.DataType | None, cluster: str | None, is_told: bool
) -> None:
    columns = {"id": pa.array(range(N)), "y": pa.array(LABELS), "day": pa.array([i // 7 for i in range(N)])}
    if kind is not None:
        columns["taken"] = pa.array(range(N), pa.int32()).cast(pa.date32()).cast(kind)
    store.upload_dataset("d", pa.table(columns), id_fields=["id"], workflow=WORKFLOW, cluster=cluster)
    for model in ("v1", "v2"):
        store.upload_results("d", model, answers({1: "t"}))
    notes = [note for note in store.test("d").notes if "near each other" in note]
    assert len(notes) == is_told
    assert all("'taken'" in note and "cluster=, --cluster" in note for note in notes)


@pytest.mark.usefixtures("unkept")
def test_a_time_that_is_an_id_is_no_reason_for_a_note(store: ks.Store) -> None:
    taken = pa.array(range(N), pa.int32()).cast(pa.date32())
    store.upload_dataset("d", pa.table({"taken": taken, "y": LABELS}), id_fields=["taken"], workflow=WORKFLOW)
    store.upload_results("d", "m", pa.table({"taken": taken, "p": LABELS}))
    assert not [note for note in store.test("d").notes if "near each other" in note]
