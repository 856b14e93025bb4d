"""Our own tokens of SQL text, and the identity of a definition that is made of them."""

import string
import time
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kolena_store.errors import RefusedStatement
from kolena_store.predicates.tokens import (
    Token,
    definition_digest,
    lowered,
    referenced_fields,
    tokenize,
    without_comments,
)
from kolena_store.statements import identifier, literal

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
WORDS = st.text(string.ascii_letters + "_é", min_size=1, max_size=6).filter(lambda word: word not in "eEbBnNxX")
NAMES = TEXT.filter(bool).map(identifier)
TEXTS = TEXT.map(literal)
NUMBERS = st.integers(0, 10**9).map(str) | st.sampled_from(["1.5", "1e10", "2E-3", "1_000"])
OPERATORS = st.sampled_from(["+", "-", "*", "/", "<", ">", "<=", "<>", "::", "(", ")", ",", "||", "->>", ".", "[", "]"])
TOKENS = WORDS | NAMES | TEXTS | NUMBERS | OPERATORS
GAPS = st.sampled_from([" ", "\n", "\t ", " \u00a0", ' -- it\'s a "comment"\n', " /* 'a /* b */ */ ", "\r\n", "/**/"])


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokenize(text)]


def spaced(tokens: list[str], gaps: list[str]) -> str:
    return "".join(token + gap for token, gap in zip(tokens, gaps, strict=True))


@given(st.lists(TOKENS, min_size=1, max_size=12), st.data())
def test_comments_and_white_space_change_no_digest(tokens: list[str], data: st.DataObject) -> None:
    gaps = data.draw(st.lists(GAPS, min_size=len(tokens), max_size=len(tokens)))
    assert definition_digest(spaced(tokens, gaps)) == definition_digest(" ".join(tokens))


@given(st.lists(TOKENS, min_size=1, max_size=8), TOKENS, st.data())
def test_another_token_is_another_digest(tokens: list[str], other: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(tokens) - 1))
    changed = [*tokens[:place], other, *tokens[place + 1 :]]
    meaning = [token.meaning for token in tokenize(" ".join(tokens))]
    assume([token.meaning for token in tokenize(" ".join(changed))] != meaning)
    assert definition_digest(" ".join(changed)) != definition_digest(" ".join(tokens))


@given(st.lists(TOKENS, min_size=1, max_size=8), TOKENS)
def test_a_token_more_is_another_digest(tokens: list[str], more: str) -> None:
    assert definition_digest(" ".join([*tokens, more])) != definition_digest(" ".join(tokens))


@given(st.lists(TOKENS, min_size=1, max_size=8), st.lists(GAPS, min_size=8, max_size=8))
def test_tokens_cover_all_of_the_text_but_its_white_space(tokens: list[str], gaps: list[str]) -> None:
    text = spaced(tokens, gaps[: len(tokens)])
    rest = list(text)
    for token in tokenize(text):
        assert text[token.start : token.end] == token.text
        rest[token.start : token.end] = [""] * len(token.text)
    assert "".join(rest).split() == []


@given(st.lists(TOKENS, min_size=1, max_size=8), st.lists(GAPS, min_size=8, max_size=8))
def test_text_without_comments_keeps_its_meaning_and_its_lines(tokens: list[str], gaps: list[str]) -> None:
    text = spaced(tokens, gaps[: len(tokens)])
    bare = without_comments(text)
    assert [token for token in tokenize(bare) if token.kind == "comment"] == []
    assert definition_digest(bare) == definition_digest(text)
    assert bare.count("\n") == text.count("\n")


@given(TEXT)
def test_any_literal_is_one_token(value: str) -> None:
    assert [kind for kind, _ in kinds(literal(value))] == ["string"]


@given(TEXT.filter(bool))
def test_any_quoted_name_is_one_token_that_gives_the_name_back(name: str) -> None:
    tokens = tokenize(identifier(name))
    assert [token.kind for token in tokens] == ["name"]
    assert tokens[0].value == name


@settings(deadline=None)
@given(TEXT, TEXT.filter(bool))
def test_duckdb_reads_the_same_without_comments(value: str, name: str) -> None:
    assume("/*" not in value and "*/" not in value)
    text = f"-- {value!a}\nSELECT {literal(value)} /* {value!a} */ AS {identifier(name)} -- end"
    with duckdb.connect() as connection:
        found = [connection.sql(query).fetchall() for query in (text, without_comments(text))]
    assert found[0] == found[1] == [(value,)]


def test_case_counts_in_quotes_and_literals_alone() -> None:
    assert definition_digest("select A from B") == definition_digest("SELECT a FROM b")
    assert definition_digest('select "A"') != definition_digest('select "a"')
    assert definition_digest("select 'A'") != definition_digest("select 'a'")
    assert definition_digest("select É") != definition_digest("select é")


def test_a_quoted_name_is_not_the_bare_word() -> None:
    assert definition_digest('"a"') != definition_digest("a")
    assert definition_digest("'a'") != definition_digest('"a"')


def test_token_boundaries_count() -> None:
    assert definition_digest("ab c") != definition_digest("a bc")
    assert definition_digest("a < = b") != definition_digest("a <= b")
    assert definition_digest("1 2") != definition_digest("12")


def test_last_semicolons_do_not_count() -> None:
    assert definition_digest("SELECT 1") == definition_digest("SELECT 1;") == definition_digest("SELECT 1 ; -- x\n ;")
    assert definition_digest("SELECT ';'") != definition_digest("SELECT ''")


def test_a_digest_of_tokens_is_that_of_their_text() -> None:
    assert definition_digest(tokenize("SELECT 1 -- x")) == definition_digest("SELECT 1")


def test_the_digest_of_a_definition_stays_what_it_is() -> None:
    text = "SELECT * FROM test_samples WHERE occlusion >= 0.4"
    assert definition_digest(text) == "8e1f6e51b00074d4280773c2e93b80735039449f72228c9fab8b8eed2ff2e7b8"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<-1", ["a", "<", "-", "1"]),
        ("a<@-1", ["a", "<@-", "1"]),
        ("a->>'x'", ["a", "->>", "'x'"]),
        ("x::int[]", ["x", "::", "int", "[", "]"]),
        ("f(a := 1)", ["f", "(", "a", ":=", "1", ")"]),
        ("l[1:-1]", ["l", "[", "1", ":", "-", "1", "]"]),
        ("count(*)/2", ["count", "(", "*", ")", "/", "2"]),
        ("1.5.x", ["1.5", ".", "x"]),
        ("E'a\\'b' 'c\\'", ["E'a\\'b'", "'c\\'"]),
        ("$$a'b$$ $t$ $$ $t$ $1 $name", ["$$a'b$$", "$t$ $$ $t$", "$1", "$name"]),
        ('a$b é_1 "x""y"', ["a$b", "é_1", '"x""y"']),
        ("a--b\n-1", ["a", "--b", "-", "1"]),
        ("a+/*x*/b", ["a", "+", "/*x*/", "b"]),
        ("x'1F' n'a' xx'a'", ["x'1F'", "n'a'", "xx", "'a'"]),
        ("a\u2003b\ufeffc", ["a", "b", "c"]),
        ("{'a': 1}", ["{", "'a'", ":", "1", "}"]),
    ],
)
def test_text_splits_as_duckdb_splits_it(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokenize(text)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n'b", "line 2: the text that starts here is not closed; add '"),
        ('"a', 'line 1: the quoted name that starts here is not closed; add "'),
        ("E'a\\'", "line 1: the text that starts here is not closed"),
        ("x'1f", "line 1: the text that starts here is not closed"),
        ("\n\n/* a /* b */", "line 3: the comment that starts here is not closed"),
        ("$$a", r"line 1: the text that starts here is not closed; add \$\$"),
        ("$t$a$$", r"line 1: the text that starts here is not closed; add \$t\$"),
        ("`a`", "line 1: '`' has no meaning here; put names in double quotes"),
        ("'a\0'", "the SQL holds a NUL"),
        ("'\ud800'", "half of a character"),
    ],
)
def test_what_is_not_closed_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RefusedStatement, match=message):
        tokenize(text)


def test_the_name_of_the_text_stands_in_the_message() -> None:
    with pytest.raises(RefusedStatement, match=r"suite\.sql, line 2: the text"):
        tokenize("\n'", where="suite.sql")


def test_lines_are_counted_through_comments_and_texts() -> None:
    tokens = tokenize("a\n/* x\n */ 'b\n' c\r\nd")
    assert [(token.kind, token.line) for token in tokens] == [
        ("word", 1),
        ("comment", 2),
        ("string", 3),
        ("word", 4),
        ("word", 5),
    ]


def test_lower_case_is_that_of_ascii_letters() -> None:
    assert lowered("ÀBCİ_ß") == "Àbcİ_ß"


@pytest.mark.parametrize("text", ["/*" * 50_000 + "*/" * 50_000, "+" * 50_000, "''" * 50_000, "a OR " * 20_000])
def test_long_text_takes_time_in_proportion(text: str) -> None:
    start = time.perf_counter()
    tokenize(text)
    assert time.perf_counter() - start < 5


def test_fields_are_found_as_words_and_quoted_names_alone() -> None:
    text = 'SELECT * FROM t WHERE Height > 3 AND "small ""x""" = \'label\' -- night'
    assert referenced_fields(text, ["height", 'small "x"', "label", "night", "t"]) == ("height", 'small "x"', "t")


@given(st.lists(TEXT.filter(bool), unique=True, max_size=5))
def test_every_field_that_is_named_is_found(names: list[str]) -> None:
    text = " + ".join(identifier(name) for name in names)
    assert referenced_fields(text, [*names, "not there at all"]) == tuple(names)


def test_empty_text_has_no_token() -> None:
    assert tokenize("") == tokenize(" \n") == ()
    assert definition_digest("") == definition_digest("-- nothing")


def test_a_token_is_frozen() -> None:
    token: Any = Token("word", "a", 0, 1)
    with pytest.raises(AttributeError):
        token.text = "b"
