"""Bitmaps in files: what is written comes back, and what does not fit is refused."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import DamagedStore
from kolena_store.membership import block_files
from kolena_store.membership.bitmaps import BLOCK_SAMPLES, Words, from_flags, from_samples, n_words, to_samples
from kolena_store.membership.block_files import SCHEMA, CaseKey, block_tables, fill_words, n_blocks

SIZES = st.sampled_from([0, 1, 63, 64, 65, 129, BLOCK_SAMPLES, BLOCK_SAMPLES + 1, 2 * BLOCK_SAMPLES + 70])


def bitmap(samples: set[int], size: int) -> Words:
    return from_samples(np.array(sorted(samples), dtype=np.int64), size)


def written(path: Path, members: Mapping[CaseKey, Words], *, rows_per_group: int = 1000) -> Path:
    table = pa.concat_tables(block_tables(members))
    assert table.schema == SCHEMA
    pq.write_table(table, path, row_group_size=rows_per_group)
    return path


def read(path: Path, keys: list[CaseKey], size: int) -> Words:
    words = np.zeros((len(keys), n_words(size)), dtype=np.uint64)
    seen = np.zeros((len(keys), n_blocks(n_words(size))), dtype=np.bool_)
    fill_words(path, {key: row for row, key in enumerate(keys)}, words, seen)
    return words


@st.composite
def memberships(draw: st.DrawFn) -> tuple[dict[CaseKey, Words], int]:
    size = draw(SIZES)
    sets = st.sets(st.integers(0, size - 1), max_size=20) if size else st.just(set[int]())
    keys = st.tuples(st.integers(1, 2**40), st.integers(1, 3))
    return {key: bitmap(samples, size) for key, samples in draw(st.dictionaries(keys, sets, max_size=6)).items()}, size


@given(memberships(), st.integers(1, 4), st.data())
def test_bitmaps_come_back_from_a_file(
    tmp_path_factory: pytest.TempPathFactory,
    case: tuple[dict[CaseKey, Words], int],
    rows_per_group: int,
    data: st.DataObject,
) -> None:
    members, size = case
    path = tmp_path_factory.getbasetemp() / "memberships.parquet"
    written(path, members, rows_per_group=rows_per_group)
    wanted = data.draw(st.permutations(list(members))) if members else []
    wanted = wanted[: data.draw(st.integers(0, len(wanted)))]
    found = read(path, wanted, size)
    assert all(np.array_equal(found[row], members[key]) for row, key in enumerate(wanted))


@pytest.mark.parametrize("share", [0.0001, 0.5, 1.0])
@pytest.mark.parametrize("words_per_table", [1, 10_000, 1 << 22])
def test_large_bitmaps_survive_blocks(
    share: float, words_per_table: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_files, "WORDS_PER_TABLE", words_per_table)
    flags = np.random.default_rng(7).random((3, 3 * BLOCK_SAMPLES + 17)) < share
    flags[1, BLOCK_SAMPLES : 2 * BLOCK_SAMPLES] = False
    members = {(number, 1): from_flags(one) for number, one in enumerate(flags)}
    found = read(written(tmp_path / "memberships.parquet", members), list(members), flags.shape[1])
    assert np.array_equal(found, np.stack(list(members.values())))


def test_blocks_without_a_sample_are_left_out_and_the_last_is_as_short_as_the_bitmap() -> None:
    size = 3 * BLOCK_SAMPLES + 65
    table = pa.concat_tables(block_tables({(7, 2): bitmap({5, size - 1}, size), (8, 1): bitmap(set(), size)}))
    assert table.column("test_case_id").to_pylist() == [7, 7]
    assert table.column("block").to_pylist() == [0, 3]
    first, last = table.column("bits").to_pylist()
    assert len(first) == BLOCK_SAMPLES // 8
    assert first[:8] == bytes([1 << 5, *bytes(7)])
    assert last == bytes(8) + bytes([1, *bytes(7)])


def test_blocks_of_a_smaller_version_fill_a_larger_bitmap(tmp_path: Path) -> None:
    path = written(tmp_path / "memberships.parquet", {(1, 1): bitmap({1, 69}, 70)})
    (words,) = read(path, [(1, 1)], BLOCK_SAMPLES + 500)
    assert to_samples(words).tolist() == [1, 69]


@pytest.mark.parametrize(
    "blocks",
    [
        [(0, bytes(8)), (0, bytes(8))],
        [(0, bytes(7))],
        [(1, bytes(8))],
        [(-1, bytes(8))],
        [(0, bytes(24))],
    ],
    ids=["twice", "cut inside a word", "behind the end", "before the start", "too long"],
)
@pytest.mark.parametrize("rows_per_group", [1, 10])
def test_blocks_that_do_not_fit_are_a_damaged_store(
    blocks: list[tuple[int, bytes]], rows_per_group: int, tmp_path: Path
) -> None:
    rows = [{"test_case_id": 1, "test_case_version": 1, "block": block, "bits": bits} for block, bits in blocks]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), tmp_path / "x.parquet", row_group_size=rows_per_group)
    with pytest.raises(DamagedStore, match="verify --repair"):
        read(tmp_path / "x.parquet", [(1, 1)], 100)
    assert read(tmp_path / "x.parquet", [(2, 1)], 100).tolist() == [[0, 0]]


def test_a_file_that_is_no_parquet_is_a_damaged_store(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(DamagedStore, match="x.parquet can't be read"):
        read(tmp_path / "x.parquet", [(1, 1)], 100)
