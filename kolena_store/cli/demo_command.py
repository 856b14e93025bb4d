"""`kolena-store demo`: real digits, two models trained here and now, and what the whole hides."""

import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.demo_stories import STORIES, TAG, Story, story_of
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.cli.places import check_free, place_of_new_store, store_option
from kolena_store.display import print_listing
from kolena_store.errors import ConflictingDefinition

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.store import Store
    from kolena_store.test_runs import TestResults

__all__ = ["called_program", "command"]

PROGRAM = "kolena-store"


@click.command(
    "demo",
    short_help="Tell the whole story on real data.",
    cls=Command,
    prints_data=False,
    examples=(
        "kolena-store demo",
        "kolena-store demo tour/digits.store",
        "kolena-store demo --workflow object-detection tour/scenes.store",
    ),
)
@click.argument("path", required=False)
@click.option(
    "--workflow",
    metavar="WORKFLOW",
    default="classification",
    show_default=True,
    help="Which story: classification, or object-detection, e.g. --workflow object-detection.",
)
@pass_invocation
def command(invocation: Invocation, path: str | None, *, workflow: str) -> None:
    """Tell the whole story on real data: train two models, test them by scenario, and see what the whole hides.

    The store goes to PATH (default: kolena.store), the suite's file (digits.sql or scenes.sql) beside it, and images of
    scenes too; a suite that lies there is applied as it is. Takes half a minute.
    """
    from kolena_store.cli.demo import require_packages
    from kolena_store.store import Store

    story = story_of(workflow)
    require_packages()
    place = place_of_new_store(path, invocation.store)
    store = Store(place)
    _check_free(store, place)
    story.check_images(place)
    file = place.parent / f"{story.dataset}.sql"
    suite = _suite(story, file)
    note("drawing the digits ...")
    drawn = story.draw()
    note(f"training {' and '.join(story.models)}, which takes most of the time ...")
    answers = story.answers(drawn)
    note("uploading and testing ...")
    results = _filled(store, story, (drawn, answers), suite=suite, file=file)
    story.write_images(drawn, place)
    if not file.exists():
        file.write_text(suite, encoding="utf-8")
    n_samples = store.dataset(story.dataset).n_samples
    print_listing([story.told(n_samples), *replace(results, headlines=story.headlines).listings()])
    _show_next_steps(story, place, file)


def _check_free(store: "Store", place: Path) -> None:
    """Refuse a store that holds something else than demos."""
    if not store.exists:
        check_free(place)
        return
    known = {story.dataset for story in STORIES.values()}
    foreign = [one.name for one in store.datasets() if one.name not in known or TAG not in one.tags]
    if foreign:
        raise ConflictingDefinition(
            f"{place} is a store of your own, with the dataset {foreign[0]!r}; the demo does not touch it: "
            f"name another place, as in: {PROGRAM} demo demo.store"
        )


def _suite(story: Story, file: Path) -> str:
    """Return the text of the suite: of the file when it is there, as the user may have edited it."""
    from kolena_store.formats import read_text

    own = story.suite()
    text = read_text(file) if file.exists() else own
    if text != own:
        note(f"{file} differs from the demo's suite; it is applied as it is")
    return text


def _filled(
    store: "Store", story: Story, found: "tuple[Any, dict[str, pa.Table]]", *, suite: str, file: Path
) -> "TestResults":
    """Upload, apply the suite and test, in one commit."""
    drawn, answers = found
    with store.transaction():
        story.upload(store, drawn)
        for model, table in answers.items():
            store.upload_results(story.dataset, model, table)
        source = file if file.exists() else suite
        report = store.apply_suite(story.dataset, source, name=story.dataset, description=story.about_suite)
        results = store.test(story.dataset, list(answers), report, configuration=story.configuration)
    for line in report.notes:
        note(line)
    return results


def _show_next_steps(story: Story, place: Path, file: Path) -> None:
    click.echo("\nNext, for example (edit the suite's file, then apply it):")
    for step in story.next_steps(file):
        click.echo(f"  {called_program()} {step}{store_option(place)}")


def called_program() -> str:
    """Return how to call this program from the same shell again."""
    called = Path(sys.argv[0])
    if called.stem == "__main__":
        return f"{shlex.quote(sys.executable)} -m kolena_store"
    found = shutil.which(PROGRAM)
    if called.name != PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return PROGRAM
    return shlex.quote(str(called))
