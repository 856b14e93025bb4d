"""The tokens of SQL text by our own rules, so that a definition keeps its identity whatever DuckDB's version."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kolena_store.digests import sha256_of_texts
from kolena_store.errors import RefusedStatement

__all__ = ["Token", "definition_digest", "listed", "lowered", "referenced_fields", "tokenize", "without_comments"]

SPACE = "\t\n\v\f\r \u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
"""What both DuckDB versions skip between tokens; every other character past ASCII belongs to a word."""

NO_WORD = SPACE + "!-#%-/:-@\\[-\\^`{-~"
NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""NUL and lone surrogates: no SQL text can carry them."""

PATTERN = re.compile(
    rf"""
    (?P<space>[{SPACE}]+)
  | (?P<comment>--[^\r\n]*)
  | (?P<nested>/\*)
  | (?P<name>"(?:[^"]|"")*")
  | (?P<string>[eE]'(?:[^'\\]|''|\\.)*'|[bBnNxX]?'(?:[^']|'')*')
  | (?P<unclosed>[bBeEnNxX]?'|")
  | (?P<dollar>\$(?P<tag>[^$0-9{NO_WORD}][^${NO_WORD}]*)?\$)
  | (?P<parameter>\$[^${NO_WORD}]+)
  | (?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
  | (?P<word>[^0-9${NO_WORD}][^{NO_WORD}]*)
  | (?P<single>[,()\[\].;:{{}}\\$])
  | (?P<operator>[+\-*/<>=~!@\#%^&|?]{{1,64}})
    """,
    re.VERBOSE | re.DOTALL,
)
COLONS = re.compile(r"::|:=")
COMMENT_EDGE = re.compile(r"/\*|\*/")
COMMENT_START = re.compile(r"--|/\*")
UNARY_SAFE = frozenset("~!@#%^&|?")
UPPER_TO_LOWER = MappingProxyType({ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
UNCLOSED = MappingProxyType({'"': "quoted name", "'": "text"})


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (word, name, string, number, operator, parameter, comment), text and place."""

    kind: str
    text: str
    start: int
    line: int

    @property
    def end(self) -> int:
        """Return where the text after the token starts."""
        return self.start + len(self.text)

    @property
    def meaning(self) -> str:
        """Return the token as DuckDB understands it: unquoted words in lower case, everything else as written."""
        return lowered(self.text) if self.kind == "word" else self.text

    @property
    def value(self) -> str:
        """Return the name that a word or a quoted name stands for."""
        return self.text[1:-1].replace('""', '"') if self.kind == "name" else self.text


def lowered(name: str) -> str:
    """Return a name in the lower case by which DuckDB compares names: ASCII letters alone."""
    return name.translate(UPPER_TO_LOWER)


def listed(text: str) -> frozenset[str]:
    """Return the names in a list that white space separates."""
    return frozenset(text.split())


def tokenize(text: str, *, where: str = "the SQL") -> tuple[Token, ...]:
    """Return the tokens of SQL text, comments included, white space left out.

    Raises:
        RefusedStatement: a comment, a name or a text that is not closed, or a character that SQL does not have.
    """
    if NO_TEXT.search(text):
        raise RefusedStatement(f"{where} holds a NUL or half of a character, which SQL can't carry; remove it")
    tokens: list[Token] = []
    start, line = 0, 1
    while start < len(text):
        kind, end = _next(text, start, f"{where}, line {line}")
        if kind != "space":
            tokens.append(Token(kind, text[start:end], start, line))
        line += text.count("\n", start, end)
        start = end
    return tuple(tokens)


def without_comments(text: str, *, where: str = "the SQL") -> str:
    """Return SQL text with white space in place of each comment; every line keeps its number."""
    pieces: list[str] = []
    start = 0
    for token in tokenize(text, where=where):
        if token.kind == "comment":
            pieces += [text[start : token.start], "\n" * token.text.count("\n") or " "]
            start = token.end
    return "".join(pieces) + text[start:]


def definition_digest(definition: str | Iterable[Token]) -> str:
    """Return the identity of a definition: comments, white space, case of bare words and a last `;` don't change it."""
    tokens = tokenize(definition) if isinstance(definition, str) else definition
    meanings = [token.meaning for token in tokens if token.kind != "comment"]
    while meanings and meanings[-1] == ";":
        meanings.pop()
    return sha256_of_texts(meanings)


def referenced_fields(text: str | Sequence[Token], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of `names` that stand in SQL text as a word or quoted name: all that it can read by name."""
    tokens = tokenize(text) if isinstance(text, str) else text
    written = {lowered(token.value) for token in tokens if token.kind in ("word", "name")}
    return tuple(name for name in names if lowered(name) in written)


def _next(text: str, start: int, where: str) -> tuple[str, int]:
    match = PATTERN.match(text, start)
    if match is None:
        raise RefusedStatement(
            f"{where}: {text[start]!r} has no meaning here; put names in double quotes, or remove it"
        )
    kind = str(match.lastgroup)
    if kind == "nested":
        return "comment", _comment_end(text, start, where)
    if kind in ("dollar", "tag"):
        return "string", _dollar_end(text, match, where)
    if kind == "unclosed":
        raise RefusedStatement(
            f"{where}: the {UNCLOSED[match[0][-1]]} that starts here is not closed; add {match[0][-1]}"
        )
    if kind == "single":
        colons = COLONS.match(text, start)
        return "operator", colons.end() if colons else match.end()
    if kind == "operator":
        return kind, start + _operator_length(match[0])
    return kind, match.end()


def _comment_end(text: str, start: int, where: str) -> int:
    depth = 0
    for edge in COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise RefusedStatement(f"{where}: the comment that starts here is not closed; add */")


def _dollar_end(text: str, opening: re.Match[str], where: str) -> int:
    end = text.find(opening[0], opening.end())
    if end < 0:
        raise RefusedStatement(f"{where}: the text that starts here is not closed; add {opening[0]}")
    return end + len(opening[0])


def _operator_length(run: str) -> int:
    """Return how much of a run of operator characters is one operator: `<-1` is `<` and `-`, `<@-1` is `<@-`."""
    comment = COMMENT_START.search(run)
    operator = run[: comment.start()] if comment else run
    if not UNARY_SAFE.intersection(operator):
        operator = operator[0] + operator[1:].rstrip("+-")
    return len(operator)
