"""A dialect file is data that a user can write, and every fault in it is found and located."""

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from schemas.dialects import MAX_FAULTS, SHIPPED, DialectError, load_dialect
from schemas.reading import Reader
from schemas.signals import ATTRIBUTES, Passed, Signal
from tests.schemas.speaking import AT, EXAMPLES, HERE, example_dialect
from tests.schemas.speaking import SHIPPED as DIALECTS

SMALLEST = """\
dialect: mine
title: Mine
customer: who
time: when
name: what
"""


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(DialectError) as caught:
        load_dialect(textwrap.dedent(text), "mine.yaml")
    return [(fault.line, fault.message) for fault in caught.value.faults]


def read(text: str, event: Mapping[str, Any]) -> object:
    dialect = load_dialect(SMALLEST + textwrap.dedent(text), "mine.yaml")
    (outcome,) = Reader({"mine": dialect}, "mine").read_row({"who": "u", "when": "2024-03-13 10:21:14", **event}, HERE)
    return outcome


def attributes(text: str, event: Mapping[str, Any]) -> object:
    outcome = read(text, event)
    assert isinstance(outcome, Signal), outcome
    return outcome.attributes


def test_every_shipped_dialect_loads_and_is_named_as_its_file() -> None:
    assert tuple(DIALECTS) == SHIPPED
    assert all(dialect.dialect == name for name, dialect in DIALECTS.items())


@pytest.mark.parametrize("name", sorted(file.stem for file in EXAMPLES.glob("*.yaml")))
def test_every_example_loads_and_is_named_as_its_file(name: str) -> None:
    assert example_dialect(name).dialect == name


def test_our_own_format_and_the_envelope_can_say_every_attribute() -> None:
    assert DIALECTS["stagewatch"].attributes.keys() == ATTRIBUTES.keys()
    assert DIALECTS["cloudevents"].attributes.keys() == ATTRIBUTES.keys()


def test_a_name_can_fix_an_attribute() -> None:
    text = "signals: {cart_updated: {basket.put: {action: added}}}"
    assert attributes(text, {"what": "Basket.Put "}) == {"action": "added"}


def test_a_name_can_say_where_an_attribute_stands() -> None:
    text = """
    attributes: {order: ref}
    signals: {order_completed: {paid: {order: {at: number}}, sold: {order: [number, ref]}}}
    """
    event: Mapping[str, Any] = {"ref": "r", "number": "n"}
    assert attributes(text, {"what": "paid", **event}) == {"order": "n"}
    assert attributes(text, {"what": "sold", "ref": "r"}) == {"order": "r"}


def test_values_are_translated_and_others_stand_for_themselves() -> None:
    text = """
    attributes: {score: {at: answer, values: {certainly: 10, Never: 0}}}
    signals: {nps_answered: asked}
    """
    assert attributes(text, {"what": "asked", "answer": " CERTAINLY"}) == {"score": 10}
    assert attributes(text, {"what": "asked", "answer": "never"}) == {"score": 0}
    assert attributes(text, {"what": "asked", "answer": "7"}) == {"score": 7}
    assert attributes(text, {"what": "asked", "answer": "perhaps"}) == {}
    assert attributes(text, {"what": "asked", "answer": []}) == {}


def test_what_stands_behind_a_mark_can_be_all_that_counts() -> None:
    text = """
    attributes: {order: {at: ref, behind: /}}
    signals: {order_completed: paid}
    """
    assert attributes(text, {"what": "paid", "ref": "gid://shop/Order/42"}) == {"order": "42"}
    assert attributes(text, {"what": "paid", "ref": 42}) == {"order": "42"}
    assert attributes(text, {"what": "paid", "ref": {}}) == {}


def test_a_place_of_names_can_rename_them() -> None:
    dialect = SMALLEST.replace("name: what", "name: [{at: kind, one_of: {v: seen, b: bought}}, what]")
    text = dialect + "signals: {product_viewed: seen, order_completed: bought}"
    one = Reader({"mine": load_dialect(text, "mine.yaml")}, "mine")
    row = {"who": "u", "when": "2024-03-13 10:21:14"}
    assert [getattr(one.read_row({**row, "kind": kind, "what": what}, HERE)[0], "kind", None) for kind, what in (
        ("V", "bought"), ("x", "bought"), ("", "seen"), ("x", "nothing"),
    )] == ["product_viewed", "order_completed", "product_viewed", None]  # fmt: skip


def test_ids_that_mean_nobody_elsewhere_can_be_real_here() -> None:
    dialect = load_dialect(SMALLEST + "somebody: ['0']\nsignals: {product_viewed: seen}", "mine.yaml")
    one = Reader({"mine": dialect}, "mine")
    said = [one.read_row({"who": who, "when": "2024-03-13", "what": "seen"}, HERE)[0] for who in ("0", "0", "00")]
    assert [isinstance(outcome, Signal) for outcome in said] == [True, True, False]


def test_a_source_can_have_kinds_of_its_own() -> None:
    text = """
    own: {machine_leased: a machine was leased}
    attributes: {score: points}
    signals: {machine_leased: leased}
    """
    outcome = read(text, {"what": "leased", "points": "3"})
    assert isinstance(outcome, Signal)
    assert (outcome.kind, outcome.attributes, outcome.at) == ("machine_leased", {"score": 3}, AT)


def test_kinds_can_be_their_own_names_beside_others() -> None:
    text = """
    kinds: true
    own: {machine_leased: a machine was leased}
    signals: {order_completed: [order_cancelled]}
    """
    said = [read(text, {"what": what}) for what in ("order_cancelled", "Product_Viewed", "machine_leased", "bought")]
    assert [outcome.kind if isinstance(outcome, Signal) else type(outcome) for outcome in said] == [
        "order_completed",
        "product_viewed",
        "machine_leased",
        Passed,
    ]


def test_a_column_whose_name_holds_dots_is_read_in_quotes() -> None:
    text = """
    attributes: {order: '"properties.order_id"'}
    signals: {order_completed: paid}
    """
    assert attributes(text, {"what": "paid", "properties.order_id": "o"}) == {"order": "o"}


def test_a_key_full_of_quotes_is_a_key_and_never_code() -> None:
    odd = "a'b\\n\\'); raise SystemExit #"
    text = f"""
    attributes: {{order: {odd!r}}}
    signals: {{order_completed: paid}}
    """
    assert attributes(text, {"what": "paid"}) == {}


def test_all_faults_are_listed_each_with_its_line() -> None:
    assert faults(
        """\
        dialect: Mine
        customer: [who, 5]
        time: {at: when, as: fortnights}
        name: what
        surprise: yes
        attributes:
          order: a..b
        """
    ) == [
        (1, "this key is missing"),
        (1, "small letters, digits and underscores are wanted here, a letter first"),
        (2, "a mapping (key: value) is wanted here"),
        (3, "Input should be 'auto', 'iso', 'seconds', 'milliseconds', 'microseconds' or 'nanoseconds'"),
        (5, "this key is not known here"),
        (7, "'a..b' is no path: it goes wrong at '.b'"),
    ]


def test_words_outside_the_vocabulary_are_faults_with_what_was_meant() -> None:
    assert faults(
        SMALLEST
        + """\
detect:
  - {a..b: }
each: header:x
attributes:
  ordr: x
  zzz: y
signals:
  order_complete: [bought]
  cart_updated:
    put: {action: 5, rating: 3, items: many, cart: [{at: "c[]"}], unheard: 1}
  product_viewed: [seen, Bought]
  searched: [" SEEN"]
pass: [seen, other]
"""
    ) == [
        (7, "'a..b' is no path: it goes wrong at '.b'"),
        (8, "events are looked for under a key of the record"),
        (10, "'ordr' is no attribute; did you mean 'order'?"),
        (11, "'zzz' is no attribute; known are " + ", ".join(ATTRIBUTES)),
        (13, "'order_complete' is no kind of signal (nor declared under `own`); did you mean 'order_completed'?"),
        (15, "action is a text"),
        (15, "cart_updated does not carry rating"),
        (15, "items is a number"),
        (15, "cart is text and cannot be a count"),
        (15, "'unheard' is no attribute; known are " + ", ".join(ATTRIBUTES)),
        (16, "the name 'Bought' means order_complete already"),
        (17, "the name ' SEEN' means product_viewed already"),
        (18, "the name 'seen' means product_viewed and cannot be passed over too"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "a dialect is a mapping of keys, `dialect:` among them"),
        ("- a", 1, "a dialect is a mapping of keys, `dialect:` among them"),
        ("dialect: [", 1, "not YAML: expected the node content, but found '<stream end>'"),
        (SMALLEST + "time: again", 6, "'time' stands here twice"),
        (SMALLEST + "id: {at: a, join: [b, c]}", 6, "either `at` or `join` is wanted"),
        (SMALLEST + "id: {}", 6, "either `at` or `join` is wanted"),
        (SMALLEST + "signals: {searched: [a, 1]}", 6, "names are text; put quotes round those that look like numbers"),
        (SMALLEST + "signals: {searched: [a, a]}", 6, "a name stands here twice"),
        (SMALLEST + "signals: {searched: [a, A]}", 6, "the name 'A' means searched already"),
        (SMALLEST + "signals: {searched: {a: {}, A: {}}}", 6, "the name 'A' means searched already"),
        (SMALLEST + f"id: {[f'a{n}' for n in range(99)]}", 6, "there is too much in this list"),
        (SMALLEST + "signals: {searched: {a: {query: }}}", 6, "a number is wanted here"),
        (SMALLEST + "signals: {searched: 5}", 6, "a mapping (key: value) is wanted here"),
        (SMALLEST + "kinds: yes", 6, "true or false is wanted here"),
        (SMALLEST + "each: 5", 6, "a path is text"),
        (SMALLEST + "each: 'a[]'", 6, "events are looked for under a key of the record"),
    ],
)
def test_a_faulty_file_is_refused(text: str, line: int, message: str) -> None:
    assert faults(text) == [(line, message)]


def test_a_dialect_error_reads_like_a_compilers() -> None:
    with pytest.raises(DialectError, match=r"mine\.yaml:6:7: 'time' stands here twice \(time\)|mine\.yaml:6:1: .*"):
        load_dialect(SMALLEST + "time: again", "mine.yaml")


def test_a_dialect_is_bounded_in_paths_names_and_faults() -> None:
    text = (EXAMPLES / "otto.yaml").read_text()
    long = text.replace("customer: session", "customer: " + "a." * 200 + "b", 1)
    with pytest.raises(DialectError, match="a path has at most 300 characters, this has 401"):
        load_dialect(long, "a.yaml")
    many = ", ".join(f"n{number}" for number in range(2_001))
    with pytest.raises(DialectError, match="2,004 names have a meaning here, at most 2,000 may"):
        load_dialect(text.replace("signals:", f"signals:\n  searched: [{many}]", 1), "a.yaml")
    unknown = "".join(f"  n{number}{'x' * 70}: a\n" for number in range(300))
    with pytest.raises(DialectError) as caught:
        load_dialect(text.replace("attributes:\n", f"attributes:\n{unknown}", 1), "a.yaml")
    assert len(caught.value.faults) == MAX_FAULTS
