"""The generated parts of the pages are what the code says, and the command line is described to its last option."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from warm_programs import run_warm

from kolena_store.cli import command_line

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def generated(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the script that stands in a folder, on the pages beside it; the gate starts it afresh, too."""
    return run_warm([str(folder / "generate.py"), *options], folder, {**os.environ, "PYTHONPATH": str(ROOT)})


def test_the_pages_are_up_to_date() -> None:
    done = generated(DOCS, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_that_is_out_of_date_is_named_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    page, text = folder / "command-line.md", (DOCS / "command-line.md").read_text(encoding="utf-8")
    page.write_text(text.replace("--version-tag", "--versiontag"), encoding="utf-8")
    found = generated(folder, "--check")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("command-line.md is out of date")
    assert generated(folder).stdout == "wrote command-line.md\n"
    assert page.read_text(encoding="utf-8") == text


def test_an_unknown_option_is_answered_with_the_usage() -> None:
    done = generated(DOCS, "--chek")
    assert done.returncode == 2
    assert "--check" in done.stderr


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}".strip(), command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}".strip())


COMMANDS = dict(commands(command_line))


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_is_described_with_all_its_options(path: str) -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    assert f"| [`{path}`](#{path.replace(' ', '-')}) |" in page
    (section,) = re.findall(rf"(?ms)^## {path}\n(.*?)(?=^## |\Z)", page)
    names = [name for one in COMMANDS[path].params if isinstance(one, click.Option) for name in one.opts]
    assert {"--store", "--debug"} <= set(names)
    assert [name for name in names if not re.search(rf"^  {name}\b", section, re.MULTILINE)] == []
