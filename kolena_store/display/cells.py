"""Text measured in terminal cells: how wide it is, where it folds, and what in it must not reach a terminal."""

import unicodedata

__all__ = ["cell_width", "fold", "padded", "shorten", "visible"]

ELLIPSIS = "…"
BREAK_AFTER = "/-_.,:"
EMOJI_STYLE = "\ufe0f"
JOINERS = frozenset("\u200c\u200d")  # Persian, Hindi and emoji are written with these
HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
ZERO_WIDTH_CATEGORIES = frozenset(("Mn", "Me", "Cf"))


def visible(text: str) -> str:
    """Return text in which control characters, terminal escapes and direction overrides stand as escaped codes."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) if _is_hidden(character) else character for character in text)


def cell_width(text: str) -> int:
    """Return how many terminal cells text takes: East-Asian wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return _width(_clusters(text))


def fold(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width` (2 or more) cells, broken at spaces, else after punctuation."""
    if cell_width(text) <= width:
        return [text]
    lines: list[str] = []
    line: list[tuple[str, int]] = []
    for cluster in _clusters(text):
        while _width(line) + cluster[1] > width:
            cut = len(line) if cluster[0] == " " else _last_break(line)
            lines.append(_joined(line[:cut]).rstrip(" "))
            line = line[cut:]
        if line or cluster[0] != " ":
            line.append(cluster)
    return [*lines, _joined(line)] if line else lines


def shorten(text: str, width: int) -> str:
    """Return text cut to `width` (2 or more) cells: an ellipsis stands for the middle, so both ends stay readable."""
    if cell_width(text) <= width:
        return text
    clusters = _clusters(text)
    tail_cells = (width - 1) // 3
    head = _taken(clusters, width - 1 - tail_cells)
    tail = _taken(clusters[::-1], tail_cells)[::-1]
    return _joined(head) + ELLIPSIS + _joined(tail)


def padded(text: str, width: int, *, right: bool) -> str:
    """Return text filled with spaces to `width` cells, on the left when it is aligned to the right."""
    spaces = " " * (width - cell_width(text))
    return spaces + text if right else text + spaces


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in HIDDEN_CATEGORIES and character not in JOINERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _clusters(text: str) -> list[tuple[str, int]]:
    """Return each character with the marks that sit on it, and its width in cells."""
    clusters: list[tuple[str, int]] = []
    for character in text:
        if clusters and unicodedata.category(character) in ZERO_WIDTH_CATEGORIES:
            base, width = clusters[-1]
            clusters[-1] = (base + character, 2 if character == EMOJI_STYLE else width)
        else:
            clusters.append((character, _character_width(character)))
    return clusters


def _character_width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _last_break(line: list[tuple[str, int]]) -> int:
    """Return after how many clusters to break: the last space, else the last punctuation, else the end."""
    for breaking in (" ", BREAK_AFTER):
        ends = [index for index, (cluster, _) in enumerate(line, start=1) if cluster in breaking]
        if ends:
            return ends[-1]
    return len(line)


def _taken(clusters: list[tuple[str, int]], width: int) -> list[tuple[str, int]]:
    taken: list[tuple[str, int]] = []
    for cluster in clusters:
        width -= cluster[1]
        if width < 0:
            break
        taken.append(cluster)
    return taken


def _width(clusters: list[tuple[str, int]]) -> int:
    return sum(width for _, width in clusters)


def _joined(clusters: list[tuple[str, int]]) -> str:
    return "".join(cluster for cluster, _ in clusters)
