"""Imports run one way: `schemas <- journey <- stream <- agents <- stagewatch`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("schemas", "journey", "stream", "agents", "stagewatch")
# Imported by whoever works on the code, and by no room.
OUTSIDE = ("tests", "benchmarks", "examples")
# What a room may not know, beyond the rooms to its right.
BARRED = {
    "schemas": {"faust", "mode", "aiokafka", "asyncio", "prometheus_client"},
    "journey": {
        *("faust", "mode", "aiokafka", "asyncio", "prometheus_client"),
        *("time", "random", "logging", "os", "io", "pathlib", "socket", "threading", "subprocess"),
    },
}
# journey speaks of time in milliseconds, which come in as arguments; it may do arithmetic on dates, not ask for one.
CLOCKS = {"now", "today", "utcnow", "time", "monotonic", "perf_counter"}


def imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def modules(room: str) -> list[tuple[Path, ast.Module]]:
    found = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted((ROOT / room).rglob("*.py"))]
    assert found, f"{room} has no modules: is it still there?"
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_to_its_left(room: str) -> None:
    forbidden = {*ROOMS[ROOMS.index(room) + 1 :], *OUTSIDE}
    wrong = {
        str(path.relative_to(ROOT)): bad for path, tree in modules(room) if (bad := forbidden & set(imported(tree)))
    }
    assert not wrong


@pytest.mark.parametrize("room", sorted(BARRED))
def test_a_room_knows_nothing_of_what_it_is_barred_from(room: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): bad for path, tree in modules(room) if (bad := BARRED[room] & set(imported(tree)))
    }
    assert not wrong


def test_the_core_asks_no_clock_and_opens_no_file() -> None:
    calls = {
        f"{path.name}:{node.lineno}"
        for path, tree in modules("journey")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS)
            or (isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"})
        )
    }
    assert not calls
