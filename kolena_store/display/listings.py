"""A listing: any result as people read it, and the texts and pages made of several."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from typing import Literal

from kolena_store.display.cells import fold, padded, visible
from kolena_store.display.figures import are_figures
from kolena_store.display.layout import GUTTER, LEAST_WIDTH, Block, blocks, cell_lines
from kolena_store.errors import InvalidInput

__all__ = ["PLAIN_WIDTH", "Column", "Listing", "Printable", "joined_html", "joined_text", "paragraph"]

PLAIN_WIDTH = 80
RULE = "─"
NO_ROWS = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column, and the side on which its cells line up.

    `keeps_lines` prints the line ends in its cells as such; otherwise they are shown as codes, as they may be hostile.
    """

    title: str
    align: Literal["left", "right"] = "left"
    keeps_lines: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A title, columns, rows of text (the first cell names the row) and notes below."""

    title: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a listing whose rows don't fit its columns."""
        if not self.columns:
            raise InvalidInput(f"the listing {self.title!r} has no columns; give it at least one")
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                found = f"row {number} has {len(row)} cells for {len(self.columns)} columns"
                raise InvalidInput(f"the listing {self.title!r}: {found}; give each row one cell per column")

    def text(self, width: int = PLAIN_WIDTH) -> str:
        """Return the listing as plain text, no line wider than `width` cells (20 at least).

        Long names are folded, columns that don't fit stand in a further block below with the first column repeated, and
        control characters are shown, not sent.
        """
        width = max(width, LEAST_WIDTH)
        tables = ["\n".join(self._lines(block)) for block in self.blocks(width)]
        title = [paragraph(self.title, width)] if self.title else []
        notes = ["\n".join(paragraph(note, width) for note in self.notes)] if self.notes else []
        return "\n\n".join([*title, *tables, *notes])

    def html(self) -> str:
        """Return the listing as a plain `<table>` with its notes below, everything escaped."""
        caption = f"<caption>{_escaped(self.title)}</caption>" if self.title else ""
        head = "".join(f'<th scope="col"{_side(column)}>{_escaped(column.title)}</th>' for column in self.columns)
        body = "".join(f"<tr>{self._html_cells(row)}</tr>\n" for row in self.rows)
        notes = "".join(f"\n<p>{_escaped(note)}</p>" for note in self.notes)
        return f"<table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>{notes}"

    def blocks(self, width: int) -> list[Block]:
        """Return which columns stand side by side within `width` cells, and how wide each of them is."""
        titles, *rows = self.shown_rows()
        folding = [
            column.align == "left" and not are_figures(row[position] for row in self.rows)
            for position, column in enumerate(self.columns)
        ]
        return blocks(titles, rows, folding, max(width, LEAST_WIDTH))

    def shown_rows(self) -> list[tuple[str, ...]]:
        """Return the titles and then the rows, with control characters made visible; no rows are one that says so."""
        rows = self.rows or ((NO_ROWS, *("" for _ in self.columns[1:])),)
        titles = tuple(visible(column.title) for column in self.columns)
        return [titles, *(tuple(map(_visible_cell, self.columns, row)) for row in rows)]

    def block_cells(self, block: Block) -> list[list[list[str]]]:
        """Return the lines of each cell of a block: its titles, filled up so that they end together, then its rows."""
        titles, *rows = [
            [
                cell_lines(row[i], width, lead=i == 0 and not self.columns[i].keeps_lines)
                for i, width in zip(block.columns, block.widths, strict=True)
            ]
            for row in self.shown_rows()
        ]
        height = max(len(lines) for lines in titles)
        return [[[""] * (height - len(lines)) + lines for lines in titles], *rows]

    def _lines(self, block: Block) -> Iterator[str]:
        titles, *rows = self.block_cells(block)
        yield from self._row_lines(block, titles)
        yield (" " * GUTTER).join(RULE * width for width in block.widths)
        for row in rows:
            yield from self._row_lines(block, row)

    def _row_lines(self, block: Block, cells: Sequence[Sequence[str]]) -> Iterator[str]:
        right = [self.columns[i].align == "right" for i in block.columns]
        for line in zip_longest(*cells, fillvalue=""):
            filled = [
                padded(text, width, right=side) for text, width, side in zip(line, block.widths, right, strict=True)
            ]
            yield (" " * GUTTER).join(filled).rstrip(" ")

    def _html_cells(self, row: Sequence[str]) -> str:
        first, *others = zip(row, self.columns, strict=True)
        lead = f'<th scope="row"{_side(first[1])}>{_escaped(first[0])}</th>'
        return lead + "".join(f"<td{_side(column)}>{_escaped(cell)}</td>" for cell, column in others)


class Printable:
    """What a results class inherits so that it prints in a terminal and shows in a notebook."""

    __slots__ = ()

    def listings(self) -> Sequence[Listing | str]:
        """Return what is printed: listings, and sentences between them."""
        raise NotImplementedError(f"{type(self).__name__} must say what it prints: define listings()")

    def __str__(self) -> str:
        """Return the listings as plain text, as wide as the terminal, else 80 cells."""
        return joined_text(self.listings(), _terminal_width())

    def _repr_html_(self) -> str:
        return joined_html(self.listings())


def joined_text(parts: Sequence[Listing | str], width: int = PLAIN_WIDTH) -> str:
    """Return listings and sentences under each other as plain text, no line wider than `width` cells (20 at least)."""
    width = max(width, LEAST_WIDTH)
    return "\n\n".join(paragraph(part, width) if isinstance(part, str) else part.text(width) for part in parts)


def joined_html(parts: Sequence[Listing | str]) -> str:
    """Return listings and sentences under each other as HTML, everything escaped."""
    return "\n".join(f"<p>{_escaped(part)}</p>" if isinstance(part, str) else part.html() for part in parts)


def paragraph(text: str, width: int) -> str:
    """Return text folded to `width` cells, its own line breaks kept."""
    return "\n".join(line for source in text.split("\n") for line in fold(visible(source), width))


def _visible_cell(column: Column, cell: str) -> str:
    if not column.keeps_lines:
        return visible(cell)
    return "\n".join(visible(line) for line in cell.replace("\r\n", "\n").split("\n"))


def _escaped(text: str) -> str:
    return "<br>".join(escape(visible(line)) for line in text.split("\n"))


def _side(column: Column) -> str:
    return ' align="right"' if column.align == "right" else ""


def _terminal_width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PLAIN_WIDTH
