"""A process that is killed, or finds the disk full, at any step of a commit leaves the store at one version or the next."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash_operations import DONE, OPERATIONS, Crasher, prepared, visible
from thoroughness import sized

import kolena_store as ks
from kolena_store import faults
from kolena_store.database.commit import WORK_PREFIX
from kolena_store.errors import ReadOnlyStore
from kolena_store.files import INCOMING_PREFIX

START = ("lock: before", "lock: held", "lock: named", "work copy: leftovers removed")
COPY = ("work copy: before", "work copy: made")
END = (
    "work copy: attached",
    "views: before",
    "views: made",
    "store.commit: before",
    "store.checkpoint: before",
    "store.leave_store: before",
    "store.detach: before",
    "store.detach: done",
    "data folders: before fsync",
    "catalogue: before fsync",
    "catalogue: before chmod",
    "catalogue: before replace",
)
AFTER = ("catalogue: replaced", "catalogue: durable", "removal: done")
NO_WRITES = (*AFTER, "removal: before", "lock: named", "work copy: leftovers removed")
"""Places behind which nothing is written that the version before lacks."""

FILE_STEPS = ("before folder", "before file", "before write", "before fsync", "before rename", "renamed")
KINDS = {
    "upload_dataset": ("samples", "ids"),
    "upload_results": ("incoming", "inferences"),
    "apply_suite": ("memberships",),
    "run_test": ("sample_metrics", "memberships", "metrics", "terms"),
    "collect": (),
    "create": ("samples", "ids"),
}
PLACES = {
    operation: (
        *START,
        *(() if operation == "create" else COPY),
        *(f"{kind}: {step}" for kind in kinds for step in FILE_STEPS),
        *END,
        *AFTER,
        *(("removal: before",) if operation == "collect" else ()),
    )
    for operation, kinds in KINDS.items()
}
N_RANDOM_KILLS = int(os.environ.get("KOLENA_STORE_CRASHES", str(sized(1, 4))))
"""Of each operation; a long run asks for hundreds, kills at every statement, and at every place of every operation."""

IS_LONG = N_RANDOM_KILLS > 3
STRIDE = 1 if IS_LONG else 20
FREE_STEP = sized(1_000_000, 500_000)
"""Bytes."""

SHARED = (*START, *COPY, *END, *AFTER)
FEW_STEPS = ("before write", "renamed")


def is_tried(operation: str, place: str) -> bool:
    """A short run tries each step of a commit and of a file once, and the most telling ones wherever they occur."""
    if IS_LONG or (operation == "run_test" and place.startswith("memberships")):
        return True
    kind, _, step = place.partition(": ")
    return operation in ("create", "apply_suite") if place in SHARED else step in FEW_STEPS or kind == "removal"


ALL_PLACES = [
    (operation, place) for operation, places in PLACES.items() for place in places if is_tried(operation, place)
]


@pytest.fixture(scope="module")
def crasher() -> Iterator[Crasher]:
    crasher = Crasher()
    yield crasher
    crasher.close()


@pytest.fixture(scope="module")
def before(prebuilt_ticket_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store on which every operation has something to do; not to be changed."""
    root = tmp_path_factory.mktemp("before") / "tickets.store"
    shutil.copytree(prebuilt_ticket_store, root)
    prepared(ks.Store(root))
    return root


class Cases:
    """What the store shows before and after each operation, and fresh copies of it."""

    def __init__(self, before: Path, folder: Path, crasher: Crasher) -> None:
        self._before, self._folder, self._crasher = before, folder, crasher
        self._shown: dict[str, tuple[Any, Any]] = {}
        self._n_copies = 0

    def copy(self, operation: str) -> Path:
        self._n_copies += 1
        root = self._folder / f"copy-{self._n_copies}.store"
        if operation != "create":
            shutil.copytree(self._before, root)
        return root

    def shown(self, operation: str) -> tuple[Any, Any]:
        if operation not in self._shown:
            root = self.copy(operation)
            shown = visible(root)
            assert self._crasher(root, operation) == DONE
            self._shown[operation] = (shown, visible(root))
        return self._shown[operation]


@pytest.fixture(scope="module")
def cases(before: Path, tmp_path_factory: pytest.TempPathFactory, crasher: Crasher) -> Cases:
    return Cases(before, tmp_path_factory.mktemp("copies"), crasher)


def assert_goes_on(root: Path, operation: str, crasher: Crasher, shown: Any) -> None:
    """The next commit works, leaves nothing of the dead one but whole files, and the files are sound."""
    if visible(root) == shown:
        crasher(root, "create")
    else:
        assert crasher(root, operation) == DONE
        assert visible(root) == shown
    left = [path.name for path in root.rglob(".*") if path.name.startswith((WORK_PREFIX, INCOMING_PREFIX))]
    assert left == []
    assert ks.Store(root).verify(quick=True).findings == ()


def assert_sound(root: Path) -> None:
    """All that is stored comes out again, and cleaning up leaves exactly the files that the catalogue names."""
    store = ks.Store(root)
    assert store.verify().findings == ()
    store.gc(grace=0)
    on_disk = {path.stem for path in root.glob("data/*/*.parquet")}
    assert {row["sha256"] for row in store.sql("SELECT sha256 FROM catalogue.files").rows()} == on_disk


@pytest.mark.parametrize("operation", PLACES)
def test_the_places_are_those_that_an_operation_passes(cases: Cases, crasher: Crasher, operation: str) -> None:
    notes = cases.copy(operation).parent / f"{operation}.notes"
    root = cases.copy(operation)
    assert crasher(root, operation, f"note {notes}") == DONE
    passed = {line for line in notes.read_text().splitlines() if not line.startswith("statement ")}
    assert passed == set(PLACES[operation])


@pytest.mark.sampled(8)
@pytest.mark.parametrize(("operation", "place"), ALL_PLACES, ids=[": ".join(pair) for pair in ALL_PLACES])
def test_a_process_killed_at_a_place_leaves_one_version_or_the_next(
    cases: Cases, crasher: Crasher, operation: str, place: str
) -> None:
    old, new = cases.shown(operation)
    root = cases.copy(operation)
    assert crasher(root, operation, f"kill {place}") == "killed"
    is_after = place in AFTER or place.startswith("removal")
    assert visible(root) == (new if is_after else old)
    assert_goes_on(root, operation, crasher, new)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("operation", PLACES)
def test_a_process_killed_at_any_statement_leaves_the_version_before(
    cases: Cases, crasher: Crasher, operation: str
) -> None:
    old, new = cases.shown(operation)
    root = cases.copy(operation)
    statement = random.randrange(STRIDE) + 1
    while (ended := crasher(root, operation, f"kill statement {statement}")) == "killed":
        assert visible(root) == old, f"statement {statement}"
        statement += STRIDE
    assert ended == DONE
    assert statement > 10
    assert visible(root) == new
    assert_sound(root)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("operation", PLACES)
def test_a_process_killed_at_a_random_moment_leaves_one_version_or_the_next(
    cases: Cases, crasher: Crasher, operation: str
) -> None:
    old, new = cases.shown(operation)
    moments = random.Random(operation)
    n_done = 0
    for _ in range(N_RANDOM_KILLS):
        root = cases.copy(operation)
        ended = crasher(root, operation, after=moments.uniform(0, 0.5))
        shown = visible(root)
        assert shown in (old, new)
        assert ended in ("killed", DONE)
        assert shown == new or ended == "killed", "it was acknowledged and is lost"
        n_done += shown == new
        assert_goes_on(root, operation, crasher, new)
        assert_sound(root)
        shutil.rmtree(root)


def files_in(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("operation", PLACES)
def test_a_disk_that_is_full_at_any_place_leaves_the_version_before_and_nothing_else(
    cases: Cases, crasher: Crasher, operation: str
) -> None:
    root = cases.copy(operation)
    before = files_in(root) if root.exists() else {}
    for place in PLACES[operation]:
        if (operation, place) in ALL_PLACES and place not in NO_WRITES and not place.endswith(": renamed"):
            ended = crasher(root, operation, f"full {place}")
            assert ended.startswith("ReadOnlyStore: "), place
            assert "(No space left on device); make room" in ended
            assert files_in(root) == before, place
    assert crasher(root, operation) == DONE
    assert visible(root) == cases.shown(operation)[1]
    assert_sound(root)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB, where the machine allows to make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder))
    try:
        made = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if made.returncode:
        pytest.skip(f"a small file system can't be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_small_disk_fills_up_at_every_step_and_the_store_stays(small_disk: Path, before: Path) -> None:
    root, ballast = small_disk / "tickets.store", small_disk / "ballast"
    shutil.copytree(before, root)
    old, files = visible(root), files_in(root)
    n_failed = 0
    for operation in ("upload_dataset", "upload_results", "apply_suite", "run_test"):
        for free in range(0, 12_000_000, FREE_STEP):
            room = shutil.disk_usage(small_disk).free
            ballast.write_bytes(os.urandom(max(room - free, 0)))
            try:
                OPERATIONS[operation](ks.Store(root))
            except ReadOnlyStore as error:
                n_failed += 1
                assert "make room" in str(error)
                assert files_in(root) == files
                assert visible(root) == old
            finally:
                ballast.unlink()
            if files_in(root) != files:
                break
        shutil.rmtree(root)
        shutil.copytree(before, root)
    assert n_failed > sized(6, 12)


def test_without_the_setting_no_place_does_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(faults.SETTING, raising=False)
    for _, place in ALL_PLACES:
        faults.reach(place)
