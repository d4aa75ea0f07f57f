"""The names that a journey may use, and how they are looked up.

Owns what a name means: a kind of signal or a group of kinds, an attribute, a fact, a condition over these. Whatever
cannot be found is noted in the document with what was probably meant. Knows nothing about tracks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from journey.conditions import Condition, ConditionError, Type, parse
from journey.definition import Kinds, Per
from journey.faults import suggest
from journey.loading.forms import ANY, JourneyForm
from journey.loading.yaml import Document, Path
from schemas.signals import ATTRIBUTES, KINDS

ALL_ATTRIBUTES: Final[Mapping[str, Type | None]] = {name: each.type for name, each in ATTRIBUTES.items()}


@dataclass(slots=True)
class Vocabulary:
    """What is known while a document is read. `per`: whether a track is kept for each cart; `per_cart`: such facts."""

    document: Document
    own: frozenset[str]
    per: bool = False
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    facts: dict[str, Type | None] = field(default_factory=dict)
    per_cart: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, document: Document, form: JourneyForm) -> Self:
        """The vocabulary of a journey: every kind of signal, its own kinds, its groups; facts are added once read."""
        per = any(isinstance(track, Mapping) and track.get("per") is not None for track in form.tracks.values())
        self = cls(document, frozenset(form.signals), per)
        for name in form.signals:
            if name in KINDS:
                document.refuse(("signals", name), f"'{name}' is a kind of signal anyway: leave it out", key=True)
        for name in form.groups:
            if name in self.known():
                document.refuse(("groups", name), f"'{name}' is a kind of signal: name the group otherwise", key=True)
        for name, kinds in form.groups.items():
            self.groups[name] = self._members(("groups", name), kinds, self.known())
        return self

    def known(self) -> frozenset[str]:
        """Every kind of signal there is."""
        return self.own | KINDS.keys()

    def kinds(self, path: Path, names: tuple[str, ...]) -> Kinds:
        """The kinds that `names` (kinds, groups, or `any` alone) stand for; what is unknown is noted and left out."""
        if names == (ANY,):
            return None
        return self._members(path, names, [*self.known(), *self.groups])

    def _members(self, path: Path, names: tuple[str, ...], known: Iterable[str]) -> frozenset[str]:
        members: set[str] = set()
        for index, name in enumerate(names):
            if name in self.groups:
                members |= self.groups[name]
            elif name in known:
                members.add(name)
            elif name == ANY:
                self.document.refuse((*path, index), "'any' stands alone: leave the others out, or leave it out")
            else:
                self.document.refuse((*path, index), f"there is no kind of signal '{name}'. {suggest(name, known)}")
        return frozenset(members)

    def carriers(self, attribute: str) -> Kinds:
        """The kinds that can carry the attribute; kinds of a journey's own can carry every one."""
        kinds = ATTRIBUTES[attribute].kinds if attribute in ATTRIBUTES else frozenset(KINDS)
        return None if kinds == KINDS.keys() else kinds | self.own

    def carries(self, kinds: Kinds, attribute: str) -> bool:
        """Whether any of `kinds` can carry the attribute."""
        carriers = self.carriers(attribute)
        return kinds is None or carriers is None or not kinds.isdisjoint(carriers)

    def refuse_per_cart(self, path: Path, fact: str, per: Per | None) -> None:
        """Note a fault where the fact is kept for each cart and what reads it, which is kept `per`, is not."""
        if per is None and fact in self.per_cart:
            message = f"'{fact}' is kept for each cart, this is not: say 'per: cart' here, or leave it out there"
            self.document.refuse(path, message)

    def condition(self, path: Path, text: str | None, kinds: Kinds, per: Per | None) -> Condition | None:
        """The condition that `text` is, over all facts and what `kinds` can carry; None if there is none, or faults.

        `per` is what whoever reads it is kept for each of.
        """
        if text is None:
            return None
        try:
            condition = parse(text, {**ALL_ATTRIBUTES, **self.facts} if kinds != frozenset() else self.facts)
        except ConditionError as error:
            for problem in error.problems:
                self.document.refuse(path, problem)
            return None
        for name in condition.names:
            if name not in self.facts and not self.carries(kinds, name):
                self.document.refuse(path, f"no signal meant here carries '{name}': this can never hold")
            self.refuse_per_cart(path, name, per)
        return condition
