"""`verify` and `gc` on the command line: what they print in each form, and the codes they leave with."""

from pathlib import Path

import pytest


def damaged(store: Path, kind: str) -> Path:
    path = min((store / "data" / kind).glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    return path


@pytest.mark.sampled(2)
def test_a_sound_store_leaves_with_0(ks, store: Path) -> None:
    ks("test", "tickets", "v1", "--suite", "everyday")
    text = " ".join(ks("verify").stdout.split())
    assert "is as it should be" in text
    assert "1 run computed again" in text
    assert ks.json("verify")["is_sound"] is True
    assert ks.csv("verify") == []
    assert "nothing computed again" in " ".join(ks("verify", "--quick").stdout.split())


@pytest.mark.parametrize("options", [(), ("--quick",), ("--repair",)])
def test_a_damaged_store_leaves_with_3_and_names_the_file(ks, store: Path, options: tuple[str, ...]) -> None:
    path = damaged(store, "samples")
    found = ks("verify", *options, "--format", "csv", code=3)
    assert path.name in found.stdout
    assert found.stderr == ""
    assert "1 fault" in ks("verify", *options, code=3).stdout


@pytest.mark.parametrize(
    "command",
    [
        ("dataset", "download", "tickets", "--output", "x.csv"),
        ("sql", "SELECT * FROM tickets.test_samples"),
        ("test", "tickets", "v1", "--by", "length"),
        ("dataset", "upload", "tickets", "tickets.csv"),
    ],
)
def test_every_command_that_needs_a_damaged_file_leaves_with_3(ks, store: Path, command: tuple[str, ...]) -> None:
    path = damaged(store, "samples")
    assert path.name in ks.error(*command, code=3)


@pytest.mark.sampled(2)
def test_a_repair_says_what_it_did(ks, store: Path) -> None:
    ks("test", "tickets", "v1", "--suite", "everyday")
    damaged(store, "memberships")
    document = ks.json("verify", "--repair")
    assert (document["is_sound"], document["findings"]) == (True, [])
    assert document["repaired"][0].startswith("computed ")
    ks("verify")


def test_a_stray_log_is_repaired(ks, store: Path) -> None:
    (store / "store.duckdb.wal").write_bytes(b"x")
    assert "verify --repair" in ks.error("dataset", "list", code=3)
    ks("verify", code=3)
    assert "moved the write-ahead log" in ks("verify", "--repair").stdout
    ks("dataset", "list")


def test_a_catalogue_that_is_none_leaves_with_3(ks, store: Path) -> None:
    (store / "store.duckdb").chmod(0o644)
    (store / "store.duckdb").write_bytes(b"garbage")
    for command in (("verify",), ("verify", "--repair"), ("gc",), ("dataset", "list")):
        assert "restore it from a copy" in ks.error(*command, code=3)


def test_progress_of_a_check_goes_to_stderr(program, store: Path) -> None:
    import os

    environment = {**os.environ, "KOLENA_PROGRESS": "plain", "PYTHONPATH": str(Path(__file__).parents[2])}
    code, out, _ = program("verify", "--format", "json", env=environment)
    assert code == 0
    assert out.startswith("{")


def test_cleaning_up_prints_in_each_form(ks, store: Path) -> None:
    stray = store / "data" / "samples" / f"{'0' * 64}.parquet"
    stray.write_bytes(b"stray")
    assert ks("gc").stdout.startswith("removed 0 files (0 bytes)\n1 file (5 bytes) of no more use")
    assert ks.json("gc", "--grace", "0", "--dry-run")["removed_bytes"] == 5
    assert stray.exists()
    (row,) = ks.csv("gc", "--grace", "0")
    assert (row["removed_files"], row["removed_bytes"]) == ("1", "5")
    assert not stray.exists()


def test_versions_are_dropped_when_asked_for(ks, store: Path, folder: Path) -> None:
    text = (folder / "tickets.csv").read_text()
    (folder / "tickets.csv").write_text(text.replace("299,", "1299,"))
    ks("dataset", "upload", "tickets", "tickets.csv")
    assert ks.json("gc")["dropped"] == []
    assert ks.json("gc", "--keep", "1")["dropped"] == ["dataset tickets version 1"]
    assert [row["version"] for row in ks.json("dataset", "history", "tickets")["versions"]] == [2]


@pytest.mark.parametrize("options", [("--keep", "0"), ("--grace", "-1"), ("--grace", "x")])
def test_options_that_mean_nothing_are_refused(ks, store: Path, options: tuple[str, ...]) -> None:
    ks.error("gc", *options)


def test_there_must_be_a_store(ks, folder: Path) -> None:
    for command in ("verify", "gc"):
        assert "no store" in ks.error(command)
