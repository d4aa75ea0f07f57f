"""Conditions: the small expressions behind `if`, from text to a checked tree, and from the tree to Python source.

Owns their grammar (comparisons, `and`, `or`, `not`, + - * /, names, numbers, quoted text), their types, and their one
rule about what is not there: a comparison that touches something missing (an attribute the signal does not carry, a
fact never fed, a division by zero) is false. What is emitted is our own source, built from checked nodes; the text of
the condition never reaches the interpreter. Knows nothing about moves, facts or where a name's value is kept.
"""

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from journey.faults import suggest

Type = Literal["number", "text"]

LONGEST: Final = 300
"""Characters: three lines of a journey. Longer ones want a fact of their own."""
DEEPEST: Final = 12
"""Levels of a tree: the shipped journeys need five."""
MOST: Final = 2**53
"""The largest number: the last to which floats count without gaps."""

_SIGNS: Final[Mapping[type[ast.AST], str]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.And: " and ",
    ast.Or: " or ",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked expression: its text as written, and the names it reads in order of appearance."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr = field(compare=False, repr=False)


class ConditionError(Exception):
    """A condition cannot be used; `problems` says why, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def parse(text: str, names: Mapping[str, Type | None]) -> Condition:
    """The condition that `text` is, where `names` may be read; a name without a type goes with everything.

    Raises:
        ConditionError: it is not one, or reads other names, or compares what cannot be compared.
    """
    if len(text) > LONGEST:
        raise ConditionError(
            [f"a condition has at most {LONGEST} characters, this has {len(text)}: keep a fact for part of it"]
        )
    try:
        with warnings.catch_warnings():  # the parser warns of oddities that are refused below anyway
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ConditionError(
            [f"{text!r} is not a condition: write, for instance, orders >= 2 and rating > 3"]
        ) from None
    check = _Check(names)
    check.truth(tree)
    if not check.problems and not check.read:
        check.problems.append(f"{text!r} reads no fact and no attribute: it is always the same, so leave it out")
    if check.problems:
        raise ConditionError(check.problems)
    return Condition(text, tuple(check.read), tree)


class _Check:
    """One walk over a tree: `truth` where something must hold or not, `value` where there must be a number or text."""

    def __init__(self, names: Mapping[str, Type | None]) -> None:
        self.names = names
        self.read: dict[str, None] = {}
        self.problems: list[str] = []
        self.depth = 0

    def truth(self, node: ast.expr) -> None:
        """Checks that `node` holds or does not, rather than being worth something."""
        match node:
            case _ if self._too_deep(node):
                pass
            case ast.BoolOp():
                self._inside(self.truth, *node.values)
            case ast.UnaryOp(op=ast.Not()):
                self._inside(self.truth, node.operand)
            case ast.Compare():
                self._compare(node)
            case _:
                self._say(f"{ast.unparse(node)!r} is not yes or no: compare it with something, as in orders >= 2")

    def _compare(self, node: ast.Compare) -> None:
        types = self._inside(self.value, node.left, *node.comparators)
        known = {each for each in types if each}
        if len(known) > 1:
            self._say(f"{ast.unparse(node)!r} compares text with a number")
        for sign in node.ops:
            if type(sign) not in _SIGNS:
                self._say(f"{ast.unparse(node)!r}: compare with <, <=, >, >=, == or !=")
            elif known == {"text"} and not isinstance(sign, ast.Eq | ast.NotEq):
                self._say(f"{ast.unparse(node)!r}: text can only be compared with == or !=")

    def value(self, node: ast.expr) -> Type | None:
        """The type of `node`; None where it has none, which has been said then."""
        kind: Type | None = None
        match node:
            case _ if self._too_deep(node):
                pass
            case ast.Name(id=name):
                kind = self._name(name)
            case ast.Constant(value=str()):
                kind = "text"
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                kind = self._number(number)
            case ast.UnaryOp(op=ast.USub()):
                kind = self._arithmetic(node, [node.operand])
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                kind = self._arithmetic(node, [node.left, node.right])
            case _:
                self._say(f"{ast.unparse(node)!r} may not stand here: only names, numbers, 'text' and + - * / may")
        return kind

    def _number(self, number: float) -> Type:
        if not number <= MOST:
            self._say(f"{number} is too large: numbers go up to {MOST}")
        return "number"

    def _name(self, name: str) -> Type | None:
        if name not in self.names:
            self._say(f"there is no fact or attribute '{name}' here. {suggest(name, self.names)}")
            return None
        self.read[name] = None
        return self.names[name]

    def _arithmetic(self, node: ast.expr, operands: list[ast.expr]) -> Type:
        if "text" in self._inside(self.value, *operands):
            self._say(f"{ast.unparse(node)!r} reckons with text")
        return "number"

    def _inside(self, walk: Callable[[ast.expr], Type | None], *nodes: ast.expr) -> list[Type | None]:
        self.depth += 1
        types = [walk(node) for node in nodes]
        self.depth -= 1
        return types

    def _too_deep(self, node: ast.expr) -> bool:
        if self.depth == DEEPEST:
            self._say(f"{ast.unparse(node)!r} is nested too deeply: keep a fact for part of it")
        return self.depth == DEEPEST

    def _say(self, problem: str) -> None:
        self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Names:
    """How a name's value is written in the emitted source, and whether it may be None there."""

    source: Callable[[str], str]
    optional: Callable[[str], bool]


def emit(node: ast.expr, names: Names) -> str:
    """Python source, in brackets, that is True where the checked tree `node` holds; it never raises."""
    match node:
        case ast.BoolOp():
            return "(" + _SIGNS[type(node.op)].join(emit(each, names) for each in node.values) + ")"
        case ast.UnaryOp():
            return f"(not {emit(node.operand, names)})"
        case ast.Compare():
            return _emit_compare(node, names)
        case _:
            raise AssertionError(node)  # pragma: no cover  the check lets nothing else pass


def _emit_compare(node: ast.Compare, names: Names) -> str:
    read = dict.fromkeys(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
    guards = [f"{names.source(name)} is not None" for name in read if names.optional(name)]
    guards += [f"{_emit_value(each, names)} != 0" for each in _divisors(node)]
    text = _emit_value(node.left, names)
    for sign, right in zip(node.ops, node.comparators, strict=True):
        text += f" {_SIGNS[type(sign)]} {_emit_value(right, names)}"
    return "(" + " and ".join([*guards, text]) + ")"


def _divisors(node: ast.AST) -> Iterator[ast.expr]:
    """Every divisor under `node`, those inside others first, so that guarding in this order never divides by zero."""
    for child in ast.iter_child_nodes(node):
        yield from _divisors(child)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield node.right


def _emit_value(node: ast.expr, names: Names) -> str:
    match node:
        case ast.Name(id=name):
            return names.source(name)
        case ast.Constant(value=value):
            return repr(value)
        case ast.UnaryOp(operand=operand):
            return f"(-{_emit_value(operand, names)})"
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            # A float, so that products of products cannot become integers too large to divide.
            return f"(float({_emit_value(left, names)}) * {_emit_value(right, names)})"
        case ast.BinOp(op=op, left=left, right=right):
            return f"({_emit_value(left, names)} {_SIGNS[type(op)]} {_emit_value(right, names)})"
        case _:
            raise AssertionError(node)  # pragma: no cover  the check lets nothing else pass
