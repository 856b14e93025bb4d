"""Label Studio's export: a JSON array of tasks, each with its data, annotations and predictions."""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.display import counted
from kolena_store.errors import EmptyInput, MalformedFile
from kolena_store.formats.entries import Entries
from kolena_store.formats.image_sets import IMAGE_ID, SIDES, ImageSet, table_of_rows
from kolena_store.formats.json_stream import JsonStream
from kolena_store.formats.labelstudio.regions import Task, is_number, of_image, region_object
from kolena_store.formats.paths import readable_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TaskSet", "read_tasks"]

TAKEN = frozenset((IMAGE_ID, "objects"))
UNNAMED = "predictions"
"""The model of predictions without a version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """A file of tasks: the images with what people drew, and what each model proposed, a row for each object.

    `answered` are the ids of the images that a model looked at.
    """

    truth: ImageSet
    predictions: "Mapping[str, pa.Table]"
    answered: Mapping[str, Sequence[int]]


def read_tasks(path: str | Path) -> TaskSet:
    """Return the tasks of a file, which may be compressed with gzip.

    Of several annotations of a task the one marked as ground truth is taken, else the newest that was not cancelled.

    Raises:
        MalformedFile: it is no such file; the message names the task and region that breaks it.
        EmptyInput: it has no task.
    """
    file = Path(path).expanduser()
    readable_file(file)
    reading = _Reading(Entries(file, "task"))
    for key, number, entry in JsonStream(file).elements():
        if key is not None:
            raise MalformedFile.of(file, None, "it is a JSON object", "Give Label Studio's export: an array of tasks")
        reading.add(number, entry)
    if not reading.images:
        raise EmptyInput(f"{file} has no task; export the project from Label Studio as JSON")
    return reading.found()


class _Reading:
    """The tasks so far."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.images: dict[object, dict[str, Any]] = {}
        self.objects: list[dict[str, Any]] = []
        self.predicted: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.answered: defaultdict[str, list[int]] = defaultdict(list)
        self.n_several = 0

    def add(self, number: int, given: object) -> None:
        entry = self.entries.checked(number, given)
        self.entries.check_new(number, entry, self.images)
        if not isinstance(entry["id"], int):
            self.entries.refuse(number, entry, f"its id {entry['id']!r} is no whole number")
        data = entry.get("data")
        if not isinstance(data, dict):
            self.entries.refuse(number, entry, "it has no data; export as JSON, not as JSON-MIN")
        taken = sorted(TAKEN.intersection(data))
        if taken:
            self.entries.refuse(number, entry, f"its data have a field {taken[0]!r}, which is kept for the store")
        image, task = {IMAGE_ID: entry["id"], **{key: _plain(one) for key, one in data.items()}}, entry["id"]
        regions = self._chosen(number, entry)
        self.images[task] = image
        self._add_regions(Task(self.entries, number, entry), regions, image, self.objects, score=None)
        for prediction in self._several(number, entry, "predictions"):
            model = str(prediction.get("model_version") or UNNAMED)
            self.answered[model].append(task)
            score, found = prediction.get("score"), prediction.get("result") or ()
            self._add_regions(Task(self.entries, number, entry), found, image, self.predicted[model], score=score)

    def _chosen(self, number: int, entry: dict[str, Any]) -> Sequence[Any]:
        """Return the regions of the annotation that counts."""
        given = self._several(number, entry, "annotations" if "annotations" in entry else "completions")
        valid = [one for one in given if not one.get("was_cancelled")]
        self.n_several += len(valid) > 1
        marked = [one for one in valid if one.get("ground_truth")]
        newest = sorted(marked or valid, key=lambda one: str(one.get("updated_at") or one.get("created_at") or ""))
        return newest[-1]["result"] if newest else ()

    def _several(self, number: int, entry: dict[str, Any], name: str) -> Sequence[dict[str, Any]]:
        """Return the annotations or predictions of a task, each with a list of results; a prediction may have none."""
        given = entry.get(name)
        if given is None:
            return ()
        if not isinstance(given, list):
            self.entries.refuse(number, entry, f"its {name} are no list but {type(given).__name__}")
        may_lack = name == "predictions"
        for place, one in enumerate(given):
            result = one.get("result") if isinstance(one, dict) else None
            if result is None and may_lack and isinstance(one, dict):
                continue
            if not isinstance(result, list):
                self.entries.refuse(number, entry, f"{name} {place}: it is no JSON object with a list of results")
        return given

    def _add_regions(
        self,
        task: Task,
        regions: Sequence[Any],
        image: dict[str, Any],
        objects: list[dict[str, Any]],
        *,
        score: float | None,
    ) -> None:
        """Add the objects of some regions; of predictions each has its own score, or that of the prediction."""
        for place, region in enumerate(regions):
            whole = of_image(task, place, region)
            if whole is not None:
                if whole[0] in TAKEN:
                    task.refuse(place, f"its from_name {whole[0]!r} is kept for the store")
                if objects is self.objects:
                    image.setdefault(whole[0], _plain(whole[1]))
                continue
            found = region_object(task, place, region)
            for name, size in (("width", region["original_width"]), ("height", region["original_height"])):
                image.setdefault(name, size)
            own = {} if objects is self.objects else {"score": _score(task, place, region.get("score", score))}
            objects.append({IMAGE_ID: image[IMAGE_ID], **found, **own})

    def found(self) -> TaskSet:
        """Return all tasks."""
        import pyarrow as pa

        fixed = {IMAGE_ID: pa.int64(), "label": pa.string(), **dict.fromkeys(SIDES, pa.float64())}
        notes: tuple[str, ...] = ()
        if self.n_several:
            several = counted(self.n_several, "task")
            notes = (f"{several} had several annotations: the ground truth among them was taken, or the newest",)
        return TaskSet(
            truth=ImageSet(
                images=table_of_rows(
                    sorted(self.images.values(), key=lambda row: int(row[IMAGE_ID])), {IMAGE_ID: pa.int64()}
                ),
                objects=table_of_rows(self.objects, fixed),
                document={},
                notes=notes,
            ),
            predictions={
                model: table_of_rows(rows, {**fixed, "score": pa.float64()}) for model, rows in self.predicted.items()
            },
            answered=dict(self.answered),
        )


def _plain(value: object) -> object:
    """Return a value as a cell holds it: what is nested is JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, (list, dict)) else value


def _score(task: Task, place: int, value: object) -> float:
    if not is_number(value, most=sys.float_info.max):
        task.refuse(place, f"its score {value!r} is no finite number, or the prediction has none either")
    return float(value)  # type: ignore[arg-type]
