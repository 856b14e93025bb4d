"""Listings as text, as HTML and on a terminal."""

import dataclasses
import io
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kolena_store.display import (
    Column,
    Listing,
    Printable,
    cell_width,
    fold,
    joined_html,
    joined_text,
    print_listing,
    shorten,
    visible,
)
from kolena_store.errors import InvalidInput

ALPHABET = st.sampled_from("abcXYZ 0189.,-_/[]<>&\"'éß日本語한국カナ\u0301\x1b\n\t\r\x07\u202e\x00")
NAMES = st.text(ALPHABET, max_size=70)
WORDS = st.text(st.sampled_from("abcdefgh0189.日本"), min_size=1, max_size=8)
WIDTHS = st.integers(20, 120)


@st.composite
def listings(draw: st.DrawFn, cells: st.SearchStrategy[str] = NAMES) -> Listing:
    count = draw(st.integers(1, 7))
    columns = [Column(title=draw(cells), align=draw(st.sampled_from(("left", "right")))) for _ in range(count)]
    rows = draw(st.lists(st.tuples(*[cells] * count), max_size=5))
    notes = draw(st.lists(cells, max_size=2))
    title = draw(st.none() | cells)
    return Listing(title=title, columns=tuple(columns), rows=tuple(rows), notes=tuple(notes))


def two_models(*names: str) -> Listing:
    columns = (Column(title="test case"), Column(title="v1", align="right"), Column(title="v2", align="right"))
    cell = ".612 [.57, .65] n 412"
    return Listing(title="digits", columns=columns, rows=tuple((name, cell, ".5 n 7") for name in names))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Latin(io.StringIO):
    encoding = "latin-1"


class PageText(HTMLParser):
    """Collects the tags of a page, and the text of each table cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        if tag in ("caption", "td", "th"):
            self.cells.append("")
        elif tag == "br":
            self.cells[-1] += "\n"

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


@dataclasses.dataclass(frozen=True, slots=True)
class Result(Printable):
    value: str

    def listings(self) -> list[Listing | str]:
        return [two_models(self.value), f"about <{self.value}>"]


def test_a_listing_prints_title_columns_rows_and_notes() -> None:
    listing = Listing(
        title="digits, 2 models",
        columns=(Column(title="test case"), Column(title="v1", align="right")),
        rows=(("Night", ".612"), ("日本", "1.000")),
        notes=("not tested for evidence",),
    )
    assert listing.text() == (
        "digits, 2 models\n"
        "\n"
        "test case     v1\n"
        "─────────  ─────\n"
        "Night       .612\n"
        "日本       1.000\n"
        "\n"
        "not tested for evidence"
    )


@given(listings(), WIDTHS)
def test_no_line_of_text_is_wider_than_asked(listing: Listing, width: int) -> None:
    assert all(cell_len(line) <= width for line in listing.text(width).split("\n"))


@given(listings(st.text(max_size=40)), st.integers(-5, 60))
def test_no_line_of_any_text_is_wider_than_asked_or_than_twenty(listing: Listing, width: int) -> None:
    assert all(cell_width(line) <= max(width, 20) for line in listing.text(width).split("\n"))


@given(listings(WORDS), st.integers(48, 120))
def test_every_cell_title_and_note_of_a_listing_appears(listing: Listing, width: int) -> None:
    text = listing.text(width)
    titles = [column.title for column in listing.columns]
    cells = [cell for row in listing.rows for cell in row]
    assert all(part in text for part in [*titles, *cells, *listing.notes, listing.title or ""])


@given(listings(WORDS), WIDTHS)
def test_every_line_of_a_table_is_as_wide_as_its_rule_allows(listing: Listing, width: int) -> None:
    tables = [block for block in listing.text(width).split("\n\n") if "─" in block]
    for table in tables:
        lines = table.split("\n")
        rule = next(line for line in lines if line.startswith("─"))
        assert max(cell_len(line) for line in lines) == cell_len(rule)


@given(NAMES)
def test_control_characters_are_shown_instead_of_sent(name: str) -> None:
    assert not set(visible(name)) & set("\x1b\n\t\r\x07\u202e\x00")
    assert visible("\x1b[31mred") == "\\x1b[31mred"
    assert visible("Zürich 日本 e\u0301") == "Zürich 日本 e\u0301"


@given(st.text(ALPHABET), st.integers(2, 40))
def test_folded_lines_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    shown = visible(text)
    lines = fold(shown, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")


def test_lines_break_at_spaces_then_after_punctuation_then_anywhere() -> None:
    assert fold("small and dark", 9) == ["small and", "dark"]
    assert fold("org/resnet-fifty", 11) == ["org/resnet-", "fifty"]
    assert fold("abcdefgh", 3) == ["abc", "def", "gh"]


@given(st.text(ALPHABET), st.integers(2, 40))
def test_a_shortened_name_fits_and_keeps_both_ends(text: str, width: int) -> None:
    shown = visible(text)
    short = shorten(shown, width)
    assert cell_len(short) <= width
    head, _, tail = short.partition("…")
    assert short == shown or (shown.startswith(head) and shown.endswith(tail))


def test_a_very_long_name_takes_three_lines_and_keeps_both_ends() -> None:
    lines = two_models("start " + "very " * 60 + "end").text(60).split("\n")
    assert len(lines) == 7
    assert lines[4].startswith("start")
    assert lines[6].endswith("end")
    assert "…" in "".join(lines[4:])


def test_columns_that_do_not_fit_stand_below_with_the_first_one_again() -> None:
    text = two_models("Night", "Day").text(34)
    assert [line for line in text.split("\n") if line.startswith("Night")] == [
        "Night      .612 [.57, .65] n 412",
        "Night      .5 n 7",
    ]
    assert text.count("test case") == 2


def test_long_text_in_a_left_column_is_folded_rather_than_moved_below() -> None:
    columns = (Column(title="name"), Column(title="description"))
    text = Listing(title=None, columns=columns, rows=(("Night", "one two " * 20),)).text(40)
    assert text.count("name") == 1
    assert text.count("one") == 20


def test_long_model_names_do_not_push_columns_below_when_folding_helps() -> None:
    columns = (Column(title="case"), *(Column(title=f"our-organisation/model-{i}", align="right") for i in range(4)))
    text = Listing(title=None, columns=columns, rows=(("all", ".1", ".2", ".3", ".4"),)).text(80)
    assert text.count("case") == 1
    assert text.split("\n")[-1].split() == ["all", ".1", ".2", ".3", ".4"]


FIGURES = (
    "1.000 [.93, 1.00] n    50",
    ".612 [.57, .65] n 3,596",
    "<.001 [.00, .02] n     7",
    "\N{EN DASH} n     0",
    "",
)
LONG_NAME = "our-organisation/resnet-fifty-large-patch16-224"


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("n_models", [3, 4, 5, 6])
@pytest.mark.parametrize("name", ["v{}", LONG_NAME + "-{}", 'llm {{"temperature":0.{}}}', "{} " * 30])
def test_figures_never_fold_whatever_the_number_of_models(name: str, n_models: int, width: int) -> None:
    models = [name.format(*[number] * 30) for number in range(n_models)]
    columns = (Column(title="test case"), *(Column(title=model) for model in models))
    cases = ("all", "Small or dark, and noisy", "x" * 50, "Night", "none")
    rows = tuple((case, *[cell] * n_models) for case, cell in zip(cases, FIGURES, strict=True))
    text = Listing(title="tickets · everyday version 1 · accuracy", columns=columns, rows=rows).text(width)
    assert all(text.count(cell) == n_models for cell in FIGURES if cell)
    assert all(cell_len(line) <= width for line in text.split("\n"))


def test_text_beside_figures_still_folds() -> None:
    columns = (Column(title="name"), Column(title="v1"), Column(title="description"))
    text = Listing(title=None, columns=columns, rows=(("Night", FIGURES[0], "one two " * 20),)).text(60)
    assert FIGURES[0] in text
    assert text.count("name") == 1


def test_a_column_may_keep_the_lines_of_its_cells() -> None:
    columns = (Column(title="key"), Column(title="plan", keeps_lines=True))
    listing = Listing(title=None, columns=columns, rows=(("a\nb", "one\n  two\x1b\r\nthree"), ("c", "four")))
    assert listing.text().split("\n")[2:] == ["a\\nb  one", "        two\\x1b", "      three", "c     four"]
    terminal = Terminal()
    print_listing([listing], terminal)
    assert [line.strip() for line in terminal.getvalue().split("\n")][3:5] == ["two\\x1b", "three"]


def test_a_listing_without_rows_says_none() -> None:
    listing = Listing(title="models", columns=(Column(title="name"), Column(title="version")), rows=())
    assert listing.text().split("\n")[-1] == "(none)"


@pytest.mark.parametrize(("columns", "rows"), [((), ()), ((Column(title="a"),), (("x", "y"),))])
def test_rows_that_do_not_fit_the_columns_are_refused(
    columns: tuple[Column, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    with pytest.raises(InvalidInput, match="give"):
        Listing(title="t", columns=columns, rows=rows)


@given(listings())
def test_html_is_a_plain_escaped_table_with_every_cell(listing: Listing) -> None:
    page = PageText(listing.html().split("</table>")[0].replace("\n", ""))
    expected = [column.title for column in listing.columns] + [cell for row in listing.rows for cell in row]
    caption = [listing.title] if listing.title else []
    assert page.cells == ["\n".join(map(visible, cell.split("\n"))) for cell in [*caption, *expected]]
    assert page.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "br"}
    assert {name for name, _ in page.attributes} <= {"scope", "align"}


def test_html_shows_markup_in_names_as_text() -> None:
    page = two_models('<script>alert("x")</script>').html()
    assert "<script" not in page
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in page


def test_several_listings_and_sentences_stand_under_each_other() -> None:
    parts: list[Listing | str] = [two_models("Night"), "first line\nsecond line", two_models("Day")]
    text = joined_text(parts, 80)
    assert "\n\nfirst line\nsecond line\n\ndigits" in text
    assert "<p>first line<br>second line</p>" in joined_html(parts)
    assert joined_text([], 80) == joined_html([]) == ""


def test_a_result_prints_as_text_and_shows_in_a_notebook() -> None:
    result = Result("Night")
    assert str(result) == joined_text(result.listings(), 80)
    assert "&lt;Night&gt;" in result._repr_html_()
    assert repr(result) == "Result(value='Night')"


def test_a_result_is_as_wide_as_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "34")
    assert str(Result("Night")) == joined_text(Result("Night").listings(), 34)


def test_a_result_must_say_what_it_prints() -> None:
    with pytest.raises(NotImplementedError, match="define listings"):
        str(Printable())


def test_a_file_gets_plain_text_of_eighty_cells(capsys: pytest.CaptureFixture[str]) -> None:
    parts: list[Listing | str] = [two_models("Night"), "a sentence"]
    print_listing(parts)
    assert capsys.readouterr().out == joined_text(parts, 80) + "\n"


def test_a_terminal_gets_bold_heads_and_dim_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    print_listing([two_models("Night", "[bold]Day[/bold] \x1b[31m"), "a [red]sentence"], terminal)
    text = terminal.getvalue()
    shown = ("\x1b[1mdigits", "\x1b[2mn 412\x1b[0m", "[bold]Day[/bold]", "\\x1b[31m", "a [red]sentence")
    assert [part for part in shown if part not in text] == []
    assert "\x1b[31m" not in text


def test_a_terminal_shows_the_same_words_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "34")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    listing = dataclasses.replace(two_models("日本 Night", "Day"), notes=("a note",))
    print_listing([listing, listing], terminal)
    words = re.sub(r"\x1b\[\d*m|─", "", terminal.getvalue()).split()
    assert words == joined_text([listing, listing], 34).replace("─", "").split()


def test_a_stream_with_a_narrow_encoding_gets_what_it_can_hold() -> None:
    stream = Latin()
    print_listing([two_models("日本 é \N{EN DASH}")], stream)
    stream.getvalue().encode("latin-1")
    assert "\\u65e5\\u672c é -" in stream.getvalue()
    assert "---" in stream.getvalue()


def test_display_and_progress_load_no_third_party_module() -> None:
    code = (
        "import sys, kolena_store.display, kolena_store.progress; print(sorted(m.split('.')[0] for m in sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {name for name in ("rich", "numpy", "duckdb", "pyarrow", "polars", "click") if repr(name) in loaded}
