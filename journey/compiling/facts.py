"""The source of facts: how one is read, and what a signal does to it.

Owns the lines for each operation. In them `here` is the fact's slot, `t` the time in ms, `a_x` the signal's attribute x
or None.
"""

from collections.abc import Iterable, Mapping

from journey.compiling.layout import unfed
from journey.conditions import Condition, Names, emit
from journey.definition import DAY, Fact, hears
from journey.windows import EXACT

Lines = list[str]


def indented(lines: Iterable[str]) -> Lines:
    """The lines, one level further in."""
    return ["    " + line for line in lines]


class Scope:
    """What names are in the source; `facts` are those that can be read, `attributes` gathers those asked for."""

    def __init__(self, facts: Mapping[str, tuple[Fact, str]], attributes: set[str]) -> None:
        self.facts = facts
        self.attributes = attributes

    def condition(self, condition: Condition) -> str:
        """The source of a condition."""
        return emit(condition.tree, Names(self.value, self._optional))

    def value(self, name: str) -> str:
        """The source of the value of a fact or else an attribute."""
        if name in self.facts:
            return read(*self.facts[name])
        return self.attribute(name)

    def attribute(self, name: str) -> str:
        """The source of the signal's attribute, which is None where it carries none."""
        self.attributes.add(name)
        return f"a_{name}"

    def _optional(self, name: str) -> bool:
        return name not in self.facts or self.facts[name][0].optional


def read(fact: Fact, here: str) -> str:
    """The source of a fact's value at the time `t`."""
    if fact.operation == "days_since":
        return f"(None if {here} is None else (t - {here}) / {DAY})"
    if fact.within is None:
        return f"{here}[0]" if fact.operation == "days" else here
    reader = {"days": "days_in", "min": "lowest", "max": "highest"}.get(fact.operation, "total")
    return f"{reader}({here}, {_oldest(fact)})"


def feed(scope: Scope, fact: Fact, here: str, kind: str) -> Lines:
    """The lines by which a signal of `kind` resets and feeds the fact; none where it does neither."""
    lines = [f"{here} = {unfed(fact)!r}"] if kind in fact.reset else []
    if not hears(fact.kinds, kind):
        return lines
    feeding = _feed_window(scope, fact, here) if fact.within is not None else _feed(scope, fact, here)
    if fact.condition is not None:
        feeding = [f"if {scope.condition(fact.condition)}:", *indented(feeding)]
    return lines + feeding


def _feed(scope: Scope, fact: Fact, here: str) -> Lines:
    given = scope.attribute(fact.attribute) if fact.attribute else ""
    match fact.operation:
        case "count":
            lines = [f"{here} += 1"]
        case "sum":
            over = [f"    if not {-EXACT} <= {here} <= {EXACT}:", f"        {here} = bounded({here})"]
            lines = [f"if {given} is not None:", f"    {here} += {given}", *over]
        case "first":
            lines = [f"if {here} is None:", f"    {here} = {given}"]
        case "last":
            lines = [f"if {given} is not None:", f"    {here} = {given}"]
        case "min" | "max":
            sign = "<" if fact.operation == "min" else ">"
            condition = f"{given} is not None and ({here} is None or {given} {sign} {here})"
            lines = [f"if {condition}:", f"    {here} = {given}"]
        case "days":
            lines = [f"if {here}[1] != t // {DAY}:", f"    {here} = [{here}[0] + 1, t // {DAY}]"]
        case _:
            lines = [f"{here} = t"]  # days_since
    return lines


def _feed_window(scope: Scope, fact: Fact, here: str) -> Lines:
    bucket, oldest = f"t // {fact.bucket}", _oldest(fact)
    if fact.operation == "days":
        # Asked here too, because most signals come on a day already seen, and a call costs more than the question.
        return [f"if not {here} or {here}[-1] != {bucket}:", f"    {here} = seen({here}, {bucket}, {oldest})"]
    if fact.operation == "count":
        return [f"{here} = counted({here}, {bucket}, {oldest})"]
    given = scope.attribute(fact.attribute or "")
    writer = {"min": "lowered", "max": "raised"}.get(fact.operation, "added")
    return [f"if {given} is not None:", f"    {here} = {writer}({here}, {bucket}, {given}, {oldest})"]


def _oldest(fact: Fact) -> str:
    return f"t // {fact.bucket} - {fact.buckets - 1}"
