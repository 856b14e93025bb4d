"""A workflow is one module and one metric file: CONTRIBUTING's own is added to a copy of the package, and used."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from kolena_store.cli.places import SETTING

ROOT = Path(__file__).parent.parent
NEW_FILES = ("kolena_store/workflows/quantile.py", "sql/metrics/quantile.sql")
FENCE = re.compile(r"```\w+ (?P<file>\S+)\n(?P<body>.*?)```", re.DOTALL)
LEVEL = 0.8

IN_PYTHON = """
import json
import kolena_store as ks

truth = json.load(open("truth.json"))
answers = json.load(open("answers.json"))
store = ks.Store("kolena.store")
rows = [{"id": number, "y": one, "half": number % 2} for number, one in enumerate(truth)]
store.upload_dataset("loads", rows, workflow=ks.Quantile("y", "p80", level=0.8))
store.upload_results("loads", "m", [{"id": number, "p80": one} for number, one in enumerate(answers)])
results = store.test("loads", by=["half"])
print(results)
with open("found.json", "w") as file:
    json.dump(results.rows(), file)
print(ks.__file__, "Quantile" in dir(ks), store.dataset("loads").workflow)
"""

MIXED = '''
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from kolena_store.workflows.base import OptionHelp
from kolena_store.workflows.regression import Regression


@dataclass(frozen=True)
class Mixed(Regression):
    """Options of every kind."""

    depth: int | None = None
    load: int | float = 1
    is_strict: bool = False
    level: str | float | None = None
    names: Sequence[str] | None = None

    name: ClassVar[str] = "mixed"
    option_help: ClassVar[dict[str, OptionHelp]] = {
        **Regression.option_help,
        "depth": OptionHelp("N", "How deep, e.g. --depth 3."),
        "load": OptionHelp("W", "How heavy, e.g. --load 0.5."),
        "is_strict": OptionHelp("yes|no", "How strict, e.g. --is-strict yes."),
        "level": OptionHelp("TEXT", "Which floor, e.g. --level first."),
        "names": OptionHelp("NAME,NAME", "Which names, e.g. --names a,b."),
    }
'''


def steps() -> dict[str, str]:
    """Return file -> content, as CONTRIBUTING's section shows them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Adding a workflow\n")[1].split("\n## ")[0]
    return {match["file"]: match["body"] for match in FENCE.finditer(section)}


def copied(to: Path, files: Mapping[str, str], *others: str) -> Path:
    """Return a copy of the package (and of other things of the checkout) with new files, which replace none."""
    for name in ("kolena_store", "sql", *others):
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, to / name)
        else:
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in files.items():
        assert not (to / name).exists()
        (to / name).write_text(content, encoding="utf-8")
    return to


def run(checkout: Path, folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "COLUMNS": "80", "NO_COLOR": "1"}
    environment.pop(SETTING, None)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a contributor works on, with the two files of CONTRIBUTING added and nothing else changed."""
    return copied(tmp_path_factory.mktemp("checkout"), steps(), "docs", "tests", "pyproject.toml", "README.md")


@pytest.fixture
def forecasts(tmp_path: Path) -> dict[str, list[float | None]]:
    """Truths and answers with gaps, also as files in the current test's folder."""
    random = np.random.default_rng(5)
    truth: list[float | None] = random.gamma(2, 10, 200).round(3).tolist()
    answers: list[float | None] = random.gamma(3, 10, 200).round(3).tolist()
    truth[3], answers[10], answers[21] = None, None, None
    answers[30] = truth[30]
    for name, values in {"truth": truth, "answers": answers}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
    return {"truth": truth, "answers": answers}


def expected(forecasts: Mapping[str, list[float | None]], chosen: slice) -> dict[str, tuple[float, int]]:
    """Return metric -> value and n, by plain numpy."""
    truth, answer = (np.array(forecasts[name], float)[chosen] for name in ("truth", "answers"))
    gap = (truth - answer)[~np.isnan(truth - answer)]
    loss = np.where(gap >= 0, LEVEL * gap, (LEVEL - 1) * gap)
    return {"pinball_loss": (loss.mean(), len(gap)), "coverage": ((gap <= 0).mean(), len(gap))}


def test_contributing_shows_one_module_and_one_metric_file() -> None:
    assert tuple(steps()) == NEW_FILES


def test_the_new_workflow_measures_what_numpy_does(
    checkout: Path, tmp_path: Path, forecasts: Mapping[str, list[float | None]]
) -> None:
    printed = run(checkout, tmp_path, "-c", IN_PYTHON).stdout
    assert printed.splitlines()[-1].split() == [str(checkout / "kolena_store/__init__.py"), "True", "quantile"]
    found = {
        (row["test_case"], row["metric"]): row
        for row in json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    }
    for case, chosen in {"all": slice(None), "half = 0": slice(0, None, 2), "half = 1": slice(1, None, 2)}.items():
        for metric, (value, n) in expected(forecasts, chosen).items():
            row = found[case, metric]
            assert (row["value"], row["n"]) == (pytest.approx(value, rel=1e-12), n)
    for metric, (value, n) in expected(forecasts, slice(None)).items():
        table = printed.split(f"loads · by half version 1 · {metric}\n")[1]
        assert re.search(rf"^all +{n}  {value:.3f}".replace("  0.", r"  \."), table, re.MULTILINE)
    assert "m: 3 answered samples are left out of pinball_loss, coverage for a missing value" in printed


def test_the_new_workflow_is_on_the_command_line_with_its_own_option(
    checkout: Path, tmp_path: Path, forecasts: Mapping[str, list[float | None]]
) -> None:
    for name, field in {"truth": "y", "answers": "prediction"}.items():
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("id", field), *enumerate(forecasts[name])])

    def call(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return run(checkout, tmp_path, "-m", "kolena_store", *arguments, code=code)

    call("init")
    upload = ("dataset", "upload", "loads", "truth.csv", "--workflow", "quantile", "--ground-truth", "y")
    call(*upload, "--level", "0.8")
    call("results", "upload", "loads", "m", "answers.csv")
    rows = list(csv.DictReader(call("test", "loads", "--format", "csv").stdout.splitlines()))
    for metric, (value, n) in expected(forecasts, slice(None)).items():
        row = next(row for row in rows if row["metric"] == metric)
        assert (float(row["value"]), int(row["n"])) == (pytest.approx(value, rel=1e-12), n)
    history = json.loads(call("dataset", "history", "loads", "--format", "json").stdout)
    document = {"workflow": "quantile", "ground_truth": "y", "prediction": "prediction", "level": 0.8}
    assert history["versions"][0]["workflow"] == document
    assert "level=1.5 is no probability" in call(*upload, "--level", "1.5", code=2).stderr
    assert "invalid value for '--level': 'high' is not a valid float" in call(*upload, "--level", "high", code=2).stderr
    other = call("dataset", "upload", "x", "truth.csv", "--workflow", "judged", "--level", "0.8", code=2).stderr
    assert "the workflow judged has no option --level; it takes --verdict, --score" in other


def test_help_shows_the_new_workflow_its_option_and_its_metrics(checkout: Path, tmp_path: Path) -> None:
    text = run(checkout, tmp_path, "-m", "kolena_store", "dataset", "upload", "--help").stdout
    known = (
        "thereareclassification,custom,instance-segmentation,judged,keypoint-detection,multilabel,object-detection,"
        "quantile,regression."
    )
    assert known in "".join(text.split())
    assert "--level NUMBER The probability that the truth stays below it" in " ".join(text.split())
    assert text.index("--verdict") < text.index("--level") < text.index("--id")
    assert "pinball_loss, coverage" in run(checkout, tmp_path, "-m", "kolena_store", "test", "--help").stdout


def test_the_pages_take_the_new_workflow_in(checkout: Path) -> None:
    assert run(checkout, checkout, "docs/generate.py").stdout.split() == ["wrote", "command-line.md"] + [
        word for page in ("data.md", "metrics.md") for word in ("wrote", page)
    ]
    run(checkout, checkout, "docs/generate.py", "--check")
    assert "`ks.Quantile(ground_truth, prediction, level)`" in (checkout / "docs/data.md").read_text(encoding="utf-8")


def test_the_new_files_keep_the_rules_of_the_house(checkout: Path) -> None:
    module = NEW_FILES[0]
    run(checkout, checkout, "-m", "ruff", "check", "--no-cache", module)
    run(checkout, checkout, "-m", "ruff", "format", "--no-cache", "--check", module)
    files = ("tests/test_house_rules.py", "tests/test_house_sql.py", "tests/cli/test_cli_help.py")
    run(checkout, checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *files)


# Modules that are no workflow, or a broken one -----------------------------------------------------------------------

STATED = """
from dataclasses import dataclass
from kolena_store.workflows.regression import Regression

@dataclass(frozen=True)
class Extra(Regression):
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        (
            "from kolena_store.workflows.base import Workflow\nclass Bare(Workflow):\n    name = 'bare'",
            "extra.Bare must state metric_file, scorer_version, option_help, columns, headlines, prepare, "
            "sample_metrics_schema, score_batch; see Workflow",
        ),
        (f"{STATED}    name = 'judged'", "both define 'judged'; rename one"),
        (f"{STATED}    name = 'Extra'", "spell the name 'Extra' in small letters"),
        (f"{STATED}    name = 'extra'\n    level: float = 0.5", "'level' must be both a field and explained"),
    ],
    ids=["import fails", "states too little", "name twice", "capitals", "unexplained"],
)
def test_a_module_that_can_not_be_a_workflow_is_an_error(tmp_path: Path, source: str, message: str) -> None:
    checkout = copied(tmp_path, {"kolena_store/workflows/extra.py": source})
    done = run(checkout, tmp_path, "-c", "import kolena_store.workflows", code=1)
    assert message in done.stderr
    assert "workflows" in run(checkout, tmp_path, "-c", "import kolena_store as ks; ks.Judged", code=1).stderr


def test_a_module_without_a_workflow_of_a_name_is_none(tmp_path: Path) -> None:
    checkout = copied(tmp_path, {"kolena_store/workflows/extra.py": f"{STATED}    pass\n"})
    program = "from kolena_store.workflows import WORKFLOWS; print(*WORKFLOWS)"
    known = ["classification", "custom", "instance-segmentation", "judged", "keypoint-detection", "multilabel"]
    known += ["object-detection", "regression"]
    assert run(checkout, tmp_path, "-c", program).stdout.split() == known


def test_options_are_read_as_their_fields_are_annotated(tmp_path: Path) -> None:
    checkout = copied(tmp_path, {**steps(), "kolena_store/workflows/mixed.py": MIXED})
    (tmp_path / "t.csv").write_text("id,y\n1,2.5\n", encoding="utf-8")

    def call(*arguments: str) -> str:
        return run(checkout, tmp_path, "-m", "kolena_store", *arguments).stdout

    help_text = " ".join(call("dataset", "upload", "--help").split())
    assert "--level TEXT Which floor, e.g. --level first. With quantile: The probability that the" in help_text
    call("init")
    options = {"depth": "3", "load": "0.5", "is-strict": "yes", "level": "0.7", "names": 'a,"b,c"'}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    call("dataset", "upload", "d", "t.csv", "--workflow", "mixed", "--ground-truth", "y", *words)
    (version,) = json.loads(call("dataset", "history", "d", "--format", "json"))["versions"]
    given = {"depth": 3, "load": 0.5, "is_strict": True, "level": "0.7", "names": ["a", "b,c"]}
    assert version["workflow"] == {"workflow": "mixed", "ground_truth": "y", "prediction": "prediction", **given}
