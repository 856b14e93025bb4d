"""`kolena-store import` and `export`, and the way from the files to a table of metrics."""

import json
from pathlib import Path

import pytest
from scenes import pycocotools_of, random_scene


@pytest.mark.sampled(2)
def test_from_coco_files_to_metrics_and_back(ks, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    scene = random_scene(9, n_images=10, n_classes=2)
    truth, results = scene.coco()
    Path("instances.json").write_text(json.dumps(truth))
    Path("found.json").write_text(json.dumps(results))
    assert "street version 1: 10 samples" in ks("import", "coco", "street", "instances.json").stdout
    assert "10 inserted" in ks("results", "upload", "street", "v1", "found.json").stdout
    rows = json.loads(ks("test", "street", "v1", "--format", "json").stdout)["metrics"]
    (found,) = [row for row in rows if row["metric"] == "ap" and row["class"] is None]
    assert abs(found["value"] - pycocotools_of(scene).stats[0]) < 1e-9
    assert "wrote" in ks("export", "coco", "street", "again.json").stderr
    assert json.loads(ks("import", "coco", "street", "again.json", "--format", "json").stdout)["unchanged"] == 10
    ks("export", "coco", "street", "found-again.json.gz", "--model", "v1")
    assert "unchanged" in ks("results", "upload", "street", "v1", "found-again.json.gz").stdout


def test_import_names_what_is_wrong(ks, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text('{"images": [{"id": 1}], "annotations": [{"image_id": 2}]}')
    error = ks("import", "coco", "street", "bad.json", code=2).stderr
    assert "bad.json: annotation 0: its image_id 2 is none of 1" in error
    assert not Path("kolena.store").exists()
    assert "need a table and the field" in ks("import", "coco", "street", "bad.json", "--on", "x", code=2).stderr


SIZES = "image_id,width,height\n" + "".join(f"{number},640,480\n" for number in range(1, 7))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", ["voc", "yolo", "labelstudio"])
def test_every_format_goes_out_and_in_again(ks, tmp_path: Path, monkeypatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    truth, results = random_scene(4, n_images=6, n_classes=2).coco()
    truth["images"] = [{**image, "width": 640, "height": 480} for image in truth["images"]]
    Path("instances.json").write_text(json.dumps(truth))
    Path("found.json").write_text(json.dumps(results))
    Path("sizes.csv").write_text(SIZES)
    ks("import", "coco", "street", "instances.json")
    ks("results", "upload", "street", "v1", "found.json")
    place = "out.json" if kind == "labelstudio" else "out"
    assert f"wrote {len(truth['annotations'])} objects" in ks("export", kind, "street", place).stderr
    assert f"wrote {len(results)} objects" in ks("export", kind, "street", f"v1-{place}", "--model", "v1").stderr
    more = ("--sizes", "sizes.csv", "--metadata", "sizes.csv", "--on", "image_id") if kind == "yolo" else ()
    assert "again version 1: 6 samples" in ks("import", kind, "again", place, *more).stdout
    if kind != "labelstudio":
        assert "6 inserted" in ks("results", "upload", "again", "v1", f"v1-{place}").stdout


def test_an_import_takes_a_workflow_of_images(ks, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    points = [1, 1, 2] * 2
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 8, 8], "area": 64, "keypoints": points}
    truth = {"images": [{"id": 1}], "categories": [{"id": 1, "name": "person"}], "annotations": [person]}
    Path("people.json").write_text(json.dumps(truth))
    ks("import", "coco", "people", "people.json", "--workflow", "keypoint-detection", "--sigmas", ".1,.2")
    (row,) = json.loads(ks("dataset", "list", "--format", "json").stdout)["datasets"]
    assert row["workflow"] == "keypoint-detection"
    refused = ks("import", "coco", "people", "people.json", "--workflow", "regression", code=2).stderr
    assert "images have no workflow regression; they have instance-segmentation" in refused


VOC = """<annotation><filename>a.png</filename><size><width>9</width><height>9</height></size>
<object><name>dog</name><occluded>0</occluded><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>"""


@pytest.mark.parametrize(
    ("options", "n_objects"),
    [
        ((), 0),
        (("--workflow", "object-detection"), 0),
        (("--workflow", "object-detection", "--ignored", "occluded"), 1),
    ],
)
def test_difficult_objects_are_ignored_unless_another_field_is_named(
    ks, tmp_path: Path, monkeypatch, options: tuple[str, ...], n_objects: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("voc").mkdir()
    Path("voc/a.xml").write_text(VOC)
    Path("found.csv").write_text("image_id,label,x,y,width,height,score\na,dog,7,7,1,1,.5\n")
    ks("import", "voc", "street", "voc", *options)
    ks("results", "upload", "street", "v1", "found.csv")
    rows = json.loads(ks("test", "street", "v1", "--metric", "objects", "--format", "json").stdout)["metrics"]
    assert [row["value"] for row in rows if row["class"] is None] == [n_objects]


def test_an_import_finds_the_store_above(ks, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ks("init")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "one.json").write_text(json.dumps({"images": [{"id": 1}], "annotations": [], "categories": []}))
    monkeypatch.chdir(inside)
    ks("import", "coco", "street", "one.json")
    assert not (inside / "kolena.store").exists()
    assert "street" in ks("dataset", "list").stdout


@pytest.mark.sampled(2)
def test_options_of_scoring_and_the_curve_of_a_test_case(ks, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    scene = random_scene(4, n_images=6, n_classes=2)
    truth, results = scene.coco()
    Path("instances.json").write_text(json.dumps(truth))
    Path("found.json").write_text(json.dumps(results))
    ks("import", "coco", "street", "instances.json")
    ks("results", "upload", "street", "v1", "found.json")
    options = ("--iou", "0.3", "--iou", "0.6", "--matching", "one_to_one", "--max-detections", "50", "--threshold", "0")
    asked = ("test", "street", "v1", *options, "--metric", "ap_iou", "--confusion-matrix", "all", "--format", "json")
    document = json.loads(ks(*asked).stdout)
    (whole,) = [row for row in document["metrics"] if row["class"] is None]
    expected = pycocotools_of(scene, overlaps=[0.3, 0.6]).eval["precision"][:, :, :, 0, 2].mean()
    assert whole["value"] == pytest.approx(expected, abs=1e-9)
    assert json.loads(whole["configuration"]) == {
        "iou": [0.3, 0.6],
        "matching": "one_to_one",
        "max_detections": 50,
        "threshold": 0.0,
    }
    (matrix,) = document["confusion_matrices"]
    assert matrix["labels"] == ["1", "2", "background"]
    assert sum(map(sum, matrix["counts"][:2])) == sum(not one["iscrowd"] for one in truth["annotations"])
    rows = json.loads(ks("curve", "street", "v1", *options, "--format", "json").stdout)["curve"]
    assert {row["class"] for row in rows} == {"1", "2"}
    assert "are not tested; run: kolena-store test street v1" in ks("curve", "street", "v1", code=2).stderr
    assert "no test case named 'Nigth'" in ks("curve", "street", "v1", "--test-case", "Nigth", *options, code=2).stderr
