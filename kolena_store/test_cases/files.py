"""The statements of a suite file, by our own tokens: views with their tags, and comments on views."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kolena_store.errors import RefusedStatement
from kolena_store.predicates import Token, tokenize

__all__ = ["CommentText", "StatementText", "ViewText", "read_statements"]

VIEW_HEADER = re.compile(
    r"(?:create) (?P<options>(?:or replace |temp |temporary |local |global |recursive )*)"
    r"view (?P<exists>if not exists )?"
)
COMMENT_HEADER = re.compile(r"(?:comment) on view ")
TAGS = re.compile(r"--\s*tags\s*:", re.IGNORECASE)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementText:
    """One statement: its tokens, comments left out, its text, and where it starts."""

    tokens: tuple[Token, ...]
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewText(StatementText):
    """One CREATE VIEW: the name, the SELECT after AS, and the tags of the comment above."""

    name: str
    source: str
    source_tokens: tuple[Token, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentText(StatementText):
    """One COMMENT ON VIEW: the view's name and the text as it stands in quotes, or NULL."""

    name: str
    comment: str


def read_statements(text: str, *, file: str) -> Iterator[StatementText]:
    """Yield the statements of a suite file in order; one that is neither kind as a plain `StatementText`.

    Raises:
        RefusedStatement: something in the file is not closed, a view has an option, or tags stand in a wrong place.
    """
    used_tags: set[int] = set()
    tokens = tokenize(text, where=file)
    for comments, statement in _split(tokens):
        body = text[statement[0].start : statement[-1].end]
        plain = StatementText(tokens=statement, text=body, line=statement[0].line)
        words = " ".join(token.meaning for token in statement[:8]) + " "
        header = VIEW_HEADER.match(words)
        if header:
            tagged = [token for token in comments if TAGS.match(token.text)]
            used_tags.update(token.start for token in tagged)
            yield _view(plain, header, tagged, text=text, file=file)
        elif COMMENT_HEADER.match(words):
            yield _comment(plain, file)
        else:
            yield plain
    for token in tokens:
        if token.kind == "comment" and TAGS.match(token.text) and token.start not in used_tags:
            where = f"{file}, line {token.line}"
            raise RefusedStatement(f"{where}: tags belong on a line of their own, right above CREATE VIEW")


def _split(tokens: tuple[Token, ...]) -> Iterator[tuple[list[Token], tuple[Token, ...]]]:
    """Yield each statement's tokens, with the comments that stand on the lines right above it."""
    comments: list[Token] = []
    current: list[Token] = []
    last_line = 0
    for token in (*tokens, Token("operator", ";", -1, 0)):
        if token.text == ";" and current:
            yield _right_above(comments, current[0].line, last_line), tuple(current)
            last_line = current[-1].line if token.start < 0 else token.line
            comments, current = [], []
        elif token.kind == "comment":
            if not current:
                comments.append(token)
        elif token.text != ";":
            current.append(token)


def _right_above(comments: list[Token], line: int, last_line: int) -> list[Token]:
    block: list[Token] = []
    for token in reversed(comments):
        lines = token.text.count("\n") + 1
        if token.line + lines != line or token.line == last_line:
            break
        block.insert(0, token)
        line = token.line
    return block


def _view(plain: StatementText, header: re.Match[str], tagged: list[Token], *, text: str, file: str) -> ViewText:
    where = f"{file}, line {plain.line}: CREATE VIEW"
    option = (header["options"] or header["exists"] or "").strip().upper()
    if option:
        raise RefusedStatement(f"{where} can't have {option} here; a suite file defines each view once, in full")
    name = _name(plain.tokens, 2, where)
    if len(plain.tokens) < 4 or plain.tokens[3].meaning != "as":
        raise RefusedStatement(
            f"{where} {name!r} has more than AS between its name and its SELECT; rename columns with AS in the SELECT"
        )
    body = plain.tokens[4:]
    source = text[body[0].start : body[-1].end] if body else ""
    return ViewText(
        tokens=plain.tokens,
        text=plain.text,
        line=plain.line,
        name=name,
        source=source,
        source_tokens=body,
        tags=_tags(tagged),
    )


def _comment(plain: StatementText, file: str) -> CommentText:
    where = f"{file}, line {plain.line}: COMMENT ON VIEW"
    name = _name(plain.tokens, 3, where)
    rest = plain.tokens[4:]
    is_text = len(rest) == 2 and rest[0].meaning == "is" and (rest[1].kind == "string" or rest[1].meaning == "null")
    if not is_text:
        raise RefusedStatement(f"{where} {name!r} takes one text; write COMMENT ON VIEW the_name IS 'the description'")
    return CommentText(tokens=plain.tokens, text=plain.text, line=plain.line, name=name, comment=rest[1].text)


def _name(tokens: tuple[Token, ...], position: int, where: str) -> str:
    token = tokens[position] if len(tokens) > position else None
    if token is None or token.kind not in ("word", "name"):
        raise RefusedStatement(f"{where} has no name; write a name, in double quotes if it holds spaces")
    name = token.value
    if len(tokens) > position + 1 and tokens[position + 1].text == ".":
        raise RefusedStatement(f"{where} {name!r} has a schema's name before it; write the view's name alone")
    if len(name) > LONGEST_NAME:
        raise RefusedStatement(f"{where} has a name of {len(name)} characters; use at most {LONGEST_NAME}")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
        raise RefusedStatement(f"{where} {name!r} has a control character in its name; use visible characters")
    return name


def _tags(tagged: list[Token]) -> tuple[str, ...]:
    found = [tag.strip() for token in tagged for tag in token.text.split(":", 1)[1].split(",")]
    return tuple(dict.fromkeys(tag for tag in found if tag))
