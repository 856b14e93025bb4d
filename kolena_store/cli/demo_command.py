"""`kolena-store demo`: real digits, two models trained here and now, and what the whole hides."""

import shlex
import shutil
import sys
from dataclasses import replace
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
PROGRAM = "kolena-store"
DESCRIPTION = "Handwritten digits of scikit-learn, each drawn four times: once clean, three times under conditions"
STORY = (
    "{n} pictures of handwritten digits that neither model has seen: each clean, and turned, small, dark, noisy or "
    "partly covered. v1 learned from clean and partly covered digits, v2 from turned, small, dark and noisy ones. "
    "Which one would you ship?"
)


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

    The store goes to PATH (default: kolena.store), the suite's file digits.sql beside it; one that lies there is
    applied as it is. Takes half a minute.
    """
    from kolena_store.cli.demo import demo_predictions, rendered_digits, require_packages
    from kolena_store.store import Store

    require_packages()
    place = place_of_new_store(path, invocation.store)
    store = Store(place)
    _check_free(store, place)
    file = place.parent / f"{DATASET}.sql"
    suite = _suite(file)
    note("drawing the digits ...")
    digits = rendered_digits()
    note("training v1 and v2, which takes most of the time ...")
    predictions = demo_predictions(digits)
    note("uploading and testing ...")
    results = _filled(store, digits, predictions, suite=suite, file=file)
    if not file.exists():
        file.write_text(suite, encoding="utf-8")
    _tell(results, digits)
    _show_next_steps(place, file)


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


def _suite(file: Path) -> str:
    """Return the text of the suite: of the file when it is there, as the user may have edited it."""
    from kolena_store.cli.demo import suite_text
    from kolena_store.formats import read_text

    text = read_text(file) if file.exists() else suite_text()
    if text != suite_text():
        note(f"{file} differs from the demo's suite; it is applied as it is")
    return text


def _filled(
    store: "Store", digits: "RenderedDigits", predictions: "dict[str, pa.Table]", *, suite: str, file: Path
) -> "TestResults":
    """Upload, apply the suite and test, in one commit."""
    from kolena_store.workflows.classification import Classification

    workflow = Classification(ground_truth="digit", prediction="label", scores="p_{class}")
    with store.transaction():
        store.upload_dataset(
            DATASET, digits.samples, id_fields=["id"], workflow=workflow, description=DESCRIPTION, tags=[TAG]
        )
        for model, answers in predictions.items():
            store.upload_results(DATASET, model, answers)
        source = file if file.exists() else suite
        report = store.apply_suite(DATASET, source, name=DATASET, description="Conditions that a digit is seen under")
        results = store.test(DATASET, list(predictions), report)
    for line in report.notes:
        note(line)
    return results


def _tell(results: "TestResults", digits: "RenderedDigits") -> None:
    story = STORY.format(n=number(digits.samples.num_rows))
    print_listing([story, *replace(results, headlines=(HEADLINE,)).listings()])


def _show_next_steps(place: Path, file: Path) -> None:
    click.echo("\nNext, for example (edit the suite's file, then apply it):")
    for step in _next_steps(file):
        click.echo(f"  {called_program()} {step}{store_option(place)}")


def _next_steps(file: Path) -> list[str]:
    """Return commands that go on from here."""
    return [
        f"test {DATASET} v1 v2 --by occlusion:0.001,0.15,0.3 --metric accuracy",
        f"test {DATASET} v2 --suite {DATASET} --confusion-matrix Occluded",
        f"suite apply {DATASET} {shlex.quote(str(file))}",
        f"dataset show {DATASET}",
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
