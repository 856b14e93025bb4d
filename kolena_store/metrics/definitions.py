"""Metric files: the terms that are taken from sample metrics, and the metrics that are made from terms."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast, get_args

from kolena_store.digests import sha256_of_texts
from kolena_store.errors import InvalidInput, UnknownName, did_you_mean
from kolena_store.statements import Fragment, sql_folder

__all__ = [
    "Better",
    "IntervalKind",
    "IntervalRule",
    "Level",
    "MetricDefinition",
    "MetricFile",
    "TermDefinition",
    "TermKind",
    "load_metrics",
    "unknown_metric",
]

TermKind = Literal["count", "sum", "minimum", "maximum", "kernel", "matches", "pairs"]
Level = Literal["whole", "class", "class, positive", "classes", "all classes"]
Better = Literal["higher", "lower", "none"]
IntervalKind = Literal["wilson", "f1", "table", "linearised", "kernel", "bootstrap", "none"]

TERM = re.compile(r"^-- term: (\w+) = (?:(kernel|matches|pairs) (\w+)|(\w+))(?: (by|over each|over|each) ([\w, ]+))?$")
METRIC = re.compile(r"^-- metric: (\w+)$")
HEADER = re.compile(r"^-- (\w+): (.*)$")
WORD = re.compile(r"\w+")
OF_SUCCESSES = re.compile(r"^(wilson|f1)\((.*)\)$")
NONE = re.compile(r"^none: (.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TermDefinition:
    """A number per test case that is taken from the sample metrics.

    `by` names the label columns of whose classes each has a number of its own; `over` the label column that a kernel
    of several classes reads without giving a number for each. `each` names columns of lists with an element for every
    class, of which the expression speaks as of plain columns: each class has a number of its own, from its elements,
    unless they are pooled. One of `matches` is a statistic of matched objects (`metrics.objects.values`) of each class,
    one of `pairs` counts them by two classes (`metrics.objects.confusion`).
    """

    name: str
    kind: TermKind
    kernel: str | None
    by: tuple[str, ...]
    over: str | None
    expression: Fragment
    each: tuple[str, ...] = ()
    is_pooled: bool = False

    @property
    def is_of_class(self) -> bool:
        """Return whether it has a number for every class."""
        return self.kind == "matches" or len(self.by) == 1 or bool(self.each and not self.is_pooled)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the label columns that the term reads as class codes."""
        return (*self.by, *((self.over,) if self.over else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRule:
    """How the interval of a metric is made.

    `wilson`: of `successes` among n; `f1`: of the same, true positives among all that is true or predicted, mapped to
    F1; `table`: of a function of the counts of a confusion matrix; `linearised`: of a smooth function of sums;
    `kernel`: by the kernel that computes the metric; `none`: there is none, with the `reason`.
    """

    kind: IntervalKind
    successes: Fragment | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition:
    """A metric as an SQL expression over terms.

    `level` says over which rows: `whole` one row per test case; `class` one per test case and class (`class, positive`
    also gives the bare metric of the positive class); `classes` an aggregate over the reported classes of a test
    case, `all classes` over all of them. `among` names the group of classes that have rows of a metric of classes.
    """

    name: str
    level: Level
    better: Better
    unit: str
    value_range: str
    n: Fragment
    measured: Fragment
    interval: IntervalRule
    formula: str
    undefined: str
    expression: Fragment
    among: str | None = None

    def words(self) -> set[str]:
        """Return all words of the metric's expressions, terms among them."""
        texts = [self.expression, self.n, self.measured, self.interval.successes or ""]
        return {word for text in texts for word in WORD.findall(text)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFile:
    """The terms and metrics of one workflow, whose name the file has, and the digest of that file."""

    workflow: str
    terms: tuple[TermDefinition, ...]
    metrics: tuple[MetricDefinition, ...]
    digest: str

    def chosen(self, names: Sequence[str] | None) -> tuple[MetricDefinition, ...]:
        """Return the metrics of these names in the file's order; None means all.

        Raises:
            UnknownName: the workflow has no such metric.
        """
        known = {metric.name: metric for metric in self.metrics}
        for name in names or ():
            if name not in known:
                raise unknown_metric(name, self)
        return tuple(metric for metric in self.metrics if names is None or metric.name in names)

    def terms_of(self, metrics: Sequence[MetricDefinition]) -> tuple[TermDefinition, ...]:
        """Return the terms that some metrics are made of."""
        words = set().union(*(metric.words() for metric in metrics)) if metrics else set()
        return tuple(term for term in self.terms if term.name in words)


@cache
def load_metrics(subject: str) -> MetricFile:
    """Return the definitions in `sql/<subject>.sql`.

    Raises:
        InvalidInput: the file breaks the form that CONTRIBUTING.md describes; the message names the block.
    """
    text = sql_folder().joinpath(*f"{subject}.sql".split("/")).read_text(encoding="utf-8")
    terms: list[TermDefinition] = []
    metrics: list[MetricDefinition] = []
    for lines in _blocks(text):
        if lines[0].startswith("-- term:"):
            terms.append(_term(subject, lines))
        else:
            metrics.append(_metric(subject, lines))
    _check_unique(subject, [term.name for term in terms])
    _check_unique(subject, [f"{metric.name} of: {metric.level}" for metric in metrics])
    return MetricFile(
        workflow=subject.split("/")[-1],
        terms=tuple(terms),
        metrics=tuple(metrics),
        digest=sha256_of_texts([subject, text]),
    )


def unknown_metric(name: str, file: MetricFile, own: Sequence[str] = ()) -> UnknownName:
    """Return the error for a metric that a dataset does not have, which names those that it has.

    Args:
        own: the names of the metrics that users defined for the dataset.
    """
    brought = [metric.name for metric in file.metrics]
    homes = [one.workflow for one in _all_files() if name in {metric.name for metric in one.metrics}]
    what = f"no metric named {name!r}{did_you_mean(name, [*brought, *own])}"
    if homes:
        what = f"{name} belongs to {' and '.join(homes)}"
    more = f", and of your own {', '.join(own)}" if own else ""
    return UnknownName(
        f"{what}; this dataset's workflow {file.workflow} has {', '.join(brought)}{more}. Name one of these"
    )


def _all_files() -> list[MetricFile]:
    names = sorted(file.name for file in sql_folder().joinpath("metrics").iterdir() if file.name.endswith(".sql"))
    return [load_metrics(f"metrics/{name.removesuffix('.sql')}") for name in names]


def _check_unique(subject: str, names: Sequence[str]) -> None:
    repeated = [name for position, name in enumerate(names) if name in names[:position]]
    if repeated:
        raise InvalidInput(f"sql/{subject}.sql defines {repeated[0]!r} twice; rename one")


def _blocks(text: str) -> Iterator[list[str]]:
    for block in re.split(r"(?m)^(?=-- (?:term|metric): )", text)[1:]:
        yield block.strip().splitlines()


def _term(subject: str, lines: list[str]) -> TermDefinition:
    match = TERM.match(lines[0])
    if match is None or (match[2] or match[4]) not in get_args(TermKind):
        raise InvalidInput(
            f"sql/{subject}.sql: {lines[0]!r} is no term; write '-- term: name = count|sum|minimum|maximum', "
            "'... = count by label', '... = count|sum each lists', '... = kernel which [by label|over label|each "
            "lists|over each lists]', '... = matches which' or '... = pairs which'"
        )
    name, computed, kernel, kind, relation, labels = match.groups()
    columns = tuple(label.strip() for label in labels.split(",")) if labels else ()
    lists = columns if relation in ("each", "over each") else ()
    return TermDefinition(
        name=name,
        kind=cast(TermKind, kind or computed),
        kernel=kernel,
        by=columns if relation == "by" else (),
        over=columns[0] if relation == "over" else None,
        expression=Fragment("") if computed in ("matches", "pairs") else _expression(subject, lines),
        each=lists,
        is_pooled=relation == "over each",
    )


def _metric(subject: str, lines: list[str]) -> MetricDefinition:
    headers = {match[1]: match[2] for line in lines if (match := HEADER.match(line))}
    missing = [
        name
        for name in ("metric", "of", "better", "unit", "n", "measured", "formula", "undefined")
        if name not in headers
    ]
    if missing or headers["of"] not in get_args(Level) or headers["better"] not in get_args(Better):
        raise InvalidInput(f"sql/{subject}.sql: {lines[0]!r} lacks a valid '-- {(missing or ['of, better'])[0]}:' line")
    return MetricDefinition(
        name=headers["metric"],
        level=cast(Level, headers["of"]),
        better=cast(Better, headers["better"]),
        unit=headers["unit"],
        value_range=headers.get("range", "(-inf, inf)"),
        n=Fragment(headers["n"]),
        measured=Fragment(headers["measured"]),
        interval=_interval(subject, headers),
        formula=headers["formula"],
        undefined=headers["undefined"],
        expression=_expression(subject, lines),
        among=headers.get("among"),
    )


def _interval(subject: str, headers: Mapping[str, str]) -> IntervalRule:
    text = headers.get("interval", "linearised")
    if counted := OF_SUCCESSES.match(text):
        return IntervalRule(kind=cast(IntervalKind, counted[1]), successes=Fragment(counted[2]))
    if none := NONE.match(text):
        return IntervalRule(kind="none", reason=f"no interval: {none[1]}")
    if text not in ("table", "linearised", "kernel", "bootstrap"):
        raise InvalidInput(
            f"sql/{subject}.sql: the interval {text!r} of {headers['metric']!r} is not known; write wilson(successes), "
            "f1(true positives), table, linearised, kernel, bootstrap, or 'none: the reason'"
        )
    return IntervalRule(kind=cast(IntervalKind, text))


def _expression(subject: str, lines: list[str]) -> Fragment:
    body = "\n".join(line for line in lines if not line.startswith("--")).strip()
    if not body:
        raise InvalidInput(f"sql/{subject}.sql: {lines[0]!r} has no expression; write it under the header")
    return Fragment(body)
