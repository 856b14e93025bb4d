"""What a comparison of two runs returns: differences and their parts, as a table and as people read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kolena_store.attribution.chain import PARTS, Part
from kolena_store.display import Column, Listing, fraction, number
from kolena_store.errors import shown
from kolena_store.tables import ArrowBacked
from kolena_store.test_runs import TestRun

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ATTRIBUTION_COLUMNS", "Attribution"]

Row = Mapping[str, Any]

ATTRIBUTION_COLUMNS = (
    *((name, "text") for name in ("test_case", "metric", "class", "better")),
    *((name, "number") for name in ("baseline", "value", "delta", *PARTS)),
    *((f"after_{part}", "number") for part in PARTS[:-1]),
    ("reason", "text"),
)
TITLES: Mapping[Part, str] = MappingProxyType({part: part.replace("_", " ") for part in PARTS})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution(ArrowBacked):
    """How two test runs on one dataset differ, and what each difference is due to.

    `differences` has a row for each metric, test case and class that both runs have: the two values, `delta`, and the
    parts that add up to it, in the order in which they were changed: `metric_definition`, `labels`, `membership`,
    `configuration`, `model`. `after_labels` and so on are the values of the states in between. `changed` names the
    parts that differ at all; `left_out` the test cases that only one of the runs has.
    """

    baseline: TestRun
    run: TestRun
    changed: tuple[Part, ...]
    headlines: tuple[str, ...]
    left_out: tuple[str, ...]
    differences: "pa.Table" = field(repr=False)

    def arrow(self) -> "pa.Table":
        """Return the rows: test_case, metric, class, better, baseline, value, delta, a column for each part."""
        return self.differences

    def listings(self) -> Sequence[Listing | str]:
        """Return a listing for each headline metric, the parts that differ, and what they are."""
        rows = self.rows()
        of_whole = [row for row in rows if row["class"] is None] or rows
        listings = [self._listing(name, [row for row in of_whole if row["metric"] == name]) for name in self.headlines]
        return [*(one for one in listings if one.rows), *self._sentences(rows)]

    def _listing(self, metric: str, rows: Sequence[Row]) -> Listing:
        is_bounded = all(abs(row[name]) <= 1 for row in rows for name in ("value", "baseline") if row[name] is not None)
        parts = self.changed or PARTS[-1:]
        titles = (
            f"run {self.baseline.run_id}",
            f"run {self.run.run_id}",
            "difference",
            *(TITLES[one] for one in parts),
        )
        columns = (Column(title="test case"), *(Column(title=title, align="right") for title in titles))
        lines = tuple(_line(row, parts, is_bounded=is_bounded) for row in rows)
        title = f"{self.run.dataset} · {metric}: {self.run.label} against {self.baseline.label}"
        return Listing(title=title, columns=columns, rows=lines)

    def _sentences(self, rows: Sequence[Row]) -> Iterator[str]:
        if not self.changed:
            yield "the two runs are of the same data, definitions and answers"
        yield from (f"{TITLES[part]}: {self._change(part)}" for part in self.changed)
        if len(self.changed) > 1:
            yield "the parts change in this order, each is measured again, and they add up; not tested for evidence"
        if self.left_out:
            yield f"only one of the runs has {shown(self.left_out, str)}"
        undefined = [row["test_case"] for row in rows if row["reason"] is not None and row["metric"] in self.headlines]
        if undefined:
            yield f"not split, as a value is not defined: {shown(dict.fromkeys(undefined), str)}"

    def _change(self, part: Part) -> str:
        before, after = self.baseline, self.run
        data = f"dataset version {before.dataset_version} to {after.dataset_version}"
        if part == "metric_definition":
            return "the metric, the workflow or its scorer was defined otherwise"
        if part == "labels":
            return f"what the samples of both are said to be ({data})"
        if part == "membership":
            suites = (
                f"suite {before.suite} version {before.suite_version} to {after.suite} version {after.suite_version}"
            )
            return f"which samples count ({data}, {suites})"
        if part == "configuration":
            return f"{before.configuration or 'defaults'} to {after.configuration or 'defaults'}"
        return (
            f"{before.label} results version {before.results_version} to {after.label} version {after.results_version}"
        )


def _line(row: Row, parts: Sequence[Part], *, is_bounded: bool) -> tuple[str, ...]:
    case = row["test_case"] if row["class"] is None else f"{row['test_case']} · {row['class']}"
    values = (_figure(row[name], is_bounded=is_bounded) for name in ("baseline", "value"))
    changes = (_signed(row[name], is_bounded=is_bounded) for name in ("delta", *parts))
    return (case, *values, *changes)


def _figure(value: float | None, *, is_bounded: bool) -> str:
    return fraction(value) if is_bounded else number(value)


def _signed(value: float | None, *, is_bounded: bool) -> str:
    text = _figure(value, is_bounded=is_bounded)
    return f"+{text}" if value is not None and value > 0 and text[0] not in "<>" else text
