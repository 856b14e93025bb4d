"""Sampled tests: which cases a run takes (sampled_cases.py)."""

import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampled_cases import SETTING, diagonals, taken_numbers

HERE = Path(__file__).parent
CASES = """
import pytest


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("letter", "again"), [(one, one) for one in "abcdefgh"])
def test_letter(letter, again):
    assert letter == again


@pytest.mark.sampled(4)
@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("sign", "+-")
def test_number(sign, number):
    pass


@pytest.mark.sampled(4)
@pytest.mark.parametrize("few", range(2))
def test_few(few):
    pass


@pytest.mark.parametrize("each", range(3))
def test_each(each):
    pass


@pytest.mark.sampled(2)
def test_first():
    pass


def test_between():
    pass


@pytest.mark.sampled(2)
def test_second():
    pass


@pytest.mark.sampled(2)
def test_third():
    pass
"""
ALL = {f"test_letter[{letter}-{letter}]" for letter in "abcdefgh"} | {
    *(f"test_number[{sign}-{number}]" for sign in "+-" for number in range(5)),
    *(f"test_few[{few}]" for few in range(2)),
    *(f"test_each[{each}]" for each in range(3)),
    *("test_first", "test_between", "test_second", "test_third"),
}


EACH = {f"test_each[{each}]" for each in range(3)} | {"test_between"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_it.py").write_text(CASES, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]", encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, code: int = 0) -> tuple[set[str], str]:
    """Return the names of the tests that ran, and all that pytest printed."""
    environment = {name: text for name, text in os.environ.items() if name != SETTING}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "sampled_cases", "-rp", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return set(re.findall(r"(?m)^PASSED test_it\.py::(\S+)$", done.stdout)), done.stdout


@pytest.mark.sampled(2)
def test_workers_take_the_same_cases_as_one_process(folder: Path) -> None:
    alone, printed = run(folder, "--randomly-seed=7")
    shared, printed_by_workers = run(folder, "-n2", "--randomly-seed=7")
    assert EACH < alone == shared < ALL
    line = f"{len(ALL - alone)} cases of sampled tests were left out with --randomly-seed=7; --thorough runs all"
    assert line in printed
    assert line in printed_by_workers
    assert f"{len(ALL - alone)} deselected" in printed


def test_without_a_seed_the_first_cases_are_taken(folder: Path) -> None:
    taken, _ = run(folder, "-p", "no:randomly")
    letters, numbers = {"test_letter[a-a]", "test_letter[e-e]"}, {"test_number[+-0]", "test_number[+-4]"}
    assert taken == EACH | letters | numbers | {"test_number[--3]", "test_few[0]", "test_first", "test_third"}


def test_tests_without_cases_take_turns_in_their_module(folder: Path) -> None:
    turns: set[frozenset[str]] = set()
    seeds = iter(range(30))
    while len(turns) < 2:
        taken, _ = run(folder, f"--randomly-seed={next(seeds)}")
        turns.add(frozenset(taken & {"test_first", "test_second", "test_third"}))
    assert turns == {frozenset({"test_first", "test_third"}), frozenset({"test_second"})}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--thorough"], ALL),
        (["test_it.py::test_few"], {"test_few[0]", "test_few[1]"}),
        (["test_it.py::test_letter[h-h]"], {"test_letter[h-h]"}),
        (["test_it.py::test_first", "test_it.py::test_second"], {"test_first", "test_second"}),
        (["-k", "test_few"], {"test_few[0]", "test_few[1]"}),
    ],
    ids=["all", "one test", "one case", "tests without cases", "by a word"],
)
def test_all_cases_run_when_they_are_asked_for(folder: Path, arguments: list[str], expected: set[str]) -> None:
    taken, printed = run(folder, *arguments)
    assert taken == expected
    assert "were left out" not in printed


def test_a_test_that_is_named_is_whole_beside_files_that_are_not(folder: Path) -> None:
    taken, _ = run(folder, "test_it.py::test_few", "test_it.py", "-p", "no:randomly")
    assert {"test_few[0]", "test_few[1]", "test_letter[a-a]"} < taken < ALL


@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(1, 6))
def test_every_case_is_taken_by_one_offset_and_each_offset_takes_its_share(sizes: list[int], one_in: int) -> None:
    cases = list(product(*map(range, sizes)))
    axes = [list(axis) for axis in zip(*cases, strict=True)]
    of_cases = diagonals(axes, one_in)
    n_diagonals = len(set(of_cases))
    taken = [taken_numbers(of_cases, offset) for offset in range(n_diagonals)]
    assert sorted(number for each in taken for number in each) == list(range(len(cases)))
    assert n_diagonals == min(one_in, sum(size - 1 for size in sizes) + 1)
    assert all(taken)


def test_every_value_of_an_axis_comes_up_with_every_offset_when_another_axis_is_long_enough() -> None:
    cases = list(product(range(5), range(4)))
    of_cases = diagonals([list(axis) for axis in zip(*cases, strict=True)], 4)
    for offset in range(4):
        taken = [cases[number] for number in taken_numbers(of_cases, offset)]
        assert len(taken) == 5
        assert [{case[axis] for case in taken} for axis in (0, 1)] == [set(range(5)), set(range(4))]


def test_names_that_go_together_are_one_axis() -> None:
    assert diagonals([[0, 1, 2, 3], [0, 1, 2, 3]], 4) == [0, 1, 2, 3]


@pytest.mark.sampled(2)
def test_a_case_that_failed_runs_with_every_seed_until_it_passes(folder: Path) -> None:
    file = folder / "test_it.py"
    sound = file.read_text(encoding="utf-8")
    file.write_text(sound.replace("assert letter == again", 'assert letter != "d"'), encoding="utf-8")
    run(folder, "--thorough", code=1)
    file.write_text(sound, encoding="utf-8")
    seeds = (f"--randomly-seed={seed}" for seed in range(20))
    other = next(seed for seed in seeds if "test_letter[d-d]" not in run(folder, seed, "-p", "no:cacheprovider")[0])
    assert "test_letter[d-d]" in run(folder, other, "--ff")[0]
    assert "test_letter[d-d]" not in run(folder, other)[0]
