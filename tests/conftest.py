"""Small stores that many tests start from."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pytest
from hypothesis import settings
from small_stores import given_up
from warm_programs import WarmProgram

import kolena_store as ks
from kolena_store.database import session
from kolena_store.metrics.user import process

pytest_plugins = ["sampled_cases"]
os.environ["KOLENA_STORE_CACHE"] = ""

STARTED_AFRESH = process._started
OF_PIPELINES = ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
N_TICKETS = 60


def pytest_configure() -> None:
    from thoroughness import EXAMPLES  # which is known only when the options are

    settings.register_profile("any machine", deadline=None, max_examples=EXAMPLES)
    settings.load_profile("any machine")


def ticket_table() -> pa.Table:
    """Return a small data set: an id, a label, two metadata columns, and what two models answered."""
    topics = ["billing", "outage", "other"]
    labels = [topics[number % 3] for number in range(N_TICKETS)]
    return pa.table(
        {
            "id": range(N_TICKETS),
            "topic": labels,
            "language": [("en", "de", None)[number % 7 % 3] for number in range(N_TICKETS)],
            "length": [float(number * 37 % 101) for number in range(N_TICKETS)],
            "v1": [label if number % 5 else "other" for number, label in enumerate(labels)],
            "v2": [label if number % 4 else "outage" for number, label in enumerate(labels)],
        }
    )


@pytest.fixture
def unmade_store(tmp_path: Path) -> ks.Store:
    """A store that was not made yet."""
    return ks.Store(tmp_path / "my.store")


@pytest.fixture(scope="session")
def prebuilt_empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it; never change it."""
    root = tmp_path_factory.mktemp("prebuilt") / "empty.store"
    ks.Store(root).create()
    return root


@pytest.fixture
def store(prebuilt_empty_store: Path, tmp_path: Path) -> ks.Store:
    """An empty store: a copy, for to make one takes as long as a commit."""
    root = tmp_path / "my.store"
    shutil.copytree(prebuilt_empty_store, root)
    return ks.Store(root)


def started_warm(folder: Path, errors: TextIO) -> WarmProgram:
    """Start the process for metrics of users as the product does, but for the imports."""
    with Path(os.devnull).open("w") as nowhere:
        arguments = ["-m", process.MODULE, str(folder)]
        return WarmProgram(arguments, folder=Path.cwd(), environment=os.environ, stdout=nowhere, stderr=errors)


@pytest.fixture(scope="session", autouse=True)
def at_a_terminal() -> Iterator[None]:
    """Programs print what a person sees: pytest and our command say more when they run in a pipeline."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OF_PIPELINES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread_for_each_worker() -> Iterator[None]:
    """Each of pytest's workers keeps a core busy: threads of DuckDB would take turns on it. `--thorough` has them."""
    from thoroughness import sized

    with pytest.MonkeyPatch.context() as patch:
        settings = (*session.CONNECTION_SETTINGS, ("threads", "1"))
        patch.setattr(session, "CONNECTION_SETTINGS", sized(settings, session.CONNECTION_SETTINGS))
        yield


@pytest.fixture(scope="session", autouse=True)
def warm_metric_processes() -> Iterator[None]:
    """Metrics of users run in a process of their own that need not import everything again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "_started", started_warm)
        yield


@pytest.fixture
def fresh_metric_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics of users run in a process that is started afresh, as those of users do."""
    monkeypatch.setattr(process, "_started", STARTED_AFRESH)


@pytest.fixture
def unkept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the test use the store among its arguments in one transaction, which is given up at its end."""
    others = (request.getfixturevalue(name) for name in request.fixturenames if name not in ("request", "unkept"))
    with given_up(next(one for one in others if isinstance(one, ks.Store))):
        yield


@pytest.fixture(scope="session")
def tickets() -> pa.Table:
    """The samples of `ticket_store`, without predictions."""
    return ticket_table().drop_columns(["v1", "v2"])


@pytest.fixture(scope="session")
def prebuilt_ticket_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the dataset `tickets` and the results of `v1` and `v2`; never change it."""
    root = tmp_path_factory.mktemp("prebuilt") / "tickets.store"
    ks.Store(root).upload_dataset(
        "tickets", ticket_table(), workflow=ks.Classification("topic"), predictions={"v1": "v1", "v2": "v2"}
    )
    return root


@pytest.fixture
def ticket_store(prebuilt_ticket_store: Path, tmp_path: Path) -> ks.Store:
    """A copy of the store with the dataset `tickets` and the results of `v1` and `v2`."""
    root = tmp_path / "tickets.store"
    shutil.copytree(prebuilt_ticket_store, root)
    return ks.Store(root)
