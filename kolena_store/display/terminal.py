"""Listings on a terminal, through rich; anywhere else as plain text."""

import re
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from kolena_store.display.layout import GUTTER, Block
from kolena_store.display.listings import PLAIN_WIDTH, Listing, joined_text, paragraph

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["print_listing"]

PLAIN_SIGNS = MappingProxyType(str.maketrans("─\N{EN DASH}…", "--~"))
COUNT_AT_END = re.compile(r"\bn +[\d,]+$")


def print_listing(parts: Sequence[Listing | str], file: TextIO | None = None) -> None:
    """Write listings and sentences to a file, stdout when none is given.

    A terminal gets bold heads and dim counts within its own width, everything else plain text of 80 cells.
    """
    stream = sys.stdout if file is None else file
    if stream.isatty():
        _print_rich(parts, stream)
    else:
        stream.write(_encodable(joined_text(parts, PLAIN_WIDTH), stream) + "\n")


def _encodable(text: str, stream: TextIO) -> str:
    """Return text as the stream's encoding can hold it: plain signs for our own, escaped codes for others."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN_SIGNS).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _print_rich(parts: Sequence[Listing | str], stream: TextIO) -> None:
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for position, part in enumerate(parts):
        if position:
            console.print()
        if isinstance(part, str):
            console.print(_encodable(paragraph(part, console.width), stream))
        else:
            _print_one(part, console, stream)


def _print_one(listing: Listing, console: "Console", stream: TextIO) -> None:
    if listing.title:
        console.print(_encodable(paragraph(listing.title, console.width), stream) + "\n", style="bold")
    for position, block in enumerate(listing.blocks(console.width)):
        if position:
            console.print()
        console.print(_rich_table(listing, block, stream), soft_wrap=False)
    if listing.notes:
        console.print()
    for note in listing.notes:
        console.print(_encodable(paragraph(note, console.width), stream))


def _rich_table(listing: Listing, block: Block, stream: TextIO) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    gap = (0, GUTTER - 1, 0, 0)  # rich's own rule between columns takes one more cell
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=gap, header_style="bold")
    titles, *rows = ([_rich_cell(lines, stream) for lines in cells] for cells in listing.block_cells(block))
    for title, column, width in zip(titles, block.columns, block.widths, strict=True):
        table.add_column(title, justify=listing.columns[column].align, width=width, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _rich_cell(lines: Sequence[str], stream: TextIO) -> "Text":
    from rich.text import Text

    text = Text(_encodable("\n".join(lines), stream))
    text.highlight_regex(COUNT_AT_END, "dim")
    return text
