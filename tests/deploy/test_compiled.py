"""The compiled build: what is compiled is the source, it comes to the same, and none of it lands in the source tree."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.tools import DEPLOY, ROOT, run

WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
MODULES: list[str] = WHEEL["hooks"]["custom"]["modules"]
COMPILER = sysconfig.get_config_var("CC").split()[0]

UNRULY = "--shoppers 150 --days 6 --carts 0.3 --copies 0.5 --late 0.05 --malformed 0.02"
WHERE = f"""
import importlib, stagewatch.app
for module in {[module.removesuffix(".py").replace("/", ".") for module in MODULES]}:
    print(importlib.import_module(module).__file__)
"""


def initialized(source: str) -> str:
    """What the build hook makes of a module's source."""
    found = importlib.util.spec_from_file_location("compiled", DEPLOY / "compiled.py")
    assert found is not None
    assert found.loader is not None
    hook = importlib.util.module_from_spec(found)
    found.loader.exec_module(hook)
    return str(hook.initialized(source))


def classes(path: Path) -> list[ast.ClassDef]:
    """The classes that a module defines."""
    return [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.ClassDef)]


def executed(source: str) -> dict[str, Any]:
    """The names that a module defines."""
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, "source", "exec"), names)  # noqa: S102  the source of this test
    return names


def test_every_module_to_compile_is_there() -> None:
    assert [module for module in MODULES if not (ROOT / module).is_file()] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_lines_of_what_is_compiled_have_the_numbers_of_the_source(module: str) -> None:
    source = (ROOT / module).read_text().split("\n")
    changed = initialized("\n".join(source)).split("\n")
    added = [new for old, new in zip(source, changed, strict=True) if old != new and not old.strip()]
    assert all(line.lstrip().startswith("def __init__(self, ") for line in added)
    assert len([new for old, new in zip(source, changed, strict=True) if old != new]) == 2 * len(added)


@pytest.mark.parametrize("module", MODULES)
def test_no_number_of_an_event_would_become_a_float_by_being_compiled(module: str) -> None:
    """mypyc makes a float of every int that is given as one; `seconds` are all that may."""
    given = [
        (node.arg, node.annotation) if isinstance(node, ast.arg) else (ast.unparse(node.target), node.annotation)
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.arg | ast.AnnAssign)
    ]
    said = {(name, ast.unparse(kind)) for name, kind in given if kind is not None}
    assert {(name, kind) for name, kind in said if kind in {"float", "float | None"} or "[float]" in kind} <= {
        ("seconds", "float")
    }


@pytest.mark.parametrize("module", MODULES)
def test_no_name_of_an_error_stands_for_errors_of_two_types(module: str) -> None:
    """mypyc gives a name one type in a function: the error caught second would be a TypeError instead."""
    functions = [each for each in ast.walk(ast.parse((ROOT / module).read_text())) if isinstance(each, ast.FunctionDef)]
    for function in functions:
        handlers = [each for each in ast.walk(function) if isinstance(each, ast.ExceptHandler) and each.name]
        caught = {(each.name, ast.unparse(each.type)) for each in handlers if each.type}
        assert len(caught) == len({name for name, _ in caught}), function.name


def test_nothing_that_stays_interpreted_derives_from_what_is_compiled() -> None:
    compiled = {each.name for module in MODULES for each in classes(ROOT / module)}
    others = {path for package in WHEEL["packages"] for path in (ROOT / package).rglob("*.py")}
    derived = {
        f"{path.name}: {each.name}"
        for path in others - {ROOT / module for module in MODULES}
        for each in classes(path)
        if compiled & {ast.unparse(base) for base in each.bases}
    }
    assert derived == set()


SOURCE = """\
from dataclasses import dataclass, field, replace

@dataclass(slots=True)
class Cart:
    name: str
    worth: float = 0
    items: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.items)

@dataclass(slots=True, frozen=True)
class Fixed:
    name: str

@dataclass(slots=True)
class Counted(Cart):
    count: int = 0
"""


def test_what_is_written_out_is_what_a_dataclass_would_write() -> None:
    plain, changed = executed(SOURCE), executed(initialized(SOURCE))
    for names in (plain, changed):
        cart = names["Cart"]("c1", items=["a"])
        assert repr(cart) == "Cart(name='c1', worth=0, items=['a'])"
        assert names["replace"](cart, worth=2.5) == names["Cart"]("c1", 2.5, ["a"])
        assert names["Cart"]("c2").items is not names["Cart"]("c3").items
        assert repr(names["Counted"]("c4", count=3)) == "Counted(name='c4', worth=0, items=[], count=3)"
        with pytest.raises(TypeError):
            names["Cart"]()
    assert initialized(SOURCE).count("def __init__") == 1


@pytest.mark.skipif(
    shutil.which(COMPILER) is None and "CI" not in os.environ, reason=f"no C compiler: {COMPILER} is not found"
)
def test_the_compiled_wheel_replays_to_the_same_bytes_and_leaves_the_source_tree_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_CUSTOM": "1"}
    building = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(building, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "compiled")
    assert [found for package in WHEEL["packages"] for found in (ROOT / package).rglob("*.so")] == []
    run([sys.executable, "-m", "stagewatch", "generate", *UNRULY.split(), "--to", str(tmp_path / "events.jsonl")])

    transitions = {}
    for place in (ROOT, tmp_path / "compiled"):
        own = {**os.environ, "PYTHONPATH": str(place)}
        replaying = [sys.executable, "-m", "stagewatch", "replay", str(tmp_path / "events.jsonl"), "--until", "end"]
        done = subprocess.run(replaying, cwd=tmp_path, env=own, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        transitions[place] = done.stdout
        where = subprocess.run(
            [sys.executable, "-c", WHERE], cwd=tmp_path, env=own, capture_output=True, text=True, check=True
        )
        files = [Path(file) for file in where.stdout.split()]
        assert {file.suffix for file in files} == {".py" if place == ROOT else ".so"}
        assert all(file.is_relative_to(place) for file in files)
    plain, compiled = transitions.values()
    assert len(plain.splitlines()) > 1_000
    assert b'"corrected"' in plain
    assert compiled == plain
