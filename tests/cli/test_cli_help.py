"""Every command explains itself, with examples that its own parser accepts, and help loads click only."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from kolena_store import __version__
from kolena_store.cli import command_line
from kolena_store.workflows import WORKFLOWS

WIDEST = 80
HEAVY = ("duckdb", "pyarrow", "polars", "numpy", "rich", "pandas", "sklearn", "PIL", "filelock")
LOAD_HELP = """
import sys
from click.testing import CliRunner
from kolena_store.cli import command_line
for line in sys.stdin.read().splitlines():
    result = CliRunner().invoke(command_line, [*line.split(), "--help"])
    assert result.exit_code == 0 and result.stdout, result
print(*sorted({name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""


def walked(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walked(found, (*path, name))


COMMANDS = dict(walked(command_line))
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}
every_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
every_leaf = pytest.mark.parametrize("path", LEAVES, ids=" ".join)


def options_of(command: click.Command) -> list[click.Option]:
    return [param for param in command.params if isinstance(param, click.Option)]


def commands_in(example: str) -> list[list[str]]:
    """Return the words of each command in an example, without the program's name and redirections."""
    lines = example.replace("\\\n", " ").splitlines()
    return [shlex.split(line.split(" > ")[0])[1:] for line in lines]


@every_command
def test_every_command_has_a_sentence_and_an_example_of_itself(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    assert command.examples
    for example in command.examples:
        assert example.startswith(" ".join(("kolena-store", *path)))


@every_command
def test_every_option_of_a_command_has_help(path: tuple[str, ...]) -> None:
    for option in options_of(COMMANDS[path]):
        assert option.help, option.name
        assert option.help.endswith((".", "]", ")")), option.name


@every_command
def test_every_option_has_an_example(path: tuple[str, ...]) -> None:
    examples = " ".join(COMMANDS[path].examples)
    for option in options_of(COMMANDS[path]):
        in_help = f"e.g. {option.opts[0]}" in (option.help or "")
        assert in_help or option.opts[0] in examples or option.name in ("debug", "version"), option.opts


@every_leaf
def test_every_example_is_understood_by_the_command_that_shows_it(path: tuple[str, ...]) -> None:
    for example in LEAVES[path].examples:
        for words in commands_in(example):
            assert tuple(words[: len(path)]) == path
            LEAVES[path].make_context(" ".join(path), words[len(path) :])


def test_the_examples_of_the_program_are_understood_too() -> None:
    for example in command_line.examples:
        for words in commands_in(example):
            path = next(path for path in LEAVES if tuple(words[: len(path)]) == path)
            LEAVES[path].make_context(" ".join(path), words[len(path) :])


@every_leaf
def test_every_command_takes_the_shared_options(path: tuple[str, ...]) -> None:
    names = {name for option in options_of(LEAVES[path]) for name in option.opts}
    assert {"--store", "--debug"} <= names
    silent = {("init",), ("demo",), ("dataset", "download"), ("results", "download"), ("metrics", "drop"), ("publish",)}
    silent |= {path for path in LEAVES if path[0] == "export"}
    assert ("--format" in names) == (path not in {*silent, ("ui",), ("plot",)})


@every_command
def test_help_is_printed_with_its_examples_as_they_stand(ks, path: tuple[str, ...]) -> None:
    text = ks(*path, "--help").stdout
    for example in COMMANDS[path].examples:
        assert all(f"  {line}\n" in f"{text}\n" for line in example.splitlines())
    before_examples = re.split(r"\nExamples?:\n", text)[0]
    assert all(len(line) <= WIDEST for line in before_examples.splitlines())


@every_command
def test_the_line_about_a_command_in_its_group_is_not_cut_off(ks, path: tuple[str, ...]) -> None:
    if path:
        listing = ks(*path[:-1], "--help").stdout
        assert re.search(rf"^  {path[-1]} +[A-Z].*[^.]\.$", listing, re.MULTILINE)


@every_command
def test_help_has_a_short_form(ks, path: tuple[str, ...]) -> None:
    assert ks(*path, "-h").stdout == ks(*path, "--help").stdout
    assert "-h, --help" in ks(*path, "-h").stdout


def test_help_of_every_command_loads_click_only() -> None:
    lines = "\n".join(" ".join(path) for path in COMMANDS)
    done = subprocess.run([sys.executable, "-c", LOAD_HELP], input=lines, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert [name for name in loaded if name in HEAVY] == []
    assert "click" in loaded


def test_help_lists_the_workflows_and_their_metrics(ks) -> None:
    assert f"thereare{','.join(WORKFLOWS)}." in "".join(ks("dataset", "upload", "--help").stdout.split())
    text = ks("test", "--help").stdout
    for name in (*WORKFLOWS, "accuracy", "kendall_tau", "mean_score"):
        assert name in text


def test_the_commands_stand_in_the_order_in_which_people_meet_them(ks) -> None:
    names = re.findall(r"^  ([a-z]+)  ", ks("--help").stdout.split("Commands:")[1], re.MULTILINE)
    work = ["init", "demo", "dataset", "import", "export", "results", "metrics", "suite", "test", "curve"]
    later = ["compare", "check", "rescore", "history", "ui", "report", "plot", "runs", "models", "sql"]
    assert names == [*work, *later, "publish", "verify", "gc", "merge"]


def test_the_version_is_that_of_the_package(ks) -> None:
    assert __version__ in ks("--version").stdout


def test_the_help_of_all_commands_says_of_each_what_it_says_itself() -> None:
    context = click.Context(command_line)
    for home in command_line.homes:
        command = command_line.get_command(context, home.name)
        assert command.get_short_help_str(limit=80) == home.summary


def test_the_help_of_all_commands_loads_none_of_them() -> None:
    code = "import sys; from kolena_store.cli import command_line; sys.argv = ['kolena-store', '--help']\n"
    code += "try: command_line()\nexcept SystemExit: pass\n"
    code += "print(*sorted(name for name in sys.modules if name.startswith('kolena_store.')), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert loaded == {
        *("kolena_store.cli", "kolena_store.cli.application", "kolena_store.cli.commands"),
        *("kolena_store.cli.invocation", "kolena_store.cli.outcomes", "kolena_store.cli.places", "kolena_store.errors"),
    }
