"""The build hook that compiles: hot modules become machine code by mypyc, and the wheel holds them beside their source.

Owns which form of a module is compiled and where that happens: a copy in a temporary folder, so that no compiled file
ever lands in the source tree, where it would win over the `.py` beside it and over every later change of that. Which
modules are compiled stands in pyproject.toml. Off unless HATCH_BUILD_HOOK_ENABLE_CUSTOM is set: without it the wheel is
plain Python.

What is compiled is the source as it stands but for one thing. `@dataclass(slots=True)` writes `__init__` when the
module is imported, too late for a compiler, and making a signal then took longer than in plain Python; so the
`__init__` that it would write is written out first. The lines keep their numbers, so tracebacks stay right.

Compiled code differs in this: types are checked where a call comes in, and an int given as a `float` becomes one; what
is compiled can be neither derived from by plain Python nor copied or pickled. `dataclasses.replace` works. Functions
generated from dialects and journeys stay Python: those of journeys compiled as well make the fold a tenth quicker.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilderConfig

MARK = "dataclass(slots=True)"

SETUP = """
from mypyc.build import mypycify
from setuptools import setup

FILES = ["--ignore-missing-imports", "--follow-imports=silent", "--no-incremental", *{modules!r}]
COMPILED = mypycify(FILES, group_name="stagewatch", opt_level="3", debug_level="0")
setup(name="compiled", packages=[], ext_modules=COMPILED)
"""


class CompiledBuildHook(BuildHookInterface[WheelBuilderConfig]):
    """Puts the compiled modules into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say where the results go; they are removed when the wheel is written."""
        if version == "editable":
            return  # links to the checkout, which stays as it is
        self._folder = Path(tempfile.mkdtemp(prefix="stagewatch-compiled-"))
        packages = self.metadata.config["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        for package in packages:
            shutil.copytree(Path(self.root, package), self._folder / package)
        found = compiled(self._folder, self.config["modules"])
        build_data["force_include"] |= {str(path): str(path.relative_to(self._folder)) for path in found}
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """The wheel is written."""
        if version != "editable":
            shutil.rmtree(self._folder)


def compiled(folder: Path, modules: list[str]) -> list[Path]:
    """Compile these modules (paths in `folder`, which is changed); the files that the wheel is to hold.

    Raises:
        SystemExit: mypyc, or the C compiler, does not take them; what they said has been printed.
    """
    for module in modules:
        path = folder / module
        path.write_text(initialized(path.read_text(encoding="utf-8")), encoding="utf-8")
    Path(folder, "setup.py").write_text(SETUP.format(modules=modules), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--build-lib", "built", "--build-temp", "objects"],
        cwd=folder,
        check=False,
    )
    if done.returncode:
        raise SystemExit("compiling failed; without HATCH_BUILD_HOOK_ENABLE_CUSTOM the same wheel is plain Python")
    built = folder / "built"
    return [path.rename(folder / path.relative_to(built)) for path in sorted(built.rglob("*.so"))]


def initialized(source: str) -> str:
    """The source of a module, in which each plain `@dataclass(slots=True)` has the `__init__` that it would get.

    Passed over: classes with bases, or with an `__init__` or `__post_init__` of their own.
    """
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and not node.bases:
            _initialize(lines, node)
    return "\n".join(lines)


def _initialize(lines: list[str], node: ast.ClassDef) -> None:
    marks = [each.lineno - 1 for each in node.decorator_list if ast.unparse(each) == MARK]
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    own = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
    if not marks or not fields or own & {"__init__", "__post_init__"}:
        return
    parameters, statements = zip(*map(_parameter, fields), strict=True)
    after = fields[-1].end_lineno or 0
    # A blank line follows the fields, or the file ends: that line is taken, so no other one moves.
    if after < len(lines) and lines[after].strip():
        return
    margin = " " * fields[0].col_offset
    text = f"{margin}def __init__(self, {', '.join(parameters)}) -> None: {'; '.join(statements)}"
    lines[after : after + 1] = [text]
    lines[marks[0]] = lines[marks[0]].replace(MARK, MARK[:-1] + ", init=False)")


def _parameter(field: ast.AnnAssign) -> tuple[str, str]:
    """A field's parameter and the statement that sets it."""
    name, kind, value = ast.unparse(field.target), ast.unparse(field.annotation), field.value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        (factory,) = [ast.unparse(each.value) for each in value.keywords if each.arg == "default_factory"]
        return f"{name}: {kind} | None = None", f"self.{name} = {factory}() if {name} is None else {name}"
    return f"{name}: {kind}" + (f" = {ast.unparse(value)}" if value else ""), f"self.{name} = {name}"
