"""Objects out of tables: a row for each, or a list in the row of the sample; CSV, Parquet and JSON Lines."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from object_stores import detection_rows, image_rows, truth_rows
from scenes import Scene, pycocotools_of, random_scene

import kolena_store as ks
from kolena_store.datasets import with_object_fields
from kolena_store.formats import open_table

Row = dict[str, Any]
SCENE = random_scene(5, n_images=8, n_classes=2)


def rows_of(scene: Scene) -> tuple[list[Row], list[Row], list[Row]]:
    """Return images, true objects with a further field, and detections."""
    objects = [{**row, "note": f'"{number}", ü'} for number, row in enumerate(truth_rows(scene))]
    return image_rows(scene), objects, detection_rows(scene)


def write_csv(path: Path, rows: list[Row]) -> Path:
    pl.DataFrame(rows).write_csv(path.with_suffix(".csv"))
    return path.with_suffix(".csv")


def write_packed_csv(path: Path, rows: list[Row]) -> Path:
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(pl.DataFrame(rows).write_csv().encode()))
    return packed


def write_parquet(path: Path, rows: list[Row]) -> Path:
    pl.DataFrame(rows).write_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def write_lines(path: Path, rows: list[Row]) -> Path:
    path.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.with_suffix(".jsonl")


def nested(samples: list[Row], objects: list[Row]) -> list[Row]:
    found: dict[object, list[Row]] = {row["image"]: [] for row in samples}
    for one in objects:
        found[one["image"]].append({name: value for name, value in one.items() if name != "image"})
    return [{**row, "objects": found[row["image"]]} for row in samples]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("write", [write_csv, write_packed_csv, write_parquet, write_lines])
def test_long_tables_have_a_row_for_each_object(tmp_path: Path, write: Callable[[Path, list[Row]], Path]) -> None:
    images, objects, detections = rows_of(SCENE)
    store = ks.Store()
    store.upload_dataset(
        "d",
        write(tmp_path / "images", images),
        id_fields=["image"],
        objects=write(tmp_path / "objects", objects),
        workflow=ks.ObjectDetection(),
    )
    store.upload_results("d", "m", write(tmp_path / "found", detections))
    expected = pycocotools_of(SCENE).stats[0]
    assert store.test("d")["all", "m", "ap"].value == pytest.approx(expected, abs=1e-6)
    kept = store.sql("SELECT note FROM d.ground_truths").arrow().column("note").to_pylist()
    assert sorted(kept) == sorted(one["note"] for one in objects)


@pytest.mark.parametrize("write", [write_parquet, write_lines])
def test_nested_tables_have_a_list_in_each_row(tmp_path: Path, write: Callable[[Path, list[Row]], Path]) -> None:
    images, objects, detections = rows_of(SCENE)
    store = ks.Store()
    store.upload_dataset(
        "d", write(tmp_path / "images", nested(images, objects)), id_fields=["image"], workflow=ks.ObjectDetection()
    )
    answers = nested([{"image": row["image"]} for row in images], detections)
    store.upload_results("d", "m", write(tmp_path / "found", answers))
    expected = pycocotools_of(SCENE).stats[0]
    assert store.test("d")["all", "m", "ap"].value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("empty", [pa.list_(pa.null()), pa.large_list(pa.null()), pa.null()])
def test_lists_that_are_all_empty_get_the_fields_of_objects(empty: pa.DataType) -> None:
    given = open_table(pa.table({"image": [1, 2], "objects": pa.array([None, None], empty)}))
    found = with_object_fields(given, ks.ObjectDetection().columns().inference)
    kind = pa.list_(pa.struct({name: pa.null() for name in ("x", "y", "width", "height", "label", "score")}))
    assert found.schema.field("objects").type == kind
    assert [batch.schema for batch in found.batches()] == [found.schema]


def test_a_model_that_finds_nothing_anywhere_has_no_recall() -> None:
    box = {"label": "a", "x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0}
    store, nothing = ks.Store(), [{"image": 1, "objects": []}, {"image": 2, "objects": []}]
    store.upload_dataset("d", nothing, id_fields=["image"], workflow=ks.ObjectDetection())
    store.upload_dataset("d", [{"image": 1, "objects": [box]}, {"image": 2, "objects": []}])
    assert store.upload_results("d", "m", nothing).inserted == 2
    assert store.test("d")["all", "m", "recall"].value == 0.0


def test_detections_of_unknown_images_are_counted_by_their_rows() -> None:
    box = {"label": "a", "x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0, "score": 0.5}
    store, found = ks.Store(), [{"image": image, **box} for image in (1, 1, 7, 7, 8)]
    store.upload_dataset(
        "d", [{"image": 1}, {"image": 2}], id_fields=["image"], objects=found[:1], workflow=ks.ObjectDetection()
    )
    with pytest.raises(ks.StoreError, match="3 of 5 rows belong to no sample of 'd'. Unknown image: 7, 8;"):
        store.upload_results("d", "m", found)
    assert store.upload_results("d", "m", found, allow_unmatched=True).unmatched == 3


def test_long_and_nested_are_the_same_dataset(tmp_path: Path) -> None:
    images, objects, _ = rows_of(SCENE)
    store = ks.Store()
    store.upload_dataset("d", images, id_fields=["image"], objects=objects, workflow=ks.ObjectDetection())
    again = store.upload_dataset("d", write_parquet(tmp_path / "images", nested(images, objects)))
    assert (again.version, again.unchanged) == (1, len(images))
    table = store.download_dataset("d")
    assert store.upload_dataset("d", table).unchanged == len(images)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": -1.0}, "image 7 has no box: .* width -1"),
        ({"x": float("nan")}, "finite|NaN|nan"),
        ({"height": None}, "height"),
        ({"image": 99}, "belong to no sample"),
    ],
)
def test_a_row_with_a_wrong_object_is_refused_and_nothing_is_written(change: Row, message: str) -> None:
    images, objects, _ = rows_of(SCENE)
    store = ks.Store()
    with pytest.raises(ks.StoreError, match=message):
        store.upload_dataset(
            "d",
            images,
            id_fields=["image"],
            objects=pa.Table.from_pylist([*objects[:-1], objects[-1] | change]),
            workflow=ks.ObjectDetection(),
        )
    assert not store.exists


def test_a_wrong_detection_is_refused() -> None:
    images, objects, detections = rows_of(SCENE)
    store = ks.Store()
    store.upload_dataset("d", images, id_fields=["image"], objects=objects, workflow=ks.ObjectDetection())
    with pytest.raises(ks.StoreError, match="image 0 has no box: .* height -3"):
        store.upload_results("d", "m", [*detections, detections[0] | {"height": -3.0}])
    with pytest.raises(ks.StoreError, match="99"):
        store.upload_results("d", "m", [*detections, detections[0] | {"image": 99}])
    assert store.models().rows() == []


def test_keypoints_may_come_in_the_lists_of_any_writer(tmp_path: Path) -> None:
    person = {"label": "person", "x": 0.0, "y": 0.0, "width": 9.0, "height": 9.0, "area": 80.0}
    points = [1.0, 1.0, 2.0, 5.0, 6.0, 1.0]
    store = ks.Store()
    truth = write_parquet(tmp_path / "people", [{"image": 1, "objects": [{**person, "keypoints": points}]}])
    workflow = ks.KeypointDetection(sigmas=[0.05, 0.05])
    store.upload_dataset("people", truth, id_fields=["image"], workflow=workflow)
    found = [{"image": 1, **person, "score": 0.5, "keypoints": points}]
    store.upload_results("people", "m", write_parquet(tmp_path / "found", found))
    assert store.test("people")["all", "m", "ap"].value == 1.0
    more = [{"image": 2, **person, "keypoints": [0.0] * 6}]
    store.upload_dataset("people", [{"image": 2}], objects=pl.DataFrame(more), append_only=True)
    assert store.download_dataset("people").num_rows == 2
