"""Synthetic shoppers: the same for the same seed, in order, in our words, and like people in a shop."""

from collections import Counter, defaultdict
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey.replay import fold
from journey.tally import Tally
from schemas.signals import ATTRIBUTES, KINDS, Signal
from stagewatch.library import machine_of_journeys
from stagewatch.shoppers import Plan, shoppers
from stagewatch.shoppers.habits import DAY, HOUR, MINUTE

shares = st.just(0.0) | st.floats(0, 1)
plans = st.builds(
    Plan,
    seed=st.integers(0, 10**9),
    shoppers=st.integers(1, 40),
    days=st.none() | st.floats(0.1, 60),
    carts=shares,
    copies=shares,
)


@pytest.fixture(scope="module")
def year() -> list[Signal]:
    return list(shoppers(Plan(seed=3, shoppers=300, days=365)))


@pytest.fixture(scope="module")
def busy() -> list[Signal]:
    """Half a year of shoppers who have several carts, in a shop that tells most orders twice."""
    return list(shoppers(Plan(seed=3, shoppers=200, days=180, carts=0.5, copies=0.7)))


@given(plans)
@settings(max_examples=50)
def test_the_same_plan_gives_the_same_signals(plan: Plan) -> None:
    assert list(islice(shoppers(plan), 300)) == list(islice(shoppers(plan), 300))


def test_another_seed_gives_others() -> None:
    first, second = (list(islice(shoppers(Plan(seed=seed)), 50)) for seed in (1, 2))
    assert [signal.at for signal in first] != [signal.at for signal in second]


@given(plans)
@settings(max_examples=50)
def test_event_time_never_goes_back_and_stays_within_the_plan(plan: Plan) -> None:
    times = [signal.at for signal in islice(shoppers(plan), 500)]
    assert all(earlier <= later for earlier, later in pairwise([plan.start, *times]))
    assert plan.days is None or all(at < plan.start + plan.days * DAY for at in times)


def test_every_signal_speaks_our_words(year: list[Signal], busy: list[Signal]) -> None:
    for signal in year + busy:
        assert signal.kind in KINDS
        for name, value in signal.attributes.items():
            assert signal.kind in ATTRIBUTES[name].kinds
            assert isinstance(value, str) == (ATTRIBUTES[name].type == "text")


def test_every_signal_has_an_id_of_its_own(year: list[Signal], busy: list[Signal]) -> None:
    for signals in (year, busy):
        assert len({signal.id for signal in signals}) == len(signals)


def tellings(signals: list[Signal]) -> dict[str, list[Signal]]:
    """How each order was told."""
    found: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.kind == "order_completed":
            found[str(signal.attributes["order"])].append(signal)
    return found


def test_an_order_is_told_once_unless_copies_are_asked_for(year: list[Signal]) -> None:
    assert {len(told) for told in tellings(year).values()} == {1}


def test_copies_of_an_order_say_the_same_a_few_seconds_later(busy: list[Signal]) -> None:
    found = tellings(busy).values()
    twice = [told for told in found if len(told) == 2]
    assert {len(told) for told in found} == {1, 2}
    assert 0.5 < len(twice) / len(found) < 0.9
    for first, second in twice:
        assert (first.customer, first.attributes) == (second.customer, second.attributes)
        assert 0 < second.at - first.at < MINUTE


def test_an_order_told_twice_moves_its_customer_once(busy: list[Signal]) -> None:
    machine, tally = machine_of_journeys(["five-stage"]), Tally()
    copies = {told[1].id for told in tellings(busy).values() if len(told) == 2}
    once = list(fold(machine, [signal for signal in busy if signal.id not in copies]))
    assert list(fold(machine, busy, tally=tally)) == once
    assert tally == Tally(duplicates=len(copies))


def carts_at_once(signals: list[Signal]) -> int:
    """How often a shopper goes back to an earlier cart after having put something into a later one."""
    begun: dict[str, list[object]] = defaultdict(list)
    times = 0
    for signal in signals:
        if signal.kind == "cart_updated":
            carts, cart = begun[signal.customer], signal.attributes["cart"]
            if cart not in carts:
                carts.append(cart)
            times += cart != carts[-1]
    return times


def test_shoppers_have_one_cart_at_a_time_unless_more_are_asked_for(year: list[Signal], busy: list[Signal]) -> None:
    assert carts_at_once(year) < 5  # the rare visits that overlap
    assert carts_at_once(busy) > 20


def test_no_cart_is_ordered_twice(busy: list[Signal]) -> None:
    ordered = [told[0].attributes["cart"] for told in tellings(busy).values() if "cart" in told[0].attributes]
    assert len(set(ordered)) == len(ordered)


def test_a_year_shows_all_that_a_journey_asks_about(year: list[Signal]) -> None:
    seen = {signal.kind for signal in year}
    assert seen >= {
        "order_completed", "order_refunded", "order_cancelled", "review_posted", "product_shared", "nps_answered",
        "referral_sent", "ticket_opened", "ticket_resolved", "loyalty_joined", "wishlist_added", "chat_started",
    }  # fmt: skip


def test_a_few_shoppers_make_most_of_the_stream(year: list[Signal]) -> None:
    counts = sorted(Counter(signal.customer for signal in year).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > len(year) / 4


def test_the_night_is_quieter_than_the_evening(year: list[Signal]) -> None:
    hours = Counter(signal.at // HOUR % 24 for signal in year)
    assert sum(hours[hour] for hour in (2, 3, 4)) * 3 < sum(hours[hour] for hour in (18, 19, 20))


def test_some_orders_come_without_any_cart_signal(year: list[Signal]) -> None:
    orders = [signal for signal in year if signal.kind == "order_completed"]
    without = sum("cart" not in signal.attributes for signal in orders)
    assert 0.1 < without / len(orders) < 0.6


def test_most_filled_carts_are_abandoned_and_some_recovered(year: list[Signal]) -> None:
    carts: dict[str, list[Signal]] = defaultdict(list)
    for signal in year:
        if cart := signal.attributes.get("cart"):
            carts[str(cart)].append(signal)
    ordered = [story for story in carts.values() if story[-1].kind == "order_completed"]
    assert 0.1 < len(ordered) / len(carts) < 0.6
    assert any(later.at - earlier.at > HOUR for story in ordered for earlier, later in pairwise(story))


def test_refunds_follow_their_order_by_days(year: list[Signal]) -> None:
    times: dict[str, dict[str, int]] = defaultdict(dict)
    for signal in year:
        if "order" in signal.attributes:
            times[str(signal.attributes["order"])][signal.kind] = signal.at
    waits = [each["order_refunded"] - each["order_completed"] for each in times.values() if "order_refunded" in each]
    assert waits
    assert all(2 * DAY <= wait <= 18 * DAY for wait in waits)


def test_some_shoppers_lapse_for_months_and_return(year: list[Signal]) -> None:
    last: dict[str, int] = {}
    longest: Counter[str] = Counter()
    for signal in year:
        longest[signal.customer] = max(longest[signal.customer], signal.at - last.get(signal.customer, signal.at))
        last[signal.customer] = signal.at
    assert sum(gap > 100 * DAY for gap in longest.values()) > len(longest) / 50
