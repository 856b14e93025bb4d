"""Images that are out of the ordinary: names too long, far too many pixels, numbers of more than eight bits."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from looked_at import street_store
from PIL import Image
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store.errors import MissingExtra, UnknownName
from kolena_store.web import static_files
from kolena_store.web.application import create_application
from kolena_store.web.images import image_place, picture, size_of_picture
from kolena_store.web.security import POLICY
from kolena_store.web.settings import WebSettings


def png_of(width: int, height: int) -> bytes:
    """Return an image that says how large it is, and holds nothing."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0"))]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def shown(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(picture(path, (path.parent,), is_small=True)[0]))


@pytest.mark.parametrize("value", ["x" * 300 + ".png", "/".join(["y" * 200] * 30) + ".png"])
def test_a_name_that_is_too_long_names_no_image(tmp_path: Path, value: str) -> None:
    with pytest.raises(UnknownName, match="not there"):
        image_place(value, (tmp_path,))


def test_a_folder_that_may_not_be_read_holds_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").write_bytes(png_of(1, 1))
    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(UnknownName, match="not there"):
        image_place("a.png", (tmp_path,))


def test_an_image_of_far_too_many_pixels_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of(20000, 20000))
    (tmp_path / "plain.png").write_bytes(png_of(20, 10))
    assert size_of_picture("bomb.png", (tmp_path,)) is None
    assert size_of_picture("plain.png", (tmp_path,)) == (20, 10)


def test_a_gallery_with_such_an_image_is_shown(tmp_path: Path) -> None:
    store = street_store(ks.Store(tmp_path / "s"), "boxes")
    (tmp_path / "3.png").write_bytes(png_of(20000, 20000))
    with TestClient(create_application(store.path, WebSettings(image_roots=(tmp_path,)))) as client:
        assert client.get("/samples?dataset=street&suite=weather&view=gallery").status_code == 200


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_large_numbers_become_greys_between_the_least_and_the_greatest(tmp_path: Path, kind: type) -> None:
    pixels = np.repeat(np.array([[1000, 2000, 3000]], dtype=kind), 60, axis=0).repeat(20, axis=1)
    Image.fromarray(pixels).save(tmp_path / "depth.tiff")
    found = shown(tmp_path / "depth.tiff")
    greys = [found.getpixel((place, 30))[0] for place in (10, 30, 50)]  # type: ignore[index]
    assert greys == pytest.approx([0, 127.5, 255], abs=6)


def test_numbers_that_are_none_are_no_error(tmp_path: Path) -> None:
    for name, value in (("none.tiff", np.nan), ("same.tiff", 7.0), ("infinite.tiff", np.inf)):
        Image.fromarray(np.full((30, 30), value, dtype=np.float32)).save(tmp_path / name)
        assert shown(tmp_path / name).getpixel((5, 5)) == (0, 0, 0)


def test_what_draws_plots_may_be_missing(spam_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> bytes:
        raise MissingExtra.of("drawing plots", "ui")

    monkeypatch.setattr(static_files, "javascript_bundle", missing)
    with TestClient(create_application(spam_root)) as client:
        answer = client.get("/static/vega.js")
    assert (answer.status_code, answer.headers["content-security-policy"]) == (503, POLICY)
    assert "ui" in answer.text


@pytest.mark.parametrize("path", ["/", "/image?dataset=spam&sample=0&field=text"])
def test_a_bug_is_answered_under_the_policy(spam_root: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("secret of the machine")

    monkeypatch.setattr("kolena_store.web.application._desk", fails)
    with TestClient(create_application(spam_root), raise_server_exceptions=False) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.headers["content-security-policy"]) == (500, POLICY)
    assert "bug" in answer.text
    assert "secret" not in answer.text
