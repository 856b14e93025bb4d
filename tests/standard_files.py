"""Quality standards for the tests: a file of gates on the dataset `tickets`, written and checked."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import kolena_store as ks

SUITE = """\
-- tags: vip
CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < 40;
-- tags: vip, german
CREATE VIEW "German" AS SELECT * FROM test_samples WHERE language = 'de';
CREATE VIEW "Short [x]" AS SELECT * FROM test_samples WHERE length < 20;
CREATE VIEW "Nothing" AS SELECT * FROM test_samples WHERE length > 1000;
"""
HEAD = {"name": "router", "dataset": "tickets", "suite": "everyday.sql"}


def table(head: str, values: dict[str, Any]) -> str:
    """A table of a TOML file."""
    return f"{head}\n" + "".join(f"{name} = {toml(value)}\n" for name, value in values.items()) + "\n"


def toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_standard(folder: Path, *gates: dict[str, Any], suite: str = SUITE, **others: Any) -> Path:
    """Write `s.standard.toml` with these gates beside its suite, and return its path."""
    file = folder / "s.standard.toml"
    (folder / "everyday.sql").write_text(suite, encoding="utf-8")
    waivers = others.pop("waivers", [])
    tolerance = others.pop("tolerance", {})
    parts = [table("[standard]", {**HEAD, **others}), table("[tolerance]", tolerance) if tolerance else ""]
    numbered = ({"id": f"g{number}", **gate} for number, gate in enumerate(gates, 1))
    parts += [table("[[gate]]", gate) for gate in numbered]
    parts += [table("[[waiver]]", waiver) for waiver in waivers]
    file.write_text("".join(parts), encoding="utf-8")
    return file


def set_day(patch: pytest.MonkeyPatch, day: datetime.date) -> None:
    """Let standards be checked on another day."""
    moment = datetime.datetime.combine(day, datetime.time(12))
    patch.setattr("kolena_store.standards.check.now", lambda: moment)


def outcomes(report: ks.CheckReport) -> dict[tuple[str, str, str], str]:
    """(gate, metric of class, test case) -> outcome."""
    return {(one.gate, one.subject, one.test_case): one.outcome for one in report.results}
