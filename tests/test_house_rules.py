"""The rules that keep this code readable, as tests: floors, sizes, SQL in its own files, names and docstrings."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kolena_store"

FLOORS = (
    ("errors", "statements", "digests", "progress", "display"),
    ("schema", "files", "database", "publish"),
    ("tables", "formats", "datasets", "models", "results", "predicates", "membership", "test_cases", "test_suites"),
    ("statistics", "matching", "metrics", "workflows"),
    ("uploads", "test_runs", "comparisons", "standards", "discovery", "adequacy", "attribution"),
    ("store",),
    ("plots", "reports", "web", "gateway"),
    ("cli", "__init__", "__main__"),
)
ORDER = tuple(room for floor in FLOORS for room in floor)
CLICK_ROOMS = ("cli", "__main__")
SQL_START = re.compile(r"\s*(select|insert|update|delete|create|with|drop|alter|copy|attach)\s+\S", re.IGNORECASE)
PROSE = re.compile(r"^(Create|Select|Update|Delete|Insert|Copy|Attach|With|Drop|Alter) [a-z]")

MODULES = sorted(PACKAGE.rglob("*.py"))
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names if node.module == "kolena_store")
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def imported_rooms(path: Path) -> Iterator[str]:
    for module in imported_modules(parsed(path)):
        parts = module.split(".")
        if parts[0] == "kolena_store" and len(parts) > 1 and parts[1] in ORDER:
            yield parts[1]


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, FUNCTION):
                yield path, node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def code_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    has_docstring = ast.get_docstring(node) is not None
    documented = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return length(node) - documented


def test_every_module_has_a_room() -> None:
    assert [str(path) for path in MODULES if room_of(path) not in ORDER] == []


def test_imports_point_down() -> None:
    rank = {name: position for position, name in enumerate(ORDER)}
    upward = [
        f"{path.relative_to(ROOT)} -> {used}"
        for path in MODULES
        for used in imported_rooms(path)
        if used != room_of(path) and room_of(path) != "__init__" and rank[used] > rank[room_of(path)]
    ]
    assert upward == []


def test_click_appears_at_the_doors_alone() -> None:
    users = [
        path for path in MODULES if any(module.split(".")[0] == "click" for module in imported_modules(parsed(path)))
    ]
    assert [str(path) for path in users if room_of(path) not in CLICK_ROOMS] == []


def test_the_ground_floor_imports_the_standard_library_alone_at_module_level() -> None:
    outside = {"duckdb", "pyarrow", "polars", "numpy", "rich", "click", "filelock", "pandas", "sklearn"}
    offenders = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in MODULES
        if room_of(path) in FLOORS[0]
        for node in parsed(path).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for module in imported_modules(node)
        if module.split(".")[0] in outside
    ]
    assert offenders == []


def test_modules_can_be_read_in_one_sitting() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert statistics.median(sizes.values()) <= 150


def test_functions_are_short() -> None:
    sizes = {f"{path.relative_to(ROOT)}:{node.name}": code_length(node) for path, node in functions()}
    ordered = sorted(sizes.values())
    assert {name: size for name, size in sizes.items() if size > 60} == {}
    assert statistics.median(ordered) <= 9
    assert ordered[int(len(ordered) * 0.9)] <= 28


def test_classes_stay_within_250_lines() -> None:
    sizes = {
        f"{path.relative_to(ROOT)}:{node.name}": length(node)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: size for name, size in sizes.items() if size > 250 and name != "kolena_store/store.py:Store"} == {}


def test_functions_take_few_positional_parameters() -> None:
    many = {
        f"{path.relative_to(ROOT)}:{node.name}": len(node.args.posonlyargs + node.args.args)
        for path, node in functions()
        if len(node.args.posonlyargs + node.args.args) > 7
    }
    assert many == {}


def test_no_sql_stands_in_python() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value[:60]!r}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_sql(node.value)
        if node.value not in docstrings(path)
    ]
    assert found == []


def is_sql(text: str) -> bool:
    return bool(SQL_START.match(text)) and not PROSE.match(text.strip()) and text.strip()[:4].isupper()


def docstrings(path: Path) -> set[str]:
    nodes = (node for node in ast.walk(parsed(path)) if isinstance(node, (*FUNCTION, ast.ClassDef, ast.Module)))
    return {text for node in nodes if (text := ast.get_docstring(node, clean=False))}


def test_nothing_prints_below_the_doors() -> None:
    printing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        if room_of(path) not in CLICK_ROOMS
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_bare_except_and_no_bare_exception_is_raised() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.ExceptHandler) and node.type is None)
        or (
            isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "Exception"
        )
    ]
    assert found == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    assert [str(path) for path in MODULES if path.stem == word] == []


def test_public_functions_and_classes_have_docstrings() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in MODULES
        for node in parsed(path).body
        if isinstance(node, (*FUNCTION, ast.ClassDef)) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_every_module_says_what_it_is_and_what_it_offers() -> None:
    without = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if not ast.get_docstring(parsed(path)) or "__all__" not in path.read_text(encoding="utf-8")
    ]
    assert without == []


def test_every_named_statement_is_used() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    unused = []
    for file in sorted((ROOT / "sql" / "queries").glob("*.sql")):
        for name in re.findall(r"^-- name: (\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE):
            is_used = f'"{file.stem}.{name}"' in source or f'"{name}"' in source
            if not is_used:
                unused.append(f"{file.stem}.{name}")
    assert unused == []


def test_the_version_stands_in_one_place() -> None:
    from kolena_store import __version__

    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
