"""`kolena-store ui`: the web app on this machine."""

import sys
from pathlib import Path

import click

from kolena_store.cli.commands import Command
from kolena_store.cli.invocation import Invocation, pass_invocation
from kolena_store.cli.outcomes import note
from kolena_store.errors import InvalidInput

__all__ = ["command"]

PORT = 8780
HOST = "127.0.0.1"


@click.command(
    "ui",
    short_help="Explore the store in a browser.",
    cls=Command,
    prints_data=False,
    examples=(
        "kolena-store ui",
        "kolena-store ui --suite-file everyday.sql --images photos",
        "kolena-store ui --port 0 --no-browser",
        "kolena-store ui --host 0.0.0.0 --host-name build.example.org",
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    metavar="N",
    help="The port, e.g. --port 8000; 0 takes a free one. [default: 8780]",
)
@click.option(
    "--host",
    default=HOST,
    metavar="ADDRESS",
    help="The address to answer on, e.g. --host 0.0.0.0; beyond this machine with a token. [default: 127.0.0.1]",
)
@click.option(
    "--host-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name that browsers call this machine by, e.g. --host-name build.example.org.",
)
@click.option(
    "--images",
    "images",
    multiple=True,
    metavar="FOLDER",
    help="A folder whose images may be shown, e.g. --images photos; repeat it for several.",
)
@click.option(
    "--remote-images",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="A host whose images may be fetched, e.g. --remote-images images.example.org; repeat it for several. "
    "[default: none]",
)
@click.option(
    "--suite-file",
    metavar="FILE",
    help="The suite file that slices are saved to as test cases, e.g. --suite-file everyday.sql.",
)
@click.option(
    "--standard",
    "standards",
    multiple=True,
    metavar="FILE",
    help="A quality standard to show, e.g. --standard router.standard.toml; repeat it for several.",
)
@click.option(
    "--token",
    metavar="TEXT",
    help='What a browser must know, e.g. --token "$TOKEN". [default: none on this machine alone, else a random one]',
)
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@pass_invocation
def command(
    invocation: Invocation,
    *,
    port: int,
    host: str,
    names: tuple[str, ...],
    images: tuple[str, ...],
    hosts: tuple[str, ...],
    suite_file: str | None,
    standards: tuple[str, ...],
    token: str | None,
    no_browser: bool,
) -> None:
    """Serve pages on the store until Ctrl-C: leaderboards, comparisons, test cases, samples, slices, runs, standards.

    The store is only read, and nothing leaves the machine unless hosts of images are named. Slices are saved to the
    suite file alone.
    """
    from kolena_store.web.remote_images import check_host
    from kolena_store.web.serving import serve, served_settings
    from kolena_store.web.settings import WebSettings

    store = invocation.open_store()
    chosen = WebSettings(
        image_roots=tuple(_folder(one) for one in images),
        image_hosts=tuple(check_host(one) for one in hosts),
        suite_path=_suite_file(suite_file),
        standards=tuple(_standard(one) for one in standards),
    )
    settings = served_settings(host, chosen, names=names, token=token)

    def ready(address: str) -> None:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        note("press Ctrl-C to stop")
        if not no_browser:
            import webbrowser

            webbrowser.open(address)

    serve(store.path, settings, host=host, port=port, ready=ready)


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise InvalidInput(f"--images {text}: there is no such folder; name one that is there")
    return path.absolute()


def _standard(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise InvalidInput(f"--standard {text}: there is no such file; name one that is there")
    return path.absolute()


def _suite_file(text: str | None) -> Path | None:
    if text is None:
        return None
    path = Path(text)
    if path.suffix != ".sql" or path.is_dir() or not path.absolute().parent.is_dir():
        raise InvalidInput(f"--suite-file {text}: name a file that ends in .sql, in a folder that is there")
    return path.absolute()
