"""Files of user metrics: blocks of a `-- metric:` header and one SELECT."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Literal, cast, get_args

from kolena_store.digests import sha256_of_texts
from kolena_store.errors import MalformedFile, did_you_mean
from kolena_store.metrics.definitions import Better
from kolena_store.predicates import Token, definition_digest, tokenize

__all__ = ["IntervalKind", "MetricText", "parse_metrics"]

IntervalKind = Literal["proportion", "ratio", "bootstrap", "none"]

KEYS = ("metric", "better", "unit", "interval", "undefined")
CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (("better", get_args(Better)), ("interval", get_args(IntervalKind)))
RESERVED = frozenset(
    ("run", "model", "dataset", "suite", "test_case", "metric", "class", "value", "n", "n_samples", "n_missing")
) | frozenset(("n_null", "ci_low", "ci_high", "method", "better", "configuration", "reason", "all"))
"""The columns of a metric row, and the test case of every sample: names that a table of results has already."""

METRIC_LINE = re.compile(r"--\s*metric\s*:")
OWN_KEY = re.compile(rf"(?:{'|'.join(KEYS)})\s*:")
KEY_LINE = re.compile(rf"--\s*(?:{OWN_KEY.pattern}|\w+\s*:(?:\s|$))")
OWN_KEY_LINE = re.compile(rf"--\s*{OWN_KEY.pattern}")
ENTRY = re.compile(r"(\w+)\s*:\s*(.*)")
GAP = re.compile(r"(?<![:\s])(?:\s{2,}|\t)")
UNDEFINED = re.compile(r"undefined\s*:")
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
HEADER_REMEDY = "Write it as: -- metric: the_name  better: higher"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricText:
    """One metric as a file defines it; nothing but its form is checked yet.

    `interval` and `undefined` are None where the header does not name them; `line` is where the header stands, and
    `query` is the SELECT, below as many line ends as make its lines count as those of the file.
    """

    name: str
    better: Better
    unit: str
    interval: IntervalKind | None
    undefined: str | None
    tokens: tuple[Token, ...]
    query: str
    source: str
    line: int

    @property
    def digest(self) -> str:
        """Return the definition's identity: the tokens of its query and the facts of its header."""
        facts = (self.better, self.unit, self.interval or "", self.undefined or "")
        return sha256_of_texts([definition_digest(self.tokens), *facts])


def parse_metrics(text: str, *, file: str) -> tuple[MetricText, ...]:
    """Return the metrics that a file defines, in its order.

    Args:
        text: the file's content; a byte-order mark may stand before it.
        file: its name, for messages.

    Raises:
        MalformedFile: the file breaks the form; the message names the line.
        RefusedStatement: a comment, a name or a text in it is not closed.
    """
    text = text.removeprefix("\ufeff")
    tokens = tokenize(text, where=file)
    starts = [i for i, token in enumerate(tokens) if METRIC_LINE.match(token.text) and _stands_alone(token, text)]
    _check_beginning(tokens[: starts[0]] if starts else tokens, text, file, has_header=bool(starts))
    bounds = pairwise([*starts, len(tokens)])
    found = tuple(_metric(tokens[first:last], text, file) for first, last in bounds)
    _check_names(found, file)
    return found


def _check_beginning(tokens: Sequence[Token], text: str, file: str, *, has_header: bool) -> None:
    _check_no_key(tokens, text, file)
    sql = next((token for token in tokens if token.kind != "comment"), None)
    if not has_header:
        raise MalformedFile.of(file, sql.line if sql else 1, "no metric is defined here", HEADER_REMEDY)
    if sql is not None:
        raise MalformedFile.of(file, sql.line, f"{sql.text[:20]!r} stands above the first header", HEADER_REMEDY)


def _check_names(metrics: Sequence[MetricText], file: str) -> None:
    seen: dict[str, int] = {}
    for metric in metrics:
        if metric.name in seen:
            problem = f"the metric {metric.name!r} stands in line {seen[metric.name]} too"
            raise MalformedFile.of(file, metric.line, problem, "Rename one of them, or remove it")
        seen[metric.name] = metric.line


def _metric(tokens: Sequence[Token], text: str, file: str) -> MetricText:
    header = list(takewhile(lambda token: token.kind == "comment", tokens))
    body = tokens[len(header) :]
    _check_no_key(body, text, file)
    facts = _facts(header, text, file)
    line = header[0].line
    name = _checked_name(facts["metric"], line, file)
    if "better" not in facts:
        remedy = "Say which values are better, as in: better: lower (or higher, or none)"
        raise MalformedFile.of(file, line, f"the metric {name!r} has no 'better:'", remedy)
    query = _query_tokens(body, name, line, file)
    start, end = query[0].start, query[-1].end
    return MetricText(
        name=name,
        better=cast(Better, facts["better"]),
        unit=facts.get("unit", ""),
        interval=cast(IntervalKind, facts["interval"]) if "interval" in facts else None,
        undefined=facts.get("undefined"),
        tokens=query,
        query="\n" * (query[0].line - 1) + text[start:end],
        source=text[header[0].start : end],
        line=line,
    )


def _query_tokens(body: Sequence[Token], name: str, line: int, file: str) -> tuple[Token, ...]:
    tokens = [token for token in body if token.kind != "comment"]
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        remedy = "Write one below the header, as in: SELECT avg(i.seconds) AS value FROM results"
        raise MalformedFile.of(file, line, f"the metric {name!r} has no SELECT", remedy)
    end = next((token for token in tokens if token.text == ";"), None)
    if end is not None:
        remedy = "Write one SELECT below each header"
        raise MalformedFile.of(file, end.line, f"the metric {name!r} holds several statements", remedy)
    return tuple(tokens)


def _facts(header: Sequence[Token], text: str, file: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for token in header:
        if not (_stands_alone(token, text) and KEY_LINE.match(token.text)):
            continue
        for entry in _entries(token.text.removeprefix("--").strip()):
            key, value = _read_entry(entry, token.line, file)
            if key in facts:
                raise MalformedFile.of(file, token.line, f"the key {key!r} is given twice", "Leave one of them")
            facts[key] = value
    return facts


def _entries(content: str) -> Iterator[str]:
    """Yield `key: value` entries, which stand two spaces apart; `undefined` takes the rest, brackets are a remark."""
    while content:
        gap = None if UNDEFINED.match(content) else GAP.search(content)
        entry = content[: gap.start()] if gap else content
        content = content[gap.end() :] if gap else ""
        if not (entry.startswith("(") and entry.endswith(")")):
            yield entry


def _read_entry(entry: str, line: int, file: str) -> tuple[str, str]:
    match = ENTRY.fullmatch(entry)
    if match is None:
        remedy = "Write 'key: value', and at least two spaces before the next key"
        raise MalformedFile.of(file, line, f"{entry!r} is no entry of a header", remedy)
    key, value = match[1], match[2].strip()
    if key not in KEYS:
        raise MalformedFile.of(
            file,
            line,
            f"a metric has no key {key!r}",
            f"Its keys are {', '.join(KEYS)}; a remark must not look like 'key:'{did_you_mean(key, KEYS)}",
        )
    if not value or (key != "undefined" and OWN_KEY.match(value)):
        raise MalformedFile.of(file, line, f"the key {key!r} has no value", f"Write one after {key!r}, or leave it out")
    _check_choice(key, value, line, file)
    return key, value


def _check_choice(key: str, value: str, line: int, file: str) -> None:
    allowed = dict(CHOICES).get(key)
    if allowed is not None and value not in allowed:
        remedy = f"It is one of {', '.join(allowed)}{did_you_mean(value, allowed)}"
        raise MalformedFile.of(file, line, f"{key} can't be {value!r}", remedy)


def _checked_name(name: str, line: int, file: str) -> str:
    if not NAME.fullmatch(name):
        remedy = "Use small letters, digits and underscores, a letter first, as in: extra_steps"
        raise MalformedFile.of(file, line, f"{name!r} can't name a metric", remedy)
    if name in RESERVED:
        remedy = "Choose another name"
        raise MalformedFile.of(file, line, f"{name!r} names a column of the results, not a metric", remedy)
    return name


def _check_no_key(tokens: Sequence[Token], text: str, file: str) -> None:
    """Refuse a line of a header that stands outside one, where it would be taken for a remark."""
    for token in tokens:
        if token.kind == "comment" and _stands_alone(token, text) and OWN_KEY_LINE.match(token.text):
            problem = f"{token.text[:40]!r} belongs to no header"
            raise MalformedFile.of(file, token.line, problem, "Put it right below the line '-- metric: ...'")


def _stands_alone(token: Token, text: str) -> bool:
    if token.kind != "comment" or not token.text.startswith("--"):
        return False
    return not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
