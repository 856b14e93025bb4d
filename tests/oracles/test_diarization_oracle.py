"""The page's diarization scorer against pyannote.metrics, and against all mappings of speakers one by one."""

from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_files import write_page_files
from small_stores import temporary_store

import kolena_store as ks

PARTS = ("speech", "missed", "false_alarm", "confused")


def recordings(n: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Recordings with turns that overlap; nobody speaks in the first, and of the second nothing is found."""
    random = np.random.default_rng(11)
    true, found = [], []
    for number in range(1, n):
        for speaker in range(random.integers(1, 4)):
            clock = float(random.uniform(0, 4))
            while clock < 40:
                end = clock + float(random.uniform(1, 6))
                true.append({"id": number, "speaker": f"S{speaker}", "start": clock, "end": end})
                name = f"x{random.choice([speaker, speaker, 3])}"
                if number != 1 and random.random() < 0.85:
                    shift = random.normal(0, 0.3, 2)
                    turn = {"start": max(clock + shift[0], 0.0), "end": end + shift[1]}
                    found.append({"id": number, "speaker": name, **turn})
                clock = end + float(random.uniform(0.5, 9))
    return [{"id": number} for number in range(n)], true, _apart(found)


def _apart(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what one speaker would say at the same time twice."""
    kept: list[dict[str, Any]] = []
    for turn in turns:
        same = [one for one in kept if (one["id"], one["speaker"]) == (turn["id"], turn["speaker"])]
        if turn["end"] > turn["start"] and all(
            turn["start"] >= one["end"] or turn["end"] <= one["start"] for one in same
        ):
            kept.append(turn)
    return kept


def of(rows: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return [row for row in rows if row["id"] == number]


def scored(folder: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> tuple[Any, dict[int, dict[str, float]], Any]:
    """Return the data, the sample metrics by recording, and the test results."""
    write_page_files("diarization.md", folder)
    monkeypatch.chdir(folder)
    data = recordings(n)
    store = temporary_store()
    with store.transaction():
        workflow = ks.Custom(objects=True, scorer="diarization:score")
        store.upload_dataset("meetings", data[0], objects=data[1], workflow=workflow)
        store.upload_results("meetings", "m", data[2])
        store.apply_metrics("meetings", folder / "diarization.sql")
        results = store.test("meetings")
    rows = store.sql("SELECT id, * FROM meetings.sample_metrics JOIN meetings.test_samples USING (_sample)").rows()
    return data, {row["id"]: {name: row[name] for name in PARTS} for row in rows}, results


def test_diarization_is_what_pyannote_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diarization = pytest.importorskip("pyannote.metrics.diarization", reason="pyannote.metrics is not installed")
    core = pytest.importorskip("pyannote.core", reason="pyannote.core is not installed")

    def annotation(turns: list[dict[str, Any]]) -> Any:
        made = core.Annotation()
        for position, turn in enumerate(turns):
            made[core.Segment(turn["start"], turn["end"]), position] = turn["speaker"]
        return made

    (samples, true, found), parts, results = scored(tmp_path, monkeypatch, 12)
    rate = diarization.DiarizationErrorRate()
    whole = core.Timeline([core.Segment(0, 100)])
    for sample in samples:
        number = sample["id"]
        theirs = rate(annotation(of(true, number)), annotation(of(found, number)), uem=whole, detailed=True)
        names = ("total", "missed detection", "false alarm", "confusion")
        assert list(parts[number].values()) == pytest.approx([theirs[name] for name in names], abs=1e-9)
    assert results["all", "m", "der"].value == pytest.approx(abs(rate), rel=1e-9)


@pytest.mark.sampled(2)
def test_diarization_finds_the_best_of_all_mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (samples, true, found), parts, _ = scored(tmp_path, monkeypatch, 5)
    for sample in samples:
        turns, answers = of(true, sample["id"]), of(found, sample["id"])
        assert sum(parts[sample["id"]][name] for name in PARTS[1:]) == pytest.approx(least_error(turns, answers))


def least_error(turns: list[dict[str, Any]], answers: list[dict[str, Any]]) -> float:
    """Return the seconds of error under the best mapping, looked at between all moments at which something changes."""
    moments = sorted({turn[name] for turn in (*turns, *answers) for name in ("start", "end")})
    own = sorted({turn["speaker"] for turn in turns})
    names = [*sorted({turn["speaker"] for turn in answers}), *(None for _ in own)]
    if not moments:
        return 0.0

    def error(mapping: dict[str, str]) -> float:
        total = 0.0
        for start, end in pairwise(moments):
            middle = (start + end) / 2
            true, said = (
                {turn["speaker"] for turn in rows if turn["start"] < middle < turn["end"]} for rows in (turns, answers)
            )
            right = sum(mapping.get(speaker) in said for speaker in true if mapping.get(speaker) is not None)
            total += (max(len(true), len(said)) - right) * (end - start)
        return total

    return min(error(dict(zip(own, chosen, strict=True))) for chosen in set(permutations(names, len(own))))
