"""Texts of models on the page of a sample: beside the true text and beside each other, word by word."""

import difflib
import html
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store.web.application import create_application
from kolena_store.web.pages import texts

DIFFERENCE = re.compile(r'<h3>([^<]*)</h3><p class="difference" dir="auto">(.*?)</p>')
ALL_DIFFER = {"model": ["new", "old"], "sample": "0", "dataset": "qa"}


def differences(page: str) -> dict[str, str]:
    return {html.unescape(name): " ".join(parts.split()) for name, parts in DIFFERENCE.findall(page)}


def page_of(store: ks.Store) -> str:
    with TestClient(create_application(store.path)) as client:
        return client.get("/sample", params=ALL_DIFFER).text


def test_texts_of_two_judged_models_are_beside_each_other(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "s")
    store.upload_dataset("qa", [{"id": 0}], id_fields=["id"], workflow=ks.Judged(verdict="ok"))
    store.upload_results("qa", "old", [{"id": 0, "ok": True, "said": "it is five, I think", "mood": "calm"}])
    store.upload_results("qa", "new", [{"id": 0, "ok": False, "said": "it is <b>six</b>, I think", "mood": "wild"}])
    store.test("qa")
    page = page_of(store)
    expected = "it is <del>five,</del> <ins>&lt;b&gt;six&lt;/b&gt;,</ins> I think"
    assert differences(page) == {"said: new beside old": expected}
    assert ">verdict<" in page
    assert ">score<" not in page  # there is none of either model


def test_texts_are_beside_the_true_text(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "s")
    workflow = ks.Classification("caption", prediction="caption")
    store.upload_dataset("qa", [{"id": 0, "caption": "a dog in rain"}], id_fields=["id"], workflow=workflow)
    for model, said in (("old", "a dog in rain"), ("new", "a cat in rain")):
        store.upload_results("qa", model, [{"id": 0, "caption": said}])
    assert differences(page_of(store)) == {
        "new: caption": "a <del>dog</del> <ins>cat</ins> in rain",
        "old: caption": "a dog in rain",
        "caption: new beside old": "a <del>dog</del> <ins>cat</ins> in rain",
    }


def page_of_texts(folder: Path, truth: str, said: str) -> str:
    store = ks.Store(folder / "s")
    workflow = ks.Classification("caption", prediction="caption")
    store.upload_dataset("qa", [{"id": 0, "caption": truth}], id_fields=["id"], workflow=workflow)
    for model in ("old", "new"):
        store.upload_results("qa", model, [{"id": 0, "caption": said}])
    return differences(page_of(store))["new: caption"]


def test_looped_texts_are_not_paired_word_by_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_STEPS", 100_000)
    truth, said = "so a b c d " + "a b c d " * 500 + "end", "so " + "b a d c " * 500 + "the end"
    middle, other = truth.removeprefix("so ").removesuffix(" end"), said.removeprefix("so ").removesuffix(" end")
    assert page_of_texts(tmp_path, truth, said) == f"so <del>{middle}</del> <ins>{other}</ins> end"


def test_words_that_texts_begin_and_end_with_are_the_same(tmp_path: Path) -> None:
    loop = "a b c d " * 500
    assert page_of_texts(tmp_path, f"{loop}one {loop}", f"{loop}two {loop}") == (
        f"{loop}<del>one</del> <ins>two</ins> {loop}".strip()
    )
    assert page_of_texts(tmp_path / "twice", "a a a", "a a a a") == "a a a <ins>a</ins>"


def looped(n_words: int, n_looped: tuple[int, int]) -> tuple[list[str], list[str]]:
    """Return two texts of words that stand alone, with a mark before each in the second, and an ending that loops."""
    words = [f"w{number}" for number in range(n_words)]
    return [*words, *["a"] * n_looped[0]], [*(one for word in words for one in ("-", word)), *["a"] * n_looped[1]]


@pytest.mark.parametrize(("n_words", "n_looped"), [(2_000, (175, 1_000)), (300, (0, 0)), (0, (1_500, 1_501))])
def test_what_is_alike_is_looked_for_in_a_bounded_number_of_steps(
    n_words: int, n_looped: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = looped(n_words, n_looped)
    monkeypatch.setattr(texts, "MOST_STEPS", 50_000)
    calls: list[int] = []
    find = difflib.SequenceMatcher.find_longest_match

    def counted(self: Any, alo: int = 0, ahi: Any = None, blo: int = 0, bhi: Any = None) -> difflib.Match:
        calls.extend(1 + after.count(word) for word in before[alo:ahi])
        return find(self, alo, ahi, blo, bhi)

    monkeypatch.setattr(difflib.SequenceMatcher, "find_longest_match", counted)
    parts = [(kind, part) for kind, part in texts._inner(before, after)]
    assert sum(calls) <= texts.MOST_STEPS
    assert [word for kind, part in parts if kind in ("same", "removed") for word in part] == before
    assert [word for kind, part in parts if kind in ("same", "added") for word in part] == after
