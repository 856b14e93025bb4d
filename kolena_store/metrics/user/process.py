"""Running the queries of user metrics in a process that is killed when a query takes too long."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from kolena_store.errors import DamagedStore, LimitExceeded, StoreError
from kolena_store.metrics.user.answers import Answer, AnswerSpread
from kolena_store.metrics.user.child import ANSWERS_FILE, JOB_FILE, OUT_OF_MEMORY
from kolena_store.metrics.user.loading import CLUSTERS_FILE, MEMBERS_FILE
from kolena_store.progress import track
from kolena_store.statistics.levels import SEED

if TYPE_CHECKING:
    from kolena_store.membership.bitmaps import Words
    from kolena_store.metrics.counting import Codes

__all__ = ["DEFAULT_LIMITS", "SECONDS_PER_QUERY", "Job", "Limits", "PairedAnswer", "run_job", "run_paired_job"]

SECONDS_PER_QUERY = 60.0
SECONDS_TO_LOAD = 600.0
SECONDS_BETWEEN_LOOKS = 0.05
MODULE = "kolena_store.metrics.user.child"
ERRORS_FILE = "errors.txt"
LEAST_MEMORY = 1 << 31
LESS = (
    "leave it out by naming others (--metric, in Python metrics=[...]), or make its query smaller: fewer pairs of "
    "rows, shorter lists"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one query may take: seconds, and bytes of memory (None: three quarters of the machine's)."""

    seconds: float = SECONDS_PER_QUERY
    memory: int | None = None

    @property
    def bytes_allowed(self) -> int:
        """Return the memory that the process may take."""
        if self.memory is not None:
            return self.memory
        try:
            total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            return LEAST_MEMORY
        return max(LEAST_MEMORY, total * 3 // 4)


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedAnswer:
    """What a query returned on one test case for two models, and the spread of the difference, if it was asked for."""

    first: Answer
    second: Answer
    spread: AnswerSpread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Queries by metric, and the test cases that each of them runs on.

    `setup` makes the table `answered`, and those of `tables` in the schema `attached`; `members` has a bitmap over
    [0, size) for each of `cases`, which say in words what each stands for. With `is_summed`, queries that are sums over
    samples are answered by adding up what each sample adds, and not by running them on each test case.

    `spreads` says for each query how its precision is found, if at all: `bootstrap`, or `linearised`, which falls back
    on the bootstrap for a query that is no function of sums, or `additive`, which does not. `clusters` has the cluster
    of every `_sample`. With `is_paired`, `setup` also makes the table of the baseline, and every query runs on both.
    """

    setup: Sequence[str]
    queries: Mapping[str, str]
    cases: Sequence[str]
    members: "Words"
    size: int
    is_summed: bool = True
    spreads: Mapping[str, str] = field(default_factory=dict)
    clusters: "Codes | None" = None
    tables: Sequence[str] = ()
    is_paired: bool = False

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Return (metric, test case) in the order in which the queries run."""
        return [(metric, case) for case in self.cases for metric in self.queries]


def run_job(job: Job, limits: Limits) -> list[Answer]:
    """Return the answer of every query, in the order of `job.steps`.

    Raises:
        LimitExceeded: a query took more time or memory than it may; the message names the metric and the test case.
        DamagedStore: the samples can't be loaded.
    """
    return [_answer(document) for document in _documents(job, limits)]


def run_paired_job(job: Job, limits: Limits) -> list[PairedAnswer]:
    """Return the answers of every query on both models, in the order of `job.steps`.

    Raises:
        LimitExceeded: a query took more time or memory than it may; the message names the metric and the test case.
        DamagedStore: the samples can't be loaded.
    """
    return [
        PairedAnswer(first=_answer(document["first"]), second=_answer(document["second"]), spread=_spread(document))
        for document in _documents(job, limits)
    ]


def _documents(job: Job, limits: Limits) -> list[Mapping[str, Any]]:
    with TemporaryDirectory(prefix="kolena-store-metrics-") as name:
        folder = Path(name)
        _write_job(job, limits, folder)
        return list(_answers(job, limits, folder))


def _write_job(job: Job, limits: Limits, folder: Path) -> None:
    import pyarrow as pa

    document = {
        "memory": limits.bytes_allowed,
        "size": job.size,
        "is_summed": job.is_summed,
        "setup": list(job.setup),
        "queries": list(job.queries.values()),
        "spreads": [job.spreads.get(metric) for metric in job.queries],
        "seed": SEED,
        "tables": list(job.tables),
        "is_paired": job.is_paired,
    }
    if job.clusters is not None:
        job.clusters.astype("<i4").tofile(folder / CLUSTERS_FILE)
    (folder / JOB_FILE).write_text(json.dumps(document), encoding="utf-8")
    (folder / ANSWERS_FILE).touch()
    schema = pa.schema([("bits", pa.binary())])
    with pa.OSFile(str(folder / MEMBERS_FILE), "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for words in job.members:
            stream.write_batch(pa.record_batch([pa.array([words.astype("<u8").tobytes()], pa.binary())], schema=schema))


def _answers(job: Job, limits: Limits, folder: Path) -> Iterator[Mapping[str, Any]]:
    documents: list[Mapping[str, Any]] = []
    with (
        track(len(job.steps), "running user metrics") as advance,
        (folder / ANSWERS_FILE).open(encoding="utf-8") as file,
        (folder / ERRORS_FILE).open("w", encoding="utf-8") as errors,
        _started(folder, errors) as process,
    ):
        try:
            for found in _lines_until_end(process, file, limits, job):
                documents += found
                advance(len(found))
        finally:
            process.kill()
    _check_end(process.returncode, documents, job, folder)
    yield from documents[1:]


def _started(folder: Path, errors: TextIO) -> "subprocess.Popen[bytes]":
    """Start the child with this process's own search path for modules, so that it finds the same package."""
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", MODULE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": paths, "MALLOC_ARENA_MAX": "2"},
        start_new_session=True,
    )


def _lines_until_end(
    process: "subprocess.Popen[bytes]", file: TextIO, limits: Limits, job: Job
) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the lines that the process writes, as they come, until it ends.

    Raises:
        LimitExceeded: the next line took too long.
    """
    n_lines, since, pending = 0, monotonic(), ""
    while True:
        is_over = _has_ended(process)
        pending += file.read()
        *lines, pending = pending.split("\n")
        if lines:
            n_lines, since = n_lines + len(lines), monotonic()
            yield [json.loads(line) for line in lines]
        if is_over:
            return
        seconds = limits.seconds if n_lines else max(limits.seconds, SECONDS_TO_LOAD)
        if monotonic() - since > seconds:
            raise _too_long(job, n_lines, seconds)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(timeout=SECONDS_BETWEEN_LOOKS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _too_long(job: Job, n_lines: int, seconds: float) -> LimitExceeded:
    if not n_lines:
        return LimitExceeded(
            f"loading the samples for user metrics took longer than {seconds:g} s and was stopped; "
            "name fewer fields in the metrics, or try again when the machine is less busy"
        )
    metric, case = job.steps[n_lines - 1]
    return LimitExceeded(f"the metric {metric!r} took longer than {seconds:g} s on {case} and was stopped; {LESS}")


def _check_end(code: int, documents: Sequence[Mapping[str, Any]], job: Job, folder: Path) -> None:
    """Raise what ended the process before its last answer."""
    if documents and "failed" in documents[0]:
        raise DamagedStore(
            f"the samples for user metrics can't be loaded ({documents[0]['failed'].splitlines()[0]}); "
            "restore the store's files from a copy"
        )
    n_answers = len(documents) - 1
    if n_answers == len(job.steps):
        return
    if code > 0 and code != OUT_OF_MEMORY:
        cause = (folder / ERRORS_FILE).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise StoreError(
            f"the process for user metrics broke off ({cause[-1] if cause else f'exit code {code}'}); "
            "check that this Python can import kolena_store and its dependencies"
        )
    where = "{!r} on {}".format(*job.steps[n_answers]) if documents else "that was to be loaded first"
    raise LimitExceeded(f"the metric {where} needs more memory than it is allowed, and was stopped; {LESS}")


def _answer(document: Mapping[str, Any]) -> Answer:
    return Answer(
        columns=tuple((name, kind) for name, kind in document.get("columns", ())),
        rows=tuple(tuple(row) for row in document.get("rows", ())),
        problem=document.get("problem"),
        missing=document.get("missing"),
        is_bound=document.get("is_bound", True),
        spread=_spread(document),
    )


def _spread(document: Mapping[str, Any]) -> AnswerSpread | None:
    return AnswerSpread(**document["spread"]) if "spread" in document else None
