"""Masks as pixels: what pycocotools encodes is read back, and nothing else is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from kolena_store.inspection.run_lengths import pixels_of

masks = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda shape: arrays(np.bool_, shape))


@given(masks)
def test_what_pycocotools_encodes_is_read_back(pixels: np.ndarray) -> None:
    encoded = oracle.encode(np.asfortranarray(pixels.astype(np.uint8)))
    for counts in (encoded["counts"], encoded["counts"].decode()):
        found = pixels_of({"size": encoded["size"], "counts": counts})
        assert found is not None
        assert (found == pixels).all()


@given(masks)
def test_counts_may_be_numbers(pixels: np.ndarray) -> None:
    flat = pixels.T.ravel()
    edges = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    found = pixels_of({"size": list(pixels.shape), "counts": [0, *runs] if flat[0] else runs})
    assert found is not None
    assert (found == pixels).all()


@pytest.mark.parametrize(
    "mask",
    [
        {},
        {"size": [2, 2]},
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [5, -1]},
        {"size": [2], "counts": [2]},
        {"size": ["a", 2], "counts": [2]},
        {"size": [2, 2], "counts": "\N{GREEK SMALL LETTER ALPHA}"},
        {"size": [2, 2], "counts": "P"},
        {"size": [0, 2], "counts": []},
        {"size": [1_000_000, 1_000_000], "counts": [10**12]},
        {"size": [-2, -2], "counts": [4]},
    ],
)
def test_what_is_no_mask_is_none(mask: dict) -> None:
    assert pixels_of(mask) is None
