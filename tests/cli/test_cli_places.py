"""Making a store, and finding it."""

from pathlib import Path

import pytest

from kolena_store.cli.places import SETTING, store_option


def test_init_makes_an_empty_store_in_the_current_folder(ks, folder: Path) -> None:
    result = ks("init")
    assert "made an empty store: kolena.store" in result.stdout
    assert (folder / "kolena.store" / "store.duckdb").exists()
    assert ks.json("dataset", "list") == {"datasets": []}


def test_init_leaves_a_store_as_it_is(ks, store: Path) -> None:
    before = (store / "store.duckdb").read_bytes()
    assert "stays as it is" in ks("init").stdout
    assert (store / "store.duckdb").read_bytes() == before


def test_init_takes_a_path_and_says_how_to_reach_it(ks, folder: Path) -> None:
    assert "--store 'deep er/my.store'" in ks("init", "deep er/my.store").stdout
    assert (folder / "deep er" / "my.store" / "store.duckdb").exists()


def test_init_follows_the_option_and_the_environment(ks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ks("--store", "one.store", "init")
    monkeypatch.setenv(SETTING, "two.store")
    assert "--store" not in ks("init").stdout
    assert {path.name for path in folder.glob("*.store")} == {"one.store", "two.store"}


@pytest.mark.parametrize("name", ["notes.txt", "data"])
def test_init_refuses_a_folder_with_other_files(ks, folder: Path, name: str) -> None:
    (folder / "full").mkdir()
    (folder / "full" / name).touch()
    message = ks.error("init", "full")
    assert name in message
    assert "full/kolena.store" in message
    assert not (folder / "full" / "store.duckdb").exists()


def test_init_goes_on_where_a_first_commit_was_broken_off(ks, folder: Path) -> None:
    (folder / "kolena.store" / "data").mkdir(parents=True)
    (folder / "kolena.store" / "lock").touch()
    ks("init")


def test_init_refuses_a_file(ks, folder: Path) -> None:
    (folder / "kolena.store").touch()
    assert "is a file" in ks.error("init")


def test_the_nearest_store_upward_is_found(ks, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deeper = store.parent / "notebooks" / "july"
    deeper.mkdir(parents=True)
    monkeypatch.chdir(deeper)
    assert [one["name"] for one in ks.json("dataset", "list")["datasets"]] == ["tickets"]
    monkeypatch.chdir(store / "data")
    assert [one["name"] for one in ks.json("dataset", "list")["datasets"]] == ["tickets"]


def test_the_option_wins_over_the_environment_and_that_over_the_folder(
    ks, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ks("init", "empty.store")
    monkeypatch.setenv(SETTING, "empty.store")
    assert ks.json("dataset", "list")["datasets"] == []
    assert len(ks.json("dataset", "list", "--store", store)["datasets"]) == 1
    assert len(ks.json("--store", store, "dataset", "list")["datasets"]) == 1
    assert len(ks.json("dataset", "--store", store, "list")["datasets"]) == 1


def test_the_option_of_the_command_wins_over_that_of_the_group(ks, store: Path) -> None:
    assert len(ks.json("--store", "nowhere", "dataset", "list", "--store", store)["datasets"]) == 1


def test_without_a_store_near_the_message_names_init(ks, folder: Path) -> None:
    message = ks.error("dataset", "list")
    assert str(folder) in message
    assert message.endswith("kolena-store init")


def test_nothing_is_written_to_a_place_that_init_did_not_make(ks, folder: Path) -> None:
    upload = ("dataset", "upload", "tickets", "tickets.csv", "--store", "my store")
    assert ks.error(*upload).endswith("kolena-store init 'my store'")
    assert not (folder / "my store").exists()


def test_an_empty_folder_of_that_name_is_no_store(ks, folder: Path) -> None:
    (folder / "kolena.store").mkdir()
    assert "no store at kolena.store" in ks.error("models")
    assert list((folder / "kolena.store").iterdir()) == []


def test_an_empty_store_option_is_an_error(ks, store: Path) -> None:
    assert "--store" in ks.error("models", "--store", "")


def test_commands_shown_name_the_store_only_when_it_would_not_be_found(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_option(Path("kolena.store")) == ""
    assert store_option(Path("other.store")) == " --store other.store"
    monkeypatch.setenv(SETTING, "other.store")
    assert store_option(Path("kolena.store")) == " --store kolena.store"
    assert store_option(Path("other.store")) == ""
