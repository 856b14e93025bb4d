"""`kolena-store demo`: real digits, two models trained here and now, and what the whole hides."""

import shlex
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.cli.places import check_free, place_of_new_store, store_option
from kolena_store.display import number, print_listing
from kolena_store.errors import ConflictingDefinition

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.cli.demo import RenderedDigits
    from kolena_store.store import Store
    from kolena_store.test_runs import TestResults

__all__ = ["called_program", "command"]

DATASET = "digits"
TAG = "demo"
HEADLINE = "accuracy"
CANDIDATE = ("v2", "v1")
"""The model that is to ship, and the one that it would replace."""

PROGRAM = "kolena-store"
DESCRIPTION = "Handwritten digits of scikit-learn, each drawn four times: once clean, three times under conditions"
STORY = (
    "{n} pictures of handwritten digits that neither model has seen: each clean, and turned, small, dark, noisy or "
    "partly covered. v1 learned from clean and partly covered digits, v2 from turned, small, dark and noisy ones. "
    "Which one would you ship?"
)
QUESTION = "And may v2 ship? That is written down before, in digits.standard.toml, and checked by a command:"


@click.command(
    "demo",
    short_help="Tell the whole story on real data.",
    cls=Command,
    prints_data=False,
    examples=("kolena-store demo", "kolena-store demo tour/digits.store"),
)
@click.argument("path", required=False)
@pass_invocation
def command(invocation: Invocation, path: str | None) -> None:
    """Tell the whole story on real data: train two models, test them by scenario, and see what the whole hides.

    Then the two are compared, and the better one is checked against a quality standard. The store goes to PATH
    (default: kolena.store), the suite digits.sql and the standard digits.standard.toml beside it; those that lie there
    are used as they are. Takes half a minute.
    """
    from kolena_store.cli.demo import demo_predictions, rendered_digits, require_packages, standard_text, suite_text
    from kolena_store.store import Store

    require_packages()
    place = place_of_new_store(path, invocation.store)
    store = Store(place)
    _check_free(store, place)
    suite = _DemoFile(place.parent / f"{DATASET}.sql", suite_text(), "suite")
    standard = _DemoFile(place.parent / f"{DATASET}.standard.toml", standard_text(), "standard")
    suite.note_difference()
    standard.note_difference()
    note("drawing the digits ...")
    digits = rendered_digits()
    note("training v1 and v2, which takes most of the time ...")
    predictions = demo_predictions(digits)
    note("uploading and testing ...")
    results = _filled(store, digits, predictions, suite)
    suite.write()
    standard.write()
    _tell(results, digits)
    candidate, baseline = CANDIDATE
    compared = store.compare(DATASET, candidate, baseline, DATASET, metrics=[HEADLINE])
    checked = store.check(standard.path, candidate, baseline)
    click.echo()
    print_listing([*compared.listings(), QUESTION, *checked.listings()])
    _show_next_steps(place, suite.path, standard.path)


def _check_free(store: "Store", place: Path) -> None:
    """Refuse a store that holds something else than the demo."""
    if not store.exists:
        check_free(place)
        return
    foreign = [one.name for one in store.datasets() if one.name != DATASET or TAG not in one.tags]
    if foreign:
        raise ConflictingDefinition(
            f"{place} is a store of your own, with the dataset {foreign[0]!r}; the demo does not touch it: "
            f"name another place, as in: {PROGRAM} demo demo.store"
        )


@dataclass(frozen=True, slots=True)
class _DemoFile:
    """A file that the demo brings; one that lies in its place is the user's, who may have edited it."""

    path: Path
    text: str
    kind: str

    def note_difference(self) -> None:
        """Say that the user's file differs from the demo's, if it does."""
        from kolena_store.formats import read_text

        if self.path.exists() and read_text(self.path) != self.text:
            note(f"{self.path} differs from the demo's {self.kind}; it is applied as it is")

    def write(self) -> None:
        """Write the file unless it is there."""
        if not self.path.exists():
            self.path.write_text(self.text, encoding="utf-8")


def _filled(
    store: "Store", digits: "RenderedDigits", predictions: "dict[str, pa.Table]", suite: _DemoFile
) -> "TestResults":
    """Upload, apply the suite and test, in one commit; the four pictures of one image are of one cluster."""
    from kolena_store.workflows.classification import Classification

    workflow = Classification(ground_truth="digit", prediction="label", scores="p_{class}")
    with store.transaction():
        store.upload_dataset(
            DATASET,
            digits.samples,
            id_fields=["id"],
            workflow=workflow,
            cluster="source_image",
            description=DESCRIPTION,
            tags=[TAG],
        )
        for model, answers in predictions.items():
            store.upload_results(DATASET, model, answers)
        source = suite.path if suite.path.exists() else suite.text
        report = store.apply_suite(DATASET, source, name=DATASET, description="Conditions that a digit is seen under")
        results = store.test(DATASET, list(predictions), report)
    for line in report.notes:
        note(line)
    return results


def _tell(results: "TestResults", digits: "RenderedDigits") -> None:
    story = STORY.format(n=number(digits.samples.num_rows))
    print_listing([story, *replace(results, headlines=(HEADLINE,)).listings()])


def _show_next_steps(place: Path, suite: Path, standard: Path) -> None:
    click.echo("\nNext, for example (edit the suite's file, then apply it):")
    for step in _next_steps(suite, standard):
        click.echo(f"  {called_program()} {step}{store_option(place)}")


def _next_steps(suite: Path, standard: Path) -> list[str]:
    """Return commands that go on from here; the check leaves with 1, as a gate fails."""
    candidate, baseline = CANDIDATE
    return [
        f"check {shlex.quote(str(standard))} --model {candidate} --baseline {baseline}",
        f"test {DATASET} v1 v2 --by occlusion:0.001,0.15,0.3 --metric accuracy",
        f"test {DATASET} v2 --suite {DATASET} --confusion-matrix Occluded",
        f"suite apply {DATASET} {shlex.quote(str(suite))}",
        f"sql \"SELECT test_case, model, value FROM kolena.metrics WHERE suite = '{DATASET}' AND metric = 'accuracy' "
        'QUALIFY run = max(run) OVER (PARTITION BY model) ORDER BY value"',
    ]


def called_program() -> str:
    """Return how to call this program from the same shell again."""
    called = Path(sys.argv[0])
    if called.stem == "__main__":
        return f"{shlex.quote(sys.executable)} -m kolena_store"
    found = shutil.which(PROGRAM)
    if called.name != PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return PROGRAM
    return shlex.quote(str(called))
