import ast
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "journey"
FORBIDDEN = {
    "aiokafka", "asyncio", "datetime", "faust", "io", "logging", "os", "pathlib", "prometheus_client", "random",
    "requests", "secrets", "socket", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
CALLS = {"open", "input", "print", "globals", "id", "hash"}


def imported(tree: ast.AST) -> set[str]:
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOM)))
def test_the_classifier_does_no_io_reads_no_clock_and_draws_no_lots(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert imported(tree).isdisjoint(FORBIDDEN)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called.isdisjoint(CALLS)


def test_it_imports_schemas_and_no_other_room() -> None:
    found = set().union(*(imported(ast.parse(path.read_text())) for path in ROOM.rglob("*.py")))
    assert found.isdisjoint({"stream", "agents", "stagewatch"})
