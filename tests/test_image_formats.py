"""Pascal VOC, YOLO and Label Studio: what goes in comes out, and what is malformed is named with its file and place."""

import decimal
import gzip
import json
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import Scene, in_order, pycocotools_of, random_scene

import kolena_store as ks
from kolena_store.datasets import DatasetRecord
from kolena_store.exchange.documents import document_of
from kolena_store.formats.image_sets import SIDES
from kolena_store.formats.image_sizes import image_size
from kolena_store.formats.voc import read_voc, read_voc_results, write_voc, write_voc_results
from kolena_store.formats.voc.reader import box_of_corners
from kolena_store.formats.yolo import write_yolo
from kolena_store.formats.yolo.names import settings_of

DOG = """<annotation><folder>VOC2012</folder><filename>a.jpg</filename>
<source><database>The VOC2007 Database</database><annotation>PASCAL</annotation></source>
<size><width>500</width><height>375</height><depth>3</depth></size><segmented>0</segmented>
<object><name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>10</xmax><ymax>30</ymax></bndbox></object>
<object><name>cat</name><difficult>1</difficult><bndbox><xmin>1.5</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>
<part><name>head</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></part></object>
</annotation>"""
EMPTY = "<annotation><filename>b.jpg</filename><size><width>5</width><height>4</height></size></annotation>"


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    folder = tmp_path / "VOC2012" / "Annotations"
    folder.mkdir(parents=True)
    (folder / "2008_000001.xml").write_text(DOG)
    (folder / "2008_000002.xml.gz").write_bytes(gzip.compress(EMPTY.encode()))
    return folder.parent


def objects_of(store: ks.Store, name: str = "d") -> list[dict[str, Any]]:
    return store.sql(f"SELECT * FROM {name}.ground_truths ORDER BY ALL").rows()


# --- Pascal VOC ---


def test_voc_boxes_hold_their_last_pixel_and_every_field_is_kept(voc: Path) -> None:
    store = ks.Store()
    assert store.import_voc("d", voc).n_samples == 2
    first, second = sorted(objects_of(store), key=lambda row: row["_object"])
    assert [first[name] for name in ("label", "x", "y", "width", "height")] == ["dog", 0, 10, 10, 20]
    assert (first["pose"], first["truncated"], second["difficult"]) == ("Left", 1, 1)
    assert [second[name] for name in ("x", "y", "width", "height")] == [0.5, 1.0, 2.5, 3.0]
    samples = store.sql("SELECT * FROM d.test_samples ORDER BY image_id").rows()
    assert [row["image_id"] for row in samples] == ["2008_000001", "2008_000002"]
    assert [row["file_name"] for row in samples] == ["a.jpg", "b.jpg"]
    assert [row["width"] for row in samples] == [500, 5]
    assert "VOC2007" in samples[0]["source"]


def test_voc_corners_may_be_taken_as_they_are(voc: Path) -> None:
    store = ks.Store()
    store.import_voc("d", voc, first_pixel=0)
    assert [objects_of(store)[0][name] for name in ("x", "y", "width", "height")] == [1, 11, 9, 19]


def test_voc_comes_back_as_it_was(voc: Path, tmp_path: Path) -> None:
    store = ks.Store()
    store.import_voc("d", voc)
    assert store.export_voc("d", tmp_path / "out") == 2
    assert store.import_voc("d", tmp_path / "out").unchanged == 2
    assert "<xmin>1.5</xmin>" in (tmp_path / "out" / "2008_000001.xml").read_text()
    assert "<database>The VOC2007 Database</database>" in (tmp_path / "out" / "2008_000001.xml").read_text()
    with pytest.raises(ks.StoreError, match="is there already"):
        store.export_voc("d", tmp_path / "out")


def test_difficult_objects_are_ignored_and_results_come_in_the_kits_form(voc: Path, tmp_path: Path) -> None:
    store = ks.Store()
    store.import_voc("d", voc)
    found = tmp_path / "found"
    found.mkdir()
    (found / "comp4_det_test_dog.txt").write_text("2008_000001 0.9 1 11 10 30\n2008_000002 0.4 1 1 3 3\n")
    (found / "comp4_det_test_cat.txt").write_text("2008_000001 0.8 1.5 2 3 4\n")
    store.upload_results("d", "m", found)
    results = store.test("d", configuration=ks.Configuration(matching="one_to_one", threshold=0))
    assert results["all", "m", "voc_ap"].value == pytest.approx(1.0)
    assert [results["all", "m", name].value for name in ("true_positives", "false_positives")] == [1, 1]
    assert store.export_voc("d", tmp_path / "again", model="m") == 3
    assert store.upload_results("d", "m", tmp_path / "again").unchanged == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DOG.replace("<xmax>10</xmax>", "<xmax>-3</xmax>"), r"object 0 \('dog'\): its box ends before it begins"),
        (DOG.replace("<xmax>10</xmax>", "<xmax>nan</xmax>"), "its xmax 'nan' is no finite number"),
        (DOG.replace("<xmax>10</xmax>", ""), "its xmax '' is no finite number"),
        (DOG.replace("<name>dog</name>", ""), r"object 0 \(''\): it has no name"),
        (DOG.replace("<pose>Left</pose>", "<x>3</x>"), "it has a field 'x', which its box or name becomes"),
        ("<annotation>", "it is no XML"),
        ("<html/>", "it holds <html>, not <annotation>"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "declares a type of document or entities"),
        ("<annotation>" + "<a>" * 3000 + "</a>" * 3000 + "</annotation>", "nested too deeply"),
    ],
)
def test_a_broken_voc_file_is_named_with_its_object(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ks.StoreError, match=f"a.xml.*{message}"):
        ks.Store().import_voc("d", tmp_path)


def test_entities_are_refused_in_every_encoding(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'
    (tmp_path / "a.xml").write_bytes(text.encode("utf-16"))
    with pytest.raises(ks.StoreError, match="declares a type of document"):
        ks.Store().import_voc("d", tmp_path)


def test_a_folder_without_annotations_says_so(tmp_path: Path) -> None:
    with pytest.raises(ks.StoreError, match="has no XML file; name the folder"):
        ks.Store().import_voc("d", tmp_path)
    with pytest.raises(ks.StoreError, match="is no folder"):
        ks.Store().import_voc("d", tmp_path / "nowhere")


# --- YOLO ---


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    folder = tmp_path / "yolo"
    for name in ("images/val", "labels/val"):
        (folder / name).mkdir(parents=True)
    (folder / "images/val/a.png").write_bytes(png(200, 100))
    (folder / "images/val/b.png").write_bytes(png(50, 40))
    (folder / "labels/val/a.txt").write_text("0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.3 0.1 0.3 0.5\n")
    (folder / "data.yaml").write_text("train: images\nnames:\n  0: car # the first\n  1: 'big truck'\nnc: 2\n")
    return folder


def test_yolo_boxes_are_pixels_and_polygons_have_a_box(yolo: Path) -> None:
    store = ks.Store()
    assert store.import_yolo("d", yolo).n_samples == 2
    car, truck = objects_of(store)
    assert [car[name] for name in ("label", "x", "y", "width", "height")] == ["car", 80, 30, 40, 40]
    assert [truck[name] for name in ("label", "x", "y")] == ["big truck", 20, 10]
    assert [truck[name] for name in ("width", "height")] == pytest.approx([40, 40])
    assert json.loads(truck["segmentation"])[0] == pytest.approx([20, 10, 60, 10, 60, 50])
    samples = store.sql("SELECT * FROM d.test_samples ORDER BY image_id").rows()
    assert [(row["image_id"], row["file_name"], row["width"]) for row in samples] == [
        ("val/a", "images/val/a.png", 200),
        ("val/b", "images/val/b.png", 50),
    ]


def test_yolo_comes_back_as_it_was(yolo: Path, tmp_path: Path) -> None:
    store = ks.Store()
    store.import_yolo("d", yolo)
    assert store.export_yolo("d", tmp_path / "out") == 2
    lines = (tmp_path / "out/labels/val/a.txt").read_text().splitlines()
    assert [float(one) for one in lines[0].split()] == pytest.approx([0, 0.5, 0.5, 0.2, 0.4])
    assert [float(one) for one in lines[1].split()] == pytest.approx([1, 0.1, 0.1, 0.3, 0.1, 0.3, 0.5])
    assert (tmp_path / "out/labels/val/b.txt").read_text() == ""
    assert "1: 'big truck'" in (tmp_path / "out/data.yaml").read_text()


def test_yolo_results_have_a_score_at_the_end(yolo: Path, tmp_path: Path) -> None:
    store = ks.Store()
    store.import_yolo("d", yolo)
    found = tmp_path / "found" / "labels" / "val"
    found.mkdir(parents=True)
    (found / "a.txt").write_text("0 0.5 0.5 0.2 0.4 0.9\n1 0.2 0.3 0.2 0.4 0.8\n")
    store.upload_results("d", "m", tmp_path / "found")
    assert store.test("d")["all", "m", "ap50"].value == pytest.approx(1.0)
    assert store.export_yolo("d", tmp_path / "again", model="m") == 2
    assert (tmp_path / "again/labels/val/a.txt").read_text().splitlines()[0].endswith(" 0.90000000000000002")


def test_yolo_without_images_needs_their_sizes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 0.5 0.5 1 1\n")
    store = ks.Store()
    with pytest.raises(ks.StoreError, match="says no names of classes"):
        store.import_yolo("d", tmp_path)
    with pytest.raises(ks.StoreError, match="width and height of the image 'a' are not known"):
        store.import_yolo("d", tmp_path, names=["car"])
    sizes = [{"image_id": "a", "width": 10, "height": 20}]
    store.import_yolo("d", tmp_path, names=["car"], sizes=sizes, metadata=sizes, on="image_id")
    assert objects_of(store)[0]["height"] == 20
    assert store.export_yolo("d", tmp_path / "out") == 1


def test_yolo_poses_have_keypoints(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(100, 100))
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 0\n")
    (tmp_path / "data.yaml").write_text("names: [person]\nkpt_shape: [2, 3]\n")
    store = ks.Store()
    store.import_yolo("d", tmp_path, workflow=ks.KeypointDetection(sigmas=[0.1, 0.1]))
    assert objects_of(store)[0]["keypoints"] == pytest.approx([40, 40, 2, 60, 60, 0])
    assert store.export_yolo("d", tmp_path / "out") == 1
    line = (tmp_path / "out/labels/a.txt").read_text()
    assert [float(one) for one in line.split()] == pytest.approx([0, 0.5, 0.5, 0.2, 0.2, 0.4, 0.4, 2, 0.6, 0.6, 0])


def posed(*keypoints: Any) -> ks.Store:
    box = {"label": "person", "x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0}
    objects = [{**box, **({} if one is None else {"keypoints": one})} for one in keypoints]
    store = ks.Store()
    samples = [{"image_id": "a", "width": 100, "height": 100, "objects": objects}]
    store.upload_dataset("d", samples, id_fields=["image_id"], workflow=ks.ObjectDetection())
    return store


def test_keypoints_of_any_origin_are_written_with_their_shape(tmp_path: Path) -> None:
    points = [float(one) for number in range(1, 18) for one in (number, 2 * number, 2)]
    posed(points, points[::-1]).export_yolo("d", tmp_path / "out")
    assert "kpt_shape: [17, 3]\n" in (tmp_path / "out/data.yaml").read_text()
    store = ks.Store()
    store.import_yolo("e", tmp_path / "out", sizes=[{"image_id": "a", "width": 100, "height": 100}])
    assert objects_of(store, "e")[0]["keypoints"] == pytest.approx(points)


@pytest.mark.parametrize(
    ("keypoints", "message"),
    [
        (([1.0] * 6, [1.0] * 9), "objects differ in how many keypoints they have .2 in the image 'a', 3 in"),
        (([1.0] * 6, None), "objects differ in how many keypoints they have .2 in the image 'a', 0 in"),
        (([1.0] * 7,), "the keypoints of object 0 of the image 'a' are no numbers"),
        (([1.0] * 6, [1.0, 2.0, float("nan")]), "the keypoints of object 1 of the image 'a' are no numbers"),
        (("[1, 2, 2]",), "the keypoints of object 0 of the image 'a' are no numbers"),
    ],
)
def test_keypoints_that_yolo_can_not_hold_are_refused(tmp_path: Path, keypoints: Any, message: str) -> None:
    with pytest.raises(ks.StoreError, match=message):
        posed(*keypoints).export_yolo("d", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2 0.5 0.5 0.2 0.2", "its class '2' is none of 0 to 1"),
        ("car 0.5 0.5 0.2 0.2", "its class 'car' is none of 0 to 1"),
        ("0 0.5 0.5 -0.2 0.2", "its box has a negative width or height"),
        ("0 0.5 nan 0.2 0.2", "holds a number that is no share of the image"),
        ("0 350 200 40 20", "holds a number that is no share of the image"),
        ("0 0.5 0.5 x 0.2", "holds something else than numbers"),
        ("0 0.5 0.5 0.2", "it has 3 numbers beside class, not a box"),
        ("0 0.5 0.5 0.2 0.2 0.9", "it has 5 numbers beside class, not a box"),
        pytest.param("1" * 5000 + " 0.5 0.5 0.2 0.2", "its class '1{40}' is none of 0 to 1", id="5,000 digits"),
        ("² 0.5 0.5 0.2 0.2", "its class '²' is none of 0 to 1"),
    ],
)
def test_a_broken_yolo_line_is_named_with_its_file(yolo: Path, line: str, message: str) -> None:
    (yolo / "labels/val/a.txt").write_text(f"0 0.5 0.5 0.2 0.2\n\n{line}\n")
    with pytest.raises(ks.StoreError, match=f"a.txt, line 3: .*{message}"):
        ks.Store().import_yolo("d", yolo)


def test_a_text_file_without_an_image_is_refused(yolo: Path) -> None:
    (yolo / "labels/val/c.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    with pytest.raises(ks.StoreError, match="'val/c' have text files and no image"):
        ks.Store().import_yolo("d", yolo)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [car, 'a, b', \"c\"]", ["car", "a, b", "c"]),
        ("names: [car,\n  truck]  # two\nnc: 2", ["car", "truck"]),
        ("names: {0: car, 1: truck}", ["car", "truck"]),
        ("names:\n- car\n- 'it''s'\nnc: 2", ["car", "it's"]),
        ("nc: 2\nnames:\n  1: truck\n  0: car\n", ["car", "truck"]),
    ],
)
def test_names_stand_in_data_yaml_in_several_forms(tmp_path: Path, text: str, names: list[str]) -> None:
    (tmp_path / "data.yaml").write_text(text)
    (tmp_path / "a.png").write_bytes(png(10, 10))
    (tmp_path / "a.txt").write_text("".join(f"{n} 0.5 0.5 0.1 0.{n + 1}\n" for n in range(len(names))))
    store = ks.Store()
    store.import_yolo("d", tmp_path)
    assert [row["label"] for row in sorted(objects_of(store), key=lambda row: row["_object"])] == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: car", "is no list"),
        ("names: [car", "is not closed"),
        ("names:\n  1: car", "numbered .1., not from 0 on"),
        ("names:\n  car", "'car' is no name of a class"),
        ("names: [car]\nkpt_shape: 3", "kpt_shape is no pair"),
        ("names: [car]\nkpt_shape: [2, 1]", "kpt_shape is no pair"),
        ("names: [car]\nkpt_shape: [0, 0]", "kpt_shape is no pair"),
        ("names: [car]\nkpt_shape: [0, 3]", "kpt_shape is no pair"),
        ("names: [car]\nkpt_shape:\n- 4\n- 5", "kpt_shape is no pair"),
        pytest.param(f"names: [car]\nkpt_shape: [{'9' * 5000}, 3]", "kpt_shape is no pair", id="5,000 keypoints"),
        ("names: {²: car}", "the names are not numbered"),
        pytest.param("names: {" + "1" * 5000 + ": car}", "the names are not numbered", id="5,000 digits"),
        pytest.param("names:\n  " + "1" * 5000 + ": car", "is no name of a class", id="5,000 digits below"),
    ],
)
def test_a_data_yaml_that_is_not_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    (tmp_path / "a.txt").write_text("0 0.5 0.5 1 1\n")
    with pytest.raises(ks.StoreError, match=f"data.yaml.*{message}"):
        ks.Store().import_yolo("d", tmp_path)


def test_sizes_of_images_are_read_from_their_first_bytes(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for ending in ("png", "jpg", "gif", "bmp", "webp"):
        path = tmp_path / f"a.{ending}"
        image.new("RGB", (37, 11)).save(path)
        assert image_size(path) == (37, 11)
    image.new("RGB", (37, 11)).save(tmp_path / "lossless.webp", lossless=True)
    image.new("RGBA", (37, 11)).save(tmp_path / "alpha.webp", exact=True)
    image.new("RGB", (37, 11)).save(tmp_path / "progressive.jpg", progressive=True, exif=b"Exif\0\0" + b"x" * 900)
    for name in ("lossless.webp", "alpha.webp", "progressive.jpg"):
        assert image_size(tmp_path / name) == (37, 11)
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:20])
    for name, content in (("text.png", b"no image"), ("zero.png", png(0, 3)), ("cut.jpg", None)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ks.StoreError, match="is no image whose size can be read"):
            image_size(tmp_path / name)


# --- Label Studio ---


SQUARE = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 40.0}
ROUND = {"x": 50.0, "y": 50.0, "radiusX": 10.0, "radiusY": 20.0}


def region(kind: str = "rectanglelabels", label: str = "car", **value: Any) -> dict[str, Any]:
    box = SQUARE if kind == "rectanglelabels" and not value else value
    return {
        "id": "r1",
        "type": kind,
        "from_name": "tag",
        "to_name": "image",
        "original_width": 200,
        "original_height": 100,
        "value": {**box, kind: [label]},
    }


def task(number: int, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"image": f"/data/{number}.png", "weather": "rain"}
    return {"id": number, "data": data, "annotations": [{"id": 1, "result": list(results)}], **more}


def written(tmp_path: Path, *tasks: Any) -> Path:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(list(tasks)))
    return path


def test_regions_become_objects_in_pixels(tmp_path: Path) -> None:
    choice = {"type": "choices", "from_name": "quality", "to_name": "image", "value": {"choices": ["blurred"]}}
    polygon = region("polygonlabels", "tree", points=[[0, 0], [50, 0], [50, 50]])
    ellipse = region("ellipselabels", "ball", **ROUND)
    store = ks.Store()
    store.import_labelstudio("d", written(tmp_path, task(7, region(), choice, polygon, ellipse), task(8)))
    rows = {row["label"]: row for row in objects_of(store)}
    sides = {label: [row[name] for name in ("x", "y", "width", "height")] for label, row in rows.items()}
    assert sides == {"car": [20, 20, 60, 40], "tree": [0, 0, 100, 50], "ball": [80, 30, 40, 40]}
    samples = store.sql("SELECT * FROM d.test_samples ORDER BY image_id").rows()
    assert [(row["image_id"], row["quality"], row["weather"]) for row in samples] == [
        (7, "blurred", "rain"),
        (8, None, "rain"),
    ]


def test_a_turned_rectangle_has_the_box_around_it(tmp_path: Path) -> None:
    store = ks.Store()
    store.import_labelstudio(
        "d", written(tmp_path, task(1, region(x=50.0, y=50.0, width=10.0, height=10.0, rotation=90.0)))
    )
    (row,) = objects_of(store)
    assert [row[name] for name in ("x", "y", "width", "height")] == pytest.approx([90, 50, 10, 20])
    assert row["rotation"] == 90


def test_what_has_no_value_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    choice = {"type": "choices", "from_name": "quality", "to_name": "image", "value": None}
    straight = [region(**SQUARE, rotation=none) for none in (None, False, "")]
    store = ks.Store()
    store.import_labelstudio("d", written(tmp_path, task(1, *straight, choice)))
    boxes = [[row[name] for name in ("x", "y", "width", "height")] for row in objects_of(store)]
    assert boxes == [[20, 20, 60, 40]] * 3


def test_tasks_come_back_as_they_were(tmp_path: Path) -> None:
    store = ks.Store()
    turned = region(x=50.0, y=50.0, width=10.0, height=10.0, rotation=30.0)
    store.import_labelstudio("d", written(tmp_path, task(1, region(), turned), task(2)))
    assert store.export_labelstudio("d", tmp_path / "out.json.gz") == 2
    (first, second) = json.loads(gzip.decompress((tmp_path / "out.json.gz").read_bytes()))
    assert first["annotations"][0]["result"][1]["value"] == turned["value"]
    assert second["annotations"][0]["result"] == []
    store.import_labelstudio("e", tmp_path / "out.json.gz")
    for row, other in zip(objects_of(store), objects_of(store, "e"), strict=True):
        assert row == pytest.approx(other)


def test_the_annotation_that_counts_is_the_truth_or_the_newest(tmp_path: Path) -> None:
    def said(label: str, **more: Any) -> dict[str, Any]:
        return {"result": [region(label=label)], **more}

    tasks = [
        task(1) | {"annotations": [said("old", updated_at="2025"), said("new", updated_at="2026")]},
        task(2) | {"annotations": [said("true", ground_truth=True), said("new", updated_at="2026")]},
        task(3) | {"annotations": [said("kept"), said("cancelled", was_cancelled=True, updated_at="2027")]},
    ]
    store = ks.Store()
    report = store.import_labelstudio("d", written(tmp_path, *tasks))
    assert sorted(row["label"] for row in objects_of(store)) == ["kept", "new", "true"]
    assert any("2 tasks had several annotations" in one for one in report.notes)


def test_predictions_become_results_of_their_models(tmp_path: Path) -> None:
    found = {"model_version": "v1", "score": 0.4, "result": [{**region(), "score": 0.9}, region(label="bus")]}
    nothing: list[dict[str, Any]] = [{"result": []}, {}, {"result": None}]
    tasks = [task(1, region(), predictions=[found, *nothing]), task(2, region())]
    store = ks.Store()
    report = store.import_labelstudio("d", written(tmp_path, *tasks))
    assert any(one.startswith("v1 on d, results version 1: 1 inserted") for one in report.notes)
    rows = store.sql("SELECT model, label, score FROM d.inferences ORDER BY score DESC").rows()
    assert rows == [{"model": "v1", "label": "car", "score": 0.9}, {"model": "v1", "label": "bus", "score": 0.4}]
    assert store.test("d", ["v1"])["all", "v1", "ap50"].n_missing == 1
    assert store.export_labelstudio("d", tmp_path / "out.json", model="v1") == 2
    again = json.loads((tmp_path / "out.json").read_text())
    assert [one["predictions"][0]["model_version"] for one in again] == ["v1", "v1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            task(1, region(x=1.0, y=1.0, width=-1.0, height=2.0)),
            r"task 0 \(id 1\): region 0: its width or height is neg",
        ),
        (task(1, region(x=float("nan"), y=1.0, width=1.0, height=2.0)), "its x nan is no finite number"),
        (task(1, region("keypointlabels", x=1.0, y=1.0)), "its type 'keypointlabels' has no box"),
        (task(1, region("polygonlabels", points=[[1, 2]])), "no list of three or more pairs"),
        (task(1, {**region(), "original_width": None}), "its original_width None is no finite number"),
        (task(1, {**region(), "value": {**region()["value"], "rectanglelabels": ["a", "b"]}}), "an object has one"),
        ({"id": 1, "image": "a.png"}, "it has no data; export as JSON, not as JSON-MIN"),
        ({"id": "x", "data": {}}, "its id 'x' is no whole number"),
        ({"id": 1, "data": {"image_id": 3}}, "its data have a field 'image_id'"),
        ([1], "it is no JSON object but list"),
        (task(1, predictions=[7]), r"task 0 \(id 1\): predictions 0: it is no JSON object with a list of results"),
        (task(1, predictions=[{"result": 5}]), "predictions 0: it is no JSON object with a list of results"),
        (task(1, predictions=7), "its predictions are no list but int"),
        ({"id": 1, "data": {}, "annotations": 5}, "its annotations are no list but int"),
        ({"id": 1, "data": {}, "completions": "x"}, "its completions are no list but str"),
        ({"id": 1, "data": {}, "annotations": [{}]}, "annotations 0: it is no JSON object with a list of results"),
        (task(1, {"type": "choices", "value": [1]}), r"region 0: its value \[1\] is no JSON object"),
        (task(1, {"type": "choices", "from_name": "objects", "value": {}}), "its from_name 'objects' is kept"),
        (task(1, region("ellipselabels", **ROUND, rotation="abc")), "region 0: its rotation 'abc' is no finite number"),
        (task(1, region(**SQUARE, rotation=[1])), r"its rotation \[1\] is no finite number"),
        (task(1, predictions=[{"result": [region()], "score": float("inf")}]), "its score inf is no finite number"),
        (task(1, predictions=[{"result": [{**region(), "score": 10**400}]}]), "its score 10+ is no finite number"),
        (task(1, predictions=[{"result": [region()]}]), "its score None is no finite number, or the prediction has"),
    ],
)
def test_a_broken_task_is_named_with_its_region(tmp_path: Path, given: Any, message: str) -> None:
    with pytest.raises(ks.StoreError, match=f"tasks.json.*{message}"):
        ks.Store().import_labelstudio("d", written(tmp_path, given))


# --- Metadata of one's own ---


@pytest.mark.parametrize(
    "metadata",
    [
        *(
            {"coco": one}
            for one in ({"source": "x"}, {"categories": 5}, {"categories": [7]}, {"categories": [{}]}, [1])
        ),
        {"coco": {"categories": [], "others": 3}},
        {"coco": {"categories": [], "json": {"images": 3}}},
        *({"voc": one} for one in ({"year": 2012}, {"first_pixel": "a"}, {"first_pixel": None})),
        *({"voc": {"first_pixel": one}} for one in (10**400, 0.5, -(10**7))),
        *({"yolo": one} for one in ({"version": 8}, {"names": "a"}, {"names": [1]})),
        *({"yolo": {"names": ["a"], "keypoints": one}} for one in (5, [1], [0, 3], [2, 1], ["a", 3])),
    ],
)
def test_metadata_called_as_a_format_are_no_document_of_it(metadata: dict[str, Any]) -> None:
    given = {"dataset_id": 1, "name": "d", "id_fields": ["image_id"], "id_map_files": [], "next_sample": 0}
    record = DatasetRecord(**given, description=None, tags=[], metadata=json.dumps(metadata), created=datetime.now(UTC))
    assert document_of(record, next(iter(metadata))) is None


def test_a_dataset_with_metadata_of_ones_own_is_written_in_every_format(tmp_path: Path) -> None:
    box = {"image_id": 1, "label": "a", "x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0}
    store, images = ks.Store(), [{"image_id": 1, "width": 9, "height": 9}]
    own = {"coco": {"source": "x"}, "voc": {"year": 2012}, "yolo": {"version": 8}}
    store.upload_dataset(
        "d", images, id_fields=["image_id"], objects=[box], workflow=ks.ObjectDetection(), metadata=own
    )
    (tmp_path / "found.json").write_text(json.dumps([{**box, "score": 0.5}]))
    assert store.upload_results("d", "m", tmp_path / "found.json").inserted == 1
    assert store.export_coco("d", tmp_path / "out.json") == 1
    assert store.export_voc("d", tmp_path / "voc") == 1
    assert store.export_voc("d", tmp_path / "voc-found", model="m") == 1
    assert store.export_yolo("d", tmp_path / "yolo") == 1


# --- One scene in every format ---


@pytest.fixture(scope="module")
def scene() -> Scene:
    found = random_scene(3, n_images=12, n_classes=2)
    truths = [(*row[:3], False) for row in found.truths]
    detections = [(*row[:3], row[3] + number / 1e4) for number, row in enumerate(found.detections)]
    return Scene(found.n_images, found.n_classes, truths, in_order(detections))


@pytest.fixture
def coco_store(scene: Scene, tmp_path: Path) -> ks.Store:
    truth, results = scene.coco()
    for image in truth["images"]:
        image |= {"width": 640, "height": 480}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "found.json").write_text(json.dumps(results))
    store = ks.Store()
    store.import_coco("c", tmp_path / "truth.json")
    store.upload_results("c", "m", tmp_path / "found.json")
    return store


@pytest.mark.parametrize("kind", ["voc", "yolo", "labelstudio"])
def test_a_scene_has_the_same_numbers_by_way_of_every_format(
    coco_store: ks.Store, scene: Scene, tmp_path: Path, kind: str
) -> None:
    ending = ".json" if kind == "labelstudio" else ""
    truth, found = tmp_path / f"{kind}{ending}", tmp_path / f"{kind}-found{ending}"
    getattr(coco_store, f"export_{kind}")("c", truth)
    getattr(coco_store, f"export_{kind}")("c", found, model="m")
    store = ks.Store()
    sizes = [{"image_id": str(n + 1), "width": 640, "height": 480} for n in range(scene.n_images)]
    more: dict[str, Any] = {"sizes": sizes, "metadata": sizes, "on": "image_id"} if kind == "yolo" else {}
    getattr(store, f"import_{kind}")("d", truth, **more)
    if kind == "labelstudio":
        rows = {row["id"]: row for row in json.loads(truth.read_text())}
        merged = [{**rows[one["id"]], "predictions": one["predictions"]} for one in json.loads(found.read_text())]
        truth.write_text(json.dumps(merged))
        store.import_labelstudio("d", truth)
    else:
        store.upload_results("d", "m", found)
    assert store.test("d")["all", "m", "ap"].value == pytest.approx(pycocotools_of(scene).stats[0], abs=1e-6)


@given(
    box=st.tuples(*[st.floats(0, 400).map(lambda one: round(one, 9))] * 4),
    share=st.floats(allow_nan=False, allow_infinity=False),
    difficult=st.sampled_from((0, 1, None)),
    label=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8),
)
def test_any_box_and_label_goes_through_xml(
    box: tuple[float, ...], share: float, difficult: int | None, label: str
) -> None:
    one = {"label": label, **dict(zip(SIDES, box, strict=True)), "difficult": difficult, "share": share}
    with TemporaryDirectory() as folder:
        write_voc(Path(folder) / "out", pa.table({"image_id": ["a"], "objects": [[one]]}), {})
        (found,) = read_voc(Path(folder) / "out").objects.to_pylist()
    assert found["label"] == label
    assert [found[name] for name in (*SIDES, "share")] == [*box, share]
    assert found.get("difficult") == difficult


def test_a_fractional_box_without_width_comes_back_among_results(tmp_path: Path) -> None:
    one = {"label": "a", "x": 0.1, "y": 1e-7, "width": 0.0, "height": 0.2, "score": 0.3}
    write_voc_results(tmp_path / "out", pa.table({"image_id": ["a"], "objects": [[one]]}))
    assert read_voc_results(tmp_path / "out", ["a"]).to_pylist() == [{"image_id": "a", **one}]


@pytest.mark.parametrize("text", ["a\x01", "\x0b", "\ufffe"])
def test_a_sign_that_xml_can_not_hold_is_named_with_image_and_field(tmp_path: Path, text: str) -> None:
    one = {"label": "a", **dict.fromkeys(SIDES, 1.0)}
    for fields, called in (({**one, "label": text}, "name"), ({**one, "note": text}, "note")):
        table = pa.table({"image_id": ["i1"], "objects": [[fields]]})
        with pytest.raises(ks.StoreError, match=f"image 'i1' can't be written: its field '{called}' holds"):
            write_voc(tmp_path / "out", table, {})
    assert not list(tmp_path.iterdir())


def test_lists_and_structs_are_written_to_voc_as_json(tmp_path: Path) -> None:
    one = {"label": "a", **dict.fromkeys(SIDES, 1.0), "tags": ["it's", None], "seen": {"by": "Zoë"}}
    write_voc(tmp_path / "out", pa.table({"image_id": ["i1"], "objects": [[one]]}), {})
    (found,) = read_voc(tmp_path / "out").objects.to_pylist()
    assert [json.loads(found[name]) for name in ("tags", "seen")] == [["it's", None], {"by": "Zoë"}]


@pytest.mark.parametrize("name", ["ª", "x²", "1st", "a b", "-", "a:b", "", "<"])
def test_a_field_that_is_no_name_in_xml_is_named(tmp_path: Path, name: str) -> None:
    one = {"label": "a", **dict.fromkeys(SIDES, 1.0), name: 5}
    with pytest.raises(ks.StoreError, match=f"the field {name!r} can't be written as XML"):
        write_voc(tmp_path / "out", pa.table({"image_id": ["i1"], "objects": [[one]]}), {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ['[["a", [1, 2]]]', '[["a", 5]]', '[[["a"]]]'])
def test_a_text_that_looks_like_nested_elements_stays_text(tmp_path: Path, text: str) -> None:
    one = {"label": "a", **dict.fromkeys(SIDES, 1.0), "note": text}
    write_voc(tmp_path / "out", pa.table({"image_id": ["a"], "objects": [[one]]}), {})
    assert read_voc(tmp_path / "out").objects.column("note").to_pylist() == [text]


@pytest.mark.parametrize(("precision", "traps"), [(4, []), (5, [decimal.Inexact])])
def test_voc_is_read_alike_whatever_the_callers_decimals_are(tmp_path: Path, precision: int, traps: list[Any]) -> None:
    one = {"label": "a", "x": 1233.5678, "y": 0.1, "width": 1112.1111, "height": 2e-13}
    write_voc(tmp_path / "out", pa.table({"image_id": ["i1"], "objects": [[one]]}), {})
    with decimal.localcontext(decimal.Context(prec=precision, traps=traps)):
        assert read_voc(tmp_path / "out").objects.to_pylist() == [{"image_id": "i1", **one}]


@pytest.mark.parametrize("corner", ["1e-9999999999999999999999", "0e999999999999999999999", "1_0"])
def test_numbers_of_odd_forms_are_read_as_floats(corner: str) -> None:
    assert box_of_corners([corner, "1", "20", "3"], 1)[:2] == [float(corner) - 1, 0.0]


@pytest.mark.parametrize(("fields", "of_object"), [({"size": 3}, {}), ({"object": "a"}, {}), ({}, {"bndbox": 1})])
def test_fields_that_voc_means_otherwise_are_named(
    tmp_path: Path, fields: dict[str, Any], of_object: dict[str, Any]
) -> None:
    objects = [[{"label": "a", **dict.fromkeys(SIDES, 1.0), **of_object}]]
    table = pa.table({"image_id": ["i1"], **{name: [value] for name, value in fields.items()}, "objects": objects})
    with pytest.raises(ks.StoreError, match="where it is the name of another thing"):
        write_voc(tmp_path / "out", table, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", [write_voc, lambda path, table, _: write_yolo(path, table, {"i1": (9, 9)}, {})])
def test_an_object_without_a_box_is_named(tmp_path: Path, write: Any) -> None:
    one = {"label": "a", **dict.fromkeys(SIDES, 1.0), "x": None}
    with pytest.raises(ks.StoreError, match="an object 'a' can't be written: its x is None"):
        write(tmp_path / "out", pa.table({"image_id": ["i1"], "objects": [[one]]}), {})


@pytest.mark.parametrize("text", ["xx", "[" * 100_000, '[["a", "b"]]', "[[1, null, 2, 3, 4, 5]]"])
def test_what_is_no_polygon_leaves_the_box(tmp_path: Path, text: str) -> None:
    one = {"label": "a", **dict.fromkeys(SIDES, 3.0), "segmentation": text}
    table = pa.table({"image_id": ["i1"], "objects": [[one]]})
    write_yolo(tmp_path / "yolo", table, {"i1": (6, 6)}, {})
    assert next((tmp_path / "yolo").rglob("i1.txt")).read_text() == "0 0.75 0.75 0.5 0.5\n"
    write_voc(tmp_path / "voc", table, {})
    assert read_voc(tmp_path / "voc").objects["segmentation"].to_pylist() == [text]


@pytest.mark.parametrize(
    "shape", ["[2, 3]", "\n  [2, 3]", "\n  - 2\n  - 3", "\n- 2  # points\n- 3", "\n  # two\n  [2,\n  3]"]
)
def test_the_shape_of_keypoints_is_read_in_every_form(tmp_path: Path, shape: str) -> None:
    file = tmp_path / "data.yaml"
    file.write_text(f"kpt_shape: {shape}\nnames: [a, b]\n", encoding="utf-8")
    assert settings_of(tmp_path, None).keypoints == (2, 3)
