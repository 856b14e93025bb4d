"""Which samples a question is about: those of a test case, those that a predicate selects, those with some answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.errors import InvalidInput
from kolena_store.inspection.predicate_process import Question
from kolena_store.inspection.scopes import DatasetScope, SuiteScope
from kolena_store.inspection.workbench import Look
from kolena_store.membership.bitmaps import Samples, Words, from_flags, from_samples, to_flags, to_samples
from kolena_store.membership.evaluation import present_samples
from kolena_store.predicates import check_predicate
from kolena_store.statements import Fragment, identifier, joined

if TYPE_CHECKING:
    from kolena_store.results import ResultsRecord
    from kolena_store.test_runs.scoring import ScoredResults

__all__ = [
    "Answers",
    "case_members",
    "case_samples",
    "checked_predicate",
    "everything",
    "labelled_members",
    "predicate_members",
    "with_answers",
]

Answers = Literal["any", "wrong", "right", "worse", "better", "differ", "gained", "lost"]
"""Which answers samples must have: all from `worse` on compare the first model with the second.

`gained` and `lost` are of samples with objects: there is one that only the first model finds, or only the second.
"""


def everything(look: Look, scope: DatasetScope) -> Words:
    """Return all samples of the dataset's newest version."""
    key = ("present", scope.dataset.dataset_id, scope.version.version)
    return look.kept.get(
        key, lambda: present_samples(look.session, scope.version, scope.dataset.next_sample), lambda words: words.nbytes
    )


def case_members(look: Look, scope: SuiteScope, name: str, results: "ResultsRecord | None" = None) -> Words:
    """Return the members of a test case; of an inference-level one those of a model's answers.

    Raises:
        UnknownName: the suite has no such test case.
        InvalidInput: the members are not known yet.
    """
    from kolena_store.membership.of_results import stored_members_of_results
    from kolena_store.membership.stored import stored_memberships

    case = scope.case_named(name)
    dataset, version = scope.of.dataset, scope.of.version
    key = _key_of(scope, name, results)

    def found() -> Words:
        if case.is_of_model and results is not None:
            members = stored_members_of_results(look.session, dataset, version, [case], results=results)
        elif case.is_of_model:
            members = {}
        else:
            members = stored_memberships(look.session, dataset, version, [case])
        if case.key not in members:
            raise InvalidInput(
                f"the members of test case {name!r} are not known yet on version {version.version} of "
                f"{dataset.name!r}; run: kolena-store test {dataset.name} --suite {scope.suite.name}"
            )
        return members[case.key].words

    return look.kept.get(key, found, lambda words: words.nbytes)


def case_samples(look: Look, scope: SuiteScope, name: str, results: "ResultsRecord | None" = None) -> Samples:
    """Return the same members as sample numbers, ascending."""
    key = ("sample numbers", *_key_of(scope, name, results))
    return look.kept.get(
        key, lambda: to_samples(case_members(look, scope, name, results)), lambda samples: samples.nbytes
    )


def _key_of(scope: SuiteScope, name: str, results: "ResultsRecord | None") -> tuple[object, ...]:
    case = scope.case_named(name)
    of_model = (results.results_id, results.version) if case.is_of_model and results else None
    return ("members", scope.of.dataset.dataset_id, *case.key, scope.of.version.version, of_model)


def checked_predicate(look: Look, scope: DatasetScope, predicate: str) -> Fragment:
    """Return a predicate of a user once it is known to be allowed.

    Raises:
        RefusedStatement: it is no condition that is allowed.
        MissingColumns: it names a column that is not there.
    """
    key = ("checked", scope.dataset.dataset_id, scope.version.version, predicate)
    return look.kept.get(key, lambda: check_predicate(predicate, scope.version.types), lambda found: 2 * len(found))


def predicate_members(look: Look, scope: DatasetScope, predicate: str) -> Words:
    """Return the samples for which a predicate of a user is true.

    Raises:
        RefusedStatement: it is no condition that is allowed.
        MissingColumns: it names a column that is not there.
        LimitExceeded: it takes too long, or too much memory.
        InvalidInput: it fails on a value.
    """
    version = scope.version
    checked = checked_predicate(look, scope, predicate)
    key = ("predicate", scope.dataset.dataset_id, version.version, str(checked))

    def found() -> Words:
        columns = [
            Fragment(f"{identifier(name)}::{kind} AS {identifier(name)}") for name, kind in version.types.items()
        ]
        question = Question(
            predicate=checked,
            columns=joined(columns),
            files=[str(file.path(look.session.root)) for file in files_of(look.session, version.sample_files)],
            size=scope.dataset.next_sample,
        )
        return look.predicates.ask(question).words

    return look.kept.get(key, found, lambda words: words.nbytes)


def labelled_members(
    session: Session, scored: "ScoredResults", size: int, *, truth: str | None, predicted: str | None
) -> Words:
    """Return the samples that a classification scored with this true label, and with this predicted one."""
    files = [str(path) for path in scored.paths]
    table = session.table("inspection.samples_labelled", files=files, truth=truth, predicted=predicted)
    return from_samples(table.column(0).to_numpy(), size)


def with_answers(words: Words, answers: Answers, values: Sequence[np.ndarray], *, better: str) -> Words:
    """Return those samples whose answers are such.

    Args:
        words: the samples to choose from.
        answers: which.
        values: what each sample counts for with the first model, and with the second where it is needed; NaN: nothing.
        better: whether a higher or a lower value is better.
    """
    if answers == "any":
        return words
    sign = -1.0 if better == "lower" else 1.0
    first = sign * values[0]
    if answers in ("wrong", "right"):
        flags = first >= _right_from(first) if answers == "right" else first < _right_from(first)
    else:
        if len(values) < 2:
            raise InvalidInput(f"answers={answers!r} compares two models; choose a model and a baseline")
        second = sign * values[1]
        flags = {"worse": first < second, "better": first > second, "differ": (first != second)}[answers]
        flags = flags & ~(np.isnan(first) | np.isnan(second))
    return words & from_flags(np.asarray(flags) & to_flags(words, len(first)))


def _right_from(values: np.ndarray) -> float:
    """Return the value from which on an answer is right: 1 of a proportion, no error of an error."""
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else 0.0
