"""What an order brings: itself, and days later a delivery, refund, review, recommendation or complaint.

Each of the later ones is a story of its own, handed to the crowd. All numbers stand in `habits`.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple

from schemas.signals import Signal
from stagewatch.shoppers import habits
from stagewatch.shoppers.crowd import Cart, Crowd, Shopper, Story
from stagewatch.shoppers.habits import DAY, HOUR

Said = dict[str, float | str]


class Later(NamedTuple):
    """Something that a share of orders brings, so many hours later, and what it says."""

    kind: str
    share: float
    hours: tuple[float, float]
    says: Callable[[Crowd, Shopper, Said], Said]


def _nothing(_crowd: Crowd, _shopper: Shopper, _order: Said) -> Said:
    return {}


def _order(_crowd: Crowd, _shopper: Shopper, order: Said) -> Said:
    return {"order": order["order"]}


def _paid_back(_crowd: Crowd, _shopper: Shopper, order: Said) -> Said:
    return {"order": order["order"], "refund": order["revenue"], "currency": "EUR"}


def _rating(crowd: Crowd, shopper: Shopper, order: Said) -> Said:
    return {"rating": _felt(crowd, shopper, 1, 5), "product": order["product"]}


def _score(crowd: Crowd, shopper: Shopper, _order: Said) -> Said:
    return {"score": _felt(crowd, shopper, 0, 10)}


def _shared(_crowd: Crowd, _shopper: Shopper, order: Said) -> Said:
    return {"product": order["product"], "channel": "social"}


def _felt(crowd: Crowd, shopper: Shopper, low: int, high: int) -> int:
    """The shopper's mood on a scale, not quite the same each time."""
    felt = min(max(crowd.rng.gauss(shopper.mood, 0.12), 0.0), 1.0)
    return low + round(felt * (high - low))


LATER = (
    Later("order_cancelled", habits.CANCELS, (0.2, 20), _paid_back),
    Later("order_fulfilled", 0.97, (20, 90), _order),
    Later("order_refunded", habits.REFUNDS, (24 * 2, 24 * 16), _paid_back),
    Later("review_posted", habits.REVIEWS, (48, 480), _rating),
    Later("product_shared", habits.SHARES, (1, 200), _shared),
    Later("referral_sent", habits.REFERS, (24, 400), _nothing),
    Later("nps_answered", habits.NPS, (120, 360), _score),
    Later("loyalty_joined", habits.JOINS_LOYALTY, (0.1, 48), _nothing),
)


def ordered(crowd: Crowd, cart: Cart, at: int) -> Generator[Signal, None, int]:
    """The order of what is in the cart, and what will come of it."""
    shopper = cart.owner
    order: Said = {
        "order": f"order-{next(crowd.orders):06d}",
        "revenue": cart.value,
        "items": len(cart.products),
        "currency": "EUR",
    }
    said = order | ({"cart": cart.id} if cart.id else {})
    yield crowd.say(shopper, "order_completed", at, **said)
    if crowd.happens(crowd.plan.copies):
        crowd.follow(_once(crowd, shopper, "order_completed", at + crowd.pause(habits.WEBHOOK_AFTER), said))
    shopper.orders += 1
    _later(crowd, shopper, at, order | {"product": f"sku-{cart.products[0]}"})
    return at


def _later(crowd: Crowd, shopper: Shopper, at: int, order: Said) -> None:
    rng = crowd.rng
    for kind, share, hours, says in LATER:
        if rng.random() < share:
            when = crowd.waking(at + int(rng.uniform(*hours) * HOUR))
            crowd.follow(_once(crowd, shopper, kind, when, says(crowd, shopper, order)))
    if rng.random() < habits.TICKET:
        crowd.follow(_complaint(crowd, shopper, crowd.waking(at + int(rng.uniform(1, 10) * DAY))))


def _once(crowd: Crowd, shopper: Shopper, kind: str, at: int, said: Said) -> Story:
    yield crowd.say(shopper, kind, at, **said)


def _complaint(crowd: Crowd, shopper: Shopper, at: int) -> Story:
    """A support case, which leaves the shopper less happy; most are solved."""
    shopper.mood *= 0.7
    yield crowd.say(shopper, "ticket_opened", at)
    if crowd.rng.random() < habits.SOLVED:
        yield crowd.say(shopper, "ticket_resolved", crowd.waking(at + int(crowd.rng.uniform(1, 60) * HOUR)))
