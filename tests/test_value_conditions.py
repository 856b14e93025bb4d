"""Conditions that come from clicking on values: each one selects the samples that stand beside it."""

import datetime
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import kolena_store as ks
from kolena_store.inspection.distributions import FieldPart, fields_to_show, parts_of
from kolena_store.inspection.members import predicate_members
from kolena_store.inspection.scopes import DatasetScope, dataset_seen
from kolena_store.inspection.workbench import Look, Workbench
from kolena_store.membership.bitmaps import to_samples

N = 60
START = datetime.datetime(2020, 1, 1)
TENTH = datetime.timedelta(milliseconds=100)
SMALL = np.arange(N) / 7
TEXTS = ["", "it's", "\0", 'a "b"', "true", None]
REALS = [float("nan"), float("inf"), -float("inf"), -0.0, 0.0, 1 / 3, 1e300, 5e-324, None, 0.1]


def cycled(values: list[Any], kind: pa.DataType | None = None) -> pa.Array:
    return pa.array([values[number % len(values)] for number in range(N)], kind)


BELOW_FIVE = decimal.Decimal("4.999999999999999999")
FIELDS: dict[str, Any] = {
    "nans": pa.array(np.where(np.arange(N) % 3, np.where(np.arange(N) % 2, np.nan, -np.nan), 1.0), from_pandas=False),
    "span": pa.array([(-1.0) ** number * 1.7e308 * (number / N) for number in range(N)]),
    "long decimals": pa.array([BELOW_FIVE, *map(decimal.Decimal, range(1, N))], pa.decimal128(38, 18)),
    "long ids": pa.array([2**53 + 2 * number + 1 for number in range(N)]),
    "third": cycled([1 / 3, 2 / 3, 1.0]),
    "reals": cycled(REALS),
    "single": cycled([1 / 3, 0.1, 0.7], pa.float32()),
    "singles": pa.array((np.arange(N) / 10).astype(np.float32)),
    "doubles": pa.array(SMALL),
    "large": cycled([1234567890123.0, 1234567890124.0]),
    "many large": pa.array([1234567890123.0 + number for number in range(N)]),
    "moment": cycled([START + number * TENTH for number in range(3)], pa.timestamp("us")),
    "many moments": pa.array([START + number * TENTH for number in range(N)], pa.timestamp("us")),
    "nanoseconds": cycled([1, 2, 1_000_000_003], pa.timestamp("ns")),
    "zoned": cycled([START.replace(tzinfo=datetime.UTC), None], pa.timestamp("us", tz="UTC")),
    "time": cycled([datetime.time(1, 2, 3, 100000 * number) for number in range(3)], pa.time64("us")),
    "day": cycled([datetime.date(2020, 1, 1), datetime.date(1, 1, 1), None]),
    "money": cycled([decimal.Decimal("0.50"), decimal.Decimal("-1.25")], pa.decimal128(10, 2)),
    "much money": pa.array([decimal.Decimal(number) / 4 for number in range(N)], pa.decimal128(10, 2)),
    "money list": cycled([[decimal.Decimal("1.5")], None], pa.list_(pa.decimal128(10, 2))),
    "whole": cycled([-(2**63), 2**63 - 1, 0, None]),
    "unsigned": cycled([2**64 - 1, 0], pa.uint64()),
    "flag": cycled([True, False, None]),
    "text": cycled(TEXTS),
}


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Look, DatasetScope]]:
    store = ks.Store(tmp_path_factory.mktemp("values") / "s")
    store.upload_dataset("d", pa.table({"id": list(range(N)), **FIELDS}), id_fields=["id"])
    bench = Workbench(Path(store.path))
    look = bench.look()
    yield look, dataset_seen(look, "d")
    bench.close()


def parts(looked: tuple[Look, DatasetScope], name: str) -> list[FieldPart]:
    look, scope = looked
    return parts_of(look, scope, next(field for field in fields_to_show(scope) if field.name == name))


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "money list"])
def test_each_condition_selects_the_samples_beside_it(looked: tuple[Look, DatasetScope], name: str) -> None:
    look, scope = looked
    found = parts(looked, name)
    chosen = [part for part in found if part.predicate is not None]
    assert chosen
    for part in chosen:
        members = to_samples(predicate_members(look, scope, str(part.predicate)))
        assert sorted(members.tolist()) == sorted(part.samples.tolist()), part.predicate
    assert sorted(sample for part in found for sample in part.samples.tolist()) == list(range(N))


def test_lists_of_decimal_numbers_have_no_values_to_click_on(looked: tuple[Look, DatasetScope]) -> None:
    assert "money list" not in [field.name for field in fields_to_show(looked[1])]
