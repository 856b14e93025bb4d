"""The leaderboard of a suite: test cases down, models across, differences from a baseline, and what the whole hides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kolena_store.database import Session
from kolena_store.datasets import files_of
from kolena_store.display import counted, fraction, number
from kolena_store.errors import StoreError, UnknownName
from kolena_store.inspection.compared import ComparedShown, compared, is_quickly_compared, stored_comparison
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.workbench import Look
from kolena_store.test_suites import ALL

__all__ = [
    "PAGE_SIZE",
    "Leaderboard",
    "LeaderboardRequest",
    "MetricShown",
    "Scenario",
    "findings",
    "leaderboard",
    "metrics_shown",
]

PAGE_SIZE = 100
MOST_MODELS = 8
MOST_NAMED = 4
BYTES_PER_METRIC = 200
Sort = Literal["suite", "name", "n", "value", "delta"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricShown:
    """A metric that runs have; a bounded one lies between -1 and 1 on all samples."""

    name: str
    better: str
    is_bounded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A test case in a leaderboard."""

    name: str
    description: str | None
    tags: list[str]
    level: str
    n_samples: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRequest:
    """What is asked for: models (empty: the newest eight), a baseline (None: the first), metrics (empty: headlines).

    `sort` by the suite's order, by name, by n, or by the first metric's value or difference of `sort_model`.
    """

    models: Sequence[str] = ()
    baseline: str | None = None
    metrics: Sequence[str] = ()
    sort: Sort = "suite"
    sort_model: str | None = None
    descending: bool = False
    text: str = ""
    tag: str | None = None
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """One page of a leaderboard: `cells` by (test case, model, metric), `differences` by (test case, model, metric)."""

    scope: SuiteScope
    models: tuple[str, ...]
    baseline: str | None
    metrics: tuple[MetricShown, ...]
    known_metrics: tuple[MetricShown, ...]
    scenarios: Sequence[Scenario]
    n_found: int
    page: int
    n_pages: int
    tags: tuple[str, ...]
    cells: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(repr=False)
    compared: Mapping[str, ComparedShown] = field(repr=False)
    findings: tuple[str, ...]
    notes: tuple[str, ...]

    def difference(self, case: str, model: str, metric: str) -> Mapping[str, Any] | None:
        """Return a model's difference from the baseline, if it was compared."""
        of_model = self.compared.get(model)
        return None if of_model is None else of_model.row(case, metric)


def metrics_shown(look: Look, scope: SuiteScope, models: Sequence[str]) -> list[MetricShown]:
    """Return the metrics that the runs of some models have of the whole, the workflow's headlines first."""
    run_ids, _, file_ids = scope.runs_of(models)
    if not run_ids:
        return []

    def measured() -> list[MetricShown]:
        files = _paths(look.session, file_ids)
        return look.session.records(MetricShown, "inspection.measured_metrics", files=files, run_ids=run_ids)

    key = ("metrics of runs", *run_ids)
    found = look.of_state(key, measured, lambda metrics: BYTES_PER_METRIC * (len(metrics) + 1))
    headlines = scope.of.workflow.headlines() if scope.of.workflow else ()
    rank = {name: place for place, name in enumerate(headlines)}
    return sorted(found, key=lambda metric: rank.get(metric.name, len(rank)))


def leaderboard(look: Look, scope: SuiteScope, asked: LeaderboardRequest) -> Leaderboard:
    """Return one page of a leaderboard.

    Raises:
        UnknownName: there is no such model or metric among the runs.
    """
    models = tuple(dict.fromkeys(asked.models)) or scope.models[-MOST_MODELS:]
    baseline = asked.baseline or (models[0] if len(models) > 1 else None)
    known = metrics_shown(look, scope, models)
    metrics = _chosen(known, asked.metrics, scope)
    if baseline is not None and baseline not in scope.models:
        scope.runs_of([baseline])
    listed = (*models, *([baseline] if baseline is not None and baseline not in models else []))
    scenarios, n_found = _scenarios(look.session, scope, asked, models=listed, metrics=metrics, baseline=baseline)
    cells = _cells(look.session, scope, listed, cases=[one.name for one in scenarios], metrics=metrics)
    found = _compared(look, scope, models, baseline=baseline, metrics=metrics)
    return Leaderboard(
        scope=scope,
        models=models,
        baseline=baseline,
        metrics=tuple(metrics),
        known_metrics=tuple(known),
        scenarios=scenarios,
        n_found=n_found,
        page=asked.page,
        n_pages=max(1, -(-n_found // asked.page_size)),
        tags=_tags(look, scope),
        cells=cells,
        compared=found,
        findings=tuple(findings(found, metrics)),
        notes=tuple(_notes(scope, models)),
    )


def _chosen(known: Sequence[MetricShown], wanted: Sequence[str], scope: SuiteScope) -> list[MetricShown]:
    by_name = {metric.name: metric for metric in known}
    for name in wanted:
        if name not in by_name:
            raise UnknownName.of("metric of these runs", name, by_name, f"kolena-store test {scope.of.dataset.name}")
    if wanted:
        return [by_name[name] for name in dict.fromkeys(wanted)]
    headlines = scope.of.workflow.headlines() if scope.of.workflow else ()
    found = [by_name[name] for name in headlines if name in by_name]
    return (found or list(known))[:1]


def _scenarios(
    session: Session,
    scope: SuiteScope,
    asked: LeaderboardRequest,
    *,
    models: Sequence[str],
    metrics: Sequence[MetricShown],
    baseline: str | None,
) -> tuple[list[Scenario], int]:
    run_ids, places, file_ids = scope.runs_of(models)
    if not run_ids:
        cases = [
            Scenario(name=one.name, description=one.description, tags=one.tags, level=one.level, n_samples=None)
            for one in scope.cases
        ]
        return cases[: asked.page_size], len(cases)
    sort_model = asked.sort_model if asked.sort_model in models else models[0]
    rows = session.rows(
        "inspection.scenarios",
        files=_paths(session, file_ids),
        run_ids=run_ids,
        places=places,
        suite_id=scope.suite.suite_id,
        suite_version=scope.suite.version,
        metric=metrics[0].name if metrics else "",
        sort_place=models.index(sort_model),
        baseline_place=models.index(baseline) if baseline is not None else -1,
        sort=asked.sort,
        sign=-1 if asked.descending else 1,
        text=asked.text,
        tag=asked.tag,
        size=asked.page_size,
        skipped=(asked.page - 1) * asked.page_size,
    )
    names = ("name", "description", "tags", "level", "n_samples")
    found = [Scenario(**dict(zip(names, row[:-1], strict=True))) for row in rows]
    return found, rows[0][-1] if rows else 0


def _cells(
    session: Session,
    scope: SuiteScope,
    models: Sequence[str],
    *,
    cases: Sequence[str],
    metrics: Sequence[MetricShown],
) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    run_ids, places, file_ids = scope.runs_of(models)
    if not (run_ids and cases and metrics):
        return {}
    rows = session.rows(
        "inspection.cells",
        files=_paths(session, file_ids),
        run_ids=run_ids,
        places=places,
        test_cases=list(cases),
        metrics=[one.name for one in metrics],
    )
    names = ["value", "ci_low", "ci_high", "n", "n_samples", "n_missing", "n_null", "better", "method", "reason"]
    return {(row[1], models[row[0]], row[2]): dict(zip(names, row[3:], strict=True)) for row in rows}


def _compared(
    look: Look,
    scope: SuiteScope,
    models: Sequence[str],
    *,
    baseline: str | None,
    metrics: Sequence[MetricShown],
) -> dict[str, ComparedShown]:
    """Return the comparisons of models with the baseline that are stored, or are made in a moment."""
    others = [model for model in models if model != baseline]
    if baseline is None or not metrics:
        return {}
    found, names = {}, [metric.name for metric in metrics]
    for model in others:
        try:
            if is_quickly_compared(scope):
                found[model] = compared(look, scope, model=model, baseline=baseline, metrics=names)
                continue
            pair = [scope.of.results_labelled(label) for label in (model, baseline)]
            stored = stored_comparison(look, scope, pair[0], pair[1])
        except StoreError:
            continue  # A leaderboard shows the values, with or without a verdict.
        if stored is not None:
            found[model] = stored
    return found


def findings(found: Mapping[str, ComparedShown], metrics: Sequence[MetricShown]) -> list[str]:
    """Return a sentence on each model that is no worse on all samples, and worse with evidence on some test case."""
    sentences = []
    for model, one in found.items():
        for metric in metrics:
            rows = one.of_metric(metric.name)
            whole = next((row for row in rows if row["test_case"] == ALL), None)
            worse = sorted(
                (row for row in rows if row["verdict"] == "regressed" and row["test_case"] != ALL),
                key=lambda row: row["q"],
            )
            if whole is None or whole["verdict"] == "regressed" or not worse:
                continue
            how = {"improved": "better than", "equivalent": "equivalent to"}.get(
                whole["verdict"], "not shown to differ from"
            )
            named = ", ".join(f"{row['test_case']} ({_pair(row)})" for row in worse[:MOST_NAMED])
            more = f" and {len(worse) - MOST_NAMED} more" if len(worse) > MOST_NAMED else ""
            sentences.append(
                f"{model} is {how} {one.baseline} on all samples in {metric.name} ({_pair(whole)}), and worse on "
                f"{counted(len(worse), 'test case')}: {named}{more}"
            )
    return sentences


def _pair(row: Mapping[str, Any]) -> str:
    return f"from {_figure(row['baseline'])} to {_figure(row['value'])}"


def _figure(value: float | None) -> str:
    return number(value) if value is None or abs(value) > 1 else fraction(value)


def _notes(scope: SuiteScope, models: Sequence[str]) -> list[str]:
    notes = []
    if scope.suite.version != scope.newest_version:
        notes.append(
            f"Version {scope.newest_version} of the suite has no run yet; these are of version {scope.suite.version}."
        )
    old = [run.label for run in scope.runs if run.outdated and run.label in models]
    if old:
        names = ", ".join(dict.fromkeys(old))
        notes.append(f"Newer data or results have come since the runs of {names}; test again to bring them up to date.")
    notes += [f"{run.label}: {note}" for run in scope.runs if run.label in models for note in run.notes]
    return list(dict.fromkeys(notes))


def _tags(look: Look, scope: SuiteScope) -> tuple[str, ...]:
    of_suite = {"suite_id": scope.suite.suite_id, "suite_version": scope.suite.version}

    def found() -> tuple[str, ...]:
        return tuple(tag for (tag,) in look.session.rows("inspection.tags_of_suite", **of_suite))

    return look.of_state(("tags", *of_suite.values()), found, lambda tags: BYTES_PER_METRIC * (len(tags) + 1))


def _paths(session: Session, file_ids: Sequence[int]) -> list[str]:
    return [str(file.path(session.root)) for file in files_of(session, file_ids)]
