"""The pictures of README and docs/web.md: pages of the web app over the stores of `kolena-store demo`, in a browser.

    python docs/screenshots.py [FOLDER]

It makes the demos' stores, digits.store and scenes.store, unless FOLDER has them, and writes docs/images/*.png. It
needs the extra `test` and Chromium.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
IMAGES = HERE / "images"
DIGITS, SCENES = "dataset=digits&suite=digits", "dataset=scenes&suite=scenes"
DEMOS = {"digits": "classification", "scenes": "object-detection"}
MODELS = "model=components&model=windows"
COLOURS = 128
PAGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "leaderboard": (f"leaderboard?{DIGITS}&baseline=v1", {}),
    "compare": (f"compare?{DIGITS}&model=v2&baseline=v1", {}),
    "case": (f"case?{DIGITS}&case=Occluded&model=v1&model=v2", {}),
    "samples": (f"samples?{DIGITS}&case=Occluded&model=v2&model=v1&answers=worse", {}),
    "sample": (f"sample?{DIGITS}&case=Occluded&model=v2&model=v1&answers=worse&sample=5&at=0", {}),
    "slices": (f"slices?{DIGITS}&where=occlusion+%3E+0.3&open=rotation", {}),
    "standards": (f"standards?{DIGITS}&model=v2&baseline=v1", {}),
    "runs": (f"runs?{DIGITS}&case=Occluded", {}),
    "overview": ("", {}),
    "dark": (f"compare?{DIGITS}&model=v2&baseline=v1", {"color_scheme": "dark"}),
    "scenes": (f"samples?{SCENES}&case=High+occlusion&{MODELS}&view=gallery", {}),
    "narrow": (f"leaderboard?{DIGITS}&baseline=v1", {"viewport": {"width": 390, "height": 780}}),
}
KEPT = ("leaderboard", "compare", "scenes")
"""Those that the pages show; the others are for whoever looks at the app (`--all`)."""


def main(arguments: list[str]) -> int:
    """Write the pictures and return the exit code."""
    with_all = "--all" in arguments
    given = [one for one in arguments if not one.startswith("-")]
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for demo in DEMOS:
            with _served(_store(demo, Path(given[0] if given else temporary))) as base:
                for name, (address, options) in PAGES.items():
                    if (with_all or name in KEPT) and ("dataset=scenes" in address) == (demo == "scenes"):
                        size = {"viewport": {"width": 1200, "height": 760}, "device_scale_factor": 1}
                        context = browser.new_context(**{**size, **options})
                        _write(name, _pictured(context.new_page(), base + address))
                        context.close()
    return 0


def _store(demo: str, folder: Path) -> Path:
    """Return the store of a demo in a folder; it is made unless it is there."""
    store = folder / f"{demo}.store"
    if not store.exists():
        command = [sys.executable, "-m", "kolena_store", "demo", "--workflow", DEMOS[demo], str(store)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return store


@contextmanager
def _served(store: Path) -> Iterator[str]:
    """Serve the app over a store, with the standard that lies beside it, and yield its address."""
    command = [sys.executable, "-m", "kolena_store", "ui", "--store", str(store), "--port", "0", "--no-browser"]
    images = ["--images", str(store.parent / "scenes")] if (store.parent / "scenes").exists() else []
    standards = [
        part for file in store.parent.glob(f"{store.stem}.standard.toml") for part in ("--standard", str(file))
    ]
    server = subprocess.Popen(
        [*command, *images, *standards], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(timeout=30)


def _pictured(page: Page, address: str) -> bytes:
    page.goto(address)
    for figure in page.query_selector_all("figure.plot"):
        figure.scroll_into_view_if_needed()
    page.wait_for_selector("figure.plot:not([data-drawn])", state="detached", timeout=60_000)
    page.evaluate("() => scrollTo(0, 0)")
    return page.screenshot(full_page="--full" in sys.argv)


def _write(name: str, content: bytes) -> None:
    folder = Path(os.environ.get("KOLENA_STORE_SCREENSHOTS", IMAGES))
    folder.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(folder / f"{name}.png", optimize=True)
    print(f"{folder / name}.png: {(folder / f'{name}.png').stat().st_size // 1024} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
