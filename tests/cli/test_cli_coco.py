"""`kolena-store import coco` and `export coco`, and the way from the files to a table of metrics."""

import json
from pathlib import Path

from scenes import pycocotools_of, random_scene


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
