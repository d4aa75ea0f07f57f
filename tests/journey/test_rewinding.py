"""What becomes of signals that come late, in single sentences; that they end as the sorted ones do, the laws say."""

from dataclasses import replace

import pytest

from journey.machine import Machine, Tick, compile_journeys, step
from journey.rewinding import KEPT, MOST, WITHDRAWN
from journey.tally import Tally
from schemas.signals import Signal
from schemas.transitions import Cause, Transition
from tests.journey.small import CART, DAY, HOUR, MINUTE, SECOND, T, definition, machine, move, play, signal

TOLD_TWICE = {
    "cart": [
        move("filled", ["empty"], "full", on="cart_updated"),
        move("left", "full", "left", after="30m", since="cart_updated"),
        move("bought", ["full", "left"], "done", on="order_completed"),
        move("undone", "done", "empty", on="order_refunded"),
    ]
}


def told(transitions: list[Transition]) -> list[tuple[str, str, int]]:
    return [(each.kind, each.name, each.at - T) for each in transitions]


def hearing(machine: Machine, *signals: Signal) -> Tally:
    memory, tally = machine.start("ann"), Tally()
    for each in signals:
        machine.hear(memory, each, tally)
    return tally


def test_an_order_that_comes_late_withdraws_the_abandonment_that_it_disproves() -> None:
    given = play(machine(CART), signal(0, "cart_updated"), Tick(T + HOUR), signal(20 * MINUTE, "order_completed", 7))
    left, corrected, bought = given[1:]
    assert (left.name, left.kind, bought.name, bought.at) == ("left", "made", "bought", T + 20 * MINUTE)
    assert corrected == replace(
        left,
        id=corrected.id,
        sequence=3,
        kind="corrected",
        corrects=left.id,
        reason="late_signal",
        cause=Cause("order_completed", f"order_completed-{20 * MINUTE}", "shop", 2, 7),
    )
    assert [each.sequence for each in given] == [1, 2, 3, 4]
    assert len({each.id for each in given}) == 4


def test_what_was_withdrawn_and_comes_to_hold_again_is_published_under_another_id() -> None:
    # The order withdraws the abandonment; an earlier telling of the same order shows that it was before the cart.
    webhook, page = (signal(at, "order_completed", order="A1") for at in (10 * MINUTE, -5 * MINUTE))
    given = play(
        machine(CART),
        signal(0, "cart_updated"),
        Tick(T + HOUR),
        webhook,
        page,
        Tick(T + HOUR),
        signal(HOUR, "searched"),
    )
    assert told(given) == [
        ("made", "filled", 0),
        ("made", "left", 30 * MINUTE),
        ("corrected", "left", 30 * MINUTE),
        ("made", "bought", 10 * MINUTE),
        ("corrected", "bought", 10 * MINUTE),
        ("made", "left", 30 * MINUTE),
    ]
    assert len({each.id for each in given}) == len(given)


def test_and_withdrawn_again_it_is_withdrawn_by_that_id() -> None:
    webhook, page = (signal(at, "order_completed", order="A1") for at in (10 * MINUTE, -5 * MINUTE))
    other = signal(20 * MINUTE, "order_completed", order="A2")
    given = play(machine(CART), signal(0, "cart_updated"), Tick(T + HOUR), webhook, page, Tick(T + HOUR), other)
    again, corrected, bought = given[-3:]
    assert (again.name, corrected.corrects, bought.name) == ("left", again.id, "bought")
    assert len({each.id for each in given}) == len(given)


def test_what_still_holds_is_left_as_it_was_published() -> None:
    noted = {"cart": [move("filled", "empty", "full", on="cart_updated", publish="channel_seen")]}
    machine_ = machine(noted, {"channel_seen": {"last": "channel"}})
    inputs = signal(5 * MINUTE, "cart_updated", channel="web"), signal(4 * MINUTE, "searched", channel="ads")
    assert told(play(machine_, *inputs)) == [("made", "filled", 5 * MINUTE)]


@pytest.mark.parametrize(("late", "rewound"), [(HOUR, True), (HOUR + 1, False)])
def test_a_signal_is_put_in_its_place_as_long_as_it_is_not_later_than_the_lateness(late: int, rewound: bool) -> None:
    inputs = signal(0, "cart_updated"), signal(DAY, "searched"), signal(DAY - late, "order_completed")
    last = play(machine(CART), *inputs)[-1]
    assert (last.name, last.late, last.at) == ("bought", not rewound, T + DAY - (late if rewound else 0))


def test_without_lateness_nothing_is_put_in_its_place_and_nothing_is_kept_for_it() -> None:
    hasty = compile_journeys([replace(definition(CART), lateness=0)])
    memory, _ = step(hasty, hasty.start("ann"), signal(MINUTE, "cart_updated"))
    assert memory.past is None
    memory, given = step(hasty, memory, signal(0, "order_completed"))
    assert [(each.name, each.at, each.late) for each in given] == [("bought", T + MINUTE, True)]
    assert memory.past is None


def test_a_signal_too_late_for_its_place_feeds_facts_and_makes_only_the_moves_that_say_so() -> None:
    track = {
        "cart": [
            move("filled", "empty", "full", on="cart_updated"),
            move("left", "full", "left", after="30m", since="cart_updated"),
            move("bought", ["full", "left"], "done", on="order_completed", publish="touches"),
            move("again", "done", "full", on="cart_updated"),
        ]
    }
    small = machine(track, {"touches": {"count": "cart_updated"}})
    inputs = (
        signal(0, "cart_updated"),
        Tick(T + DAY),
        signal(2 * DAY, "searched"),
        signal(DAY, "cart_updated"),
        signal(DAY + MINUTE, "order_completed"),
        signal(DAY + HOUR, "cart_updated"),
    )
    given = play(small, *inputs)
    assert [(each.name, each.late) for each in given] == [("filled", False), ("left", False), ("bought", True)]
    assert given[-1].facts == {"touches": 2}


def test_a_signal_too_late_lets_no_silence_count_anew() -> None:
    long = {
        "cart": [
            move("filled", "empty", "full", on="cart_updated"),
            move("left", "full", "left", after="3h", since="searched"),
        ]
    }
    inputs = signal(0, "cart_updated"), signal(2 * HOUR, "page_viewed"), signal(30 * MINUTE, "searched"), Tick(T + DAY)
    assert told(play(machine(long), *inputs))[-1] == ("made", "left", 3 * HOUR)


def test_a_move_can_say_that_it_is_made_too_late_or_that_it_is_not() -> None:
    track = {
        "cart": [
            move("seen", "a", "b", on="searched", late=True),
            move("bought", "b", "c", on="order_completed", late=False),
        ]
    }
    inputs = signal(DAY, "page_viewed"), signal(0, "searched"), signal(1, "order_completed")
    assert [each.name for each in play(machine(track), *inputs)] == ["seen"]


def test_late_signals_are_counted() -> None:
    tally = hearing(
        machine(CART),
        signal(DAY, "searched"),
        signal(DAY - MINUTE, "searched"),
        signal(0, "searched"),
        signal(DAY + 1, "page_viewed"),
    )
    assert tally == Tally(rewound=1, too_late=1)


def test_at_one_moment_the_order_within_a_source_decides_whichever_comes_first() -> None:
    early, late = signal(0, "cart_updated", 1), signal(0, "order_completed", 2)
    assert [each.name for each in play(machine(CART), early, late)] == ["filled", "bought"]
    assert told(play(machine(CART), late, early)) == [("made", "filled", 0), ("made", "bought", 0)]


def test_so_many_recent_signals_are_kept_and_the_oldest_are_settled_and_counted() -> None:
    signals = [signal(each * SECOND, "searched", each) for each in range(MOST + 1)]
    small = machine(CART)
    memory, tally = small.start("ann"), Tally()
    for each in signals:
        small.hear(memory, each, tally)
    assert memory.past is not None
    assert len(memory.past.signals) == KEPT
    assert tally == Tally(signals_settled=MOST + 1 - KEPT)
    settled = (MOST - KEPT) * SECOND
    small.hear(memory, signal(settled - 1, "searched"), tally)
    small.hear(memory, signal(settled + 1, "searched"), tally)
    assert (tally.too_late, tally.rewound) == (1, 1)


def test_so_it_is_where_all_of_them_come_late() -> None:
    small, tally = machine(CART), Tally()
    memory = small.start("ann")
    for number, at in enumerate([HOUR, *range(HOUR - 1, HOUR - 2 * MOST, -1)]):
        small.hear(memory, signal(at, "searched", number), tally)
        assert memory.past is not None
        assert len(memory.past.signals) <= MOST
    assert tally.rewound + tally.too_late == 2 * MOST - 1


def test_what_nothing_can_overtake_any_more_is_let_go_uncounted() -> None:
    small = machine(CART)
    memory, tally = small.start("ann"), Tally()
    for each in range(20):
        small.hear(memory, signal(each * 15 * MINUTE, "searched"), tally)
        assert memory.past is not None
        assert len(memory.past.signals) <= 9
    assert tally == Tally()


HASTY = {
    f"cart_{number}": [
        move(f"filled_{number}", "empty", "full", on="cart_updated"),
        move(f"left_{number}", "full", "left", after="2s"),
        move(f"bought_{number}", ["full", "left"], "empty", on="order_completed"),
    ]
    for number in range(5)
}


def withdrawing(rounds: int, apart: int) -> tuple[list[Transition], int, int]:
    """What is published where so often five moves are withdrawn; how many of these are remembered, the generation."""
    small = machine(HASTY)
    memory, made = small.start("ann"), []
    for start in range(0, rounds * apart, apart):
        made += small.hear(memory, signal(start, "cart_updated", start))
        made += small.wait(memory, T + start + 3 * SECOND)
        made += small.hear(memory, signal(start + SECOND, "order_completed", start))
    assert memory.past is not None
    return made, len(memory.past.revisions), memory.past.generation


def test_what_was_withdrawn_is_remembered_as_long_as_it_could_come_to_hold_again() -> None:
    made, remembered, generation = withdrawing(50, HOUR)
    assert len(made) == 50 * 5 * 4
    assert remembered <= 3 * 5
    assert generation == 0


def test_of_too_many_withdrawn_within_that_all_is_final_and_ids_are_other_ones_from_then_on() -> None:
    rounds = WITHDRAWN // 5 + 9
    made, remembered, generation = withdrawing(rounds, 4 * SECOND)
    assert remembered < WITHDRAWN
    assert generation == 1
    assert len({each.id for each in made}) == len(made)
    withdrawn = [each.corrects for each in made if each.corrects]
    assert set(withdrawn) <= {each.id for each in made if each.name.startswith("left")}
    assert len(withdrawn) == len(set(withdrawn)) == rounds * 5


def test_the_signals_of_one_record_are_put_in_their_places_together() -> None:
    small = machine(TOLD_TWICE)
    memory, tally = small.start("ann"), Tally()
    small.hear(memory, signal(0, "cart_updated", 1), tally)
    small.wait(memory, T + HOUR)
    record = [signal(at * MINUTE, kind, 2) for at, kind in ((12, "order_refunded"), (11, "order_completed"))]
    assert told(small.hear_all(memory, record, tally)) == [
        ("corrected", "left", 30 * MINUTE),
        ("made", "bought", 11 * MINUTE),
        ("made", "undone", 12 * MINUTE),
    ]
    assert tally == Tally(rewound=2)


def test_tallies_can_be_added() -> None:
    total = Tally(duplicates=1, too_late=2)
    total.add(Tally(duplicates=3, carts_forgotten=4))
    assert total == Tally(duplicates=4, too_late=2, carts_forgotten=4)


def test_an_earlier_telling_takes_the_other_s_place_whatever_came_too_late_at_that_moment() -> None:
    counted = machine(
        {"t": [move("told", "a", "a", on="any", publish=["orders", "all"])]},
        {"orders": {"count": "order_completed"}, "all": {"count": "any"}},
    )
    web, hook = (signal(2 * HOUR, "order_completed", number, order="A1") for number in (7, 6))
    web, hook = replace(web, id="web", origin=replace(web.origin, topic="web")), replace(hook, id="hook")
    inputs = web, signal(0, "product_viewed", 5), hook, signal(2 * HOUR + 1, "searched", 8)
    assert play(counted, *inputs)[-1].facts == {"orders": 1, "all": 3}
