"""Every command and snippet of README and docs is run, in the order of the page, in a folder of its own.

A fenced block marked `console` holds commands behind `$ ` and what they print; where that begins with `error: `, the
command must fail so. One marked `python` is run as it stands, and one marked `output` holds what the last of those
printed. One marked `text` or with a file name behind the language (```sql everyday.sql) is shown, or written to that
file. A block that can't be run here has `<!-- not run: reason -->` above it, and those are counted.

README's commands, and those that need a shell, start Python afresh as a reader's do; the others are processes too, but
spared the imports.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from warm_programs import run_warm

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"(?P<mark><!-- not run: [^\n]* -->\n)?```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<body>.*?)```", re.DOTALL
)
NOT_RUN_AT_MOST = 2
ELISION = re.compile(r"(?m)^\.\.\.$")
QUOTED = re.compile(r"""'[^']*'|"[^"$`\\!]*\"""")
OF_THE_SHELL = re.compile(r"[|&;<>()$`*?~#!\n]")
CONTINUED_LINE = re.compile(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    file: str | None
    body: str
    is_run: bool


def blocks(page: Path) -> Iterator[Block]:
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Block(match["language"], match["file"], match["body"], match["mark"] is None)


def environment() -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    paths = {"PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1"}
    return {**os.environ, **paths, "PYTEST_PLUGINS": "kolena_store.pytest_plugin", "PYTEST_ADDOPTS": "-p no:randomly"}


def run(command: str, folder: Path, *, fails: bool = False, fresh: bool = False) -> str:
    """Return what a command prints on stdout; when it is to fail, what it prints on stderr."""
    command = re.sub(r"^kolena-store\b", f"{sys.executable} -m kolena_store", command)
    done = started_afresh(command, folder) if fresh or needs_shell(command) else started_warm(command, folder)
    assert (done.returncode != 0) == fails, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stderr if fails else done.stdout


def needs_shell(command: str) -> bool:
    """Whether a command is another program's, pytest's, or has what a shell may have to work on."""
    is_ours = command.startswith((f"{sys.executable} -m kolena_store ", f"{sys.executable} snippet.py"))
    return not is_ours or OF_THE_SHELL.search(QUOTED.sub("", command.replace("\\\n", ""))) is not None


def started_afresh(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )


def started_warm(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return run_warm(shlex.split(command.replace("\\\n", ""))[1:], folder, environment())


def check_console(body: str, folder: Path, *, fresh: bool) -> None:
    for part in re.split(r"(?m)^\$ ", body)[1:]:
        command, expected = CONTINUED_LINE.match(part).groups()
        assert_prints(run(command, folder, fails=expected.startswith("error: "), fresh=fresh), expected, command)


def assert_prints(printed: str, expected: str, command: str) -> None:
    if not expected.strip():
        return
    position = 0
    for piece in ELISION.split(expected.strip()):
        found = printed.find(piece.strip("\n"), position)
        assert found >= 0, f"{command} should print\n{piece}\nit printed\n{printed}"
        position = found + len(piece)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    printed, fresh = "", page.name == "README.md"
    for block in blocks(page):
        if not block.is_run:
            continue
        if block.file:
            (tmp_path / block.file).write_text(block.body, encoding="utf-8")
        if block.language == "console":
            check_console(block.body, tmp_path, fresh=fresh)
        elif block.language == "python" and not block.file:
            program = tmp_path / "snippet.py"
            program.write_text(block.body, encoding="utf-8")
            printed = run(f"{sys.executable} snippet.py", tmp_path, fresh=fresh)
        elif block.language == "output":
            assert_prints(printed, block.body, f"the last snippet of {page.name}")


def test_few_blocks_are_left_out() -> None:
    assert sum(not block.is_run for page in PAGES for block in blocks(page)) <= NOT_RUN_AT_MOST


def test_readme_gives_the_two_commands_in_one_line_each() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("python3 -m venv") and line.endswith("kolena-store demo") for line in lines)
    assert any(line.startswith("python3 -m venv") and line.endswith("-m pytest") for line in lines)
