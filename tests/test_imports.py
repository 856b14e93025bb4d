"""What importing costs: the package and its help load no more modules than they must."""

import subprocess
import sys
from pathlib import Path

import kolena_store as ks

ROOT = Path(__file__).parent.parent
REPORT = "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
IMPORT = f"""
import sys
before = set(sys.modules)
import kolena_store
{REPORT}
"""
HELP = f"""
import contextlib, io, runpy, sys
before = set(sys.modules)
sys.argv = ["kolena_store", "--help"]
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    try:
        runpy.run_module("kolena_store", run_name="__main__", alter_sys=True)
    except SystemExit as left:
        assert left.code == 0
assert "Usage: kolena-store" in printed.getvalue()
{REPORT}
"""
"""As `python -m kolena_store --help`: that too runs the package's `__main__` through runpy."""


COMMAND = """
import contextlib, io, runpy, sys
before = set(sys.modules)
sys.argv = ["kolena-store", "--store", {path!r}, "test", "d", "m", "--by", "label"]
with contextlib.redirect_stdout(io.StringIO()):
    try:
        runpy.run_module("kolena_store", run_name="__main__", alter_sys=True)
    except SystemExit as left:
        assert left.code == 0
{report}
"""


def modules_loaded_by(program: str) -> set[str]:
    """Return the top-level modules, other than the standard library's, that a program loads in a process of its own."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_loads_no_third_party_module() -> None:
    assert modules_loaded_by(IMPORT) == {"kolena_store"}


def test_help_loads_click_and_nothing_else() -> None:
    needs_of_click = {"colorama"} if sys.platform == "win32" else set()
    assert modules_loaded_by(HELP) == {"kolena_store", "click"} | needs_of_click


def test_a_command_loads_no_pandas_though_pyarrow_would(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "my.store")
    store.upload_dataset(
        "d", [{"id": 1, "label": "a", "m": "a"}], workflow=ks.Classification("label"), predictions={"m": "m"}
    )
    program = COMMAND.format(path=str(store.path), report=REPORT)
    loaded = modules_loaded_by(program)
    assert "pyarrow" in loaded
    assert "pandas" not in loaded
    assert "pandas" in modules_loaded_by(
        f"import sys\nbefore = set(sys.modules)\nimport pyarrow\npyarrow.array([1])\n{REPORT}"
    )
