"""COCO files: what goes in comes out, and what is malformed is named with its file and entry."""

import contextlib
import gc
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import Scene, pycocotools_of, random_scene, scenes

import kolena_store as ks
from kolena_store.formats.coco import read_instances, read_results
from kolena_store.formats.coco.columns import plain_value
from kolena_store.formats.coco.plain_results import plain_results

numbers = st.integers(-5, 50) | st.floats(-5, 50).map(lambda one: round(one, 3))
lengths = st.integers(0, 50) | st.floats(0, 50).map(lambda one: round(one, 3))
further = st.dictionaries(
    st.sampled_from(("occluded", "note", "tags", "attributes", "mixed")),
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=3)
    | st.lists(st.integers(0, 3), max_size=2)
    | st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), max_size=2),
    max_size=3,
).map(lambda found: {name: value for name, value in found.items() if value is not None})
segmentations = st.one_of(
    st.just([[0, 0, 1, 0, 1.5, 1]]),
    st.just([]),
    st.just({"size": [2, 3], "counts": [1, 2, 3]}),
    st.just({"size": [20, 20], "counts": "0d0d0"}),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    image_ids = draw(st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True))
    category_ids = draw(st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True))
    images = [{"id": one, "width": 64, "file_name": f"{one}.jpg", **draw(further)} for one in image_ids]
    categories = [{"id": one, "name": f"ü {one}", "supercategory": "x"} for one in category_ids]
    annotations = []
    for number in range(draw(st.integers(0, 5))):
        one = {
            "id": 100 - number,
            "image_id": draw(st.sampled_from(image_ids)),
            "category_id": draw(st.sampled_from(category_ids)),
            "bbox": [draw(numbers), draw(numbers), draw(lengths), draw(lengths)],
            **draw(further),
        }
        if draw(st.booleans()):
            one |= {"iscrowd": draw(st.integers(0, 1)), "area": draw(lengths), "segmentation": [[0, 0, 1, 0, 1.5, 1]]}
        annotations.append(one)
    return {"info": {"year": 2026}, "images": images, "annotations": annotations, "categories": categories, "v": [1]}


def by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["id"])


@pytest.mark.sampled(2)
@given(document=documents())
def test_a_file_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("coco")
    store = ks.Store()
    (folder / "in.json").write_text(json.dumps(document), encoding="utf-8")
    store.import_coco("d", folder / "in.json")
    assert store.export_coco("d", folder / "out.json") == len(document["annotations"])
    found = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert found.keys() == document.keys()
    assert by_id(found["images"]) == by_id(document["images"])
    assert by_id(found["annotations"]) == by_id(document["annotations"])
    assert {name: found[name] for name in ("info", "categories", "v")} == {
        name: document[name] for name in ("info", "categories", "v")
    }
    assert store.import_coco("d", folder / "out.json").version == 1


def test_segmentations_come_back_too(tmp_path: Path) -> None:
    document = one_image()
    masks = [[[0, 0, 1, 0, 1.5, 1]], [], {"size": [2, 3], "counts": [1, 2, 3]}]
    document["annotations"] = [{**document["annotations"][0], "id": n, "segmentation": m} for n, m in enumerate(masks)]
    store = ks.Store()
    store.import_coco("d", written(tmp_path, document))
    store.export_coco("d", tmp_path / "out.json.gz")
    found = json.loads(gzip.decompress((tmp_path / "out.json.gz").read_bytes()))
    assert [one["segmentation"] for one in found["annotations"]] == masks


def one_image() -> dict[str, Any]:
    box = {"id": 5, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}
    return {"images": [{"id": 1}], "categories": [{"id": 2, "name": "cat"}], "annotations": [box]}


def written(folder: Path, document: object, name: str = "in.json") -> Path:
    path = folder / name
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["found.json", "found.json.gz"])
def test_results_are_measured_as_pycocotools_measures_them(tmp_path: Path, name: str) -> None:
    scene = random_scene(4, n_images=12, n_classes=2)
    truth, results = scene.coco()
    store = ks.Store()
    store.import_coco("d", written(tmp_path, truth))
    store.upload_results("d", "m", written(tmp_path, results, name))
    found = store.test("d")
    expected = pycocotools_of(scene).stats
    assert found["all", "m", "ap"].value == pytest.approx(expected[0], abs=1e-9)
    assert found["all", "m", "ar_100"].value == pytest.approx(expected[8], abs=1e-9)
    store.export_coco("d", tmp_path / "again.json", model="m")
    again = json.loads((tmp_path / "again.json").read_text())
    key = json.dumps
    assert sorted(map(key, again)) == sorted(map(key, results))


@pytest.mark.sampled(2)
@given(scene=scenes())
def test_small_scenes_pass_through_the_store_with_pycocotools_numbers(
    tmp_path_factory: pytest.TempPathFactory, scene: Scene
) -> None:
    folder = tmp_path_factory.mktemp("scene")
    truth, results = scene.coco()
    store = ks.Store()
    store.import_coco("d", written(folder, truth))
    store.upload_results("d", "m", written(folder, results, "found.json"))
    found = store.test("d")
    expected = [None if value < 0 else pytest.approx(value, abs=1e-9) for value in pycocotools_of(scene).stats]
    names = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_100", "ar_small")
    assert [found["all", "m", name].value for name in names] == expected[: len(names)]


@pytest.mark.parametrize("name", ["found.json", "found.json.gz"])
def test_plain_results_are_read_as_all_others_are(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, results = random_scene(8, n_images=5, n_classes=2).coco()
    names = {1: "a", 2: "ü b"}
    path = written(tmp_path, results, name)
    plain = plain_results(path, names)
    assert plain is not None
    monkeypatch.setattr("kolena_store.formats.coco.results.plain_results", lambda *_: None)
    slow = read_results(path, names, pa.int64())
    assert plain.to_pylist() == slow.to_pylist()
    assert plain.schema.equals(slow.schema)


PLAIN = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}


@pytest.mark.parametrize(
    "other",
    [
        {"id": 7},
        {"note": "x"},
        {"score": None},
        {"score": "0.5"},
        {"image_id": 1.5},
        {"image_id": 2**60},
        {"image_id": "1"},
        {"category_id": 3},
        {"bbox": [1, 2, 3]},
        {"bbox": [1, 2, None, 3]},
        {"bbox": [1, 2, -3, 3]},
        {"bbox": [1, 2, 1e300, 3]},
    ],
)
def test_results_of_another_form_are_left_to_the_reader_that_names_entries(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    path = written(tmp_path, [PLAIN] * 3 + [{**PLAIN, **other}], "found.json")
    assert plain_results(path, {2: "a"}) is None
    assert plain_results(written(tmp_path, [PLAIN] * 3, "good.json"), {2: "a"}) is not None
    assert plain_results(written(tmp_path, [], "none.json"), {2: "a"}) is None


BOX = {"id": 6, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bbox": [1, 2, -3, 4]}, r"annotation 1 \(id 6\): its bbox \[1, 2, -3, 4\] has a negative width or height"),
        ({"bbox": [1, float("nan"), 3, 4]}, r"annotation 1 \(id 6\): its bbox .* is no list of four finite numbers"),
        ({"bbox": [1, 2, 3]}, "no list of four finite numbers"),
        ({"bbox": None}, "no list of four finite numbers"),
        ({"area": -1}, "its area -1 is no finite number from 0 on"),
        ({"image_id": 9}, "its image_id 9 is none of 1"),
        ({"category_id": 9}, "its category_id 9 is none of 2"),
        ({"id": 5}, r"annotation 1 \(id 5\): its id 5 stands twice"),
        ({"iscrowd": 2}, "its iscrowd 2 is neither 0 nor 1"),
        ({"segmentation": [[1, 2, 3]]}, "a polygon of its segmentation is no even list"),
        ({"segmentation": {"size": [2, 2], "counts": [1, 2]}}, "add up to 3, and 2 x 2 pixels"),
        ({"segmentation": {"size": [2, 2], "counts": "~"}}, "the counts of its RLE can't be read"),
        ({"segmentation": {"size": [2], "counts": [4]}}, "neither polygons nor an RLE"),
    ],
)
def test_a_malformed_entry_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    document = one_image()
    document["annotations"].append({**BOX, **changed})
    store = ks.Store(tmp_path / "s")
    with pytest.raises(ks.StoreError, match=rf"in\.json: .*{message}"):
        store.import_coco("d", written(tmp_path, document))
    assert not store.exists


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "ends too early"),
        ('{"images": [{"id": 1}', "ends too early"),
        ('{"images": [{"id": 1},]}', "a value is expected behind a comma"),
        ('{"images": [{"id": 1}] "x"}', "a comma or '}' is expected"),
        ('{"images": [{"id": 1}]} x', "something follows"),
        ('{"images": [tru]}', "Expecting value"),
        ("[1]", "it is a JSON array"),
        ("7", "neither a JSON object nor an array"),
        ("{}", "has no images"),
        ('{"images": [3]}', "image 0: it is no JSON object but int"),
        ('{"images": [{"id": 1}, {"id": 1}]}', r"image 1 \(id 1\): its id 1 stands twice"),
        ('{"images": [{"id": 1}, {"id": "1"}]}', r"image 1 \(id '1'\): its id '1' is of another kind than 1"),
        (f'{{"images": [{{"id": {2**70}}}]}}', "neither a whole number of 64 bits nor a text"),
        ('{"images": [{"id": 1}], "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}', "another category"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ks.StoreError, match=message):
        ks.Store().import_coco("d", written(tmp_path, text))


def test_a_document_is_read_in_small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = one_image()
    document["annotations"] = [{**BOX, "id": n, "note": "ü" * n} for n in range(40)]
    monkeypatch.setattr("kolena_store.formats.json_stream.CHUNK_BYTES", 7)
    monkeypatch.setattr("kolena_store.formats.json_stream.SMALL_BYTES", 0)
    store = ks.Store()
    store.import_coco("d", written(tmp_path, document))
    rows = store.sql("SELECT id, note FROM d.ground_truths ORDER BY id").rows()
    assert rows == [{"id": n, "note": "ü" * n} for n in range(40)]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"category_id": 7}, "result 0: its category_id 7 is none of 2"),
        ({"score": None}, "result 0: its score None is no finite number"),
        ({"bbox": [1, 2, 3, -4]}, "result 0: .* negative width or height"),
        ({"image_id": None}, "result 0: its image_id None"),
        ({"image_id": "1"}, "result 0: its image_id '1' is no whole number"),
        ({"image_id": 2**70}, "result 0: its image_id .* is no whole number"),
        ({"image_id": 4}, r"found\.json: .* Unknown image_id: 4"),
    ],
)
def test_malformed_results_are_named(tmp_path: Path, result: dict[str, Any], message: str) -> None:
    store = ks.Store()
    store.import_coco("d", written(tmp_path, one_image()))
    whole = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5, **result}
    with pytest.raises(ks.StoreError, match=message):
        store.upload_results("d", "m", written(tmp_path, [whole], "found.json"))
    assert store.models() == []


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [2, 2], "counts": [1, "a"]}, "the counts of its RLE can't be read"),
        ({"size": [2, 2], "counts": [1, None, 3]}, "the counts of its RLE can't be read"),
        ([[5]], "a polygon of its segmentation is no even list"),
    ],
)
def test_a_broken_mask_of_a_result_without_a_box_is_named(tmp_path: Path, segmentation: Any, message: str) -> None:
    store = ks.Store()
    store.import_coco("d", written(tmp_path, one_image()))
    result = {"image_id": 1, "category_id": 2, "score": 0.5, "segmentation": segmentation}
    with pytest.raises(ks.StoreError, match=f"found.json: result 0: {message}"):
        store.upload_results("d", "m", written(tmp_path, [result], "found.json"))


def test_fields_of_several_kinds_become_text_however_many_rows_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [{**PLAIN, "track": track} for track in (1, 2, "x", None)]
    path = written(tmp_path, results, "found.json")
    whole = read_results(path, {2: "a"}, pa.int64())
    monkeypatch.setattr("kolena_store.formats.coco.results.ROWS_AT_ONCE", 2)
    assert read_results(path, {2: "a"}, pa.int64()).to_pylist() == whole.to_pylist()
    assert whole.column("track").to_pylist() == ["1", "2", '"x"', None]


def test_further_fields_of_results_come_back_as_they_were(tmp_path: Path) -> None:
    one = {"image_id": 1, "category_id": 1, "bbox": [1.0, 1.0, 5.0, 5.0], "score": 0.5}
    nested = {"attributes": {"deep": [{"x": 1}]}, "tags": ["a", "b"], "mixed": 1, "logits": [0.1], "note": "[1]"}
    found = [{**one, **nested}, {**one, "mixed": "x", "note": '{"a": 1}'}]
    truth = {"images": [{"id": 1}], "categories": [{"id": 1, "name": "a"}], "annotations": []}
    for name, document in (("truth", truth), ("found", found)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    store = ks.Store()
    store.import_coco("d", tmp_path / "truth.json")
    store.upload_results("d", "m", tmp_path / "found.json")
    assert store.export_coco("d", tmp_path / "out.json", model="m") == 2
    assert json.loads((tmp_path / "out.json").read_text()) == found
    assert store.upload_results("d", "m", tmp_path / "out.json").unchanged == 1


def test_a_text_that_is_no_json_stays_text() -> None:
    assert [plain_value(one, "a", ["a"]) for one in ("[1", "x", "[1]")] == ["[1", "x", [1]]


def test_numbers_that_json_lacks_are_left_out(tmp_path: Path) -> None:
    store = ks.Store()
    store.import_coco(
        "d",
        written(tmp_path, one_image()),
        metadata=pl.DataFrame({"image_id": [1], "t": [float("nan")]}),
        on="image_id",
    )
    store.export_coco("d", tmp_path / "out.json")
    refuse = pytest.fail
    assert "t" not in json.loads((tmp_path / "out.json").read_text(), parse_constant=refuse)["images"][0]


@pytest.mark.parametrize("document", [{}, {"annotations": []}, {"version": 1}])
def test_results_are_an_array(tmp_path: Path, document: dict[str, Any]) -> None:
    store = ks.Store()
    store.import_coco("d", written(tmp_path, one_image()))
    with pytest.raises(ks.StoreError, match="found.json: it is a JSON object. Give COCO results"):
        store.upload_results("d", "m", written(tmp_path, document, "found.json"))


def test_further_metadata_are_joined_by_a_field(tmp_path: Path) -> None:
    document = one_image()
    document["images"] = [{"id": n, "file_name": f"{n}.jpg"} for n in (1, 2, 3)]
    path = written(tmp_path, document)
    weather = pl.DataFrame({"file_name": ["3.jpg", "1.jpg"], "weather": ["rain", "sun"]})
    store = ks.Store()
    store.import_coco("d", path, metadata=weather, on="file_name")
    rows = store.sql("SELECT image_id, weather FROM d.test_samples ORDER BY image_id").rows()
    assert [row["weather"] for row in rows] == ["sun", None, "rain"]
    for source, on, message in (
        (weather, "name", "the images has no column 'name'"),
        (weather.rename({"file_name": "f"}), "file_name", "has no column 'file_name'"),
        (pl.concat([weather, weather]), "file_name", "stands in two rows"),
        (pl.DataFrame({"file_name": ["9.jpg"], "weather": [""]}), "file_name", "no image has file_name '9.jpg'"),
        (pl.DataFrame({"image_id": ["1"], "weather": [""]}), "image_id", "convert it"),
        (pl.DataFrame({"image_id": [1], "file_name": [""]}), "image_id", "have the fields 'file_name' already"),
        (weather, None, "need a table and the field"),
    ):
        with pytest.raises(ks.StoreError, match=message):
            store.import_coco("other", path, metadata=source, on=on)


def test_what_is_no_coco_can_not_be_written_as_such(tmp_path: Path) -> None:
    store = ks.Store()
    store.upload_dataset("d", [{"id": 1, "y": 2.0}], workflow=ks.Regression("y"))
    with pytest.raises(ks.StoreError, match="can't be written as COCO"):
        store.export_coco("d", tmp_path / "x.json")
    store.import_coco("c", written(tmp_path, one_image()))
    with pytest.raises(ks.StoreError, match="there is no folder"):
        store.export_coco("c", tmp_path / "nowhere" / "x.json")
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("small", [0, 1 << 20])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_id": True}, "annotation 40 .*: its image_id True is none of"),
        ({"category_id": [2]}, "annotation 40 .*: its category_id"),
        ({"bbox": [1, 2, 3]}, "annotation 40 .*: its bbox"),
        ({"bbox": [1, 2, 3, "4"]}, "annotation 40 .*: its bbox"),
        ({"bbox": [1, 2, 3, 10**400]}, "annotation 40 .*: its bbox"),
        ({"area": -1}, "annotation 40 .*: its area -1"),
        ({"area": True}, "annotation 40 .*: its area True"),
        ({"iscrowd": 2}, "annotation 40 .*: its iscrowd 2"),
        ({"id": 3}, "annotation 40 .*: its id 3 stands twice"),
        ({"id": 1.5}, "annotation 40 .*: its id 1.5 is neither"),
    ],
)
def test_entries_seen_together_or_one_by_one_are_refused_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], message: str, small: int
) -> None:
    monkeypatch.setattr("kolena_store.formats.json_stream.SMALL_BYTES", small)
    document = one_image()
    document["annotations"] = [{**BOX, "id": n} for n in range(40)] + [{**BOX, "id": 40, **changed}]
    with pytest.raises(ks.StoreError, match=message):
        ks.Store().import_coco("d", written(tmp_path, document))


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_of_cycles_is_left_as_it_was(is_on: bool, tmp_path: Path) -> None:
    file = tmp_path / "instances.json"
    try:
        for text in ('{"images": [{"id": 1}], "annotations": [], "categories": []}', "{"):
            (gc.enable if is_on else gc.disable)()
            file.write_text(text, encoding="utf-8")
            with contextlib.suppress(ks.StoreError):
                assert read_instances(file).images.num_rows == 1
            assert gc.isenabled() is is_on
    finally:
        gc.enable()
