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

__all__ = [
    "Configuration",
    "Ignore",
    "Matching",
    "TunedThreshold",
    "configuration_from_document",
    "read_configuration",
    "single_threshold",
]

TunedThreshold = Literal["f1_optimal", "accuracy_optimal"]
TUNED = get_args(TunedThreshold)
Matching = Literal["coco", "one_to_one"]
Ignore = Literal["coco", "caltech"]
IGNORES = get_args(Ignore)
MATCHINGS = get_args(Matching)
LEAST_IOU = 0.1
MOST_OVERLAPS = 5
"""COCO's ten and as many more are the most that a match has a bit for."""

LARGEST_LIMIT = 1_000_000
"""Detections of one image and class that can count at most: more than any model finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Options of scoring; what is None is the workflow's default.

    Args:
        threshold: of the positive class's score, or how to choose it once per model; for objects also class -> number.
        tune_on: a predicate over the metadata; the threshold is chosen on the samples it selects (default: all).
        classes: the classes that have rows of their own and enter the averages.
        beta: the weight of recall in `f_beta` (default 2).
        top_k: how many of the highest scores count in `top_k_accuracy` (default 2).
        iou: the overlap from which on a detection is right, where a single one counts (default 0.5); of several the
            first counts so, and `ap_iou` is the mean over all.
        matching: whose rules make objects right or missed: `coco` (the default), or `one_to_one`, as Pascal VOC.
        class_agnostic: whether objects are matched whatever their labels.
        ignore: what becomes of objects that are ignored, as those outside of an object-level test case are. With `coco`
            (the default) each takes the detection that overlaps it enough, and detections outside count only where they
            are matched; with `caltech` it takes all detections that lie in it, and no detection is outside.
        max_detections: how many detections of an image and class count, the highest scores first; up to a million
            (default 100).

    Raises:
        InvalidInput: a value that the option can't take.
    """

    threshold: float | TunedThreshold | Mapping[str, float] | None = None
    tune_on: str | None = None
    classes: Sequence[object] | None = None
    beta: float | None = None
    top_k: int | None = None
    iou: float | Sequence[float] | None = None
    matching: Matching | None = None
    class_agnostic: bool | None = None
    max_detections: int | None = None
    ignore: Ignore | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if isinstance(self.threshold, Mapping):
            object.__setattr__(self, "threshold", _checked_thresholds(self.threshold))
        elif self.threshold is not None and self.threshold not in TUNED and not _is_number(self.threshold):
            raise InvalidInput(f"threshold={self.threshold!r} is neither a number nor one of {', '.join(TUNED)}")
        if self.tune_on is not None and not (isinstance(self.threshold, str) and self.threshold in TUNED):
            raise InvalidInput(
                f"tune_on chooses the samples to tune on; also give threshold as one of {', '.join(TUNED)}"
            )
        if self.tune_on is not None and not isinstance(self.tune_on, str):
            raise InvalidInput(f"tune_on={self.tune_on!r} must be a predicate, such as \"split = 'tuning'\"")
        if self.beta is not None and not (_is_number(self.beta) and self.beta > 0):
            raise InvalidInput(f"beta={self.beta!r} must be a number above 0")
        if self.top_k is not None and not (_is_number(self.top_k) and self.top_k >= 1 and self.top_k % 1 == 0):
            raise InvalidInput(f"top_k={self.top_k!r} must be a whole number from 1 on")
        self._check_matching()
        if self.classes is not None:
            object.__setattr__(self, "classes", checked_classes(self.classes))

    def _check_matching(self) -> None:
        if self.iou is not None:
            object.__setattr__(self, "iou", _checked_overlaps(self.iou))
        if self.matching is not None and self.matching not in MATCHINGS:
            raise InvalidInput(f"matching={self.matching!r} is none of {', '.join(MATCHINGS)}")
        if self.ignore is not None and self.ignore not in IGNORES:
            raise InvalidInput(f"ignore={self.ignore!r} is none of {', '.join(IGNORES)}")
        if self.class_agnostic is not None and not isinstance(self.class_agnostic, bool):
            raise InvalidInput(f"class_agnostic={self.class_agnostic!r} must be true or false")
        most = self.max_detections
        if most is not None and not (_is_number(most) and 1 <= most <= LARGEST_LIMIT and most % 1 == 0):
            raise InvalidInput(f"max_detections={most!r} must be a whole number from 1 to {LARGEST_LIMIT:,}")

    @property
    def overlaps(self) -> tuple[float, ...]:
        """Return the overlaps that `iou` names; none when it is not given."""
        return self.iou if isinstance(self.iou, tuple) else () if self.iou is None else (float(self.iou),)  # type: ignore[arg-type]

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


def _checked_thresholds(given: Mapping[str, float]) -> dict[str, float]:
    """Return the threshold of each class, by its name as text."""
    wrong = [name for name, value in given.items() if not _is_number(value)]
    if wrong or not given:
        raise InvalidInput(f"threshold={dict(given)!r} must give a number for each class that it names")
    return {str(name): float(value) for name, value in given.items()}


def _checked_overlaps(given: Any) -> float | tuple[float, ...]:
    """Return one overlap, or several different ones."""
    several = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    is_valid = all(_is_number(one) and LEAST_IOU <= one <= 1 for one in several)
    if not is_valid or not 0 < len(several) <= MOST_OVERLAPS or len(set(several)) < len(several):
        raise InvalidInput(
            f"iou={given!r} must be a number from {LEAST_IOU} to 1, or up to {MOST_OVERLAPS} different ones"
        )
    found = tuple(map(float, several))
    return found[0] if len(found) == 1 else found


def single_threshold(given: "float | Mapping[str, float]") -> float:
    """Return a threshold that holds for all scores.

    Raises:
        InvalidInput: it gives one for each class.
    """
    if isinstance(given, Mapping):
        raise InvalidInput(f"threshold={dict(given)!r}: a threshold for each class is for objects; give one number")
    return float(given)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.item() if hasattr(value, "item") else value


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False
