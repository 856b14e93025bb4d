"""The samples behind a difference: those that only one of two models got right, or that one of them did worse on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kolena_store.comparisons.asked import compared_results, one_result
from kolena_store.comparisons.records import ComparisonOptions
from kolena_store.database import Transaction
from kolena_store.datasets import dataset_named, files_of, version_of
from kolena_store.display import Column, Listing, number
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.files import SAMPLE
from kolena_store.statements import identifier, joined, statement
from kolena_store.tables import ArrowBacked
from kolena_store.test_runs.answered import id_fields
from kolena_store.test_runs.execute import Setting, TestRequest, setting_of, workflow_of
from kolena_store.test_runs.request import suite_of
from kolena_store.test_suites import ALL

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.comparisons.pairing import Group
    from kolena_store.metrics.aggregation import ClassNames
    from kolena_store.metrics.definitions import MetricDefinition

__all__ = ["DifferingSamples", "SampleRequest", "differing_samples"]

SHOWN = 40
VALUES = ("model_value", "baseline_value")
OBJECT = ("_object", "class")
"""Of which object of its sample a row is, and that object's class."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DifferingSamples(ArrowBacked):
    """The samples of a test case that count otherwise for a model than for the baseline, in one metric.

    The rows have the id fields, then `model_value` and `baseline_value`: 1 for what the metric counts (right, mostly)
    and 0 for what it does not, or what a sample adds to a mean. Those that the model did worse on come first.

    Of a metric of objects there is a row for each object that only one of the two found: behind the id fields stand its
    place among the objects of its sample, `_object`, and its `class`; `unit` is then `object`, and `n_common` counts
    objects.
    """

    dataset: str
    test_case: str
    metric: str
    class_name: str | None
    model: str
    baseline: str
    n_common: int
    samples: "pa.Table" = field(repr=False)
    unit: str = "sample"

    def arrow(self) -> "pa.Table":
        """Return the samples: their ids, and what they count for on either side."""
        return self.samples

    def listings(self) -> Sequence[Listing | str]:
        """Return the first samples, and how many there are."""
        ids = self.samples.column_names[:-2]
        columns = (
            *(Column(title=name) for name in ids),
            *(Column(title=name, align="right") for name in (self.model, self.baseline)),
        )
        shown = [column.to_pylist() for column in self.samples.slice(0, SHOWN).columns]
        rows = tuple((*map(str, row[:-2]), *map(number, row[-2:])) for row in zip(*shown, strict=True))
        of_class = f" · {self.class_name}" if self.class_name is not None else ""
        n_all, n_more = self.samples.num_rows, self.samples.num_rows - len(rows)
        return [
            Listing(title=f"{self.dataset} · {self.test_case} · {self.metric}{of_class}", columns=columns, rows=rows),
            *([f"{number(n_more)} more {self.unit}s (--format csv has all)"] if n_more else []),
            self._summary(number(n_all)),
        ]

    def _summary(self, n_all: str) -> str:
        if self.unit == "object":
            return f"{n_all} of {number(self.n_common)} objects are found by one of {self.model} and {self.baseline}"
        return (
            f"{n_all} of {number(self.n_common)} samples that both answered count otherwise for {self.model} than for "
            f"{self.baseline}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """Which samples to list: of which test case, by which metric (None: the first headline) and class."""

    model: str
    baseline: str
    test_case: str = ALL
    metric: str | None = None
    class_name: str | None = None


def differing_samples(
    transaction: Transaction, name: str, asked: SampleRequest, options: ComparisonOptions
) -> DifferingSamples:
    """Return the samples of a test case that count otherwise for a model than for the baseline.

    Raises:
        UnknownName: no such dataset, model, metric, test case or class.
        InvalidInput: the metric says nothing of single samples, or a name stands for several results.
    """
    from kolena_store.comparisons.loading import ModelLoader
    from kolena_store.comparisons.pairing import paired_models

    dataset = dataset_named(transaction, name)
    found, baseline = compared_results(transaction, dataset, [asked.model], asked.baseline)
    results = one_result(asked.model, found)
    headlines = workflow_of(dataset, version_of(transaction, dataset)).headlines()
    metric = asked.metric or next(iter(headlines), "")
    suite, _ = suite_of(transaction, dataset, options.suite, options.by, cross=options.cross)
    setting = setting_of(
        transaction,
        TestRequest(
            dataset=dataset,
            suite=suite,
            results=[results, baseline],
            configuration=options.configuration,
            metrics=[metric] if metric else None,
        ),
    )
    case = _case(setting, asked.test_case)
    loader = ModelLoader(transaction, setting, [results, baseline])
    paired = paired_models(loader.plan.plan, loader.plan.present, loader.load(results), loader.load(baseline))
    if not paired.groups:
        raise _says_nothing(metric or "a metric of your own")
    listed = _listed(paired.groups[0], case, asked.class_name)
    return DifferingSamples(
        dataset=dataset.name,
        test_case=asked.test_case,
        metric=metric,
        class_name=asked.class_name,
        model=results.label,
        baseline=baseline.label,
        n_common=paired.n_common[case] if listed.n is None else listed.n,
        samples=_with_ids(transaction, setting, listed),
        unit="sample" if listed.n is None else "object",
    )


def _case(setting: Setting, name: str) -> int:
    names = [case.name for case in setting.cases]
    if name not in names:
        suite = setting.request.suite.name
        listing = f"kolena-store suite show {setting.request.dataset.name} {suite}"
        raise UnknownName.of(f"test case in suite {suite!r}", name, names, listing)
    return names.index(name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Listed:
    """Samples and their values on either side: float64[2, rows]; `more` columns and `n` objects, of objects alone."""

    samples: "np.ndarray"
    values: "np.ndarray"
    more: "Sequence[Sequence[object]]" = ()
    n: int | None = None


def _listed(group: "Group", case: int, class_name: str | None) -> _Listed:
    """Return the differing samples of a test case and their values on either side, worst for the model first."""
    import numpy as np

    from kolena_store.membership.bitmaps import to_samples
    from kolena_store.metrics.differences.sample_values import sample_values
    from kolena_store.metrics.intervals.objects import is_of_objects

    metric, sides = group.metrics[0], (group.pair.first, group.pair.second)
    if is_of_objects(sides[0].evidence, metric):
        return _listed_objects(group, case, class_name)
    places = [_class_place(side.evidence.classes, metric, class_name) for side in sides]
    found = [sample_values(side.evidence, metric, place) for side, place in zip(sides, places, strict=True)]
    if found[0] is None or found[1] is None:
        raise _says_nothing(metric.name)
    samples = to_samples(group.pair.members[case])
    values = np.stack([found[0][samples], found[1][samples]])
    differs = (values[0] != values[1]) & ~np.isnan(values).all(axis=0)
    samples, values = samples[differs], values[:, differs]
    sign = -1.0 if metric.better == "lower" else 1.0
    order = np.argsort(sign * np.nan_to_num(values[0] - values[1]), kind="stable")
    return _Listed(samples=samples[order], values=values[:, order])


def _listed_objects(group: "Group", case: int, class_name: str | None) -> _Listed:
    """Return the objects of a test case that only one side finds, those that the model misses first."""
    import numpy as np

    from kolena_store.metrics.differences.found_objects import found_objects

    names = group.pair.first.evidence.classes.names
    if class_name is not None and class_name not in names:
        raise UnknownName.of("class", class_name, names, "kolena-store compare ... --by-class")
    found = found_objects(group.pair, case)
    of_class = found.labels == names.index(class_name) if class_name is not None else np.ones(len(found.labels), bool)
    rows = np.flatnonzero(of_class & (found.by_first != found.by_second))
    rows = rows[np.argsort(found.by_first[rows], kind="stable")]
    return _Listed(
        samples=found.samples[rows],
        values=np.stack([found.by_first[rows], found.by_second[rows]]).astype(np.float64),
        more=(found.places[rows].tolist(), [names[code] for code in found.labels[rows].tolist()]),
        n=int(of_class.sum()),
    )


def _class_place(classes: "ClassNames", metric: "MetricDefinition", class_name: str | None) -> int:
    """Return the number of the class that is asked for, else of the positive one; -1 for a metric of the whole."""
    if not metric.level.startswith("class") or metric.level == "classes":
        return -1
    wanted = class_name if class_name is not None else classes.positive
    if wanted is None:
        known = ", ".join(classes.names)
        raise InvalidInput(f"{metric.name} is of one class; name it (--of-class, class_name=), one of {known}")
    if wanted not in classes.names:
        raise UnknownName.of("class", wanted, classes.names, "kolena-store compare ... --by-class")
    return classes.names.index(wanted)


def _with_ids(transaction: Transaction, setting: Setting, listed: _Listed) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    ids = id_fields(setting.version)
    files = [str(file.path(transaction.root)) for file in files_of(transaction, setting.version.sample_files)]
    query = statement("queries/comparisons", "ids_of_samples").fill(ids=joined([identifier(name) for name in ids]))
    found = transaction.table(query, files=files, samples=listed.samples.tolist())
    places = np.searchsorted(found.column(SAMPLE).to_numpy(), listed.samples)
    rows = found.select(ids).take(pa.array(places))
    for name, more in zip(OBJECT, listed.more, strict=False):
        rows = rows.append_column(name, pa.array(more))
    for name, column in zip(VALUES, listed.values, strict=True):
        rows = rows.append_column(name, pa.array(column, pa.float64(), from_pandas=True))
    return rows


def _says_nothing(metric: str) -> InvalidInput:
    return InvalidInput(
        f"{metric} says nothing of single samples; name a share of samples (accuracy, recall, pass_rate) or a mean "
        "(mae, log_loss)"
    )
