"""Customers amid a journey when it is changed: who stands where, what is still told, and who is refused."""

import pytest

from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys, step, where
from journey.saving import SavedMemoryError, decode, encode, head, lasts, layout, layout_of, left_out, why_not
from schemas.signals import Origin, Signal
from tests.journey.shops import FIRST, HOUR, MINUTE, OLD, T, brought_over, heard, shop, text

DAY = 24 * HOUR
LEFT = [("left]\n", "abandoned]\n"), ("empty, left]", "empty, abandoned]"), ("filled, left]", "filled, abandoned]"),
        ("to: left", "to: abandoned")]  # fmt: skip
MEANS_MORE = ("aware: has looked", "aware: has looked around")
MAPPED = ("tracks:\n", "migrates: {cart: {left: abandoned}}\ntracks:\n")
DESCRIBED = layout(OLD)[1]
AT_THE_CART = (0, "product_viewed"), (MINUTE, "cart_updated")


def stage(machine: Machine, memory: object, track: str = "stage") -> tuple[str, int | None]:
    standing = where(machine, memory)["shop"][track]  # type: ignore[arg-type]
    return standing.stage, None if standing.since is None else standing.since - T


def names(machine: Machine, memory: object, until: int) -> list[tuple[str, int]]:
    return [(each.name, each.at - T) for each in step(machine, memory, Tick(T + until))[1]]  # type: ignore[arg-type]


def test_a_stage_under_another_name_is_where_its_customers_are() -> None:
    new = shop(*LEFT, MAPPED)
    memory = brought_over(heard(*AT_THE_CART, (40 * MINUTE, "product_viewed"), cart="c1"), new)
    assert stage(new, memory, "cart") == ("abandoned", 31 * MINUTE)
    assert where(new, memory)["shop"]["cart"].carts == {"c1": ("abandoned", T + 31 * MINUTE)}
    assert stage(new, memory) == ("aware", 0)
    assert memory.sequence == 3


def test_without_the_mapping_it_is_refused_and_every_stage_is_named() -> None:
    new = shop(*LEFT, ("aware", "curious"))
    written = encode(OLD, heard(*AT_THE_CART))
    with pytest.raises(SavedMemoryError) as caught:
        decode(new, "ann", written, dict([layout(OLD)]))
    refusals = why_not(new, written, dict([layout(OLD)]))
    assert [each.stands for each in refusals] == [(0, 1), (1, 2)]
    assert head(written).stages == (1, 1)
    assert str(caught.value).splitlines() == [each.message for each in refusals]
    assert refusals[1].message == (
        "version 1 of the journey 'shop' has a stage 'left' on the track 'cart', and version 2 has not: say where its"
        " customers go, 'migrates: {cart: {left: ...}}', to one of empty, filled, abandoned"
    )


def test_a_track_that_is_gone_must_be_said_to_be() -> None:
    start = FIRST.index("  cart:\n")
    without = text(version=2)[:start].replace("  value: {last: value}\n", "")
    gone = compile_journeys([load(without, "shop.yaml")])
    written = encode(OLD, heard(*AT_THE_CART))
    (refusal,) = why_not(gone, written, dict([layout(OLD)]))
    assert "has a track 'cart', and version 2 has not" in refusal.message
    assert "'migrates: {cart: gone}'" in refusal.message
    said = compile_journeys([load(without + "migrates: {cart: gone}\n", "shop.yaml")])
    memory = decode(said, "ann", written, dict([layout(OLD)]))
    assert list(where(said, memory)["shop"]) == ["stage"]
    assert memory.due == T + 2 * DAY


@pytest.mark.parametrize("per", [True, False])
def test_a_track_that_is_kept_for_each_cart_in_one_version_only_is_another_track(per: bool) -> None:
    one, other = shop(version=1), shop(("    per: cart\n", ""), version=1)
    old, text_now = (one, [("    per: cart\n", "")]) if per else (other, [])
    (refusal,) = why_not(shop(*text_now), encode(old, heard(*AT_THE_CART, machine=old)), dict([layout(old)]))
    assert ("no longer for each cart" if per else "keeps it for each cart") in refusal.message


def test_who_saved_an_older_version_is_not_read_by_a_newer_one_s_worker_and_back() -> None:
    new = shop(version=3)
    (refusal,) = why_not(OLD, encode(new, heard(*AT_THE_CART, machine=new)), dict([layout(new)]))
    assert "saved in version 3 of the journey 'shop', and this is 1: run version 3" in refusal.message
    assert "version 4" in refusal.message


def test_what_nobody_has_described_cannot_be_read_and_what_to_do_is_said() -> None:
    (refusal,) = why_not(shop(), encode(OLD, heard(*AT_THE_CART)))
    assert "let this release run version 1 once" in refusal.message


def test_a_changed_text_under_the_same_version_is_refused() -> None:
    changed = shop(("{last: value}", "{first: value}"), version=1)
    (refusal,) = why_not(changed, encode(OLD, heard(*AT_THE_CART)), dict([layout(OLD)]))
    assert "has been changed since customers were saved in it: give the changed journey version 2" in refusal.message


WAITS = "      - {name: left, from: filled, to: left, after: 30m, since: cart_updated}\n"
LONGER = "      - {name: stale, from: filled, to: empty, after: 7d}\n"


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [
        (WAITS + LONGER, LONGER + WAITS, True),
        (WAITS, WAITS.replace("left, from", "lost, from").replace("30m", "90d"), True),
        (WAITS, WAITS.replace("left, from", "lost, from"), False),
        (WAITS, WAITS.replace("30m", "90d"), False),
        (WAITS + LONGER, WAITS.replace("30m", "1h") + LONGER.replace("stale", "old"), False),
    ],
)
def test_under_the_same_version_no_silence_takes_the_place_of_another(before: str, now: str, *, refused: bool) -> None:
    old, new = shop((WAITS, before), version=1), shop((WAITS, now), version=1)
    reasons = why_not(new, encode(old, heard(*AT_THE_CART, machine=old)), dict([layout(old)]))
    assert ["has been changed since" in each.message for each in reasons] == [True] * refused


def test_a_memory_is_known_by_the_name_of_its_layout() -> None:
    name, _ = layout(OLD)
    assert layout_of(encode(OLD, heard(*AT_THE_CART))) == name != layout(shop())[0]
    assert why_not(OLD, encode(OLD, heard(*AT_THE_CART))) == []


@pytest.mark.parametrize(
    "description",
    [b"", b"{}", b'{"journeys": []}', layout(shop(version=7))[1], DESCRIBED.replace(b'"slots":', b'"slots":1')],
)
def test_a_description_that_is_not_the_one_makes_the_memory_unreadable(description: bytes) -> None:
    name, told = layout(OLD)
    assert description != told
    with pytest.raises(SavedMemoryError, match="damaged"):
        decode(shop(), "ann", encode(OLD, heard(*AT_THE_CART)), {name: description})


def test_what_depends_on_when_it_is_brought_over_or_is_forgotten_is_to_be_written_down_at_once() -> None:
    written, known = encode(OLD, heard(*AT_THE_CART)), dict([layout(OLD)])
    assert lasts(shop(), written, known)
    assert not lasts(OLD, written, known)
    assert not lasts(shop(("after: 30m", "after: 45m"), version=1), written, known)
    other = compile_journeys([*OLD.definitions, load(FIRST.replace("journey: shop", "journey: other"), "other.yaml")])
    assert lasts(other, written, known)
    assert lasts(OLD, encode(other, other.start("ann")), dict([layout(other)]))


def test_the_stages_of_a_second_journey_are_counted_behind_those_of_the_first() -> None:
    first = load(FIRST.replace("journey: shop", "journey: other"), "other.yaml")
    both = compile_journeys([first, *OLD.definitions])
    new = compile_journeys([first, load(text(*LEFT), "shop.yaml")])
    (refusal,) = why_not(new, encode(both, heard(*AT_THE_CART, machine=both)), dict([layout(both)]))
    assert refusal.stands == (3, 2)


def test_somebody_of_whom_nothing_was_heard_begins_the_new_version() -> None:
    new = shop()
    memory = decode(new, "ann", encode(OLD, OLD.start("ann")), dict([layout(OLD)]))
    assert memory == new.start("ann")


# -- facts


def test_facts_that_are_fed_as_before_are_kept_and_others_begin_empty() -> None:
    old = heard(*AT_THE_CART, (5 * MINUTE, "product_viewed"), value=7)
    kept = brought_over(old, shop())
    assert told(shop(), kept) == {"value": 7}
    changed = shop(("within: 7d", "within: 14d"), ("publish: [value]", "publish: [value, seen]"))
    assert told(changed, brought_over(old, changed)) == {"value": 7, "seen": 0}
    longer = shop(("facts:", "facts:\n  more: {count: cart_updated}"), ("[value]", "[value, more]"))
    assert told(longer, brought_over(old, longer)) == {"value": 7, "more": 1}


def told(machine: Machine, memory: object) -> object:
    """The facts that the next filling of another cart tells."""
    again = Signal("ann", "cart_updated", T + HOUR, "again", {"cart": "c9"}, Origin("shop", 0, 99))
    return next(each.facts for each in step(machine, memory, again)[1] if each.name == "filled")  # type: ignore[arg-type]


# -- what was published


def test_what_was_published_once_is_not_published_again() -> None:
    old = heard((0, "order_completed"), (10 * MINUTE, "product_viewed"))
    renamed = shop(("lapsed, from: bought", "slept, from: bought"))
    memory = brought_over(old, renamed)
    memory, _ = step(renamed, memory, Tick(T + 31 * DAY))
    ordered = Signal("ann", "order_completed", T + 32 * DAY, "again", {}, Origin("shop", 0, 9))
    _, made = step(renamed, memory, ordered)
    assert "welcomed" not in [each.name for each in made]  # it is within its grace
    _, made = step(renamed, step(renamed, memory, ordered)[0], Tick(T + 33 * DAY))
    assert [(each.name, each.kind) for each in made] == [("welcomed", "suppressed")]


def test_what_is_held_back_is_told_when_its_grace_ends() -> None:
    looked = "      - {name: looked_in, from: unknown, to: aware, on: searched}\n"
    further = ("    moves:\n      - {name: looked", f"    moves:\n{looked}      - {{name: looked")
    new = shop(further)
    memory = brought_over(heard((0, "order_completed")), new)
    (made,) = step(new, memory, Tick(T + 5 * MINUTE))[1]
    assert (made.name, made.from_, made.to, made.at, made.version) == ("welcomed", "unknown", "bought", T, 2)
    assert made.cause.id == "id-0"


@pytest.mark.parametrize(
    "change",
    [
        [("name: welcomed", "name: greeted")],
        [(", grace: 5m", "")],
        [("unknown: nobody", "aware: nobody\n      some: few"), ("      aware: has looked\n", ""),
         ("from: unknown, to: aware", "from: aware, to: some"), ("[unknown, aware]", "aware"),
         ("from: aware, to: unknown", "from: some, to: aware"),
         ("tracks:\n", "migrates: {stage: {unknown: bought}}\ntracks:\n")],
    ],
)  # fmt: skip
def test_what_is_held_back_and_is_no_move_any_more_is_not_told(change: list[tuple[str, str]]) -> None:
    new = shop(*change)
    memory = brought_over(heard((0, "order_completed")), new)
    assert step(new, memory, Tick(T + 5 * MINUTE))[1] == []
    assert stage(new, memory) == ("bought", 0)


def test_the_furthest_stage_is_kept_where_it_was_and_else_begins_where_one_stands() -> None:
    back = heard((0, "order_completed"), (31 * DAY, "searched"))
    assert where(OLD, back)["shop"]["stage"].furthest == "bought"
    assert where(shop(), brought_over(back, shop()))["shop"]["stage"].furthest == "bought"
    without = shop(("    furthest: true\n", ""), version=1)
    back = heard((0, "order_completed"), (31 * DAY, "searched"), machine=without)
    assert where(shop(), brought_over(back, shop(), old=without))["shop"]["stage"].furthest == "aware"
    assert where(without, back)["shop"]["stage"].furthest is None


def test_whoever_stands_further_than_anywhere_before_in_the_new_order_of_stages_has_come_that_far() -> None:
    aware, bought = "      aware: has looked\n", "      bought: {means: has bought, within: 10d}\n"
    turned = shop((aware + bought, bought + aware))
    back = heard((0, "order_completed"), (31 * DAY, "searched"))
    assert stage(OLD, back)[0] == "aware"
    assert where(turned, brought_over(back, turned))["shop"]["stage"].furthest == "aware"


def test_of_two_moves_of_one_name_the_one_that_is_held_back_is_told() -> None:
    welcomed = (
        "      - {name: welcomed, from: [unknown, aware], to: bought, on: order_completed, once: true, grace: 5m}"
    )
    plain = welcomed.replace("[unknown, aware]", "unknown")
    routed = plain.replace("unknown", "aware").replace("grace: 5m", "grace: 5m, route: welcomed-back")
    old, new = shop((welcomed, f"{plain}\n{routed}"), version=1), shop((welcomed, f"{plain}\n{routed}"), MEANS_MORE)
    memory = brought_over(heard((0, "product_viewed"), (MINUTE, "order_completed"), machine=old), new, old=old)
    (made,) = step(new, memory, Tick(T + 10 * MINUTE))[1]
    assert (made.name, list(made.route)) == ("welcomed", ["welcomed-back"])


def test_a_journey_that_looks_back_no_more_keeps_no_recent_signals() -> None:
    no_more = shop(("title: a shop", "title: a shop\nlateness: 0"))
    assert heard(*AT_THE_CART).past is not None
    assert brought_over(heard(*AT_THE_CART), no_more).past is None


# -- deadlines


def test_a_silence_of_the_same_words_ends_when_it_would_have() -> None:
    memory = brought_over(heard(*AT_THE_CART), shop(), 10 * DAY)
    assert names(shop(), memory, 2 * DAY) == [("left", 31 * MINUTE), ("cooled", 2 * DAY)]


def test_one_that_lasts_longer_or_less_long_now_counts_from_when_it_began() -> None:
    longer = shop(("after: 2d", "after: 3d"))
    looked = heard((0, "product_viewed"), (DAY, "product_viewed"))
    assert names(longer, brought_over(looked, longer, 2 * DAY), 9 * DAY) == [("cooled", 4 * DAY)]
    shorter = shop(("after: 30d", "after: 20d"))
    bought = heard((0, "order_completed"), (HOUR, "searched"))
    assert ("lapsed", 20 * DAY) in names(shorter, brought_over(bought, shorter, 2 * DAY), 25 * DAY)


def test_one_that_would_have_ended_already_counts_from_the_change_and_not_for_all_at_once() -> None:
    shorter = shop(("after: 30d", "after: 20d"))
    written = encode(OLD, heard((0, "order_completed"), (HOUR, "searched")))
    ends = set()
    for customer in ("ann", "bob", "cyd", "dan"):
        memory = decode(shorter, customer, written, dict([layout(OLD)]), T + 25 * DAY)
        (lapsed,) = [each for each in step(shorter, memory, Tick(T + 90 * DAY))[1] if each.name == "lapsed"]
        assert 45 * DAY < lapsed.at - T <= 65 * DAY
        ends.add(lapsed.at)
    assert len(ends) == 4


def test_no_deadline_comes_before_what_the_customer_has_done_also_where_others_have_not_come_so_far() -> None:
    shorter = shop(("after: 30d", "after: 20d"))
    bought = heard((0, "order_completed"), (25 * DAY, "searched"))
    ((_, ends),) = [
        each for each in names(shorter, brought_over(bought, shorter, DAY), 90 * DAY) if each[0] == "lapsed"
    ]
    assert 45 * DAY < ends <= 65 * DAY


def test_one_that_is_new_counts_from_entering_the_stage_or_else_from_what_was_heard_last() -> None:
    bought = heard((0, "order_completed"), (5 * DAY, "searched"))
    new = further("rested, from: bought, to: aware, after: 20d, if: seen >= 0")
    assert ("rested", 20 * DAY) in names(new, brought_over(bought, new, 6 * DAY), 21 * DAY)
    since = further("rested, from: bought, to: aware, after: 20d, since: searched, if: seen >= 0")
    assert ("rested", 25 * DAY) in names(since, brought_over(bought, since, 6 * DAY), 26 * DAY)
    first = further(
        "shown, from: unknown, to: aware, after: 3d", ("after: 2d, since: product_viewed", "on: review_posted")
    )
    assert names(first, brought_over(heard((DAY, "searched")), first, 2 * DAY), 5 * DAY) == [("shown", 4 * DAY)]


def further(move: str, *changes: tuple[str, str]) -> Machine:
    return shop(("      - {name: lapsed", f"      - {{name: {move}}}\n      - {{name: lapsed"), *changes)


def test_of_two_of_one_name_each_goes_on_from_its_own() -> None:
    lapsed = "      - {name: lapsed, from: bought, to: aware, after: 30d}"
    twice = (lapsed, lapsed.replace("30d", "20d, if: seen > 0") + "\n" + lapsed)
    old, other = shop(twice, version=1), (twice[0], twice[1].replace("20d, if: seen > 0", "10d, if: seen > 1"))
    bought = heard((0, "order_completed"), (HOUR, "searched"), machine=old)
    new = shop(other)
    memory = brought_over(bought, new, DAY, old)
    (place,) = new.layout.journeys
    waits = place.tracks[0].waits  # type: ignore[union-attr]
    assert [memory.state[slot] - T for slot in waits] == [10 * DAY, 30 * DAY]


def test_a_silence_of_the_same_words_goes_on_from_itself_and_not_from_another_of_its_name() -> None:
    lapsed = "      - {name: lapsed, from: bought, to: aware, after: 30d}"
    old = shop((lapsed, lapsed.replace("30d", "20d, if: seen > 5") + "\n" + lapsed), version=1)
    new = shop((lapsed, lapsed + "\n" + lapsed.replace("30d", "10d, if: seen > 5")))
    memory = brought_over(heard((0, "order_completed"), machine=old), new, 35 * DAY, old)
    assert ("lapsed", 30 * DAY) in names(new, memory, 36 * DAY)


def test_a_time_frame_goes_on_and_whoever_has_dropped_off_does_not_do_so_again() -> None:
    bought = heard((0, "order_completed"), (HOUR, "searched"))
    longer = shop(("within: 10d", "within: 12d"))
    assert ("dropped_off", 12 * DAY) in names(longer, brought_over(bought, longer, DAY), 13 * DAY)
    dropped = heard((0, "order_completed"), (11 * DAY, "searched"))
    assert names(longer, brought_over(dropped, longer, 11 * DAY), 29 * DAY) == []
    assert where(longer, brought_over(dropped, longer))["shop"]["stage"].dropped_off
    without = shop(("{means: has bought, within: 10d}", "has bought"))
    assert names(without, brought_over(bought, without, DAY), 29 * DAY) == []
    framed = shop(version=2)
    old = shop(("{means: has bought, within: 10d}", "has bought"), version=1)
    bought = heard((0, "order_completed"), (HOUR, "searched"), machine=old)
    assert ("dropped_off", 10 * DAY) in names(framed, brought_over(bought, framed, DAY, old), 29 * DAY)


# -- what begins


NEWS = """
  news:
    stages: [quiet, told]
    moves:
      - {name: news_told, from: quiet, to: told, after: 1d}
      - {name: news_over, from: told, to: quiet, on: searched}
"""


def test_a_new_track_begins_at_its_first_stage_and_not_for_all_at_once() -> None:
    new = compile_journeys([load(text() + NEWS.lstrip("\n"), "shop.yaml")])
    memory = brought_over(heard(*AT_THE_CART), new)
    assert stage(new, memory, "news") == ("quiet", None)
    assert ("news_told", DAY + MINUTE) in names(new, memory, 2 * DAY)
    long_after = brought_over(heard(*AT_THE_CART), new, 40 * DAY)
    (made,) = [at for name, at in names(new, long_after, 60 * DAY) if name == "news_told"]
    assert 41 * DAY < made <= 42 * DAY


def test_a_new_track_of_carts_begins_with_none() -> None:
    old = compile_journeys(
        [load(text(version=1)[: FIRST.index("  cart:\n")].replace("  value: {last: value}\n", ""), "s")]
    )
    memory = brought_over(heard(*AT_THE_CART, machine=old), shop(), old=old)
    assert where(shop(), memory)["shop"]["cart"].carts == {}


def test_where_two_journeys_are_followed_only_the_changed_one_is_brought_over() -> None:
    alone = FIRST.replace("journey: shop", "journey: other")
    both = compile_journeys([load(alone, "other.yaml"), load(FIRST, "shop.yaml")])
    new = compile_journeys([load(alone, "other.yaml"), load(text(*LEFT, MAPPED), "shop.yaml")])
    memory = decode(new, "ann", encode(both, heard(*AT_THE_CART, machine=both)), dict([layout(both)]))
    assert where(new, memory)["other"] == where(both, heard(*AT_THE_CART, machine=both))["other"]
    assert stage(new, memory, "cart") == ("filled", MINUTE)


def test_the_journeys_that_nobody_follows_any_more_are_named() -> None:
    other = load(FIRST.replace("journey: shop", "journey: other"), "other.yaml")
    both, alone = compile_journeys([*OLD.definitions, other]), compile_journeys([other])
    written = encode(both, heard(*AT_THE_CART, machine=both))
    assert (left_out(both, written), left_out(alone, written), left_out(OLD, written)) == ([], ["shop"], ["other"])
    assert left_out(shop(), encode(OLD, heard(*AT_THE_CART))) == []
    for damaged in b"", b"[4]\n", b"[4, 1, 7]\n", b"[4, 1, [7]]\n", b"[4, 1, [[7, 1]]]\n":
        with pytest.raises(SavedMemoryError, match="damaged"):
            left_out(OLD, damaged)


def test_under_the_same_version_a_journey_may_stand_behind_others_or_before_them() -> None:
    other = load(FIRST.replace("journey: shop", "journey: other"), "other.yaml")
    one, turned = compile_journeys([*OLD.definitions, other]), compile_journeys([other, *OLD.definitions])
    alone = compile_journeys([other])
    memory = heard(*AT_THE_CART, machine=one)
    for before, after in (one, turned), (turned, one), (one, alone), (alone, one):
        written, known = encode(before, heard(*AT_THE_CART, machine=before)), dict([layout(before)])
        assert why_not(after, written, known) == []
        found = where(after, decode(after, "ann", written, known))
        assert found["other"] == where(one, memory)["other"]


def test_what_a_move_holds_back_is_known_by_another_machine_that_numbers_moves_otherwise() -> None:
    """Under the same version, too: a further move changes no slot, and the numbers of those behind it."""
    graced = ("left], to: empty, on: order_completed", "left], to: empty, on: order_completed, grace: 10m")
    plain = ("once: true, grace: 5m", "once: true")
    further = (
        "      - {name: cooled",
        "      - {name: looked, from: unknown, to: aware, on: searched}\n      - {name: cooled",
    )
    old, new = shop(graced, plain, version=1), shop(graced, plain, further, version=1)
    memory = heard(*AT_THE_CART, (2 * MINUTE, "order_completed"), machine=old)
    memory = brought_over(memory, new, old=old)
    assert ("ordered", 2 * MINUTE) in names(new, memory, DAY)
    # A cart in which nothing is held back, and a track on which nothing can be.
    filled = heard(*AT_THE_CART, machine=old)
    assert where(new, brought_over(filled, new, old=old)) == where(old, filled)


def test_on_a_track_of_the_customer_too_what_a_move_holds_back_is_known_by_another_machine() -> None:
    further = "      - {name: searched_for, from: quiet, to: told, on: searched}\n"
    both = [
        load("journey: news\nversion: 1\ntitle: news\ntracks:\n" + NEWS.lstrip("\n") + each, "n")
        for each in ("", further)
    ]
    old, new = (compile_journeys([each, load(FIRST, "shop.yaml")]) for each in both)
    memory = decode(new, "ann", encode(old, heard((0, "order_completed"), machine=old)), dict([layout(old)]))
    assert ("welcomed", 0) in names(new, memory, DAY)


def test_a_slot_too_many_is_damage() -> None:
    first, told, rest, *more = encode(OLD, heard(*AT_THE_CART)).split(b"\n")
    with pytest.raises(SavedMemoryError, match="damaged"):
        decode(shop(), "ann", b"\n".join([first, told, rest[:-1] + b",0]", *more]), dict([layout(OLD)]))
