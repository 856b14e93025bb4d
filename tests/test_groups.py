"""Batches that split no group, however the rows come."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.workflows.groups import group_starts, whole_groups

GROUPS = st.lists(st.one_of(st.none(), st.sampled_from("abc")), max_size=30).map(
    lambda values: sorted(values, key=lambda value: (value is None, value or ""))
)


def plainly(values: list[str | None]) -> list[list[str | None]]:
    """The groups one by one: each NULL is one of its own."""
    found: list[list[str | None]] = []
    for value in values:
        if found and value is not None and found[-1][0] == value:
            found[-1].append(value)
        else:
            found.append([value])
    return found


@settings(max_examples=200, deadline=None)
@given(values=GROUPS, sizes=st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_no_batch_splits_a_group_and_no_row_is_lost(values: list[str | None], sizes: list[int]) -> None:
    whole = pa.RecordBatch.from_pydict(
        {"v": pa.array(values, pa.string()), "k": pa.array(range(len(values)), pa.int64())}
    )
    cut, place = [], 0
    for size in [*sizes, len(values)]:
        cut.append(whole.slice(place, size))
        place = min(place + size, len(values))
    batches = list(whole_groups(cut, "v"))
    assert [one for batch in batches for one in batch["k"].to_pylist()] == list(range(len(values)))
    assert [group for batch in batches for group in plainly(batch["v"].to_pylist())] == plainly(values)
    assert all(batch.num_rows for batch in batches)


@settings(max_examples=100, deadline=None)
@given(values=GROUPS)
def test_groups_start_where_they_begin(values: list[str | None]) -> None:
    sizes = [len(group) for group in plainly(values)]
    starts = group_starts(pa.array(values, pa.string())).tolist()
    assert starts == [sum(sizes[:position]) for position in range(len(sizes))]
