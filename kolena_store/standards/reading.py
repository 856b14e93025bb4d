"""Reading the file of a quality standard: TOML in a form of our own, of which nothing is guessed."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from kolena_store.errors import InvalidInput, MalformedFile, UnknownName
from kolena_store.formats import read_text
from kolena_store.standards.documents import BOUNDS, Gate, OnBaseline, Severity, Standard, Undecided, Waiver
from kolena_store.standards.strict_tables import Key, TablePlace, checked_table, lines_of_tables
from kolena_store.statistics.levels import LARGEST_ALPHA
from kolena_store.workflows import Configuration, configuration_from_document

__all__ = ["STANDARD_SUFFIX", "read_standard"]

STANDARD_SUFFIX = ".standard.toml"
SUITE_SUFFIX = ".sql"
TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
FILE_KEYS = (
    Key(name="standard", kind="table", is_required=True),
    Key(name="configuration", kind="table"),
    Key(name="tolerance", kind="table"),
    Key(name="gate", kind="tables", is_required=True),
    Key(name="waiver", kind="tables"),
)
STANDARD_KEYS = (
    Key(name="name", kind="text", is_required=True),
    Key(name="dataset", kind="text", is_required=True),
    Key(name="suite", kind="text"),
    Key(name="alpha", kind="number"),
    Key(name="undecided", kind="text", choices=get_args(Undecided)),
)
GATE_KEYS = (
    Key(name="id", kind="text", is_required=True),
    Key(name="metric", kind="texts", is_required=True),
    Key(name="cases", kind="texts", is_required=True),
    Key(name="class", kind="texts"),
    Key(name="at_least", kind="number"),
    Key(name="at_most", kind="number"),
    Key(name="by", kind="text", choices=BOUNDS),
    Key(name="baseline", kind="text", choices=get_args(OnBaseline)),
    Key(name="min_n", kind="whole"),
    Key(name="severity", kind="text", choices=get_args(Severity)),
)
WAIVER_KEYS = (
    Key(name="gate", kind="text", is_required=True),
    Key(name="case", kind="text", is_required=True),
    Key(name="metric", kind="text"),
    Key(name="reason", kind="text", is_required=True),
    Key(name="expires", kind="day", is_required=True),
)


def read_standard(path: str | Path) -> Standard:
    """Return the quality standard in a TOML file (docs/standards.md says what it may hold).

    Raises:
        UnreadableFile: the file can't be read.
        MalformedFile: it is no TOML, lacks something, has a key that there is not, contradicts itself, or has a
            tolerance or a waiver that no gate uses.
    """
    file = Path(path)
    text = read_text(file)
    document = checked_table(_parsed(text, file), FILE_KEYS, TablePlace(file=file, line=None, table="the file"))
    head = checked_table(document["standard"], STANDARD_KEYS, TablePlace(file=file, line=None, table="[standard]"))
    gates = tuple(_gates(document["gate"], text, file))
    tolerance = _tolerance(document["tolerance"] or {}, gates, file)
    return Standard(
        file=file,
        name=head["name"],
        dataset=head["dataset"],
        suite=_suite(head["suite"], file),
        alpha=_alpha(head["alpha"], file),
        undecided=head["undecided"] or "fail",
        configuration=_configuration(document["configuration"], file),
        tolerance=tolerance,
        gates=gates,
        waivers=tuple(_waivers(document["waiver"] or [], gates, text, file)),
    )


def _parsed(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = TOML_LINE.search(str(error))
        problem = TOML_LINE.sub("", str(error)).strip()
        line = int(match[1]) if match else None
        raise MalformedFile.of(
            file, line, f"this is no TOML: {problem}", "Write it as docs/standards.md shows"
        ) from error


def _suite(given: str | None, file: Path) -> str | Path | None:
    """Return a suite's name as it is; the path of a suite file stands beside the standard."""
    return file.parent / given if given is not None and given.endswith(SUITE_SUFFIX) else given


def _alpha(given: float | None, file: Path) -> float:
    if given is not None and not 0 < given < LARGEST_ALPHA:
        place = TablePlace(file=file, line=None, table="[standard]")
        raise place.error(f"has alpha = {given!r}", f"Write a level above 0 and below {LARGEST_ALPHA}, such as 0.05")
    return 0.05 if given is None else float(given)


def _configuration(given: Mapping[str, Any] | None, file: Path) -> Configuration | None:
    """Return how to score; no table at all means the workflow's defaults."""
    if given is None:
        return None
    try:
        return configuration_from_document(given, where="the configuration")
    except (InvalidInput, UnknownName) as error:
        raise MalformedFile(f"{file}: [configuration]: {error}") from error


def _gates(tables: Sequence[Mapping[str, Any]], text: str, file: Path) -> Iterator[Gate]:
    if not tables:
        raise MalformedFile.of(file, None, "there is no gate, so nothing can fail", "Write at least one [[gate]]")
    ids: list[str] = []
    for number, (table, line) in enumerate(zip(tables, lines_of_tables(text, "gate", len(tables)), strict=True), 1):
        place = TablePlace(file=file, line=line, table=_called("gate", number, table.get("id")))
        gate = _gate(checked_table(table, GATE_KEYS, place), line, place)
        if gate.id in ids:
            raise place.error("has the id of an earlier gate", "Give each gate an id of its own")
        ids.append(gate.id)
        yield gate


def _gate(found: Mapping[str, Any], line: int | None, place: TablePlace) -> Gate:
    bounds = [name for name in ("at_least", "at_most") if found[name] is not None]
    on_baseline = found["baseline"]
    if not bounds and on_baseline is None:
        raise place.error("demands nothing", "Give it at_least, at_most, or baseline")
    if bounds and on_baseline is not None:
        raise place.error(f"has both {bounds[0]} and baseline", "Make two gates of it")
    if found["by"] is not None and not bounds:
        raise place.error("has by, which says what a bound is held against, and no bound", "Leave by away")
    if len(bounds) == 2:
        _check_band(found, place)
    return Gate(
        id=found["id"],
        metrics=found["metric"],
        cases=found["cases"],
        classes=found["class"] or (),
        at_least=found["at_least"],
        at_most=found["at_most"],
        by=found["by"] or "value",
        on_baseline=on_baseline,
        min_n=found["min_n"],
        severity=found["severity"] or "fail",
        line=line,
    )


def _check_band(found: Mapping[str, Any], place: TablePlace) -> None:
    if found["at_least"] > found["at_most"]:
        raise place.error(
            f"contradicts itself: at_least {found['at_least']} is above at_most {found['at_most']}", "Turn them round"
        )
    if found["by"] not in (None, "value"):
        raise place.error(
            f"holds two bounds against {found['by']}, which shows the one and not the other",
            "Make two gates of it: at_least by ci_low, at_most by ci_high",
        )


def _tolerance(given: Mapping[str, Any], gates: Sequence[Gate], file: Path) -> dict[str, float]:
    place = TablePlace(file=file, line=None, table="[tolerance]")
    compared = list(dict.fromkeys(metric for gate in gates if gate.on_baseline for metric in gate.metrics))
    for metric in given:
        if metric not in compared:
            remedy = "Take it out, or name the metric in such a gate"
            raise place.unknown(f"names {metric!r}, which no gate with baseline compares", metric, compared, remedy)
    found = checked_table(given, [Key(name=metric, kind="number") for metric in given], place)
    for metric, value in found.items():
        if value <= 0:
            raise place.error(f"has {metric} = {value}", "Write how large a difference may be, a number above 0")
    for gate in gates:
        lacking = [metric for metric in gate.metrics if gate.on_baseline == "not_worse" and metric not in found]
        if lacking:
            of_gate = TablePlace(file=file, line=gate.line, table=f"gate {gate.id!r}")
            raise of_gate.error(
                f"demands that {lacking[0]} is not worse, which nothing can show without a tolerance",
                f"Write under [tolerance] how much does not matter: {lacking[0]} = 0.01",
            )
    return {metric: float(value) for metric, value in found.items()}


def _waivers(tables: Sequence[Mapping[str, Any]], gates: Sequence[Gate], text: str, file: Path) -> Iterator[Waiver]:
    by_id = {gate.id: gate for gate in gates}
    seen: list[tuple[str, str, str | None]] = []
    for number, (table, line) in enumerate(zip(tables, lines_of_tables(text, "waiver", len(tables)), strict=True), 1):
        place = TablePlace(file=file, line=line, table=_called("waiver", number, None))
        found = checked_table(table, WAIVER_KEYS, place)
        gate = by_id.get(found["gate"])
        if gate is None:
            remedy = f"The gates are {', '.join(by_id)}"
            raise place.unknown(f"names a gate {found['gate']!r} that there is not", found["gate"], by_id, remedy)
        if found["metric"] is not None and found["metric"] not in gate.metrics:
            raise place.error(
                f"names the metric {found['metric']!r}, which gate {gate.id!r} has not",
                f"It has {', '.join(gate.metrics)}",
            )
        key = (found["gate"], found["case"], found["metric"])
        if key in seen:
            raise place.error("is there twice: an earlier one is of the same gate and test case", "Keep one of them")
        seen.append(key)
        yield Waiver(**found, line=line)


def _called(kind: str, number: int, name: object) -> str:
    return f"{kind} {name!r}" if isinstance(name, str) and name else f"{kind} number {number}"
