"""Histories of two stores: how they compare, and that a merge does what the comparison says, from either side."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merged_stores import answers, copied, digests, newest, samples, store_at
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import MergeConflict
from kolena_store.merging.histories import History, VersionMap, compare_histories, taken_versions

WORDS = st.text("xyz", max_size=6)
LABELS = st.dictionaries(st.integers(0, 9), st.sampled_from("ab"), min_size=1, max_size=6)


def history(word: str, first: int = 1) -> History:
    return History(range(first, first + len(word)), [partial(str, letter) for letter in word])


@pytest.mark.parametrize(
    ("ours", "theirs", "relation", "more"),
    [
        ("", "xy", "new", "xy"),
        ("x", "x", "equal", ""),
        ("yx", "zx", "equal", ""),
        ("x", "xy", "extended", "y"),
        ("wx", "yxyz", "extended", "yz"),
        ("zx", "yxyz", "diverged", ""),
        ("x", "xzxy", "extended", "y"),
        ("xy", "x", "ahead", ""),
        ("xyz", "zx", "diverged", ""),
        ("xy", "xz", "diverged", ""),
        ("xy", "yx", "diverged", ""),
    ],
)
def test_histories_compare_by_their_ends(ours: str, theirs: str, relation: str, more: str) -> None:
    found = compare_histories(history(ours), history(theirs))
    assert (found.relation, theirs[found.start :]) == (relation, more)


@given(ours=WORDS.filter(len), theirs=WORDS.filter(len))
def test_the_other_side_sees_the_mirror_image(ours: str, theirs: str) -> None:
    mirror = {"equal": "equal", "extended": "ahead", "ahead": "extended", "diverged": "diverged"}
    found = compare_histories(history(ours), history(theirs)).relation
    assert compare_histories(history(theirs), history(ours)).relation == mirror[found]
    plain = "equal" if ours[-1] == theirs[-1] else None
    is_there, is_here = ours[-1] in theirs, theirs[-1] in ours
    expected = plain or ("diverged" if is_there == is_here else "extended" if is_there else "ahead")
    assert found == expected


@settings(max_examples=300)
@given(ours=WORDS, theirs=WORDS.filter(len), first=st.integers(1, 3))
def test_a_version_there_is_the_one_here_with_its_content(ours: str, theirs: str, first: int) -> None:
    our_history, their_history = history(ours, first), history(theirs)
    start = compare_histories(our_history, their_history).start
    found = taken_versions(our_history, their_history, start)
    result = dict(zip(our_history.numbers, ours, strict=True))
    after = dict(zip(found.new_numbers, theirs[start:], strict=True))
    assert not result.keys() & after.keys()
    result |= after
    for number, content in zip(their_history.numbers, theirs, strict=True):
        here = found.here(number)
        assert (None if here is None else result[here]) == (content if content in result.values() else None)
    assert found.here(99) is None


def test_contents_are_only_looked_at_when_they_matter() -> None:
    def fail() -> str:
        raise AssertionError("looked at")

    theirs = History([1, 2], [fail, lambda: "x"])
    assert compare_histories(history("x"), theirs).relation == "equal"
    assert VersionMap(History([], []), theirs, {0: 1, 1: 2}).here(1) == 1


@dataclass(frozen=True, kw_only=True)
class Past:
    """What two stores did: together, then each alone; of the dataset and of one model's results."""

    shared: Sequence[dict[int, str]]
    ours: Sequence[dict[int, str]]
    theirs: Sequence[dict[int, str]]
    our_answers: Sequence[dict[int, str]]
    their_answers: Sequence[dict[int, str]]
    began_as_one: bool


PASTS = st.builds(
    Past,
    shared=st.lists(LABELS, min_size=1, max_size=2),
    ours=st.lists(LABELS, max_size=1),
    theirs=st.lists(LABELS, max_size=2),
    our_answers=st.lists(LABELS, max_size=1),
    their_answers=st.lists(LABELS, max_size=2),
    began_as_one=st.booleans(),
)


def stores_of(past: Past, folder: Path) -> tuple[ks.Store, ks.Store]:
    """Both stores; unless they began as one, the other one numbered the shared samples in another order."""
    ours = store_at(folder / "ours", past.shared)
    if past.began_as_one:
        theirs = copied(ours, folder / "theirs")
    else:
        theirs = store_at(folder / "theirs", [dict(reversed(labels.items())) for labels in past.shared])
    for store, versions, models in ((ours, past.ours, past.our_answers), (theirs, past.theirs, past.their_answers)):
        with store.transaction():
            for labels in versions:
                store.upload_dataset("d", samples(labels))
            for given_answers in models:
                store.upload_results("d", "m", answers(given_answers), allow_unmatched=True)
    return ours, theirs


def known(past: Past) -> Past:
    """The same past with answers to samples that are there alone: results without any are refused."""

    def kept(answered: Sequence[dict[int, str]], own: Sequence[dict[int, str]]) -> list[dict[int, str]]:
        last = [*past.shared, *own][-1]
        some = ({number: label for number, label in one.items() if number in last} for one in answered)
        return [one for one in some if one]

    return Past(
        **{
            **{name: getattr(past, name) for name in ("shared", "ours", "theirs", "began_as_one")},
            "our_answers": kept(past.our_answers, past.ours),
            "their_answers": kept(past.their_answers, past.theirs),
        }
    )


def is_conflict(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    if not ours or not theirs or ours[-1] == theirs[-1]:
        return False
    return (ours[-1] in theirs) == (theirs[-1] in ours)


@pytest.mark.sampled(2)
@FEW
@given(past=PASTS.map(known))
def test_merging_either_way_has_the_same_content(past: Past) -> None:
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = stores_of(past, Path(name))
        left, right = digests(ours), digests(theirs)
        conflicts = [key for key in left.keys() | right.keys() if is_conflict(left.get(key, ()), right.get(key, ()))]
        if conflicts:
            check_conflicts(ours, theirs, conflicts)
            return
        into_ours, into_theirs = copied(ours, Path(name) / "left"), copied(theirs, Path(name) / "right")
        into_ours.merge(theirs.path)
        into_theirs.merge(ours.path)
        assert newest(into_ours) == newest(into_theirs)
        assert into_ours.download_dataset("d").sort_by("id") == into_theirs.download_dataset("d").sort_by("id")
        for store, other in ((into_ours, theirs), (into_theirs, ours), (into_ours, into_theirs)):
            before = digests(store)
            assert {thing.outcome for thing in store.merge(other.path).things} == {"equal"}
            assert digests(store) == before


def check_conflicts(ours: ks.Store, theirs: ks.Store, conflicts: Sequence[str]) -> None:
    before = digests(ours)
    with pytest.raises(MergeConflict):
        ours.merge(theirs.path)
    assert digests(ours) == before
    right = digests(theirs)
    ours.merge(theirs.path, prefer="theirs")
    after = digests(ours)
    assert {name: after[name][-1] for name in conflicts} == {name: right[name][-1] for name in conflicts}
    assert {name: after[name][: len(before[name])] for name in before} == before
    assert {thing.outcome for thing in ours.merge(theirs.path, prefer="theirs").things} == {"equal"}
