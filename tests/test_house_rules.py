"""The rules that keep this code readable, as tests: floors, imports, sizes, parameters, and what no module may do."""

import ast
import dataclasses
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from source_code import (
    MODULES,
    PACKAGE,
    ROOT,
    Function,
    classes,
    code_length,
    functions,
    imported_modules,
    length,
    parsed,
    place,
    room_of,
    statements_of,
    text_of,
)

FLOORS = (
    ("errors", "statements", "digests", "progress", "deadlines", "display"),
    ("faults", "schema", "number_types", "files", "database"),
    ("tables", "formats", "datasets", "models", "results", "predicates", "membership", "test_cases", "test_suites"),
    ("statistics", "matching", "metrics", "workflows"),
    (
        "plots",
        "uploads",
        "exchange",
        "test_runs",
        "histories",
        "comparisons",
        "published",
        "merging",
        "verification",
        "cleaning",
        "standards",
        "discovery",
        "adequacy",
        "attribution",
        "inspection",
    ),
    ("store",),
    ("reports", "web", "gateway"),
    ("cli", "pytest_plugin", "__init__", "__main__"),
)
ORDER = tuple(room for floor in FLOORS for room in floor)
CLICK_ROOMS = ("cli", "__main__")
PAGES = ("web", "reports", "gateway")
ABOVE_GROUND = ORDER[len(FLOORS[0]) :]
ABOVE_STORAGE = ABOVE_GROUND[len(FLOORS[1]) :]
WHERE_IMPORTED = {
    "click": CLICK_ROOMS,
    "duckdb": ABOVE_GROUND,
    "filelock": ("database",),
    "jinja2": PAGES,
    "numpy": ABOVE_STORAGE,
    "PIL": ("cli", *PAGES),
    "polars": ABOVE_STORAGE,
    "pyarrow": ABOVE_GROUND,
    "pycocotools": ("workflows",),
    "pytest": ("pytest_plugin",),
    "rich": ("progress", "display"),
    "sklearn": ("cli",),
    "starlette": PAGES,
    "threadpoolctl": ("cli",),
    "markupsafe": PAGES,
    "uvicorn": ("web",),
    "altair": ("plots",),
    "vl_convert": ("plots",),
}
"""Third-party package -> the rooms that may import it, wherever in a module; others are not dependencies at all."""

FOR_TYPES_ALONE = ("pandas", "_typeshed")
"""Packages that annotations name and no code needs."""

WHERE_IMPORTED_FIRST = {
    "click": CLICK_ROOMS,
    "jinja2": PAGES,
    "markupsafe": PAGES,
    "numpy": ("matching", "membership", "statistics", "metrics", "test_runs", "comparisons", "inspection"),
    "polars": ("membership", "statistics", "metrics", "test_runs"),
    "pyarrow": ("membership", "statistics", "metrics", "test_runs", "comparisons", "inspection"),
    "pytest": ("pytest_plugin",),
    "starlette": PAGES,
}
"""Third-party package -> the rooms that may import it when they are loaded; the others do so inside functions."""

LONGEST = {"module": 400, "function": 60, "class": 250, "facade method": 20}
MOST_PARAMETERS = 6
MOST_POSITIONAL = 4
FACADE = tuple(sorted((PACKAGE / "store").glob("*.py")))
MUTABLE = (list, dict, set, bytearray, np.ndarray)


def imported_rooms(path: Path) -> Iterator[str]:
    for module in imported_modules(parsed(path)):
        parts = module.split(".")
        if parts[0] == "kolena_store" and len(parts) > 1 and parts[1] in ORDER:
            yield parts[1]


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def third_parties(nodes: list[ast.stmt]) -> set[str]:

    own = {*sys.stdlib_module_names, "kolena_store"}
    return {module.split(".")[0] for node in nodes for module in imported_modules(node)} - own


@cache
def module_of(path: Path) -> ModuleType:
    return import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


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


def test_third_party_packages_are_imported_where_they_belong() -> None:
    strangers = [
        place(path, package)
        for path in MODULES
        for node in parsed(path).body
        for package in third_parties([node])
        if room_of(path) not in WHERE_IMPORTED.get(package, ())
        if not (is_for_types(node) and package in FOR_TYPES_ALONE)
    ]
    assert strangers == []


def test_loading_a_module_loads_third_party_packages_in_few_rooms() -> None:
    early = [
        place(path, package)
        for path in MODULES
        for package in third_parties([node for node in module_statements(path) if not is_for_types(node)])
        if room_of(path) not in WHERE_IMPORTED_FIRST.get(package, ())
    ]
    assert early == []


def module_statements(path: Path) -> list[ast.stmt]:
    """Return what is executed when a module is loaded: no bodies of functions."""
    return [node for node in parsed(path).body if not isinstance(node, (Function, ast.ClassDef))]


def test_modules_can_be_read_in_one_sitting() -> None:
    sizes = {str(path.relative_to(ROOT)): len(text_of(path).splitlines()) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > LONGEST["module"]} == {}
    assert statistics.median(sizes.values()) <= 150


def test_functions_are_short() -> None:
    sizes = {place(path, node.name): code_length(node) for path, node in functions()}
    ordered = sorted(sizes.values())
    assert {name: size for name, size in sizes.items() if size > LONGEST["function"]} == {}
    assert statistics.median(ordered) <= 9
    assert ordered[int(len(ordered) * 0.9)] <= 28


def test_classes_are_short_but_for_the_facade_which_only_delegates() -> None:
    sizes = {place(path, node.name): length(node) for path, node in classes() if path not in FACADE}
    assert {name: size for name, size in sizes.items() if size > LONGEST["class"]} == {}


def facade_methods() -> list[Function]:
    parts = (node for path, node in classes() if path in FACADE)
    return [node for part in parts for node in part.body if isinstance(node, Function)]


@pytest.mark.parametrize("method", facade_methods(), ids=lambda method: method.name)
def test_the_facade_only_delegates(method: Function) -> None:
    body = statements_of(method)
    assert (method.end_lineno or 0) - body[0].lineno + 1 <= LONGEST["facade method"]
    reckoned = (ast.BinOp, ast.AugAssign, ast.For, ast.While)
    assert [ast.unparse(node) for one in body for node in ast.walk(one) if isinstance(node, reckoned)] == []


def test_the_facade_writes_no_sql() -> None:
    used = {module for path in FACADE for module in imported_modules(parsed(path))}
    assert {module for module in used if module.split(".")[-1] in ("statements", "duckdb")} == set()


def parameters(node: Function) -> tuple[list[str], list[str]]:
    """Return the names of all parameters, and of those that can be given by position; neither with self and cls."""
    positional = [one.arg for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in ("self", "cls")]
    return [*positional, *(one.arg for one in node.args.kwonlyargs)], positional


def is_command(node: Function) -> bool:
    """Whether click calls it, with one parameter for each option of the command."""
    heads = (ast.unparse(one.func) for one in node.decorator_list if isinstance(one, ast.Call))
    return any(head.split(".")[-1] in ("command", "group") for head in heads)


def test_functions_take_few_parameters() -> None:
    many = {
        place(path, node.name): parameters(node)[0]
        for path, node in functions()
        if len(parameters(node)[0]) > MOST_PARAMETERS
        if path not in FACADE and not (room_of(path) == "cli" and is_command(node))
    }
    assert many == {}


def test_functions_take_fewer_parameters_by_position() -> None:
    many = {
        place(path, node.name): parameters(node)[1]
        for path, node in functions()
        if len(parameters(node)[1]) > MOST_POSITIONAL
    }
    assert many == {}


def is_mutable(value: object) -> bool:
    is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return isinstance(value, MUTABLE) or (is_record and not type(value).__dataclass_params__.frozen)


def shared_values(path: Path) -> Iterator[tuple[str, object]]:
    """Yield what all callers of a module share: its globals, and the attributes of its classes."""
    module = module_of(path)
    for name, value in vars(module).items():
        yield name, value
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield from ((f"{name}.{attribute}", one) for attribute, one in vars(value).items())


def test_no_module_shares_anything_that_can_be_changed() -> None:
    mutable = [
        place(path, name)
        for path in MODULES
        for name, value in shared_values(path)
        if not re.fullmatch(r"(\w+\.)?_\w*_", name) and is_mutable(value)
    ]
    assert mutable == []


def test_no_function_rebinds_a_global() -> None:
    rebound = [
        place(path, node.lineno) for path in MODULES for node in ast.walk(parsed(path)) if isinstance(node, ast.Global)
    ]
    assert rebound == []


def test_random_numbers_come_from_generators_with_a_seed() -> None:
    used = [
        place(path, node.lineno)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and re.match(r"(np|numpy)\.random\.(?!default_rng|Generator)", ast.unparse(node))
    ]
    unseeded = [
        place(path, node.lineno)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".default_rng") and not node.args
    ]
    assert (used, unseeded) == ([], [])
    assert [str(path) for path in MODULES if "random" in imported_modules(parsed(path))] == []


def test_nothing_prints_below_the_doors() -> None:
    printing = [
        place(path, node.lineno)
        for path in MODULES
        if room_of(path) not in CLICK_ROOMS
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_bare_except_and_no_bare_exception_is_raised() -> None:
    found = [
        place(path, node.lineno)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.ExceptHandler) and node.type is None)
        or (
            isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "Exception"
        )
    ]
    assert found == []


def test_the_version_stands_in_one_place() -> None:
    from kolena_store import __version__

    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_tests_can_be_read_at_a_glance() -> None:
    sizes = {
        place(path, node.name): length(node)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, Function) and node.name.startswith("test_")
    }
    assert {name: size for name, size in sizes.items() if size > LONGEST["function"]} == {}
    assert statistics.median(sizes.values()) <= 14


def private_names(path: Path) -> set[str]:
    """Return the functions, classes and attributes of a module that it keeps to itself."""
    nodes = list(ast.walk(parsed(path)))
    defined = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    set_ = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return {name for name in defined | set_ if name.startswith("_") and not name.endswith("_")}


def test_what_is_kept_private_is_used() -> None:
    """What nothing else in the folder names is dead; a test may not be what keeps it alive."""
    words = {
        folder: Counter(word for path in folder.glob("*.py") for word in re.findall(r"\w+", text_of(path)))
        for folder in {path.parent for path in MODULES}
    }
    unused = [
        place(path, name) for path in MODULES for name in sorted(private_names(path)) if words[path.parent][name] < 2
    ]
    assert unused == []


def test_what_people_call_results_is_spelled_in_one_place() -> None:
    """`labelled` of `models` joins a model's name and its upload configuration; nobody else does."""
    joined = re.compile(r"""f['"][^\n]*upload_configuration['"]?\]?\}['"]""")
    assert [path.name for path in MODULES if joined.search(text_of(path))] == ["models.py"]


def test_one_function_writes_files_beside_others() -> None:
    """`beside` of `files`; folders, and a database with its log, are replaced by functions of their own."""
    found = [path.name for path in MODULES if '.with_name(f".' in text_of(path)]
    assert sorted(found) == ["detection.py", "files.py", "folders.py", "materialised.py"]


def test_no_sum_is_left_to_a_matrix_product() -> None:
    """The bits of a matrix product change with its kernel and its threads, which wait for each other on a busy machine.

    Counts are whole numbers, which no order of adding changes.
    """
    products = [
        place(path, node.lineno)
        for path in MODULES
        if path.name != "counting.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    ]
    assert products == []
