"""Connections that are used again: how many stay, which don't, and what a forked process does."""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import kolena_store as ks
from kolena_store.database import Database, closed_connection
from kolena_store.database.connections import MOST_IDLE, Connections
from kolena_store.errors import StoreNotFound

ROWS = [{"id": number, "label": "ab"[number % 2]} for number in range(30)]


def change_and_test(store: ks.Store, model: str) -> None:
    store.upload_results("d", model, [{"id": number, "said": "a"} for number in range(30)])
    assert store.test("d", model, by=["label"], metrics=["accuracy"])["all", model, "accuracy"].value == 0.5


@pytest.fixture
def used(store: ks.Store) -> ks.Store:
    store.upload_dataset("d", ROWS, id_fields=["id"], workflow=ks.Classification("label", "said"))
    change_and_test(store, "m")
    return store


def test_a_connection_is_used_again(tmp_path: Path) -> None:
    connections = Connections(tmp_path)
    first = connections.take()
    connections.give_back(first, has_store=False)
    assert connections.take() is first


def test_more_than_some_are_closed(tmp_path: Path) -> None:
    connections = Connections(tmp_path)
    taken = [connections.take() for _ in range(MOST_IDLE + 1)]
    for connection in taken:
        connections.give_back(connection, has_store=False)
    with pytest.raises(Exception, match="closed"):
        taken[-1].execute("SELECT 1")
    assert {id(connections.take()) for _ in range(MOST_IDLE)} == {id(one) for one in taken[:-1]}


def test_one_that_fails_to_let_go_of_its_store_is_closed(tmp_path: Path) -> None:
    connections = Connections(tmp_path)
    first = connections.take()
    connections.give_back(first, has_store=True)  # nothing is attached, so that it can't be detached
    with pytest.raises(Exception, match="closed"):
        first.execute("SELECT 1")
    assert connections.take() is not first


def test_one_of_a_failed_transaction_is_closed(used: ks.Store) -> None:
    seen = []
    with pytest.raises(ZeroDivisionError), used._database.transaction() as transaction:
        seen.append(transaction.connection)
        raise ZeroDivisionError
    with pytest.raises(Exception, match="closed"):
        seen[0].execute("SELECT 1")
    change_and_test(used, "after it")


def test_one_that_found_no_store_is_not_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "none.store", before_commit=lambda _: None)
    with pytest.raises(StoreNotFound):
        database.session()
    assert (database._connections._idle, database._connections._taken) == ([], [])


def test_each_thread_has_its_own(tmp_path: Path) -> None:
    connections, found = Connections(tmp_path), []
    connections.give_back(connections.take(), has_store=False)
    worker = threading.Thread(target=lambda: found.append(connections.take()))
    worker.start()
    worker.join()
    assert found[0] is not connections.take()


def test_shared_engines_keep_tables_apart() -> None:
    with closed_connection() as one, closed_connection() as other:
        one.execute("CREATE TEMPORARY TABLE test_samples AS SELECT 1 AS x")
        other.execute("CREATE TEMPORARY TABLE test_samples AS SELECT 2 AS x")
        assert (one.execute("FROM test_samples").fetchall(), other.execute("FROM test_samples").fetchall()) == (
            [(1,)],
            [(2,)],
        )
        with pytest.raises(Exception, match="disabled"):
            one.execute("FROM read_csv('/etc/hostname')")


def leave_garbage_with_a_connection(path: Path) -> None:
    gc.collect()  # so that it is not about to
    cycle: list[object] = [ks.Store(path)]
    assert cycle[0].models()
    cycle.append(cycle)


@contextmanager
def thread_with_a_connection(path: Path) -> Iterator[None]:
    has_one, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        store = ks.Store(path)
        assert store.models()
        has_one.set()
        may_end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    has_one.wait()
    yield
    may_end.set()
    thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("opens_anew", [False, True])
def test_a_forked_process_works_with_the_store(used: ks.Store, opens_anew: bool) -> None:
    leave_garbage_with_a_connection(used.path)
    with thread_with_a_connection(used.path):
        child = os.fork()
    if child == 0:
        signal.alarm(60)  # it would wait for threads of the parent for ever
        try:
            gc.collect()
            change_and_test(ks.Store(used.path) if opens_anew else used, "forked")
        except BaseException:  # noqa: BLE001
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    used.refresh()
    change_and_test(used, "after it")
    assert {"m", "forked", "after it"} == {model["name"] for model in used.models().rows()}
