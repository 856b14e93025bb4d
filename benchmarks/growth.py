"""How `store.test` grows with rows, test cases and models: a table, and a plot as `growth.svg` beside this script."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measuring import arguments, conditions, table, timed
from test_cases import METRICS, Setting, setting

import kolena_store as ks

WIDTH, HEIGHT, MARGIN = 900, 320, 50
PANELS = ("samples", "test cases", "models")


@dataclass(frozen=True)
class Point:
    """One size, and how long a test took with nothing cached and with memberships and sample metrics stored."""

    panel: str
    size: int
    cold: float
    stored: float


def measure(folder: Path, panel: str, size: int, sizes: tuple[int, int, int]) -> Point:
    """Measure one size."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    given: Setting = setting(folder, *sizes)
    store: ks.Store = given.fresh_copy(folder / "work.store")
    cold, _ = timed(lambda: store.test("d", suite="suite", metrics=["mcc"]))
    stored, _ = timed(lambda: store.test("d", suite="suite", metrics=METRICS))
    return Point(panel, size, cold.median, stored.median)


def plot(points: list[Point]) -> str:
    """Return the points as an SVG: a panel for each of rows, test cases and models, both axes from 0."""
    panel_width = WIDTH // len(PANELS)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif">']
    for number, panel in enumerate(PANELS):
        chosen = [point for point in points if point.panel == panel]
        most = max(point.size for point in chosen)
        longest = max(point.cold for point in chosen)
        left, width, height = number * panel_width + MARGIN, panel_width - 1.5 * MARGIN, HEIGHT - 2 * MARGIN
        parts.append(f'<path d="M{left},{MARGIN} v{height} h{width}" fill="none" stroke="#444"/>')
        parts.append(f'<text x="{left}" y="{HEIGHT - MARGIN / 3}">{panel}, to {most:,}</text>')
        parts.append(f'<text x="{left}" y="{MARGIN - 8}">{longest:.2f} s</text>')
        for name, colour in (("cold", "#b2182b"), ("stored", "#2166ac")):
            places = [
                (left + width * point.size / most, MARGIN + height * (1 - getattr(point, name) / longest))
                for point in chosen
            ]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    parts.append(f'<text x="{WIDTH - 250}" y="16" fill="#b2182b">nothing cached</text>')
    parts.append(f'<text x="{WIDTH - 130}" y="16" fill="#2166ac">stored</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    """Measure, print the table, and write the plot."""
    quick = arguments(__doc__).quick
    base = (20_000, 2, 20) if quick else (1_000_000, 2, 300)
    steps = (0.25, 1.0) if quick else (0.1, 0.25, 0.5, 1.0)
    print(conditions())
    points = []
    with tempfile.TemporaryDirectory() as name:
        for step in steps:
            rows, n_cases = int(base[0] * step), int(base[2] * step)
            points.append(measure(Path(name) / "s", "samples", rows, (rows, base[1], base[2])))
            points.append(measure(Path(name) / "s", "test cases", n_cases, (base[0], base[1], n_cases)))
        for n_models in (1, 2) if quick else (1, 2, 4):
            points.append(measure(Path(name) / "s", "models", n_models, (base[0], n_models, base[2])))
    points.sort(key=lambda point: (PANELS.index(point.panel), point.size))
    heads = ("grows", "size", "nothing cached", "stored")
    rows_of = [(one.panel, f"{one.size:,}", f"{one.cold:.3f} s", f"{one.stored:.3f} s") for one in points]
    table(f"otherwise {base[0]:,} samples, {base[1]} models, {base[2]} test cases", [heads, *rows_of])
    target = Path(name).parent / "growth.svg" if quick else Path(__file__).with_name("growth.svg")
    target.write_text(plot(points), encoding="utf-8")
    print(f"\nplot: {target}\n{conditions()}")


if __name__ == "__main__":
    main()
