"""Custom problems: metrics over any columns, scorers over batches, and what of their scores is kept."""

import random
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from small_stores import temporary_store

import kolena_store as ks

N = 120
METRICS = """
-- metric: mean_gap    better: lower    unit: points    interval: ratio
SELECT sum(m.gap) / nullif(count(m.gap), 0) AS value, count(m.gap) AS n FROM results;

-- metric: far    better: lower    interval: proportion
SELECT avg(m.is_far::INTEGER) AS value, count(m.is_far) AS n FROM results;
"""
BY_GROUP = """
-- metric: spread    better: lower    interval: ratio
SELECT sum(m.spread) / nullif(count(m.spread), 0) AS value, count(m.spread) AS n FROM results;
"""
SPEED = """
-- metric: speed    better: higher
SELECT avg(m.speed) AS value FROM results;

-- metric: quick    better: higher
SELECT count(*) FILTER (m.is_quick) AS value FROM results;
"""
calls: list[int] = []
"""How many samples each call of a scorer got."""


def gaps(batch: pa.RecordBatch) -> dict[str, Any]:
    """Plain numpy; NaN where a value is missing."""
    calls.append(batch.num_rows)
    truth, answer = (batch[side].field(name).to_numpy(zero_copy_only=False) for side, name in (("s", "y"), ("i", "z")))
    gap = np.abs(truth.astype(float) - answer.astype(float))
    return {"gap": gap, "is_far": [None if np.isnan(one) else bool(one > 1) for one in gap]}


def spreads(batch: pa.RecordBatch) -> dict[str, Any]:
    """One row for each video: how far its answers are apart."""
    calls.append(batch.num_rows)
    found: dict[object, list[float]] = {}
    for sample, answer in zip(batch["s"].to_pylist(), batch["i"].to_pylist(), strict=True):
        found.setdefault(sample["video"] or sample["id"], []).append(answer["z"])
    return {"spread": [max(values) - min(values) for values in found.values()]}


def spreads_in_any_order(batch: pa.RecordBatch) -> pa.Table:
    """The same, in reverse, each row with its video."""
    given = spreads(batch)["spread"]
    videos = list(dict.fromkeys(sample["video"] for sample in batch["s"].to_pylist()))
    return pa.table({"video": videos[::-1], "spread": given[::-1]})


def everything(batch: pa.RecordBatch) -> pa.RecordBatch:
    """What may come back: each type, and what counts as missing."""
    n = batch.num_rows
    calls.append(n)
    return pa.RecordBatch.from_pydict(
        {
            "whole": pa.array([3] * n, pa.uint8()),
            "number": pa.array([float("nan"), float("inf"), 0.5, *[None] * (n - 3)]),
            "flag": pa.array([True] * n),
            "text": pa.array(["a"] * n).dictionary_encode(),
            "list": pa.array([[1.5, float("nan")], [], None, *[[2.0]] * (n - 3)]),
            "nothing": pa.nulls(n),
        }
    )


def samples(n: int = N) -> list[dict[str, Any]]:
    draw = random.Random(3)
    return [
        {"id": f"r{k}", "y": draw.choice([None, 1.0, 4.0, 6.5]), "video": draw.choice("abcdefgh"), "light": "day"}
        for k in range(n)
    ]


def answers(n: int = N) -> list[dict[str, Any]]:
    draw = random.Random(4)
    return [{"id": f"r{k}", "z": round(draw.uniform(0, 8), 2), "seconds": k} for k in range(n) if k % 11]


def store_of(workflow: ks.Custom, metrics: str, rows: Sequence[Mapping[str, Any]] | None = None) -> ks.Store:
    store = temporary_store()
    calls.clear()
    with store.transaction():
        store.upload_dataset("d", rows or samples(), workflow=workflow)
        store.upload_results("d", "m", answers())
        store.apply_metrics("d", metrics)
    return store


@pytest.mark.sampled(2)
def test_without_a_scorer_metrics_read_any_column() -> None:
    store = store_of(
        ks.Custom(),
        "-- metric: late  better: lower\nSELECT count(*) FILTER (i.seconds > 50 AND s.y > 1) AS value FROM results",
    )
    one = store.test("d")["all", "m", "late"]
    by_id = {row["id"]: row for row in samples()}
    late = [row for row in answers() if row["seconds"] > 50 and (by_id[row["id"]]["y"] or 0) > 1]
    assert (one.value, one.n, one.n_missing) == (len(late), len(answers()), N - len(answers()))
    store.upload_dataset("d", samples(N + 30))
    store.upload_results("d", "m", [{"id": f"r{N + 1}", "z": 0.0, "seconds": 0}])
    again = store.test("d")
    assert (again["all", "m", "late"].value, again["all", "m", "late"].n) == (len(late), len(answers()) + 1)
    assert again.runs[0].n_scored == 1
    assert store.sql("SELECT * FROM d.sample_metrics WHERE model = 'm'").rows()[0].keys() >= {"_sample", "model"}


def test_a_dataset_without_metrics_says_how_to_add_them() -> None:
    store = temporary_store()
    store.upload_dataset("d", samples(), workflow=ks.Custom())
    store.upload_results("d", "m", answers())
    with pytest.raises(ks.StoreError, match=r"those of the workflow custom are your own; .* metrics apply d FILE.sql"):
        store.test("d")


def expected_gaps() -> list[float]:
    truth = {row["id"]: row["y"] for row in samples()}
    return [abs(truth[row["id"]] - row["z"]) for row in answers() if truth[row["id"]] is not None]


def test_metrics_read_what_a_scorer_returned() -> None:
    store = store_of(ks.Custom(scorer=gaps, scorer_version="1"), METRICS)
    results = store.test("d")
    gap, far = (results["all", "m", name] for name in ("mean_gap", "far"))
    wanted = expected_gaps()
    assert gap.value == pytest.approx(np.mean(wanted))
    assert (gap.n, far.n) == (len(wanted), len(wanted))
    assert far.value == pytest.approx(np.mean(np.array(wanted) > 1))
    error = np.std(wanted, ddof=1) / np.sqrt(len(wanted))
    assert gap.ci_high - gap.value == pytest.approx(1.98 * error, rel=0.02)
    assert far.method == "wilson"
    assert calls == [len(answers())], "applying metrics scored the samples, and the test used that"
    rows = store.sql("SELECT gap, is_far FROM d.sample_metrics ORDER BY _sample").rows()
    assert len(rows) == len(answers())
    assert [row["gap"] for row in rows if row["gap"] is not None] == pytest.approx(wanted)
    assert store.sql("SELECT sum(m.gap) AS total FROM d.results").rows() == [{"total": pytest.approx(sum(wanted))}]


@pytest.mark.sampled(2)
def test_only_changed_samples_are_scored_again_and_a_new_version_scores_all() -> None:
    workflow = ks.Custom(scorer=gaps, scorer_version="1", reads=["s.y", "i.z"])
    store = store_of(workflow, METRICS)
    store.test("d")
    changed = [{**row, "y": 9.0} if row["id"] in ("r5", "r6") else {**row, "light": "night"} for row in samples()]
    store.upload_dataset("d", changed)
    run = store.test("d").runs[0]
    assert (calls[-1], run.n_scored, run.n_reused) == (2, 2, len(answers()) - 2)
    fresh = store_of(workflow, METRICS, changed)
    assert store.test("d")["all", "m", "mean_gap"].value == pytest.approx(fresh.test("d")["all", "m", "mean_gap"].value)
    store.upload_dataset("d", changed, workflow=ks.Custom(scorer=gaps, scorer_version="2", reads=["s.y", "i.z"]))
    assert store.test("d").runs[0].n_scored == len(answers())


@pytest.mark.sampled(2)
def test_a_group_is_scored_whole_and_its_row_stands_at_its_first_sample() -> None:
    store = store_of(ks.Custom(scorer=spreads, group_by="video"), BY_GROUP)
    found = store.test("d")
    assert sum(calls) == len(answers())
    videos = {row["id"]: row["video"] for row in samples()}
    values: dict[str, list[float]] = {}
    for row in answers():
        values.setdefault(videos[row["id"]], []).append(row["z"])
    wanted = {video: max(those) - min(those) for video, those in values.items()}
    one = found["all", "m", "spread"]
    assert one.value == pytest.approx(sum(wanted.values()) / 8)
    assert (one.n, one.method) == (8, "linearised t, only 8 clusters")
    query = "SELECT video, spread, rank() OVER (PARTITION BY video ORDER BY _sample) AS place FROM d.sample_metrics "
    rows = store.sql(f"{query} JOIN d.test_samples USING (_sample)").rows()
    assert {row["video"]: row["spread"] for row in rows if row["place"] == 1} == pytest.approx(wanted)
    assert {row["spread"] for row in rows if row["place"] > 1} == {None}
    other = store_of(ks.Custom(scorer=spreads_in_any_order, group_by="video"), BY_GROUP)
    assert other.test("d")["all", "m", "spread"].value == pytest.approx(one.value)


@pytest.mark.sampled(2)
def test_the_groups_of_changed_samples_are_scored_again_those_that_they_left_too() -> None:
    workflow = ks.Custom(scorer=spreads, group_by="video", reads=["i.z"])
    store = store_of(workflow, BY_GROUP)
    moved = [{**row, "video": "b"} if row["video"] == "a" and k < 60 else row for k, row in enumerate(samples())]
    moved = [row for row in moved if row["id"] != "r7"] + [{**samples()[7], "id": "r200"}]
    store.upload_dataset("d", moved)
    store.upload_results("d", "m", [{"id": "r200", "z": 99.0, "seconds": 1}])
    run = store.test("d").runs[0]
    touched = {"a", "b", samples()[7]["video"]}
    answered = {row["id"] for row in answers()} - {"r7"} | {"r200"}
    assert run.n_scored == sum(row["video"] in touched for row in moved if row["id"] in answered)
    assert run.n_reused == len(answered) - run.n_scored > 0
    fresh = temporary_store()
    with fresh.transaction():
        fresh.upload_dataset("d", moved, workflow=workflow)
        fresh.upload_results("d", "m", store.download_results("d", "m"))
        fresh.apply_metrics("d", BY_GROUP)
    assert store.test("d")["all", "m", "spread"].value == pytest.approx(fresh.test("d")["all", "m", "spread"].value)


def test_a_sample_without_a_group_is_a_group_of_its_own() -> None:
    rows = [{**row, "video": None if k % 2 else row["video"]} for k, row in enumerate(samples())]
    store = store_of(ks.Custom(scorer=spreads, group_by="video"), BY_GROUP, rows)
    answered = {row["id"] for row in answers()}
    n = sum(row["video"] is None for row in rows if row["id"] in answered)
    assert store.test("d")["all", "m", "spread"].n == n + len({row["video"] for row in rows} - {None})


def test_another_cluster_may_be_named_beside_groups() -> None:
    store = temporary_store()
    workflow = ks.Custom(scorer=spreads, group_by="video")
    store.upload_dataset("d", samples(), workflow=workflow, cluster="light")
    store.upload_dataset("e", samples(), workflow=workflow)
    store.upload_dataset("e", samples(), cluster="")
    store.upload_dataset("e", samples(), workflow=workflow)
    store.upload_dataset("f", samples(), workflow=workflow)
    store.upload_dataset("f", samples(), workflow=ks.Custom(scorer=spreads, group_by="light"))
    sampled = [store.dataset_history(name)[-1].sampled.cluster for name in ("d", "e", "f")]
    assert sampled == ["light", None, "light"]


def test_each_type_is_kept_and_what_is_not_finite_is_missing() -> None:
    store = store_of(
        ks.Custom(scorer=everything), "-- metric: t  better: none\nSELECT sum(m.whole) AS value FROM results"
    )
    rows = store.sql(
        "SELECT * EXCLUDE (model, upload_configuration, configuration, _sample) FROM d.sample_metrics ORDER BY _sample"
    ).rows()
    shared = {"whole": 3, "flag": True, "text": "a", "nothing": None}
    assert rows[:3] == [
        {**shared, "number": None, "list": [1.5, None]},
        {**shared, "number": None, "list": []},
        {**shared, "number": 0.5, "list": None},
    ]


@pytest.mark.sampled(2)
def test_models_may_lack_what_others_have() -> None:
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", samples(), workflow=ks.Custom(scorer=speeds))
        store.upload_results("d", "m", answers())
        store.upload_results("d", "slow", [{**row, "seconds": None} for row in answers()])
        store.apply_metrics("d", SPEED)
        results = store.test("d")
    assert results["all", "slow", "speed"].value is None
    assert results["all", "m", "speed"].value == pytest.approx(np.mean([row["seconds"] for row in answers()]))
    assert [results["all", model, "quick"].value for model in ("m", "slow")] == [49, 0]
    assert len(store.sql("SELECT * FROM d.sample_metrics WHERE speed IS NULL").rows()) == len(answers())
    store.upload_dataset("d", [{**row, "light": "night"} for row in samples()])
    columns = store.sql("SELECT * FROM d.sample_metrics").arrow().column_names
    assert {"speed", "is_quick", "n"} <= set(columns), "they stay while nothing is scored"


def speeds(batch: pa.RecordBatch) -> dict[str, Any]:
    """A column that is there only when there is something to say."""
    speed = batch["i"].field("seconds")
    if speed.null_count == len(speed):
        return {"n": [0.5] * len(speed), "is_quick": [None] * len(speed)}
    return {"speed": speed, "n": [1] * len(speed), "is_quick": pc.less(speed, 54)}


def shuffled(batch: pa.RecordBatch) -> pd.DataFrame:
    """A frame whose index tells where a row was, as frames have it that were sorted."""
    return pd.DataFrame({"place": range(batch.num_rows)}, index=[f"row {k}" for k in range(batch.num_rows)])


def test_the_index_of_a_frame_is_left_out() -> None:
    store = store_of(
        ks.Custom(scorer=shuffled), "-- metric: t  better: none\nSELECT max(m.place) AS value FROM results"
    )
    assert store.test("d")["all", "m", "t"].value == len(answers()) - 1


@pytest.mark.sampled(2)
def test_what_was_stored_is_verified_merged_repaired_and_downloaded(tmp_path: Path) -> None:
    store = store_of(ks.Custom(scorer=spreads, group_by="video"), BY_GROUP)
    store.test("d", by=["light"])
    assert store.verify().is_sound
    other = ks.Store(tmp_path / "other.store")
    other.create()
    other.merge(store.path)
    calls.clear()
    assert other.test("d", by=["light"]).rows()[0]["value"] == store.test("d", by=["light"]).rows()[0]["value"]
    assert calls == []
    assert other.dataset_digest("d") == store.dataset_digest("d")
    shutil.rmtree(other.path / "data" / "sample_metrics")
    assert other.verify(repair=True).is_sound
    assert calls != []
    store.publish(tmp_path / "all.duckdb")


def test_a_workflow_comes_back_as_it_was_given() -> None:
    workflow = ks.Custom(
        scorer=gaps, scorer_version="7", reads=["g.y", "i.z", "s.light"], group_by="video", objects=True
    )
    assert ks.Custom.from_document(workflow.document()) == workflow
    assert workflow.scorer == "test_custom:gaps"
    assert ks.Custom().document() == {"workflow": "custom", "objects": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scorer": "scorers"}, "names no function; write module:function"),
        ({"scorer": "os:system"}, "os is Python's own; name a module of yours"),
        ({"scorer": lambda batch: batch}, "without a name, can't be found again"),
        ({"scorer": 5}, "names no function"),
        ({"scorer": partial(gaps)}, "names no function"),
        ({"group_by": "video"}, r"group_by='video'\) is of use to a scorer alone"),
        ({"scorer_version": "1"}, "scorer_version='1'"),
        ({"reads": "g.y"}, "must be a list of columns"),
        ({"reads": ["y"]}, "'y' does not say whose column it is"),
        ({"reads": ["g."]}, "'g.' does not say"),
        ({"objects": "yes"}, "give True or False"),
    ],
)
def test_options_that_can_not_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ks.StoreError, match=message):
        ks.Custom(**options)


def test_columns_that_are_read_must_be_there() -> None:
    store = temporary_store()
    with pytest.raises(ks.StoreError, match="has no column 'truth'"):
        store.upload_dataset("d", samples(), workflow=ks.Custom(reads=["g.truth"]))
    with pytest.raises(ks.StoreError, match="has no column 'lihgt'; did you mean 'light'"):
        store.upload_dataset("d", samples(), workflow=ks.Custom(reads=["s.lihgt"]))
    with pytest.raises(ks.StoreError, match="has no column 'vidoe'"):
        store.upload_dataset("d", samples(), workflow=ks.Custom(scorer=spreads, group_by="vidoe"))
    store.upload_dataset("d", samples(), workflow=ks.Custom(reads=["g.y", "i.w"]))
    assert [field.name for field in store.dataset("d").fields if field.role == "ground_truth"] == ["y"]
    with pytest.raises(ks.StoreError, match="has no column 'w'"):
        store.upload_results("d", "m", answers())
