"""Names: which are public, that they are documented, that the errors behave, and that the pages name what there is."""

import ast
import pickle
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from source_code import MODULES, ROOT, Function, classes, functions, parsed, place, room_of, text_of

import kolena_store as ks
from kolena_store import errors
from kolena_store.errors import StoreError

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCS = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
ERRORS = sorted(
    (value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, StoreError)),
    key=lambda value: value.__name__,
)
MADE_ERRORS = [
    errors.UnknownName.of("model", "resnet5", ["resnet50", "vgg"], "kolena-store models"),
    errors.MissingColumns.of("answers.csv", ["labl"], ["id", "label"]),
    errors.MalformedFile.of("answers.csv", 3, "a quote is not closed", "Close it"),
    errors.MalformedFile.of("answers.csv", None, "it ends early", "Copy it again"),
    errors.MissingExtra.of("the demo", "demo"),
]


def is_public(name: str) -> bool:
    return not name.startswith("_")


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    assert [str(path) for path in MODULES if path.stem == word] == []


def test_every_module_says_what_it_is_and_what_it_offers() -> None:
    without = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if not ast.get_docstring(parsed(path)) or "__all__" not in text_of(path)
    ]
    assert without == []


def is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) == "Protocol" for base in node.bases)


def public_definitions() -> Iterator[tuple[Path, str, Function | ast.ClassDef]]:
    """Yield the public functions and classes of modules, and the public members of those classes and of protocols."""
    for path in MODULES:
        for node in parsed(path).body:
            if isinstance(node, (Function, ast.ClassDef)) and is_public(node.name):
                yield path, node.name, node
    for path, node in classes():
        if is_public(node.name) or is_protocol(node):
            members = (member for member in node.body if isinstance(member, (Function, ast.ClassDef)))
            yield from ((path, f"{node.name}.{member.name}", member) for member in members if is_public(member.name))


def test_every_public_name_has_a_docstring() -> None:
    assert [place(path, name) for path, name, node in public_definitions() if not ast.get_docstring(node)] == []


def offered(path: Path) -> list[str]:
    """Return `__all__` of a module."""
    assigned = {
        ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target): node.value
        for node in parsed(path).body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
    }
    return list(ast.literal_eval(assigned["__all__"]))


def defined(path: Path) -> set[str]:
    """Return the public functions and classes that a module defines, but for commands, which click calls."""
    is_of_commands = room_of(path) == "cli"
    return {
        node.name
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef)
        or (isinstance(node, Function) and not (is_of_commands and node.decorator_list))
        if is_public(node.name)
    }


def test_what_a_module_defines_in_public_it_offers() -> None:
    kept_back = {place(path, name) for path in MODULES for name in defined(path) - set(offered(path))}
    assert kept_back == set()


# --- errors ---


def raised_calls() -> Iterator[str]:
    """Yield what is called behind `raise`: a class, a way to make one, or a function that returns an error."""
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield ast.unparse(node.exc.func)


@cache
def raised_errors() -> set[str]:
    called = {text.removesuffix(".of").split(".")[-1] for text in raised_calls()}
    returned = {ast.unparse(node.returns) for _, node in functions() if node.returns and node.name in called}
    return called | returned


@pytest.mark.parametrize("error", [one for one in ERRORS if one is not StoreError], ids=lambda error: error.__name__)
def test_an_error_is_raised_somewhere(error: type[StoreError]) -> None:
    assert error.__name__ in raised_errors()


def test_no_error_stands_beside_the_one_root() -> None:
    own = {error.__name__ for error in ERRORS}
    bases = {place(path, node.name): {ast.unparse(base) for base in node.bases} for path, node in classes()}
    strangers = [
        name
        for name, names in bases.items()
        if any(base.endswith(("Error", "Exception")) for base in names) and name.split(":")[1] not in own
    ]
    assert strangers == []


@pytest.mark.parametrize(
    "error",
    [*(error("what; what was found; what to do") for error in ERRORS), *MADE_ERRORS],
    ids=lambda one: type(one).__name__,
)
def test_an_error_keeps_its_message_in_a_pickle(error: StoreError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.args) == (type(error), str(error), error.args)
    assert str(error)


# --- pages ---


@pytest.mark.parametrize("name", ks.__all__)
def test_a_public_name_is_on_a_page(name: str) -> None:
    assert re.search(rf"\b{name}\b", DOCS)
    assert getattr(ks, name).__doc__


@pytest.mark.parametrize("name", sorted(filter(is_public, vars(ks.Store))))
def test_what_a_store_does_is_on_a_page(name: str) -> None:
    assert re.search(rf"\b(store|Store)\.{name}\b", DOCS)


def test_what_the_pages_use_is_there() -> None:
    assert set(re.findall(r"\bks\.(\w+)", DOCS)) <= {*ks.__all__, "__version__"}
    assert [name for name in re.findall(r"\bstore\.(\w+)\(", DOCS) if not hasattr(ks.Store, name)] == []
