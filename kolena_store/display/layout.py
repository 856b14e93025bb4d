"""Columns fitted into a width: how wide each one is, and which ones go into a further block below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kolena_store.display.cells import cell_width, fold, shorten

__all__ = ["GUTTER", "LEAST_WIDTH", "Block", "blocks", "cell_lines"]

GUTTER = 2
LEAST_WIDTH = 20
TEXT_WIDTH = 16
TITLE_WIDTH = 12
LEAD_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Columns that stand side by side: their positions in the listing and their widths in cells."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]


def blocks(titles: Sequence[str], rows: Sequence[Sequence[str]], folding: Sequence[bool], width: int) -> list[Block]:
    """Return the blocks that show all columns within `width` cells; each one repeats the first column.

    Columns that are `folding` get narrower before a column moves to a further block.
    """
    cells = [max((_widest_line(row[i]) for row in rows), default=0) for i in range(len(titles))]
    natural = [max(widest, cell_width(title), 1) for widest, title in zip(cells, titles, strict=True)]
    if _total(natural) <= width:
        return [Block(columns=tuple(range(len(titles))), widths=tuple(natural))]
    compact = [max(widest, min(full, TITLE_WIDTH)) for widest, full in zip(cells, natural, strict=True)]
    least = [
        min(full, TEXT_WIDTH) if folds else small for full, small, folds in zip(natural, compact, folding, strict=True)
    ]
    lead = min(least[0], TEXT_WIDTH, max(4, width // 3))
    least = [lead, *(min(cell, width - lead - GUTTER) for cell in least[1:])]
    spread = [_spread(columns, natural, least, width) for columns in _grouped(least, width)]
    lead = min(block.widths[0] for block in spread)
    return [replace(block, widths=(lead, *block.widths[1:])) for block in spread]


def cell_lines(text: str, width: int, *, lead: bool) -> list[str]:
    """Return the lines of one cell; a name in the first column takes three at most and loses its middle beyond that."""
    lines = [line for source in text.split("\n") for line in fold(source, width)]
    room = LEAD_LINES * width
    while lead and len(lines) > LEAD_LINES:
        lines = fold(shorten(text, room), width)
        room -= 1
    return lines


def _widest_line(text: str) -> int:
    return max(cell_width(line) for line in text.split("\n"))


def _grouped(least: Sequence[int], width: int) -> list[list[int]]:
    groups = [[0]]
    for column in range(1, len(least)):
        if len(groups[-1]) > 1 and _total([least[i] for i in [*groups[-1], column]]) > width:
            groups.append([0])
        groups[-1].append(column)
    return groups


def _spread(columns: Sequence[int], natural: Sequence[int], least: Sequence[int], width: int) -> Block:
    """Return the block whose spare cells go to the columns that need more, the smallest need first."""
    widths = {column: least[column] for column in columns}
    spare = width - _total(list(widths.values()))
    waiting = sorted(columns, key=lambda column: natural[column] - least[column])
    for position, column in enumerate(waiting):
        given = min(natural[column] - least[column], spare // (len(waiting) - position))
        widths[column] += given
        spare -= given
    return Block(columns=tuple(columns), widths=tuple(widths[column] for column in columns))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GUTTER * (len(widths) - 1)
