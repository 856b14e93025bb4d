"""What the comments in the published database say: the one place where they are written."""

from collections.abc import Mapping
from types import MappingProxyType

from kolena_store.workflows import Workflow

__all__ = [
    "CONTRACT_VERSION",
    "KOLENA_VIEWS",
    "OBJECT_VIEWS",
    "VIEWS",
    "field_comment",
    "kolena_comment",
    "curve_comment",
    "match_comment",
    "member_comment",
    "sample_metric_comment",
    "shared_comment",
    "table_comment",
    "table_field_comment",
]

CONTRACT_VERSION = 1
"""Rises when a view, a column or a macro is taken away or means something else; new ones don't count."""

VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "test_samples": "The samples of the newest version: ids, metadata and ground truth, a row each",
        "ground_truths": "The ground truth of each sample",
        "inferences": "What each model said of each sample, by its newest results",
        "results": "A row for each model and sample it answered, as structs: sample, ground truth, inference, metrics",
        "sample_metrics": "What the workflow found out about each answered sample: what the metric macros read",
        "matches": "Each detection with the object that it is matched to or what it mistakes, and each object missed",
        "case_matches": "The same for each object-level test case on its samples, with all other objects ignored",
        "precision_recall": "Precision and recall of each class and test case from each score on: filter by test_case",
        "terms": "The sums and counts of all test runs of this dataset, from which their metrics were made",
        "test_case_members": "Which samples belong to which current test case: filter by test_case, and model if set",
        "kolena.datasets": "The datasets in their newest version",
        "kolena.dataset_versions": "Every version of every dataset",
        "kolena.attached_tables": "The tables that are attached to the samples of each version of a dataset",
        "kolena.models": "The models",
        "kolena.result_versions": "Every version of what a model said of a dataset",
        "kolena.test_cases": "Every version of every test case",
        "kolena.test_suites": "Every version of every test suite",
        "kolena.test_suite_members": "Which versions of test cases a version of a suite pins, in order",
        "kolena.test_runs": "One model's results tested on one version of a suite",
        "kolena.metrics": "Every value of every run with its interval: a row for each test case, metric and class",
        "kolena.history": "Each metric of each test case over the results of all models, in the order of their upload",
        "kolena.comparisons": "A model beside a baseline: a row for each test case, metric and class, with its verdict",
        "kolena.metric_definitions": "The metrics of each dataset: what they are, and the macro that recomputes them",
        "kolena.contract": "The version of the promise that these schemas, views, columns and macros are",
    }
)

OBJECT_VIEWS = (
    "The objects of the ground truth, a row each",
    "The objects that each model found, by its newest results, a row each",
)
"""What the views ground_truths and inferences hold where there are objects."""

CURVES: Mapping[str, str] = MappingProxyType(
    {
        "class": "The label of the detections and objects",
        "threshold": "The score from which on detections are looked at",
        "true_positives": "How many of them are matched to an object",
        "false_positives": "How many of them are not, and count",
        "objects": "How many objects there are that count",
        "precision": "true_positives / (true_positives + false_positives)",
        "recall": "true_positives / objects; NULL without an object",
        "f1": "The harmonic mean of both",
    }
)

MATCHES: Mapping[str, str] = MappingProxyType(
    {
        "class": "The label of the detection, or of the object that is missed",
        "score": "The score of the detection; NULL for an object that is missed",
        "rank": "The place among the detections of the image and class, the highest score first, from 0",
        "detection": "The detection: _object in inferences; NULL for an object that is missed",
        "ground_truth": "The object that it is matched to, or that is missed: _object in ground_truths",
        "overlap": "How much both overlap",
        "outcome": "true positive, false positive, missed or ignored, whatever the score",
        "mistake": "The kind of mistake (TIDE): classification, localisation, both, duplicate, background or missed",
        "mistaken_for": "The object on which a detection of the wrong class or place lies",
        "confused_with": "The object of another class that it would get, when classes don't count, one to one",
        "is_counted": "Whether the score reaches the threshold of the class",
        "matched": "The settings in which it is matched, a bit each: docs/objects.md names them",
        "ignored": "The settings in which it does not count, a bit each",
    }
)

SHARED: Mapping[str, str] = MappingProxyType(
    {
        "_sample": "The store's number of the sample: the same in every view and every version",
        "_object": "The place of the object in its sample, from 0",
        "_weight": "How much the row counts: the weight of its sample, shared among the repeats",
        "_repeat": "Which of several answers to one sample it is about; NULL where a model gives one",
        "model": "The model's name",
        "upload_configuration": "What the model ran with, as JSON; NULL when nothing was said",
        "configuration": "The evaluator configuration of the scoring, as JSON; NULL is the workflow's defaults",
        "classes": "The classes, in the order of their scores",
        "s": "The sample's columns",
        "g": "The ground truth's columns",
        "i": "The inference's columns",
        "m": "The sample metrics under the workflow's defaults; NULL until the model is tested",
        "run": "The number of the test run",
        "suite": "The test suite's name",
        "test_case": "The test case's name; the case all is every sample",
        "term": "The term's name, as the metric definitions use it",
        "class": "The class that the row is about; NULL is the whole",
        "predicted": "The predicted class, for counts by two labels",
        "value": "The value; NULL where it is undefined",
        "dataset": "The dataset's name",
        "name": "The name",
        "version": "The version's number, from 1",
        "workflow": "The type of problem",
        "tags": "Tags",
        "description": "The description",
        "created": "When it was made (UTC)",
        "author": "Who made it",
        "metadata": "Metadata, as JSON",
        "n_samples": "How many samples there are",
        "level": "What it is about",
        "better": "Which direction is better: higher, lower or none",
        "origin": "How it came to be",
        "suite_version": "The version of the suite",
        "metric": "The metric's name",
    }
)

MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "model": "The model that was shown the sample so, of an inference-level test case; NULL: every model",
        "upload_configuration": "What that model ran with, as JSON; NULL when nothing was said, or for every model",
    }
)

KOLENA_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "datasets.id_fields": "The fields that identify a sample",
        "datasets.updated": "When the newest version was made (UTC)",
        "dataset_versions.workflow": "The workflow with its options, as JSON",
        "dataset_versions.sampling": "The fields with each sample's cluster and weight, as JSON",
        "dataset_versions.added": "Samples that this version added",
        "dataset_versions.changed": "Samples that this version changed",
        "dataset_versions.removed": "Samples that this version removed",
        "dataset_versions.unchanged": "Samples that stayed as they were",
        "dataset_versions.message": "What its author said of it",
        "attached_tables.attached_table": "The table's name, which its view has in the dataset's schema",
        "attached_tables.n_rows": "How many rows it has",
        "result_versions.n_answered": "Samples that the model answered",
        "result_versions.inserted": "Answers that are new",
        "result_versions.updated": "Answers that changed",
        "result_versions.unchanged": "Answers that stayed as they were",
        "result_versions.unmatched": "Rows that belonged to no sample and were left out",
        "result_versions.metadata_fields": "The columns that say how a sample was shown to the model",
        "result_versions.repeat_field": "The column that tells several answers to one sample apart; NULL: each has one",
        "result_versions.n_rows": "Answers: with repeats, more than the samples",
        "test_cases.level": "What it selects: sample, inference (other samples for each model), explicit (listed ids)",
        "test_cases.definition": "The SELECT as its author wrote it; NULL for a list of ids",
        "test_suites.origin": "How the suite came to be: file, by, client or all",
        "test_suite_members.position": "The place in the suite, from 0",
        "test_suite_members.test_case_version": "The version of the test case that is pinned",
        "test_runs.dataset_version": "The version of the dataset that was tested on",
        "test_runs.results_version": "The version of the model's results",
        "test_runs.restriction": "Which samples alone count, e.g. those that several models answered; NULL: all",
        "test_runs.status": "How the run ended",
        "test_runs.origin": "How the run came to be",
        "test_runs.notes": "What to know when reading its metrics",
        "test_runs.level": "The confidence level of its intervals",
        "test_runs.seed": "The seed of the draws that some intervals are made of",
        "test_runs.n_scored": "Samples that were scored for it",
        "test_runs.repeats": "The repeat field, and how many answers there are, as JSON; NULL: one for each sample",
        "test_runs.n_reused": "Samples that had been scored before, and did not change",
        "test_runs.started": "When it began (UTC)",
        "test_runs.seconds": "How long it took",
        "test_runs.outdated": "Whether newer samples or results have come since",
        "metrics.n": "The metric's own denominator",
        "metrics.n_samples": "The size of the test case",
        "metrics.n_missing": "Samples of the test case that the model did not answer",
        "metrics.n_null": "Answered samples that the metric could not use",
        "metrics.ci_low": "The lower end of the 95 % interval; NULL where there is none",
        "metrics.ci_high": "The upper end of the 95 % interval; NULL where there is none",
        "metrics.method": "How the interval was made",
        "metrics.reason": "Why a value or an interval is NULL",
        "history.line": "Values of one line have the same data, definitions and samples; the highest is the newest",
        "history.step": "The place of the results in the order of upload, from 1",
        "history.results_version": "The version of the model's results",
        "history.run": "The number of the test run; NULL where there is none",
        "history.started": "When the run began (UTC)",
        "history.dataset_version": "The version of the dataset that was tested on",
        "history.suite": "The suite of the run",
        "history.test_case_version": "The version of the test case",
        "history.n": "The metric's own denominator",
        "history.n_samples": "The size of the test case",
        "history.ci_low": "The lower end of the 95 % interval; NULL where there is none",
        "history.ci_high": "The upper end of the 95 % interval; NULL where there is none",
        "history.method": "How the interval was made",
        "history.status": "measured, missing (these results were not tested) or lost (the rows of the run are gone)",
        "history.differs": "What is not as on the newest line: dataset version, test case, metric, samples",
        "history.connected": "Whether the step before has a value on the same line, so that a line may join the two",
        "history.reason": "Why a value or an interval is NULL",
        "comparisons.comparison": "The number of the comparison",
        "comparisons.model": "The model whose differences these are",
        "comparisons.baseline_model": "The model that it is compared with",
        "comparisons.baseline_upload_configuration": "What the baseline ran with, as JSON; NULL when nothing was said",
        "comparisons.value": "The model's value, on the samples that both answered; NULL where it is undefined",
        "comparisons.baseline": "The baseline's value, on the same samples",
        "comparisons.delta": "value less baseline, in the metric's unit",
        "comparisons.ci_low": "The lower end of the interval of delta, for this test case alone",
        "comparisons.ci_high": "The upper end of the interval of delta, for this test case alone",
        "comparisons.method": "How the interval was made",
        "comparisons.p": "The two-sided p-value that there is no difference",
        "comparisons.test": "The test that p is of",
        "comparisons.q": "p, corrected within its family",
        "comparisons.family": "The tests that are corrected together",
        "comparisons.mde": "The smallest effect that this n could have shown, with a power of 80 %",
        "comparisons.mde_basis": "What mde rests on",
        "comparisons.n": "The denominator of value",
        "comparisons.baseline_n": "The denominator of baseline",
        "comparisons.n_samples": "The size of the test case",
        "comparisons.n_missing": "Samples of the test case that not both models answered",
        "comparisons.n_null": "Samples that both answered and the metric could not use",
        "comparisons.n_only_model": "Samples that only the model got right (objects that only it found); NULL "
        "for metrics without right and wrong",
        "comparisons.n_only_baseline": "Samples that only the baseline got right; NULL likewise",
        "comparisons.tolerance": "The difference below which two models count as equivalent; NULL: none was given",
        "comparisons.q_equivalence": "The corrected p-value that the difference lies outside the tolerance",
        "comparisons.verdict": "improved, regressed, different (no direction is better), equivalent or inconclusive",
        "comparisons.detected": "Whether q is at most alpha, on evidence that is not too thin",
        "comparisons.reason": "Why there is no value, test or clear verdict",
        "comparisons.note": "What else is to be known",
        "comparisons.dataset_version": "The version of the dataset that was compared on",
        "comparisons.results_version": "The version of the model's results",
        "comparisons.baseline_results_version": "The version of the baseline's results",
        "comparisons.alpha": "The share of false discoveries that was accepted",
        "comparisons.correction": "How p was corrected",
        "comparisons.started": "When it began (UTC)",
        "comparisons.outdated": "Whether newer samples or results have come since",
        "metric_definitions.level": "Which rows it has: whole, class, 'class, positive', classes or all classes",
        "metric_definitions.unit": "The unit of the value",
        "metric_definitions.range": "The values that it can take",
        "metric_definitions.formula": "What it is, in words",
        "metric_definitions.undefined": "When it is NULL",
        "metric_definitions.recomputable": "Whether a macro of the dataset's schema gives its value",
        "metric_definitions.macro": "How the macro is called; NULL when there is none",
        "metric_definitions.reason": "Why it can't be recomputed in SQL",
        "metric_definitions.definition": "The SQL that defines it, over terms, or a user's own query",
        "contract.version": "The version: it rises when something is taken away or changes its meaning",
        "contract.oldest_duckdb": "The oldest DuckDB that reads this database",
    }
)

KOLENA_VIEWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "datasets": (
            *("name", "version", "workflow", "id_fields", "n_samples", "description", "tags", "metadata"),
            *("created", "updated"),
        ),
        "dataset_versions": (
            *("dataset", "version", "workflow", "sampling", "n_samples", "added", "changed", "removed", "unchanged"),
            *("author", "message", "tags", "created"),
        ),
        "attached_tables": ("dataset", "version", "attached_table", "n_rows"),
        "models": ("name", "tags", "metadata", "created"),
        "result_versions": (
            *("dataset", "model", "upload_configuration", "version", "n_answered", "inserted", "updated"),
            *("unchanged", "unmatched", "author", "created", "metadata_fields", "repeat_field", "n_rows"),
        ),
        "test_cases": ("dataset", "test_case", "version", "level", "description", "tags", "definition", "created"),
        "test_suites": ("dataset", "suite", "version", "origin", "description", "tags", "created"),
        "test_suite_members": ("dataset", "suite", "suite_version", "position", "test_case", "test_case_version"),
        "test_runs": (
            *("run", "dataset", "dataset_version", "model", "upload_configuration", "results_version", "suite"),
            *("suite_version", "configuration", "restriction", "status", "origin", "notes", "level", "seed"),
            *("started", "seconds", "n_scored", "n_reused", "repeats", "outdated"),
        ),
        "metrics": (
            *("run", "model", "dataset", "suite", "test_case", "metric", "class", "value", "n", "n_samples"),
            *("n_missing", "n_null", "ci_low", "ci_high", "method", "better", "configuration", "reason"),
            "upload_configuration",
        ),
        "history": (
            *("dataset", "test_case", "metric", "class", "configuration", "line", "step", "model"),
            *("upload_configuration", "results_version", "run", "started", "dataset_version", "suite", "suite_version"),
            *("test_case_version", "value", "n", "n_samples", "ci_low", "ci_high", "method", "better", "status"),
            *("differs", "connected", "reason"),
        ),
        "comparisons": (
            *("comparison", "dataset", "suite", "model", "upload_configuration", "baseline_model"),
            *("baseline_upload_configuration", "test_case", "metric", "class", "better", "value", "baseline", "delta"),
            *("ci_low", "ci_high", "method", "p", "test", "q", "family", "mde", "mde_basis", "n", "baseline_n"),
            *("n_samples", "n_missing", "n_null", "n_only_model", "n_only_baseline", "tolerance", "q_equivalence"),
            *("verdict", "detected", "reason", "note", "dataset_version", "results_version"),
            *("baseline_results_version", "suite_version", "configuration", "alpha", "correction", "started"),
            "outdated",
        ),
        "metric_definitions": (
            *("dataset", "workflow", "metric", "level", "better", "unit", "range", "formula", "undefined"),
            *("recomputable", "macro", "reason", "definition"),
        ),
        "contract": ("version", "oldest_duckdb"),
    }
)
"""The columns of each view of the store."""

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "id": "Identifies the sample: {}",
        "ground_truth": "The ground truth: {}",
        "metadata": "A field of the sample: {}",
        "inference": "What the model said: {}",
        "inference_metadata": "How the sample was shown to the model, where its results declare it: {}",
    }
)


def shared_comment(column: str) -> str:
    """Return what a column that several views share is."""
    return SHARED[column]


def field_comment(name: str, role: str) -> str:
    """Return what a column of the user's own data is."""
    return ROLES[role].format(name)


def match_comment(column: str) -> str:
    """Return what a column of the view `matches` is."""
    return MATCHES.get(column) or SHARED[column]


def curve_comment(column: str) -> str:
    """Return what a column of the view `precision_recall` is."""
    return CURVES.get(column) or SHARED[column]


def table_comment(name: str) -> str:
    """Return what an attached table is."""
    return f"The table {name}, attached to the samples: any number of rows for each"


def table_field_comment(name: str, role: str) -> str:
    """Return what a column of an attached table is."""
    return field_comment(name, role) if role == "id" else f"A column of the attached table: {name}"


def member_comment(column: str) -> str:
    """Return what a column of the members of test cases is."""
    return MEMBERS.get(column) or SHARED[column]


def kolena_comment(view: str, column: str) -> str:
    """Return what a column of a view of the store is."""
    return KOLENA_COLUMNS.get(f"{view}.{column}") or SHARED[column]


def sample_metric_comment(workflow: Workflow | None, name: str) -> str:
    """Return what a column of the sample metrics is, in the words of the workflow where it has some."""
    known = workflow.sample_metrics_help if workflow else {}
    return known.get(name, f"{name}, as the workflow's scorer found it")
