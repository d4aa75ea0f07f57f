"""Conditions: good ones by their grammar, Python that is none, and scraps; and what is compiled of them.

What must hold: nothing but a ConditionError is raised; what passes reads only names that it may, calls nothing but
`float`, looks into nothing, holds no code of its own and cannot loop; its source is bounded; and it says yes or no,
whatever facts and attributes hold, without raising.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from random import Random
from types import CodeType
from typing import Any, Final

from journey.conditions import DEEPEST, LONGEST, ConditionError, Names, emit, parse
from tests.fuzz import hostile

TYPES: Final[dict[str, Any]] = {"orders": "number", "spent": "number", "channel": "text", "x": None, "value": "number"}
MOST_SOURCE: Final = 25 * LONGEST
"""Characters of source: what a condition may come to. Each divisor stands there once more as a guard."""
ALLOWED: Final = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult,
    ast.Div, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.IsNot, ast.Name, ast.Load,
    ast.Constant, ast.Call,
)  # fmt: skip
"""What the emitted source is made of; `is not` stands in guards alone and the call is of `float`."""

_PIECES: Final = (
    "orders", "spent", "channel", "x", "value", "0", "1", "2.5", "1e308", "9007199254740992", "9007199254740993", "1e999",
    "'a'", '"b"', "'\\ud800'", "'\\x00'", "''", " == ", " != ", " < ", " <= ", " > ", " >= ", " and ", " or ", "not ", " + ",
    " - ", " * ", " / ", "(", ")", "-", " ", "\n", "\t",
)  # fmt: skip
_FOREIGN: Final = (
    " ** ", " // ", " % ", " @ ", " & ", " | ", " ^ ", " << ", "~", " is ", " is not ", " in ", " not in ", " if 1 else ",
    "lambda: ", "lambda x: ", "[", "]", "{", "}", ",", ":", ":=", ".", "...", "__class__", "__import__('os')", "open('/x')",
    "().__class__.__bases__", "orders.__class__", "orders.real", "f'{orders}'", "f'{orders!r:>{x}}'", "b'x'", "1j",
    "True", "None", "[x for x in (1, 2)]", "(yield)", "await x", "*x", "**x", "x[0]", "float(x)", "print", "exec", "s[0]", "v",
    "a_value", "t", "9" * 90, "0x" + "f" * 90, "1_0", "0o7", "orders ** 99999", "'%s' % x", "'a' * 9", "#", "\\", ";", "=", "`", "$",
    "\0", "\ud800", "\ufeff", "ｏｒｄｅｒｓ", "ℯ", "not " * 13, "-" * 40, "(" * 40, "[" * 99, '"""', "'''", "u'x'", "r'\\'", "rb''",
)  # fmt: skip
_SIGNS: Final = (" == ", " != ", " < ", " <= ", " > ", " >= ")
_HELD: Final = (
    None, 0, -0.0, 1, -1, 0.1, 5e-324, 1e-300, 1e12, -1e12, 2**53, -(2**53), 1e308, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip


class Conditions:
    """Conditions of every kind, and what is wrong with what comes of them."""

    def make(self, random: Random) -> tuple[str, dict[str, Any]]:
        """A condition's text, and what its names hold."""
        lot = random.random()
        if lot < 0.45:
            said = truth(random, random.choice((1, 2, 3, 6)))
        elif lot < 0.6:
            said = _scraps(random, _PIECES)
        elif lot < 0.85:
            said = _scraps(random, _PIECES + _FOREIGN)
        else:
            said = _spoilt(random, truth(random, 3))
        held = {
            name: random.choice(_HELD) if kind != "text" else random.choice((None, "", "a", "b"))
            for name, kind in TYPES.items()
        }
        if held["x"] == 0.1:
            held["x"] = "a"
        return said, held

    def check(self, case: tuple[str, dict[str, Any]]) -> str | None:
        """What is wrong with what comes of a condition."""
        said, held = case
        try:
            condition = parse(said, TYPES)
        except ConditionError as error:
            long = [problem for problem in error.problems if not problem or len(problem) > 4 * LONGEST]
            return f"what is said of it is out of measure: {long}" if long or not error.problems else None
        if not set(condition.names) <= TYPES.keys() or not condition.names:
            return f"it reads {condition.names}"
        source = emit(condition.tree, Names("v_{}".format, lambda _: True))
        return wrong_source(source, [f"v_{name}" for name in TYPES]) or _wrong_answer(source, held)


def wrong_source(source: str, names: list[str]) -> str | None:
    """What is wrong with the source of a condition that may read `names`."""
    if len(source) > MOST_SOURCE:
        return f"its source has {len(source)} characters"
    tree = ast.parse(source, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            return f"its source holds a {type(node).__name__}"
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "float"):
            return "it calls something"
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str | None):
            return f"it holds {node.value!r}"
    code = compile(tree, "condition", "eval")
    if not set(code.co_names) <= {"float", *names} or any(isinstance(each, CodeType) for each in code.co_consts):
        return f"it reaches {code.co_names}"
    return None


def _wrong_answer(source: str, held: dict[str, Any]) -> str | None:
    given = {f"v_{name}": value for name, value in held.items()}
    try:
        answer = eval(source, {"__builtins__": {}, "float": float, **given})
    except TypeError:
        return None if _mixed(held) else "it compares what cannot be compared"
    return None if isinstance(answer, bool) else f"it says {answer!r}"


def _mixed(held: dict[str, Any]) -> bool:
    """Whether the name of no type holds text, which no fact does that is compared with a number."""
    return isinstance(held["x"], str)


def truth(random: Random, depth: int) -> str:
    """Something that holds or not, by the grammar."""
    lot = random.random()
    if depth and lot < 0.3:
        return f"{truth(random, depth - 1)} {random.choice(('and', 'or'))} {truth(random, depth - 1)}"
    if depth and lot < 0.4:
        return f"not ({truth(random, depth - 1)})"
    if lot < 0.5:
        return f"channel {random.choice(('==', '!='))} {random.choice(('channel', repr('a'), repr('')))}"
    chain = random.choice((1, 1, 1, 2, 4))
    return number(random, depth) + "".join(random.choice(_SIGNS) + number(random, depth) for _ in range(chain))


def number(random: Random, depth: int) -> str:
    """Something that is worth a number, by the grammar."""
    lot = random.random()
    if depth and lot < 0.5:
        return f"({number(random, depth - 1)} {random.choice('+-*//')} {number(random, depth - 1)})"
    if depth and lot < 0.6:
        return f"-{number(random, depth - 1)}"
    return random.choice(("orders", "spent", "value", "0", "1", "0.5", "1e300", "9007199254740992", "5e-324"))


def _scraps(random: Random, pieces: tuple[str, ...]) -> str:
    return "".join(random.choice(pieces) for _ in range(random.choice((1, 3, 6, 12, 40))))


def _spoilt(random: Random, said: str) -> str:
    at = random.randrange(len(said) + 1)
    ways: tuple[Callable[[], str], ...] = (
        lambda: said[:at],
        lambda: said[:at] + random.choice(_FOREIGN) + said[at:],
        lambda: said[:at] + hostile.text(random) + said[at:],
        lambda: said * 3,
        lambda: "(" * DEEPEST * 2 + said + ")" * DEEPEST * 2,
    )
    return random.choice(ways)()
