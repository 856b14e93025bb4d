"""The names of the classes of a YOLO data set: in data.yaml, or a line each in a file of names."""

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from kolena_store.errors import MalformedFile, MissingColumns
from kolena_store.formats.paths import read_text

__all__ = ["NUMBER_OF_CLASS", "Settings", "settings_of", "yaml_text"]

YAML_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
LISTS = ("classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt")
NUMBER_OF_CLASS = re.compile(r"\d{1,9}")
NAMED = re.compile(r"(\d{1,9})\s*:\s*(.+)")
SHAPE = re.compile(r"[\[\s-]*(\d{1,4})[\s,-]+([23])[\s\]]*")
"""How many keypoints an object has, and whether each has a visibility behind x and y."""
ITEM = re.compile(r"\s*((?:\d+\s*:\s*)?'(?:[^']|'')*'|(?:\d+\s*:\s*)?\"[^\"]*\"|[^,]+)")
REMEDY = "Write names: [first, second], or a file classes.txt with a name in each line"


class Settings:
    """The names of the classes by their numbers, and how many keypoints an object has with how many numbers each."""

    def __init__(self, names: Sequence[str], keypoints: tuple[int, int] | None = None) -> None:
        """Keep them."""
        self.names, self.keypoints = tuple(names), keypoints


def settings_of(folder: Path, names: Sequence[str] | None) -> Settings:
    """Return the settings of a data set: as given, else as a file of its folder says.

    Raises:
        MissingColumns: no file says them.
        MalformedFile: a file can't be read.
    """
    shape = None
    for file in (folder / name for name in YAML_FILES):
        if file.is_file():
            found, shape = _of_yaml(file)
            if names is None and found is not None:
                return Settings(found, shape)
    if names is not None:
        return Settings(names, shape)
    for file in (folder / name for name in LISTS):
        if file.is_file():
            return Settings([line.strip() for line in read_text(file).splitlines() if line.strip()])
    raise MissingColumns(f"{folder} says no names of classes: it has neither data.yaml nor classes.txt; {REMEDY}")


def yaml_text(names: Sequence[str], keypoints: tuple[int, int] | None) -> str:
    """Return data.yaml for a folder of its own."""
    lines = ["path: .", "train: images", "val: images", "names:"]
    lines += [f"  {number}: {_quoted(name)}" for number, name in enumerate(names)]
    return "\n".join([*lines, *([f"kpt_shape: [{keypoints[0]}, {keypoints[1]}]"] if keypoints else [])]) + "\n"


def _of_yaml(file: Path) -> tuple[list[str] | None, tuple[int, int] | None]:
    """Return the names and the shape of keypoints; of YAML only what these two need is understood."""
    lines = [line.rstrip() for line in read_text(file).splitlines()]
    names, shape = None, None
    for place, line in enumerate(lines):
        key, _, rest = line.partition(":")
        if key == "names":
            names = _names(file, place, _without_comment(rest), lines[place + 1 :])
        if key == "kpt_shape":
            inner = takewhile(lambda line: line[:1].isspace() or line[:1] in ("-", "#", ""), lines[place + 1 :])
            below = " ".join(filter(None, map(_without_comment, inner)))
            shape = _keypoints(file, place, _without_comment(rest) or below)
    return names, shape


def _keypoints(file: Path, place: int, text: str) -> tuple[int, int]:
    found = SHAPE.fullmatch(text)
    if found is None or not int(found[1]):
        what = f"kpt_shape is no pair of numbers, of keypoints and of 2 or 3 for each: {text}"
        raise MalformedFile.of(file, place + 1, what, "Write kpt_shape: [17, 3]")
    return int(found[1]), int(found[2])


def _names(file: Path, place: int, rest: str, following: Sequence[str]) -> list[str]:
    if rest:
        return _in_one_line(file, place, rest, following)
    found: dict[int, str] = {}
    for number, line in enumerate(following):
        text = _without_comment(line)
        if not text:
            continue
        if text.startswith("- "):
            found[len(found)] = _plain(text[2:])
        elif line[:1].isspace() and (match := NAMED.fullmatch(text)):
            found[int(match[1])] = _plain(match[2])
        elif line[:1].isspace():
            raise MalformedFile.of(file, place + number + 2, f"{text!r} is no name of a class", REMEDY)
        else:
            break
    return _in_order(file, place, found)


def _in_one_line(file: Path, place: int, rest: str, following: Sequence[str]) -> list[str]:
    closing = {"[": "]", "{": "}"}.get(rest[0])
    if closing is None:
        raise MalformedFile.of(file, place + 1, f"names: {rest} is no list", REMEDY)
    text, lines = rest, list(following)
    while closing not in text and lines:
        text += " " + _without_comment(lines.pop(0))
    if not text.endswith(closing):
        raise MalformedFile.of(file, place + 1, "the list of names is not closed", REMEDY)
    parts = [one for one in ITEM.findall(text[1:-1]) if one.strip()]
    if closing == "]":
        return [_plain(one) for one in parts]
    pairs = [one.partition(":") for one in parts]
    if not all(NUMBER_OF_CLASS.fullmatch(key.strip()) for key, _, _ in pairs):
        raise MalformedFile.of(file, place + 1, "the names are not numbered", REMEDY)
    return _in_order(file, place, {int(key): _plain(name) for key, _, name in pairs})


def _in_order(file: Path, place: int, found: dict[int, str]) -> list[str]:
    if sorted(found) != list(range(len(found))) or not found:
        raise MalformedFile.of(file, place + 1, f"the names are numbered {sorted(found)}, not from 0 on", REMEDY)
    return [found[number] for number in range(len(found))]


def _plain(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text


def _quoted(name: str) -> str:
    quoted = name.replace("'", "''")
    return f"'{quoted}'"


def _without_comment(text: str) -> str:
    """Return a line without its comment: a # behind a space, outside of quotes."""
    quote = ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "#" and (place == 0 or text[place - 1].isspace()):
            return text[:place].strip()
    return text.strip()
