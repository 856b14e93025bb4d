"""The stories that the demo tells: what is drawn, which models are trained, and which commands go on from there."""

import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kolena_store.display import number
from kolena_store.errors import UnknownName

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.store import Store
    from kolena_store.workflows import Configuration

__all__ = ["STORIES", "Story", "story_of"]

TAG = "demo"


@dataclass(frozen=True, slots=True)
class Story(ABC):
    """A demo: its dataset (its suite and images are called so too), the main metric, and the texts around the tables.

    `candidate` is to replace `baseline`. `text` holds `{n}`, the number of samples.
    """

    dataset: str
    baseline: str
    candidate: str
    headlines: tuple[str, ...]
    description: str
    about_suite: str
    text: str

    @abstractmethod
    def suite(self) -> str:
        """Return the text of the suite."""

    @abstractmethod
    def standard(self) -> str:
        """Return the text of the quality standard."""

    @abstractmethod
    def draw(self) -> Any:
        """Return the test samples, drawn."""

    @abstractmethod
    def answers(self, drawn: Any) -> "dict[str, pa.Table]":
        """Return what each model, trained now, says of them."""

    @abstractmethod
    def upload(self, store: "Store", drawn: Any) -> None:
        """Make the dataset."""

    @abstractmethod
    def check_images(self, place: Path) -> None:
        """Refuse a place beside which other files lie where images go."""

    @abstractmethod
    def write_images(self, drawn: Any, place: Path) -> None:
        """Write the images beside the store, where the demo has some."""

    @property
    @abstractmethod
    def configuration(self) -> "Configuration | None":
        """Return how to score."""

    @abstractmethod
    def next_steps(self, file: Path) -> list[str]:
        """Return commands that go on from here, given the suite's file."""

    @property
    def models(self) -> tuple[str, str]:
        """Return both models, the one that is in use first."""
        return self.baseline, self.candidate

    @property
    def question(self) -> str:
        """Return what leads to the check."""
        return (
            f"And may {self.candidate} ship? That is written down before, in {self.dataset}.standard.toml, and "
            "checked by a command:"
        )

    def told(self, n: int) -> str:
        """Return the text about so many samples."""
        return self.text.format(n=number(n))

    def _check(self, file: Path) -> str:
        """Return the command that checks the candidate; it leaves with 1, as a gate fails."""
        standard = shlex.quote(str(file.with_suffix(".standard.toml")))
        return f"check {standard} --model {self.candidate} --baseline {self.baseline}"

    def _query(self, metric: str) -> str:
        return (
            f"sql \"SELECT test_case, model, value FROM kolena.metrics WHERE suite = '{self.dataset}' AND metric = "
            f"'{metric}' AND class IS NULL QUALIFY run = max(run) OVER (PARTITION BY model) ORDER BY value\""
        )


class _Digits(Story):
    """Two networks that learned under different conditions read single digits."""

    __slots__ = ()

    def suite(self) -> str:
        """Return the text of digits.sql."""
        from kolena_store.cli.demo import suite_text

        return suite_text()

    def standard(self) -> str:
        """Return the text of digits.standard.toml."""
        from kolena_store.cli.demo import standard_text

        return standard_text()

    def draw(self) -> Any:
        """Return the rendered digits."""
        from kolena_store.cli.demo import rendered_digits

        return rendered_digits()

    def answers(self, drawn: Any) -> "dict[str, pa.Table]":
        """Return labels and probabilities."""
        from kolena_store.cli.demo import demo_predictions

        return demo_predictions(drawn)

    def upload(self, store: "Store", drawn: Any) -> None:
        """Make the dataset of single digits; the four pictures of one image are of one cluster."""
        from kolena_store.workflows.classification import Classification

        workflow = Classification(ground_truth="digit", prediction="label", scores="p_{class}")
        store.upload_dataset(
            self.dataset,
            drawn.samples,
            id_fields=["id"],
            workflow=workflow,
            cluster="source_image",
            description=self.description,
            tags=[TAG],
        )

    def check_images(self, place: Path) -> None:
        """Do nothing: there are none."""

    def write_images(self, drawn: Any, place: Path) -> None:
        """Write none: the table says all that the story needs."""

    @property
    def configuration(self) -> None:
        """Return the defaults."""
        return

    def next_steps(self, file: Path) -> list[str]:
        """Return commands about single digits."""
        return [
            self._check(file),
            f"test {self.dataset} v1 v2 --by occlusion:0.001,0.15,0.3 --metric accuracy",
            f"test {self.dataset} v2 --suite {self.dataset} --confusion-matrix Occluded",
            f"suite apply {self.dataset} {shlex.quote(str(file))}",
            self._query("accuracy"),
        ]


class _Scenes(Story):
    """Two detectors of different kinds find digits on scenes."""

    __slots__ = ()

    def suite(self) -> str:
        """Return the text of scenes.sql."""
        from kolena_store.cli.demo import scenes_suite_text

        return scenes_suite_text()

    def standard(self) -> str:
        """Return the text of scenes.standard.toml."""
        from kolena_store.cli.demo import scenes_standard_text

        return scenes_standard_text()

    def draw(self) -> Any:
        """Return the scenes."""
        from kolena_store.cli.demo import drawn_scenes

        return drawn_scenes()

    def answers(self, drawn: Any) -> "dict[str, pa.Table]":
        """Return detections."""
        from kolena_store.cli.demo import demo_detections

        return demo_detections(drawn)

    def upload(self, store: "Store", drawn: Any) -> None:
        """Make the dataset of scenes and the digits on them."""
        from kolena_store.workflows.object_detection import ObjectDetection

        store.upload_dataset(
            self.dataset,
            drawn.samples(self.dataset),
            id_fields=["image_id"],
            objects=drawn.objects(),
            workflow=ObjectDetection(),
            description=self.description,
            tags=[TAG],
        )

    def check_images(self, place: Path) -> None:
        """Refuse a folder that holds other files than the demo's images."""
        from kolena_store.cli.demo import check_folder

        check_folder(place.parent / self.dataset)

    def write_images(self, drawn: Any, place: Path) -> None:
        """Write the scenes as PNG into a folder beside the store."""
        drawn.write_images(place.parent / self.dataset)

    @property
    def configuration(self) -> "Configuration":
        """Return the Caltech protocol: its test cases may ask how much of a digit is covered."""
        from kolena_store.workflows import Configuration

        return Configuration(ignore="caltech")

    def next_steps(self, file: Path) -> list[str]:
        """Return commands about scenes."""
        return [
            self._check(file),
            f"test {self.dataset} --by n_digits --metric ap --metric log_average_miss_rate",
            f'test {self.dataset} windows --suite {self.dataset} --ignore caltech --confusion-matrix "High occlusion"',
            f'curve {self.dataset} components --ignore caltech --test-case "Front view" --format csv',
            f"suite apply {self.dataset} {shlex.quote(str(file))}",
            f'sql "SELECT model, mistake, count(*) AS n FROM {self.dataset}.matches WHERE is_counted AND '
            'mistake IS NOT NULL GROUP BY ALL ORDER BY ALL"',
            self._query("ap"),
        ]


STORIES: Mapping[str, Story] = MappingProxyType(
    {
        "classification": _Digits(
            dataset="digits",
            baseline="v1",
            candidate="v2",
            headlines=("accuracy",),
            description="Handwritten digits of scikit-learn, each drawn four times: once clean, three times under "
            "conditions",
            about_suite="Conditions that a digit is seen under",
            text="{n} pictures of handwritten digits that neither model has seen: each clean, and turned, small, dark, "
            "noisy or partly covered. v1 learned from clean and partly covered digits, v2 from turned, small, dark and "
            "noisy ones. Which one would you ship?",
        ),
        "object-detection": _Scenes(
            dataset="scenes",
            baseline="windows",
            candidate="components",
            headlines=("ap",),
            description="Scenes of scikit-learn's handwritten digits: large and small, some under tape, some touching",
            about_suite="What digits are found and missed",
            text="{n} scenes of handwritten digits that neither detector has seen, some under tape or touching each "
            "other. windows looks through windows of several sizes at every place, components looks for connected ink. "
            "Which one would you ship?",
        ),
    }
)


def story_of(workflow: str) -> Story:
    """Return the story of a workflow.

    Raises:
        UnknownName: it has none.
    """
    if workflow not in STORIES:
        raise UnknownName.of("demo of the workflow", workflow, list(STORIES), "kolena-store demo --help")
    return STORIES[workflow]
