"""The command line: one module for each command or group of commands, loaded when it is called."""

import click

from kolena_store import __version__
from kolena_store.cli.application import Application, Home

__all__ = ["command_line"]

EXAMPLES = (
    "kolena-store demo",
    "kolena-store init\n"
    "kolena-store dataset upload tickets test.csv --workflow classification --id id --ground-truth topic\n"
    "kolena-store results upload tickets v1 v1.csv\n"
    "kolena-store test tickets v1 --by language",
)
HOMES = (
    Home("init", "kolena_store.cli.init_command", "Make an empty store."),
    Home("demo", "kolena_store.cli.demo_command", "Tell the whole story on real data."),
    Home("dataset", "kolena_store.cli.datasets", "Test data and its versions."),
    Home("import", "kolena_store.cli.import_command", "Test data in the formats of others."),
    Home("export", "kolena_store.cli.export_command", "Test data and results in the formats of others."),
    Home("results", "kolena_store.cli.results", "What models said of a dataset."),
    Home("metrics", "kolena_store.cli.metrics", "Metrics of your own."),
    Home("suite", "kolena_store.cli.suites", "Test cases as SQL views."),
    Home("test", "kolena_store.cli.testing", "Print the metrics of every test case."),
    Home("curve", "kolena_store.cli.curve", "Print precision and recall of detections."),
    Home("compare", "kolena_store.cli.comparing", "What improved, what regressed, what nobody can tell yet."),
    Home("check", "kolena_store.cli.check_command", "Check a model against a quality standard."),
    Home("rescore", "kolena_store.cli.rescore_command", "Test again what newer data have made outdated."),
    Home("history", "kolena_store.cli.history_command", "The metrics of a test case over models and runs."),
    Home("ui", "kolena_store.cli.ui_command", "Explore the store in a browser."),
    Home(
        "report", "kolena_store.cli.report_command", "Write a suite or a comparison as one HTML file, or as Markdown."
    ),
    Home("plot", "kolena_store.cli.plot_command", "Draw a plot as SVG, PNG, PDF or an interactive page."),
    Home("runs", "kolena_store.cli.runs", "The test runs of the store."),
    Home("models", "kolena_store.cli.models", "List the models."),
    Home("sql", "kolena_store.cli.queries", "Ask the store with a SELECT."),
    Home("publish", "kolena_store.cli.publish", "Write what BI tools read: after a move, or as one file."),
    Home("verify", "kolena_store.cli.verify_command", "Check the store, and repair what can be computed again."),
    Home("gc", "kolena_store.cli.gc_command", "Remove files that nothing needs, and make many small ones few."),
    Home("merge", "kolena_store.cli.merging", "Bring in what another store has."),
)

command_line = Application(
    homes=HOMES,
    examples=EXAMPLES,
    name="kolena-store",
    help="Test machine-learning models: metrics for every scenario that matters, in a directory that you own.\n\n"
    "It leaves with 0 when all is done, 1 when a gate of a quality standard failed, 2 when something can't be used as "
    "asked, and 3 when the store is damaged.",
)
click.version_option(__version__, prog_name="kolena-store")(command_line)
