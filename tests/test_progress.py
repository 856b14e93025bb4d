"""Progress of long work."""

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from kolena_store import progress
from kolena_store.progress import SETTING, track


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@dataclass
class Clock:
    """Time that passes only when a test says so."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    return clock


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """stderr as a file."""
    monkeypatch.delenv(SETTING, raising=False)
    stream = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    return stream


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """stderr as a terminal; whatever happens there, stdout stays empty."""
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    yield stream
    assert capsys.readouterr().out == ""


def plain(stream: io.StringIO) -> str:
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", stream.getvalue())


def fail_after(seconds: float, clock: Clock) -> None:
    with track(10, "training") as advance:
        clock.now += seconds
        advance(5)
        raise ZeroDivisionError


def test_a_file_gets_nothing(file: io.StringIO, clock: Clock) -> None:
    with track(10, "training v1") as advance:
        clock.now += 60
        advance(10)
    assert file.getvalue() == ""


def test_short_work_shows_nothing_on_a_terminal(terminal: Terminal, clock: Clock) -> None:
    with track(10, "training v1") as advance:
        clock.now += 0.9
        advance(10)
    assert terminal.getvalue() == ""


def test_work_of_over_a_second_shows_a_bar_with_what_and_how_much(terminal: Terminal, clock: Clock) -> None:
    with track(1200, "training [v1]") as advance:
        clock.now += 1.1
        advance(300)
        advance(300)
    assert "training [v1]" in plain(terminal)
    assert "600/1200" in plain(terminal)


def test_work_of_unknown_length_counts_what_is_done(terminal: Terminal, clock: Clock) -> None:
    with track(None, "reading") as advance:
        clock.now += 1.1
        advance(42)
    assert "42/?" in plain(terminal)


def test_the_bar_goes_away_and_the_cursor_comes_back_when_work_fails(terminal: Terminal, clock: Clock) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after(2, clock)
    assert terminal.getvalue().rstrip().endswith(("\x1b[?25h", "\x1b[2K"))
    assert "\x1b[?25h" in terminal.getvalue()


def test_only_the_outermost_of_nested_works_shows(terminal: Terminal, clock: Clock) -> None:
    with track(2, "outer") as advance:
        clock.now += 2
        with track(2, "inner") as advance_inner:
            clock.now += 2
            advance_inner(2)
        advance(1)
    assert "outer" in plain(terminal)
    assert "inner" not in plain(terminal)


def test_work_after_other_work_shows_again(terminal: Terminal, clock: Clock) -> None:
    for what in ("first", "second"):
        with track(2, what) as advance:
            clock.now += 2
            advance(2)
    assert "first" in plain(terminal)
    assert "second" in plain(terminal)


def test_plain_progress_is_a_line_every_ten_seconds(
    file: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "plain")
    with track(2000, "training v1") as advance:
        for _ in range(20):
            clock.now += 1.25
            advance(100)
    assert file.getvalue().splitlines() == [
        "training v1: 800 of 2,000 (40%) in 10 s",
        "training v1: 1,600 of 2,000 (80%) in 20 s",
        "training v1: 2,000 of 2,000 (100%) in 25 s, finished",
    ]


def test_plain_progress_of_unknown_length_has_no_share(
    file: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "plain")
    with track(None, "reading") as advance:
        clock.now += 11
        advance(1500)
    assert file.getvalue().splitlines() == ["reading: 1,500 in 11 s", "reading: 1,500 in 11 s, finished"]


def test_plain_progress_says_nothing_of_work_under_ten_seconds(
    file: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "plain")
    with track(0, "reading") as advance:
        clock.now += 9
        advance(0)
    assert file.getvalue() == ""


def test_plain_progress_of_failed_work_says_so(
    file: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "plain")
    with pytest.raises(ZeroDivisionError):
        fail_after(11, clock)
    assert file.getvalue().splitlines()[-1] == "training: 5 of 10 (50%) in 11 s, broken off"


def test_progress_can_be_switched_off_on_a_terminal(
    terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "off")
    with track(10, "training") as advance:
        clock.now += 60
        advance(10)
    assert terminal.getvalue() == ""


def test_progress_without_a_stderr_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=None))
    with track(10, "training") as advance:
        advance(10)


def test_without_rich_work_goes_on_without_a_bar(
    terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    with track(10, "training") as advance:
        clock.now += 2
        advance(5)
        advance(5)
    assert terminal.getvalue() == ""


def test_control_characters_in_names_do_not_reach_the_terminal(
    file: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "plain")
    with track(10, "training \x1b[31mv1\n") as advance:
        clock.now += 11
        advance(5)
    assert file.getvalue().startswith("training ?[31mv1?: 5 of 10")
