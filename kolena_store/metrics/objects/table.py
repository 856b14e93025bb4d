"""The stored matches of one model in memory: a column for each fact, an entry for each detection and object."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kolena_store.files import SAMPLE
from kolena_store.matching.coco import Bits
from kolena_store.matching.mistakes import KINDS
from kolena_store.matching.objects import Flags, Floats, Integers
from kolena_store.matching.one_to_one import ONE_TO_ONE_BIT

__all__ = ["MatchTable", "StoredDetections", "StoredTruths", "match_table"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredDetections:
    """Detections by sample, class and falling score; `places` are those among the model's detections of the sample.

    `truths` and the like are places among the sample's objects; -1 stands for no object and no mistake. `labels` are
    codes of classes.
    """

    samples: Integers
    places: Integers
    labels: Integers
    scores: Floats
    ranks: Integers
    matched: Bits
    ignored: Bits
    truths: Integers
    overlaps: Floats
    mistakes: Integers
    mistaken_for: Integers
    is_mendable: Flags
    confused_with: Integers


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredTruths:
    """The objects by sample, as the ground truth has them."""

    samples: Integers
    labels: Integers
    places: Integers
    ignored: Bits
    is_missed: Flags


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchTable:
    """The matches of one model; `samples` are those that it answered, ascending.

    `counting` is the bit of the matching by which detections are right or wrong.
    """

    samples: Integers
    classes: tuple[str, ...]
    detections: StoredDetections
    truths: StoredTruths
    counting: int

    @cached_property
    def is_hit(self) -> Flags:
        """Return the detections that are right."""
        return np.asarray(self.detections.truths >= 0)

    @cached_property
    def counts(self) -> Flags:
        """Return the detections that are right or wrong; the others don't count."""
        return self.without_bit(self.detections.ignored)

    @cached_property
    def truth_counts(self) -> Flags:
        """Return the objects that are found or missed; the others are ignored."""
        return self.without_bit(self.truths.ignored)

    def without_bit(self, bits: Bits) -> Flags:
        """Return whether the bit of the counting matching is not set."""
        return np.asarray((bits >> np.uint64(self.counting)) & np.uint64(1) == 0)

    def truth_rows(self, samples: Integers, places: Integers) -> Integers:
        """Return the rows among `truths` of objects by sample and place; each must be there."""
        first = np.searchsorted(self.truths.samples, samples)
        return first + places


def match_table(table: pa.Table, classes: Sequence[str] | None, *, is_one_to_one: bool) -> MatchTable:
    """Return stored matches in memory.

    Args:
        table: `_sample`, `detections` and `truths` of the sample metrics.
        classes: the labels in the order of their codes; None: all that occur, sorted.
        is_one_to_one: whether the one-to-one matching counts, and not COCO's.
    """
    numbers = table.column(SAMPLE).to_numpy()
    if (np.diff(numbers) < 0).any():
        table = table.sort_by(SAMPLE)
        numbers = table.column(SAMPLE).to_numpy()
    found_samples, found = _flat(table.column("detections"), numbers)
    true_samples, true = _flat(table.column("truths"), numbers)
    labels = [_encoded(one, "label") for one in (found, true)]
    names = tuple(classes) if classes is not None else _sorted_names(labels)
    found_codes, true_codes = (_codes(one, names) for one in labels)
    return MatchTable(
        samples=numbers,
        classes=names,
        detections=_detections(found, found_samples, found_codes),
        truths=StoredTruths(
            samples=true_samples,
            labels=true_codes,
            places=_integers(true, "object"),
            ignored=_bits(true, "ignored"),
            is_missed=_flags(true, "is_missed"),
        ),
        counting=ONE_TO_ONE_BIT if is_one_to_one else 0,
    )


def _detections(found: pa.StructArray, samples: Integers, labels: Integers) -> StoredDetections:
    return StoredDetections(
        samples=samples,
        places=_integers(found, "object"),
        labels=labels,
        scores=_field(found, "score").to_numpy(zero_copy_only=False),
        ranks=_integers(found, "rank"),
        matched=_bits(found, "matched"),
        ignored=_bits(found, "ignored"),
        truths=_integers(found, "truth"),
        overlaps=_field(found, "overlap").fill_null(0.0).to_numpy(zero_copy_only=False),
        mistakes=_codes(_encoded(found, "mistake"), KINDS),
        mistaken_for=_integers(found, "mistaken_for"),
        is_mendable=_flags(found, "is_mendable"),
        confused_with=_integers(found, "confused_with"),
    )


def _flat(column: pa.ChunkedArray, samples: Integers) -> tuple[Integers, pa.StructArray]:
    """Return the sample of each element of lists, and the elements."""
    lists = column.combine_chunks()
    whole = lists if isinstance(lists, pa.Array) else pa.concat_arrays(lists.chunks)
    lengths = pc.list_value_length(whole).to_numpy(zero_copy_only=False)
    return np.repeat(samples, lengths), whole.flatten()


def _field(objects: pa.StructArray, name: str) -> pa.Array:
    return pc.struct_field(objects, name)


def _integers(objects: pa.StructArray, name: str) -> Integers:
    return np.asarray(_field(objects, name).fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _bits(objects: pa.StructArray, name: str) -> Bits:
    return np.asarray(_field(objects, name).to_numpy(zero_copy_only=False), dtype=np.uint64)


def _flags(objects: pa.StructArray, name: str) -> Flags:
    return np.asarray(_field(objects, name).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _encoded(objects: pa.StructArray, name: str) -> pa.DictionaryArray:
    return _field(objects, name).dictionary_encode()


def _sorted_names(labels: Sequence[pa.DictionaryArray]) -> tuple[str, ...]:
    return tuple(sorted({name for one in labels for name in one.dictionary.to_pylist()}))


def _codes(labels: pa.DictionaryArray, names: Sequence[str]) -> Integers:
    """Return the place of each label among the names; -1 of NULL."""
    known = {name: code for code, name in enumerate(names)}
    of_dictionary = np.array([known[name] for name in labels.dictionary.to_pylist()] + [-1], dtype=np.int64)
    indices: NDArray[np.int64] = labels.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return of_dictionary[indices]
