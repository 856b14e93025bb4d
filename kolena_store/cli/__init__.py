"""The command line: one module for each command or group of commands, loaded when it is called."""

import click

from kolena_store import __version__
from kolena_store.cli.application import Application

__all__ = ["command_line"]

EXAMPLES = (
    "kolena-store demo",
    "kolena-store init\n"
    "kolena-store dataset upload tickets test.csv --workflow classification --id id --ground-truth topic\n"
    "kolena-store results upload tickets v1 v1.csv\n"
    "kolena-store test tickets v1 --by language",
)
HOMES = (
    ("init", "kolena_store.cli.init_command"),
    ("demo", "kolena_store.cli.demo_command"),
    ("dataset", "kolena_store.cli.datasets"),
    ("results", "kolena_store.cli.results"),
    ("metrics", "kolena_store.cli.metrics"),
    ("suite", "kolena_store.cli.suites"),
    ("test", "kolena_store.cli.testing"),
    ("runs", "kolena_store.cli.runs"),
    ("models", "kolena_store.cli.models"),
    ("sql", "kolena_store.cli.queries"),
    ("publish", "kolena_store.cli.publish"),
    ("verify", "kolena_store.cli.verify_command"),
    ("gc", "kolena_store.cli.gc_command"),
    ("merge", "kolena_store.cli.merging"),
)

command_line = Application(
    homes=HOMES,
    examples=EXAMPLES,
    name="kolena-store",
    help="Test machine-learning models: metrics for every scenario that matters, in a directory that you own.\n\n"
    "It leaves with 0 when all is done, 2 when something can't be used as asked, and 3 when the store is damaged.",
)
click.version_option(__version__, prog_name="kolena-store")(command_line)
