"""The options that say how to score: those of a file, and in their place those of the command line."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kolena_store.workflows import Configuration

__all__ = ["configuration_options"]

FILE = "configuration"
NAMES = (
    *("threshold", "tune_on", "classes", "iou", "matching", "ignore", "class_agnostic", "max_detections"),
    *("beta", "top_k"),
)
OPTIONS = (
    click.option(
        "--threshold",
        metavar="T",
        help="The score from which an answer is positive, or a detection counts, e.g. --threshold 0.3, f1_optimal or "
        "accuracy_optimal (chosen once for each model).",
    ),
    click.option(
        "--tune-on",
        metavar="PREDICATE",
        help="The samples to choose the threshold on, e.g. --tune-on \"split = 'tune'\".",
    ),
    click.option(
        "--class",
        "classes",
        multiple=True,
        metavar="LABEL",
        help="A class with rows of its own, and in the averages, e.g. --class billing; repeat it for several. "
        "[default: all]",
    ),
    click.option(
        "--iou",
        multiple=True,
        type=float,
        metavar="OVERLAP",
        help="From which on a detection is right, e.g. --iou 0.3; of several the first counts so, and ap_iou is the "
        "mean over all. [default: 0.5]",
    ),
    click.option(
        "--matching",
        type=click.Choice(["coco", "one_to_one"]),
        help="Whose rules make objects right or missed, e.g. --matching one_to_one. [default: coco]",
    ),
    click.option(
        "--ignore",
        type=click.Choice(["coco", "caltech"]),
        help="What becomes of ignored objects, e.g. --ignore caltech. [default: coco]",
    ),
    click.option("--class-agnostic", is_flag=True, help="Match objects whatever their labels, e.g. --class-agnostic."),
    click.option(
        "--max-detections",
        type=int,
        metavar="N",
        help="How many detections of an image and class count, e.g. --max-detections 300. [default: 100]",
    ),
    click.option("--beta", type=float, metavar="B", help="The weight of recall in f_beta, e.g. --beta 0.5."),
    click.option("--top-k", type=int, metavar="K", help="How many scores top_k_accuracy looks at, e.g. --top-k 5."),
    click.option(
        "--configuration", FILE, metavar="FILE", help="A TOML file with these options, e.g. --configuration c.toml."
    ),
)


def configuration_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets what they say as its `configuration`: None where they say nothing."""

    @wraps(function)
    def configured(*arguments: Any, configuration: str | None, **options: Any) -> None:
        given = {name: options.pop(name) for name in NAMES}
        function(*arguments, configuration=_configuration(configuration, given), **options)

    command: Callable[..., None] = configured
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def _configuration(file: str | None, options: Mapping[str, Any]) -> "Configuration | None":
    """Return the file's options with those of the command line in their place; None when there are none at all.

    A threshold that is a number needs no samples to tune on: those of the file are left out then.
    """
    from kolena_store.formats import read_text
    from kolena_store.workflows import configuration_from_document, read_configuration

    given = {name: _plain(value) for name, value in options.items() if not _is_nothing(value)}
    if "threshold" in given:
        given["threshold"] = _threshold(str(given["threshold"]))
    if file is not None:
        read_text(file)  # says which files are near when this one is not there
        document = read_configuration(file).document()
        if isinstance(given.get("threshold"), float):
            document.pop("tune_on", None)
        given = {**document, **given}
    elif not given:
        return None
    return configuration_from_document(given)


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value == ()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _threshold(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
