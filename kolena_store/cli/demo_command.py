"""`kolena-store demo`: real digits, two models trained here and now, and what the whole hides."""

import shlex
import shutil
import sys
from dataclasses import dataclass, replace
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

    Then the two are compared, and the better one is checked against a quality standard. The store goes to PATH
    (default: kolena.store), the suite (digits.sql or scenes.sql), the standard and images of scenes beside it; a suite
    or standard that lies there is used as it is. Takes half a minute.
    """
    from kolena_store.cli.demo import require_packages
    from kolena_store.store import Store

    story = story_of(workflow)
    require_packages()
    place = place_of_new_store(path, invocation.store)
    store = Store(place)
    _check_free(store, place)
    story.check_images(place)
    suite = _DemoFile(place.parent / f"{story.dataset}.sql", story.suite(), "suite")
    standard = _DemoFile(place.parent / f"{story.dataset}.standard.toml", story.standard(), "standard")
    suite.note_difference()
    standard.note_difference()
    note("drawing the digits ...")
    drawn = story.draw()
    note(f"training {' and '.join(story.models)}, which takes most of the time ...")
    answers = story.answers(drawn)
    note("uploading and testing ...")
    results = _filled(store, story, (drawn, answers), suite)
    story.write_images(drawn, place)
    suite.write()
    standard.write()
    n_samples = store.dataset(story.dataset).n_samples
    print_listing([story.told(n_samples), *replace(results, headlines=story.headlines).listings()])
    _judge(store, story, standard.path)
    _show_next_steps(story, place, suite.path)


def _judge(store: "Store", story: Story, standard: Path) -> None:
    """Compare the two models, and check the one that is to ship."""
    pair = (story.candidate, story.baseline)
    compared = store.compare(
        story.dataset, *pair, story.dataset, metrics=story.headlines, configuration=story.configuration
    )
    checked = store.check(standard, *pair)
    click.echo()
    print_listing([*compared.listings(), story.question, *checked.listings()])


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


def _filled(store: "Store", story: Story, found: "tuple[Any, dict[str, pa.Table]]", suite: _DemoFile) -> "TestResults":
    """Upload, apply the suite and test, in one commit."""
    drawn, answers = found
    with store.transaction():
        story.upload(store, drawn)
        for model, table in answers.items():
            store.upload_results(story.dataset, model, table)
        source = suite.path if suite.path.exists() else suite.text
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
