"""Samples as people look at them: filtered, sorted, a page at a time, with what each model said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.files import SAMPLE
from kolena_store.inspection.asked_objects import AskedObjects, AskedShapes, objects_in_cell, objects_of_one
from kolena_store.inspection.counting import SampleCounts, counted_samples
from kolena_store.inspection.members import (
    Answers,
    case_members,
    everything,
    labelled_members,
    predicate_members,
    with_answers,
)
from kolena_store.inspection.scopes import DatasetScope, SuiteScope
from kolena_store.inspection.score_arrays import samples_in_order
from kolena_store.inspection.scored import scores_in_case, scores_of
from kolena_store.inspection.workbench import Look
from kolena_store.membership.bitmaps import Words, count, to_flags, to_samples
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    from kolena_store.results import ResultsRecord

__all__ = [
    "BY_DIFFERENCE",
    "BY_VALUE",
    "SAMPLES_PER_PAGE",
    "SampleFound",
    "SampleRequest",
    "SampleRow",
    "SamplesShown",
    "field_of_sample",
    "sample_at",
    "samples_shown",
]

SAMPLES_PER_PAGE = 60
MOST_MODELS = 3
OF_PAGES = ("prediction", "verdict", "confidence", "error", "correct", "detections", "truths")
"""The sample metrics that a page of many samples shows, where a workflow has them."""

OF_OBJECTS: tuple[Answers, ...] = ("gained", "lost")
BY_VALUE, BY_DIFFERENCE = "@value", "@difference"
"""Sorting by what samples count for with the first model, or by how far the second one differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """Which samples: of a test case, where a predicate is true, with such answers; in which order; which page.

    `models` are up to three; the answers are those of the first, beside the second. `sort` is a field, or one of
    `@value` and `@difference`. `truth` and `predicted` are labels of a classification, as the first model has them, or
    the labels of a cell of its confusion matrix of objects.
    """

    case: str = "all"
    where: str = ""
    models: tuple[str, ...] = ()
    metric: str | None = None
    answers: Answers = "any"
    truth: str | None = None
    predicted: str | None = None
    sort: str | None = None
    descending: bool = False
    page: int = 1

    @property
    def is_labelled(self) -> bool:
        """Return whether it asks for a cell, a row or a column of a confusion matrix."""
        return self.truth is not None or self.predicted is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """A sample: its number, its fields, and for each model its answer, its sample metrics and what it counts for.

    `is_judged` says that what it counts for is right (1) or wrong (0).
    """

    sample: int
    fields: Mapping[str, Any]
    answers: tuple[Mapping[str, Any], ...]
    scores: tuple[Mapping[str, Any], ...]
    counts: tuple[float | None, ...]
    is_judged: bool


@dataclass(frozen=True, kw_only=True)
class SamplesShown:
    """One page of samples. `metric` is what they are judged by; None when nothing says which are right.

    `asked` are the objects that the samples were chosen for, of which they have `n_asked`.
    """

    models: tuple[str, ...]
    metric: str | None
    better: str
    is_proportion: bool
    n_found: int
    n_case: int
    page: int
    n_pages: int
    rows: Sequence[SampleRow] = field(repr=False)
    asked: AskedObjects | None = field(default=None, repr=False)
    n_asked: int = 0


@dataclass(frozen=True, kw_only=True)
class SampleFound:
    """A sample, the numbers of those before and after it, and which of its objects a request asks for."""

    row: SampleRow
    before: int | None
    after: int | None
    asked: AskedShapes | None


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The samples that were asked for, and what they count for."""

    words: Words
    n_case: int
    models: "tuple[ResultsRecord, ...]"
    counts: SampleCounts | None
    asked: AskedObjects | None


def samples_shown(look: Look, scope: SuiteScope, asked: SampleRequest) -> SamplesShown:
    """Return one page of samples.

    Raises:
        UnknownName: there is no such test case, model, metric or field.
        RefusedStatement: the predicate is none that is allowed.
        LimitExceeded: it takes too long.
    """
    found = _found(look, scope, asked)
    n_found = count(found.words)
    samples = _page(look, scope, asked, found, skipped=(asked.page - 1) * SAMPLES_PER_PAGE, size=SAMPLES_PER_PAGE)
    return SamplesShown(
        models=tuple(one.label for one in found.models),
        metric=found.counts.metric if found.counts else None,
        better=found.counts.better if found.counts else "none",
        is_proportion=found.counts is not None and found.counts.is_proportion,
        n_found=n_found,
        n_case=found.n_case,
        page=asked.page,
        n_pages=max(1, -(-n_found // SAMPLES_PER_PAGE)),
        rows=_rows(look.session, scope, found, samples, case=asked.case, of_scores=OF_PAGES),
        asked=found.asked,
        n_asked=found.asked.count(found.words) if found.asked else 0,
    )


def sample_at(look: Look, scope: SuiteScope, asked: SampleRequest, sample: int, *, place: int | None) -> SampleFound:
    """Return a sample, and those before and after it in the order of a request; `place` is its place there, from 0.

    Raises:
        UnknownName: the dataset has no such sample.
    """
    found = _found(look, scope, asked)
    rows = _rows(look.session, scope, found, [sample], case=asked.case)
    if not rows:
        raise UnknownName(
            f"dataset {scope.of.dataset.name!r} has no sample numbered {sample} in version {scope.of.version.version}; "
            "go back to the list of samples"
        )
    shapes = found.asked.of(sample) if found.asked else None
    if place is None:
        return SampleFound(row=rows[0], before=None, after=None, asked=shapes)
    first = max(0, place - 1)
    around = _page(look, scope, asked, found, skipped=first, size=place - first + 2)
    before = around[0] if place > 0 and around else None
    after = around[place - first + 1] if len(around) > place - first + 1 else None
    return SampleFound(row=rows[0], before=before, after=after, asked=shapes)


def _found(look: Look, scope: SuiteScope, asked: SampleRequest) -> _Found:
    models = tuple(scope.of.results_labelled(label) for label in dict.fromkeys(asked.models))[:MOST_MODELS]
    words = case_members(look, scope, asked.case, models[0] if models else None) if asked.case != "all" else None
    whole = everything(look, scope.of)
    words = whole if words is None else words & whole
    n_case = count(words)
    if asked.where.strip():
        words = words & predicate_members(look, scope.of, asked.where)
    objects = _objects(look, scope, asked, models)
    if objects is not None:
        words = words & objects.words
    elif asked.is_labelled:
        words = words & _labelled(look.session, scope, asked, models)
    counts = counted_samples(look, scope, models, asked.metric, case=asked.case)
    if asked.answers not in ("any", *OF_OBJECTS):
        if counts is None:
            raise InvalidInput(
                "nothing says what a right answer is here; choose a model that was tested, and a metric that speaks of "
                "single samples"
            )
        words = with_answers(words, asked.answers, counts.values, better=counts.better)
    return _Found(words=words, n_case=n_case, models=models, counts=counts, asked=objects)


def _objects(
    look: Look, scope: SuiteScope, asked: SampleRequest, models: "Sequence[ResultsRecord]"
) -> AskedObjects | None:
    """Return the objects that a request is for, None when it is for samples."""
    of_pair = asked.answers in OF_OBJECTS
    has_objects = scope.of.workflow is not None and scope.of.workflow.matches_objects
    if of_pair and (not has_objects or len(models) < 2):
        raise InvalidInput(f"answers={asked.answers!r} is of objects that one of two models finds; choose two models")
    if of_pair:
        pair = (models[0], models[1])
        return objects_of_one(look, scope, pair, asked.case, is_first=asked.answers == "gained")
    if not (asked.is_labelled and has_objects):
        return None
    if not models:
        raise InvalidInput("true and predicted classes are those of a model; choose one")
    return objects_in_cell(look, scope, models[0], asked.case, truth=asked.truth, predicted=asked.predicted)


def _labelled(session: Session, scope: SuiteScope, asked: SampleRequest, models: "Sequence[ResultsRecord]") -> Words:
    """Return the samples with the labels that are asked for, as the first model has them."""
    if not models or scope.of.workflow is None or scope.of.workflow.name != "classification":
        raise InvalidInput("only a model of a classification has true and predicted labels; choose one")
    scored, size = scores_of(session, scope.of, models[0], scope.configuration_id), scope.of.dataset.next_sample
    return labelled_members(session, scored, size, truth=asked.truth, predicted=asked.predicted)


def _page(look: Look, scope: SuiteScope, asked: SampleRequest, found: _Found, *, skipped: int, size: int) -> list[int]:
    """Return the samples of a page in their order."""
    if asked.sort in (BY_VALUE, BY_DIFFERENCE):
        return _by_counts(found, asked, skipped, size)
    if not asked.sort:
        samples = to_samples(found.words)
        ordered = samples[::-1] if asked.descending else samples
        return [int(one) for one in ordered[skipped : skipped + size]]
    fields = {one.name: one for one in scope.of.version.field_list}
    if asked.sort not in fields:
        raise UnknownName.of("field", asked.sort, fields, f"kolena-store dataset show {scope.of.dataset.name}")
    order = samples_in_order(look, scope.of, fields[asked.sort], descending=asked.descending)
    if order is None:
        raise InvalidInput(f"the values of {asked.sort!r} have no order; sort by another field")
    chosen = order[to_flags(found.words, scope.of.dataset.next_sample)[order]]
    return [int(one) for one in chosen[skipped : skipped + size]]


def _by_counts(found: _Found, asked: SampleRequest, skipped: int, size: int) -> list[int]:
    """Return samples by what they count for: the worst first, or those on which two models differ most."""
    if found.counts is None:
        raise InvalidInput("nothing says what samples count for here; choose a model that was tested")
    sign = -1.0 if found.counts.better == "lower" else 1.0
    values = sign * found.counts.values[0]
    if asked.sort == BY_DIFFERENCE:
        if len(found.counts.values) < 2:
            raise InvalidInput("sorting by difference compares two models; choose a model and a baseline")
        values = values - sign * found.counts.values[1]
    samples = to_samples(found.words)
    keys = values[samples]
    order = np.argsort(-keys if asked.descending else keys, kind="stable")
    return [int(one) for one in samples[order[skipped : skipped + size]]]


def _rows(
    session: Session,
    scope: SuiteScope,
    found: _Found,
    samples: Sequence[int],
    *,
    case: str,
    of_scores: Sequence[str] = (),
) -> list[SampleRow]:
    """Return what is known of some samples; `of_scores` are the columns of sample metrics to read, if there are any."""
    of, chosen = scope.of, list(samples)
    if not chosen:
        return []
    fields = _by_sample(session, of.version.sample_files, chosen)
    answers = [_by_sample(session, one.inference_files, chosen) for one in found.models]
    scores = [_scores(session, scope, one, case=case, samples=chosen, columns=of_scores) for one in found.models]
    counts = found.counts.values if found.counts else ()
    return [
        SampleRow(
            sample=sample,
            fields=fields[sample],
            answers=tuple(one.get(sample, {}) for one in answers),
            scores=tuple(one.get(sample, {}) for one in scores),
            counts=tuple(_known(one[sample]) for one in counts),
            is_judged=found.counts is not None and found.counts.is_proportion,
        )
        for sample in chosen
        if sample in fields
    ]


def _scores(
    session: Session,
    scope: SuiteScope,
    results: "ResultsRecord",
    *,
    case: str,
    samples: list[int],
    columns: Sequence[str],
) -> dict[int, Mapping[str, Any]]:
    try:
        scored = scores_in_case(session, scope, results, case)
    except InvalidInput:
        return {}
    known = scope.of.workflow.sample_metrics_schema(scored.facts).names if scope.of.workflow else []
    chosen = [name for name in columns if name in known] or known
    return _in_files(session, [str(path) for path in scored.paths], samples, columns=chosen)


def _by_sample(session: Session, file_ids: Sequence[int], samples: list[int]) -> dict[int, Mapping[str, Any]]:
    return _in_files(session, [str(file.path(session.root)) for file in files_of(session, file_ids)], samples)


def _in_files(
    session: Session, files: list[str], samples: list[int], *, columns: Sequence[str] = ()
) -> dict[int, Mapping[str, Any]]:
    """Return the rows of some samples, all columns or those that are named."""
    if not files:
        return {}
    wanted = joined([identifier(name) for name in (SAMPLE, *columns)]) if columns else Fragment("*")
    query = statement("queries/inspection", "rows_of_samples").fill(columns=wanted)
    table = session.table(query, files=files, samples=samples)
    values = [_values(column) for column in table.columns]
    names = table.column_names
    rows = (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))
    return {row.pop("_sample"): row for row in rows}


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values; as text where Python has none such, as of dates beyond the year 9999."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return list(column.cast(pa.string()).to_pylist())


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def field_of_sample(session: Session, scope: DatasetScope, sample: int, name: str) -> object:
    """Return the value of a field of one sample.

    Raises:
        UnknownName: there is no such sample or field.
    """
    known = [field.name for field in scope.version.field_list]
    if name not in known:
        raise UnknownName.of("field", name, known, f"kolena-store dataset show {scope.dataset.name}")
    found = _by_sample(session, scope.version.sample_files, [sample])
    if sample not in found:
        raise UnknownName(f"dataset {scope.dataset.name!r} has no sample numbered {sample}; go back to the list")
    return found[sample][name]
