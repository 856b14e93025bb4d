"""What is found out about a model's detections as a whole: how they are matched, the classes, the thresholds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kolena_store.display import counted
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.workflows.base import Facts, ScoringInput
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.options import refuse_options

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.matching.coco import Settings

__all__ = ["concluded_facts", "is_caltech", "is_class_agnostic", "matching_of", "object_facts", "settings_of"]

OPTIONS = ("threshold", "tune_on", "classes", "iou", "matching", "class_agnostic", "max_detections", "ignore")
DEFAULT_IOU = 0.5
MOST_DETECTIONS = 100
F1_OPTIMAL = "f1_optimal"


def object_facts(workflow: str, configuration: Configuration, *, most: int = MOST_DETECTIONS) -> Facts:
    """Return how objects are matched, and the thresholds that were given.

    Args:
        workflow: its name, for messages.
        configuration: what was asked for.
        most: how many detections of an image and class count unless the configuration says so.

    Raises:
        InvalidInput: the configuration asks for what these workflows don't have.
    """
    from kolena_store.matching.coco import THRESHOLDS

    refuse_options(workflow, configuration, allowed=OPTIONS)
    if configuration.threshold == "accuracy_optimal":
        raise InvalidInput(
            "threshold='accuracy_optimal' needs negatives, which objects don't have; give f1_optimal, a number, or one "
            "for each class"
        )
    chosen = configuration.overlaps or (DEFAULT_IOU,)
    constants = {
        "iou": chosen[0],
        "n_iou": float(len(chosen)),
        "is_one_to_one": float(configuration.matching == "one_to_one"),
        "is_class_agnostic": float(bool(configuration.class_agnostic)),
        "max_detections": float(configuration.max_detections or most),
        "is_caltech": float(configuration.ignore == "caltech"),
    }
    given = configuration.threshold
    return Facts(
        overlaps=(*chosen, *(one for one in THRESHOLDS if one not in chosen)),
        constants=constants,
        accepted=None if configuration.classes is None else tuple(map(str, configuration.classes)),
        threshold=None if isinstance(given, (str, Mapping)) or given is None else float(given),
        tuned_on=configuration.tune_on,
        thresholds=dict(given) if isinstance(given, Mapping) else {},
    )


def settings_of(facts: Facts) -> "Settings":
    """Return the settings that COCO's protocol is run in."""
    from kolena_store.matching.coco import Settings

    return Settings(thresholds=facts.overlaps, most=int(facts.constants["max_detections"]))


def matching_of(facts: Facts) -> str:
    """Return which protocol makes the counts."""
    return "one_to_one" if facts.constants["is_one_to_one"] else "coco"


def is_class_agnostic(facts: Facts) -> bool:
    """Return whether labels are not looked at."""
    return bool(facts.constants["is_class_agnostic"])


def is_caltech(facts: Facts) -> bool:
    """Return whether ignored objects absorb detections that lie in them, any number, as the Caltech protocol has it."""
    return bool(facts.constants.get("is_caltech"))


def concluded_facts(facts: Facts, inputs: ScoringInput, scored: "Callable[[Sequence[str]], pa.Table]") -> Facts:
    """Return the facts with the classes that occur, and with the threshold of each class.

    Raises:
        UnknownName: a class that was named does not occur.
    """
    from kolena_store.metrics.objects.optimum import best_thresholds
    from kolena_store.metrics.objects.table import match_table

    stored = scored(["truths", "detections", "n_unusable"])
    table = match_table(stored, None, is_one_to_one=matching_of(facts) == "one_to_one")
    classes = table.classes
    for name in (*(facts.accepted or ()), *facts.thresholds):
        if name not in classes:
            raise UnknownName.of("class", name, classes, "kolena-store sql")
    thresholds = dict(facts.thresholds)
    if facts.threshold is not None:
        thresholds = dict.fromkeys(classes, facts.threshold)
    elif not thresholds:
        samples = None if facts.tuned_on is None else inputs.samples(facts.tuned_on).to_numpy()
        thresholds = best_thresholds(table, samples)
    return replace(
        facts,
        threshold=None,
        classes=classes,
        reported=facts.accepted or classes,
        thresholds={name: thresholds.get(name, 0.0) for name in classes},
        notes=tuple(_notes(sum(stored.column("n_unusable").to_pylist()), _tuned_on(facts))),
    )


def _tuned_on(facts: Facts) -> str | None:
    """Return on which images thresholds were tuned; None when they were given."""
    return None if facts.threshold is not None or facts.thresholds else facts.tuned_on or "all images"


def _notes(n_unusable: int, tuned_on: str | None) -> Iterator[str]:
    if tuned_on is not None:
        yield (
            f"each class counts from the score with its best F1 on, tuned on these: {tuned_on}; intervals of precision "
            "and recall take these scores as they are"
        )
    if n_unusable:
        left = "is left out" if n_unusable == 1 else "are left out"
        yield f"{counted(n_unusable, 'detection')} without a score or label {left}"
