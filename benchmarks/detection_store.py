"""Object detection through a store: files in, a model tested, one per cent of it changed; time and memory of each step.

5,000 images, 80 classes, about 37,000 objects and 275,000 detections, then ten times as many. Each step is a process
of its own, as on the command line.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detection import synthetic, written
from measuring import Claims, arguments, conditions, table

MOST_MEMORY = 2.0


@dataclass(frozen=True)
class Step:
    """What a command took: seconds of the clock and of the processors, and its peak memory in GiB."""

    seconds: float
    of_processors: float
    memory: float


def ran(folder: Path, *words: str) -> Step:
    """Run a command of kolena-store in a folder."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "kolena_store", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return Step(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def write_files(folder: str, n_images: str) -> None:
    """Write the truth, all results, those of one per cent of the images, and all with those of that part changed.

    It is called in a process of its own: the memory of one that starts another counts as the other's too.
    """
    _, results = written(synthetic(int(n_images)), Path(folder))
    rows = json.loads(results.read_text())
    part, changed = results.with_name("part.json"), results.with_name("changed.json")
    part.write_text(json.dumps([row for row in rows if row["image_id"] % 100 == 0]))
    scores = (round(row["score"] * 0.9, 5) if row["image_id"] % 100 == 0 else row["score"] for row in rows)
    changed.write_text(json.dumps([{**row, "score": score} for row, score in zip(rows, scores, strict=True)]))


def steps(folder: Path, n_images: int) -> dict[str, Step]:
    """Take a data set of so many images through a store."""
    program = "import sys; from detection_store import write_files; write_files(*sys.argv[1:])"
    here = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", program, str(folder), str(n_images)], cwd=here, check=True)
    ran(folder, "init")
    upload = ("results", "upload", "street")
    return {
        "import coco": ran(folder, "import", "coco", "street", "instances.json"),
        "results upload": ran(folder, *upload, "a", "results.json"),
        "test": ran(folder, "test", "street", "a"),
        "results upload, again with 1 % changed": ran(folder, *upload, "a", "changed.json"),
        "test, 1 % changed": ran(folder, "test", "street", "a"),
        "results upload, of 1 % of the images": ran(folder, *upload, "b", "part.json"),
        "test, of 1 % of the images": ran(folder, "test", "street", "b"),
    }


def shown(found: dict[str, Step]) -> list[Sequence[object]]:
    """Return a row for each step."""
    rows = found.items()
    return [
        (name, f"{one.seconds:.2f} s", f"{one.of_processors:.2f} CPU s", f"{one.memory:.2f} GiB") for name, one in rows
    ]


def main() -> None:
    """Measure both sizes."""
    options = arguments(__doc__)
    claims = Claims()
    print(conditions())
    with tempfile.TemporaryDirectory() as folder:
        nothing = ran(Path(folder), "--help").of_processors
    for n_images in (100,) if options.quick else (5_000, 50_000):
        with tempfile.TemporaryDirectory() as folder:
            found = steps(Path(folder), n_images)
        table(f"{n_images:,} images", shown(found))
        whole = found["test"].of_processors - nothing
        for name in ("test, 1 % changed", "test, of 1 % of the images"):
            print(f"{name}: {(found[name].of_processors - nothing) / whole:.0%} of the whole, without starting Python")
        if not options.quick:
            claims.at_most("peak memory", max(one.memory for one in found.values()), MOST_MEMORY, "GiB")


if __name__ == "__main__":
    main()
