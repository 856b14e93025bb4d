"""How a call ends: its exit code, what it says on stderr, and what it does not."""

import errno
import os
import signal
import sys
import time
from pathlib import Path

import click
import pytest

from kolena_store import __main__
from kolena_store.cli import interruptions
from kolena_store.cli.invocation import Invocation
from kolena_store.cli.outcomes import Outcome
from kolena_store.errors import DamagedStore, InvalidInput
from kolena_store.store import Store

FULL = Path("/dev/full")
ENDLESS = "SELECT count(*) FROM range(300000000000) AS numbers(i) WHERE i % 7 = 3"


def failing(error: BaseException):
    def fail(*arguments: object, **named: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tset"], "no command 'tset'; did you mean 'test'"),
        (["dataset", "lst"], "no command 'lst'; did you mean 'list'?"),
        (["--bogus"], "--bogus"),
        (["dataset", "show"], "missing argument 'NAME'"),
        (["models", "--format", "xml"], "'xml' is not one of"),
        (["dataset", "diff", "tickets", "one", "2"], "'one' is not a valid integer"),
    ],
)
def test_a_call_that_is_not_understood_ends_with_2_and_names_the_help(ks, store: Path, arguments, message) -> None:
    said = ks.error(*arguments)
    assert message in said
    assert said.endswith("--help)")


def test_a_call_without_a_command_shows_the_help(ks, folder: Path) -> None:
    assert "Commands:" in ks(code=2).stderr
    assert "Commands:" in ks("dataset", code=2).stderr


def test_an_error_of_the_library_ends_with_2_and_its_own_words(ks, store: Path) -> None:
    assert ks.error("dataset", "show", "tickts").startswith("no dataset named 'tickts'; did you mean 'tickets'?")


def test_a_damaged_store_ends_with_3(ks, store: Path) -> None:
    (store / "store.duckdb").chmod(0o644)
    (store / "store.duckdb").write_text("no database at all")
    assert "restore it from a copy" in ks.error("models", code=3)


def test_a_bug_is_called_one_on_a_single_line(ks, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "models", failing(KeyError("nowhere\nto be found")))
    said = ks.error("models", code=70)
    assert said.startswith("this is a bug in kolena_store: KeyError")
    assert "--debug" in said


@pytest.mark.parametrize("place", [("--debug", "models"), ("models", "--debug")])
def test_debug_shows_the_traceback_and_keeps_the_exit_code(ks, store: Path, monkeypatch, place) -> None:
    monkeypatch.setattr(Store, "models", failing(InvalidInput("no such thing")))
    result = ks(*place, code=2)
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("error: no such thing\n")


def test_what_could_steer_a_terminal_is_shown_and_not_sent(ks, store: Path, monkeypatch) -> None:
    monkeypatch.setattr(Store, "models", failing(InvalidInput("red \x1b[31m")))
    assert ks.error("models") == r"red \x1b[31m"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DamagedStore("x"), 3),
        (InvalidInput("x"), 2),
        (click.UsageError("x"), 2),
        (PermissionError(errno.EACCES, "Permission denied", "x.csv"), 2),
        (RuntimeError("x"), 70),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (RuntimeError("Query interrupted"), 130),
        (BrokenPipeError(), 0),
    ],
    ids=repr,
)
def test_each_way_to_fail_has_its_exit_code(error: BaseException, code: int) -> None:
    with pytest.raises(SystemExit) as left, Outcome(Invocation()):
        raise error
    assert left.value.code == code


def test_a_refusal_of_the_system_names_the_file(ks, store: Path, monkeypatch) -> None:
    monkeypatch.setattr(Store, "models", failing(PermissionError(errno.EACCES, "Permission denied", "x.csv")))
    assert "x.csv (Permission denied)" in ks.error("models")


def test_ctrl_c_says_interrupted_and_nothing_else(ks, store: Path, monkeypatch) -> None:
    monkeypatch.setattr(Store, "models", failing(KeyboardInterrupt()))
    result = ks("models", code=130)
    assert (result.stdout, result.stderr) == ("", "interrupted\n")


def test_an_interruption_is_said_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(os, "_exit", lambda code: None)
    with pytest.raises(SystemExit), Outcome(Invocation()):
        raise KeyboardInterrupt
    os.write(writing, bytes([signal.SIGINT, signal.SIGINT]))  # what a server sends itself when it was interrupted
    interruptions._leave_after(reading)
    assert capsys.readouterr().err == "interrupted\n"
    for end in (reading, writing):
        os.close(end)


def test_ctrl_c_while_the_program_loads_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kolena_store.cli.interruptions", None)
    monkeypatch.setattr("builtins.__import__", failing(KeyboardInterrupt()))
    with pytest.raises(SystemExit) as left:
        __main__.main()
    assert left.value.code == 130


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_is_heard_while_the_database_computes(store: Path, program, times: int) -> None:
    process = program.start("sql", ENDLESS)
    time.sleep(3)
    began = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    out, err = process.communicate(timeout=30)
    assert (err, out, process.returncode) == ("interrupted\n", "", 130)
    assert time.monotonic() - began < (10 if times == 1 else 1.5)


@pytest.mark.sampled(2)
def test_a_reader_that_has_seen_enough_is_no_error(store: Path, program) -> None:
    process = program.start("sql", "SELECT i, i * i AS square FROM range(300000) AS numbers(i)", "--format", "csv")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "i,square\n"
    process.stdout.close()
    assert (process.wait(timeout=60), process.stderr.read()) == (0, "")
    process.stderr.close()


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_without_a_traceback(store: Path, program) -> None:
    with FULL.open("w") as full:
        code, _, said = program("dataset", "list", stdout=full)
    assert code == 2
    assert said.startswith("error: the system refused (No space left on device)")
    assert said.count("\n") == 1


@pytest.mark.sampled(2)
def test_the_module_and_the_entry_point_are_one_program(store: Path, program) -> None:
    code, out, said = program("models", "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()] == ["name", "v1", "v2"]
    assert (code, said) == (0, "")
    code, out, said = program("dataset", "show", "nix")
    assert (code, out, said.count("\n")) == (2, "", 1)
