"""Evaluator configurations: how to score, given to `test`, never part of a result."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from pathlib import Path
from typing import Any, Literal, get_args

from kolena_store.errors import InvalidInput, MalformedFile, UnknownName
from kolena_store.formats import read_text
from kolena_store.workflows.options import checked_classes

__all__ = ["Configuration", "TunedThreshold", "configuration_from_document", "read_configuration"]

TunedThreshold = Literal["f1_optimal", "accuracy_optimal"]
TUNED = get_args(TunedThreshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Options of scoring; what is None is the workflow's default.

    Args:
        threshold: of the positive class's score, or how to choose it once per model.
        tune_on: a predicate over the metadata; the threshold is chosen on the samples it selects (default: all).
        classes: the classes that have rows of their own and enter the averages.
        beta: the weight of recall in `f_beta` (default 2).
        top_k: how many of the highest scores count in `top_k_accuracy` (default 2).

    Raises:
        InvalidInput: a value that the option can't take.
    """

    threshold: float | TunedThreshold | None = None
    tune_on: str | None = None
    classes: Sequence[object] | None = None
    beta: float | None = None
    top_k: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.threshold is not None and self.threshold not in TUNED and not _is_number(self.threshold):
            raise InvalidInput(f"threshold={self.threshold!r} is neither a number nor one of {', '.join(TUNED)}")
        if self.tune_on is not None and self.threshold not in TUNED:
            raise InvalidInput(
                f"tune_on chooses the samples to tune on; also give threshold as one of {', '.join(TUNED)}"
            )
        if self.tune_on is not None and not isinstance(self.tune_on, str):
            raise InvalidInput(f"tune_on={self.tune_on!r} must be a predicate, such as \"split = 'tuning'\"")
        if self.beta is not None and not (_is_number(self.beta) and self.beta > 0):
            raise InvalidInput(f"beta={self.beta!r} must be a number above 0")
        if self.top_k is not None and not (_is_number(self.top_k) and self.top_k >= 1 and self.top_k % 1 == 0):
            raise InvalidInput(f"top_k={self.top_k!r} must be a whole number from 1 on")
        if self.classes is not None:
            object.__setattr__(self, "classes", checked_classes(self.classes))

    def document(self) -> dict[str, Any]:
        """Return the options that are set, as plain JSON values."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _plain(value) for name, value in given.items() if value is not None}


def configuration_from_document(document: Mapping[str, Any], *, where: str = "the configuration") -> Configuration:
    """Return the configuration that a mapping describes.

    Raises:
        UnknownName: an option does not exist.
        InvalidInput: a value that the option can't take.
    """
    known = [field.name for field in fields(Configuration)]
    unknown = [name for name in document if name not in known]
    if unknown:
        raise UnknownName.of(f"option of {where}", unknown[0], known, "kolena-store test --help")
    return Configuration(**document)


def read_configuration(path: str | Path) -> Configuration:
    """Return the configuration in a TOML file.

    Raises:
        UnreadableFile: the file can't be read.
        MalformedFile: it is no TOML.
    """
    text = read_text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedFile.of(path, None, str(error), "Write options as in: threshold = 0.3") from error
    return configuration_from_document(document, where=str(path))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.item() if hasattr(value, "item") else value


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
