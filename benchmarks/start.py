"""Starting: `kolena-store --help` against a bare click command, `test` on a small store against importing duckdb."""

import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import Claims, Timing, arguments, conditions, table, timed
from synthetic import answers, samples

import kolena_store as ks

CLICK = "import click\n@click.command()\n@click.option('--x')\ndef main(x): 'Help.'\nmain()"


def started(*command: str) -> None:
    """Run Python with some arguments to its end."""
    subprocess.run([sys.executable, *command], check=True, capture_output=True)


def main() -> None:
    """Measure interleaved starts and print."""
    quick = arguments(__doc__).quick
    runs = 3 if quick else 9
    print(conditions())
    claims = Claims()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "d.store"
        store, whole = ks.Store(path), samples(200)
        store.upload_dataset("d", whole, id_fields=["id"], workflow=ks.Classification("label", "prediction"))
        store.upload_results("d", "m", answers(whole, 0))
        store.test("d", "m")
        commands = {
            "bare Python": ("-c", "pass"),
            "bare click --help": ("-c", CLICK, "--help"),
            "kolena-store --help": ("-m", "kolena_store", "--help"),
            "import duckdb": ("-c", "import duckdb"),
            "kolena-store test, stored": ("-m", "kolena_store", "--store", str(path), "test", "d", "m"),
        }
        found: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(runs):
            for what, command in commands.items():
                found[what].append(timed(lambda command=command: started(*command))[0].median)
    times = {what: Timing(tuple(seconds)) for what, seconds in found.items()}
    table("process starts, interleaved", times.items())
    print()
    claims.at_most(
        "--help against bare click", min(found["kolena-store --help"]) / min(found["bare click --help"]), 1.3
    )
    claims.at_most(
        "test against importing duckdb", min(found["kolena-store test, stored"]) / min(found["import duckdb"]), 3
    )


if __name__ == "__main__":
    main()
