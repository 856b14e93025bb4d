"""A web app over a small store, asked without a network."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from looked_at import hostile_store, spam_store
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store.web.application import create_application
from kolena_store.web.settings import WebSettings


@pytest.fixture(scope="session")
def spam_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that nobody changes."""
    return spam_store(ks.Store(tmp_path_factory.mktemp("web") / "spam.store")).path


@pytest.fixture(scope="session")
def client(spam_root: Path) -> Iterator[TestClient]:
    with TestClient(create_application(spam_root)) as found:
        yield found


@pytest.fixture(scope="session")
def hostile_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    root = hostile_store(ks.Store(tmp_path_factory.mktemp("web") / "hostile.store")).path
    with TestClient(create_application(root)) as found:
        yield found


@pytest.fixture
def spam_copy(spam_root: Path, tmp_path: Path) -> Path:
    """A store that a test may change."""
    return Path(shutil.copytree(spam_root, tmp_path / "copy.store"))


@pytest.fixture
def saving_client(spam_root: Path, tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    """An app that saves slices to a file."""
    path = tmp_path / "slices.sql"
    with TestClient(create_application(spam_root, WebSettings(suite_path=path))) as found:
        yield found, path
