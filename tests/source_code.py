"""The package's source, parsed once for all rules about it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kolena_store"
MODULES = sorted(PACKAGE.rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def place(path: Path, name: str | int) -> str:
    """Return where something stands, as `kolena_store/store.py:Store`."""
    return f"{path.relative_to(ROOT).as_posix()}:{name}"


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names if node.module == "kolena_store")
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def functions() -> Iterator[tuple[Path, Function]]:
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, Function):
                yield path, node


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                yield path, node


def length(node: Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def statements_of(node: Function) -> list[ast.stmt]:
    """Return the body of a function, without its docstring."""
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def code_length(node: Function) -> int:
    """Return the lines of a function, without its docstring."""
    first = node.body[0]
    has_docstring = ast.get_docstring(node) is not None
    return length(node) - ((first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0)


@cache
def docstrings(path: Path) -> frozenset[str]:
    nodes = (node for node in ast.walk(parsed(path)) if isinstance(node, (Function, ast.ClassDef, ast.Module)))
    return frozenset(text for node in nodes if (text := ast.get_docstring(node, clean=False)))


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every string; `x` stands where an f-string is filled in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            yield node.lineno, "".join(parts)
