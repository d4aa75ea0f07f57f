"""Facts read: from their form to `Fact`, with kinds, attributes and conditions resolved.

Owns what a fact may say: which operation goes with which of the other keys.
"""

from typing import Final

from journey.conditions import Type
from journey.definition import BUCKETS, DAY, Fact, Kinds, Operation
from journey.durations import written
from journey.faults import suggest
from journey.loading.forms import FactForm, fill, refuse_name
from journey.loading.vocabulary import Vocabulary
from schemas.signals import ATTRIBUTES

OF_ATTRIBUTE: Final[tuple[Operation, ...]] = ("sum", "first", "last", "min", "max")
OF_KINDS: Final[tuple[Operation, ...]] = ("count", "days", "days_since")
OF_TEXT: Final = frozenset({"first", "last"})
WITHIN: Final = frozenset({"count", "sum", "min", "max", "days"})
"""A window over the first or last value, or over the time since a signal, would need every signal in it kept."""


def read_facts(vocabulary: Vocabulary, data: dict[str, object]) -> tuple[Fact, ...]:
    """The facts that are right; names and types of all of them are known to `vocabulary` from then on."""
    document = vocabulary.document
    forms = {name: fill(FactForm, document, ("facts", name), each) for name, each in data.items()}
    for name, form in forms.items():
        refuse_name(document, ("facts", name))
        vocabulary.facts[name] = None if form is None else _type(form)
        if form is not None and form.per is not None:
            _read_per(vocabulary, name)
    facts = [_Reading(vocabulary, name, form).fact() for name, form in forms.items() if form is not None]
    return tuple(fact for fact in facts if fact is not None)


def _read_per(vocabulary: Vocabulary, name: str) -> None:
    if vocabulary.per:
        vocabulary.per_cart.add(name)
    else:
        message = "no track is kept for each cart: say 'per: cart' on one, or leave it out here"
        vocabulary.document.refuse(("facts", name, "per"), message, key=True)


def _type(form: FactForm) -> Type | None:
    attribute = form.first or form.last
    if attribute is None:
        return "number"
    return ATTRIBUTES[attribute].type if attribute in ATTRIBUTES else None


class _Reading:
    """One fact being read."""

    def __init__(self, vocabulary: Vocabulary, name: str, form: FactForm) -> None:
        self.vocabulary = vocabulary
        self.form = form
        self.path = ("facts", name)

    def fact(self) -> Fact | None:
        form, vocabulary = self.form, self.vocabulary
        faults = len(vocabulary.document.faults)
        given = [each for each in (*OF_KINDS, *OF_ATTRIBUTE) if getattr(form, each) is not None]
        if len(given) != 1:
            self._refuse(
                "a fact is one of " + ", ".join((*OF_KINDS, *OF_ATTRIBUTE)) + f": this has {len(given)} of them"
            )
            return None
        operation = given[0]
        kinds = self._kinds(operation)
        attribute = self._attribute(operation, kinds) if operation in OF_ATTRIBUTE else None
        self._check_window(operation)
        reset = vocabulary.kinds((*self.path, "reset"), form.reset) if form.reset else frozenset()
        if reset is None:
            self._refuse("with 'any' there would never be anything kept: name kinds of signal", "reset")
        condition = vocabulary.condition((*self.path, "if"), form.if_, kinds, form.per)
        if len(vocabulary.document.faults) > faults:
            return None
        return Fact(
            name=self.path[1],
            operation=operation,
            kinds=kinds,
            attribute=attribute,
            type=vocabulary.facts[self.path[1]] or "number",
            within=form.within,
            reset=reset or frozenset(),
            condition=condition,
            per=form.per,
        )

    def _kinds(self, operation: Operation) -> Kinds:
        named: tuple[str, ...] | None = self.form.of
        key = "of"
        if operation in OF_KINDS:
            if named is not None:
                self._refuse(f"'{operation}' names its kinds of signal itself: leave 'of' out", "of")
            named, key = getattr(self.form, operation), operation
        if named is not None:
            return self.vocabulary.kinds((*self.path, key), named)
        return self.vocabulary.carriers(getattr(self.form, operation))

    def _attribute(self, operation: Operation, kinds: Kinds) -> str | None:
        attribute: str = getattr(self.form, operation)
        if attribute not in ATTRIBUTES:
            self._refuse(f"there is no attribute '{attribute}'. {suggest(attribute, ATTRIBUTES)}", operation)
        elif operation not in OF_TEXT and ATTRIBUTES[attribute].type == "text":
            self._refuse(f"'{attribute}' is text: only 'first' and 'last' can keep text", operation)
        elif kinds != frozenset() and not self.vocabulary.carries(kinds, attribute):
            carriers = ", ".join(sorted(ATTRIBUTES[attribute].kinds))
            self._refuse(
                f"nothing feeds this: none of its signals carries '{attribute}', which stands on {carriers}",
                "of",
            )
        return attribute

    def _check_window(self, operation: Operation) -> None:
        within = self.form.within
        if within is None:
            return
        if operation not in WITHIN:
            self._refuse(f"'{operation}' cannot have 'within': it goes with {', '.join(sorted(WITHIN))}", "within")
        elif operation == "days" and (within % DAY or within > BUCKETS * DAY):
            self._refuse(f"days are counted within whole days, at most {written(BUCKETS * DAY)}", "within")

    def _refuse(self, message: str, *keys: str) -> None:
        self.vocabulary.document.refuse((*self.path, *keys), message)
