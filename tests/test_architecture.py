"""The house: what a module may use of another one. Read from the source alone, nothing is imported."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("artkeras", "data_tools", "benchmarks")
LONGEST = 450  # lines of a module
LONGEST_TEST = 890  # lines of a file of tests

# Public in spite of the underscore: methods of named tuples, and the type of what argparse's add_subparsers returns.
PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_SubParsersAction"}

# Private names that are still used from outside. This list only ever gets shorter.
ALLOWED = {
    "artkeras/engine.py": {"_flatten_layers"},  # Keras has no public way to walk nested layers without the outermost
}


def modules() -> list[Path]:
    """Every module of the packages, and the script that runs the notebooks."""
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [*found, ROOT / "notebooks" / "run.py"]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name != "_" and name not in PUBLIC


def foreign_names(source: str) -> set[str]:
    """Private names that a module uses but does not define: `module._x`, `thing._x`, `from module import _x`.

    Names of `self` and `cls` are a class's own, wherever its bases are.
    """
    own: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.ImportFrom):
            used.update(alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            on_itself = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if isinstance(node.ctx, ast.Store) and on_itself:
                own.add(node.attr)
            elif not on_itself:
                used.add(node.attr)
    return used - own


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from kit import data\ndata._decode(1)", {"_decode"}),
        ("from kit.data import _decode", {"_decode"}),
        ("import kit.data\nkit.data.cache._key()", {"_key"}),
        ("from kit import data\ndata._LIMIT = 3", {"_LIMIT"}),
        ("def go(thing):\n    return thing._inner()", {"_inner"}),
        ("class A:\n    def _own(self): ...\n    def same(self, other): return self._own() == other._own()", set()),
        ("class A:\n    def __init__(self): self._x = 1\ndef read(a: A): return a._x", set()),
        ("class A(Base):\n    def go(self): return self._of_the_base()", set()),
        ("point._replace(x=1)\nprint(kit.__file__)", set()),
    ],
)
def test_private_names_of_others_are_found(source, expected):
    assert foreign_names(source) == expected


def test_no_module_uses_a_private_name_of_another_one():
    found = {path.relative_to(ROOT).as_posix(): foreign_names(path.read_text(encoding="utf-8")) for path in modules()}
    assert {path: names for path, names in found.items() if names} == ALLOWED


def test_modules_of_the_data_package_stay_short():
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in data_modules()}
    assert {"dataset.py", "decoding.py", "folders.py", "cache.py", "labels.py", "pairs.py"} <= set(lengths)
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def data_modules() -> list[Path]:
    return sorted((ROOT / "artkeras" / "data").glob("*.py"))


def test_modules_of_the_data_package_import_each_other_in_one_direction():
    names = {path.stem for path in data_modules()} - {"__init__"}
    uses: dict[str, set[str]] = {name: set() for name in names}
    for name in names:
        source = (ROOT / "artkeras" / "data" / f"{name}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module == "artkeras.data":
                uses[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("artkeras.data."):
                uses[name].add((node.module or "").rsplit(".", 1)[-1])
    assert set().union(*uses.values()) <= names  # a submodule never goes through the package's own names
    placed: set[str] = set()
    while placed != names:
        ready = {name for name in names - placed if uses[name] <= placed}
        assert ready, f"these import each other: {sorted(names - placed)}"
        placed |= ready


# --- import circles -----------------------------------------------------------------------------------


def imports_of(path: Path, names: set[str], *, inside_functions: bool) -> set[str]:
    """The modules that a file imports, of those named; not what is imported for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = [ast.Pass()]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not inside_functions:
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found & names


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The modules that no order of importing can be found for: those in a circle, and what uses them."""
    placed: set[str] = set()
    while ready := {name for name in graph.keys() - placed if graph[name] <= placed}:
        placed |= ready
    return sorted(graph.keys() - placed)


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"a"}, "c": set()}) == ["a", "b"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("inside_functions", [False, True], ids=["at the top", "hidden in functions"])
@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other(package, inside_functions):
    paths = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    names = set(paths)
    graph = {
        # a package's own name stands for what its __init__ offers; importing a module of it is no use of that
        name: imports_of(path, names, inside_functions=inside_functions) - {name, package}
        for name, path in paths.items()
    }
    for name, uses in graph.items():
        uses -= {other for other in uses if name.startswith(f"{other}.")}
        uses -= {other for other in uses if any(more.startswith(f"{other}.") for more in uses)}
    assert circles(graph) == []


LONG = {  # modules above 450 lines that are still to fall apart; this list only ever gets shorter
    "artkeras/engine.py",  # the one file that knows backends stays whole
    "data_tools/polite.py",
}


def test_test_files_stay_short():
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in (ROOT / "tests").glob("*.py")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_TEST} == {}


def test_modules_stay_short():
    lengths = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {name for name, length in lengths.items() if length > LONGEST} == LONG
