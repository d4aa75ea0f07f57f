"""What shoppers do: a life of visits, each a path through the shop.

Each story yields signals whose times never go back, and returns the time at which it ended. What an order or
an abandoned cart brings days later is in `aftermath`. All numbers stand in `habits`.
"""

from collections.abc import Generator

from schemas.signals import Signal
from stagewatch.shoppers import habits
from stagewatch.shoppers.aftermath import ordered
from stagewatch.shoppers.crowd import Cart, Chance, Crowd, Shopper, Story
from stagewatch.shoppers.habits import DAY, HOUR, MINUTE, SECOND

Path = Generator[Signal, None, int]
"""A part of a visit: signals, and in the end the time."""

KEEPS_CART = 7 * DAY
_CHANNEL = Chance(habits.CHANNELS)
_BROWSING = Chance(habits.BROWSING)
_CAMPAIGNED = {"email", "ads", "social", "affiliate"}


def arrive(crowd: Crowd, gap: float) -> Shopper:
    """A shopper nobody has seen yet."""
    return Shopper(f"shopper-{next(crowd.customers):06d}", gap, crowd.rng.betavariate(4, 1.6))


def life(crowd: Crowd, shopper: Shopper, at: int) -> Story:
    """Visit after visit, for ever: who leaves for good is followed by somebody new."""
    rng = crowd.rng
    while True:
        at = yield from visit(crowd, shopper, crowd.waking(at))
        if rng.random() < habits.LEAVES:
            shopper = arrive(crowd, shopper.gap)
        if rng.random() < habits.LAPSES:
            at += int(rng.uniform(*habits.LAPSE_DAYS) * DAY)
        at += crowd.pause(shopper.gap)


def visit(crowd: Crowd, shopper: Shopper, at: int) -> Path:
    """One visit, from landing to leaving."""
    rng = crowd.rng
    at = yield from landing(crowd, shopper, at)
    at = yield from browsing(crowd, shopper, at)
    if rng.random() < habits.FILLS_CART:
        cart = taken(crowd, shopper, at)
        at = yield from filling(crowd, cart, at)
        at = yield from deciding(crowd, cart, at, habits.STARTS_CHECKOUT)
    elif rng.random() < habits.BUYS_UNSEEN:
        products = [pick(crowd)]
        at = yield from ordered(crowd, Cart(shopper, "", at, products), at + crowd.pause(habits.PAGE))
    if rng.random() < habits.CHATS:
        at = yield from chatting(crowd, shopper, at)
    for kind, share in (("error_shown", habits.ERRORS), ("unsubscribed", habits.UNSUBSCRIBES)):
        if rng.random() < share:
            at += crowd.pause(habits.PAGE)
            yield crowd.say(shopper, kind, at)
    return at


def landing(crowd: Crowd, shopper: Shopper, at: int) -> Path:
    """How the visit begins: by which channel, and whether the shopper logs in."""
    channel = _CHANNEL.draw(crowd.rng)
    said = {"channel": channel}
    if channel in _CAMPAIGNED:
        said["campaign"] = crowd.rng.choice(habits.CAMPAIGNS)
    if channel == "email":
        yield crowd.say(shopper, "email_opened", at, **said)
        at += crowd.pause(8 * SECOND)
    if first := {"email": "email_clicked", "ads": "ad_clicked", "referral": "referral_arrived"}.get(channel):
        yield crowd.say(shopper, first, at, **said)
        at += crowd.pause(2 * SECOND)
    yield crowd.say(shopper, "session_started", at, **said)
    at += crowd.pause(2 * SECOND)
    yield crowd.say(shopper, "page_viewed", at, **said)
    if shopper.member or shopper.orders:
        if crowd.rng.random() < habits.LOGS_IN:
            at += crowd.pause(10 * SECOND)
            yield crowd.say(shopper, "logged_in", at)
    elif crowd.rng.random() < habits.SIGNS_UP:
        at += crowd.pause(MINUTE)
        shopper.member = True
        yield crowd.say(shopper, "signed_up", at)
    return at


def browsing(crowd: Crowd, shopper: Shopper, at: int) -> Path:
    """Looking around."""
    for _ in range(int(crowd.rng.expovariate(1 / habits.MEAN_LOOKS))):
        at += crowd.pause(habits.PAGE)
        yield look(crowd, shopper, _BROWSING.draw(crowd.rng), at)
    return at


def look(crowd: Crowd, shopper: Shopper, kind: str, at: int) -> Signal:
    """One look, with what there is to say about it."""
    product = pick(crowd)
    if kind in {"product_viewed", "review_read", "wishlist_added", "product_compared"}:
        return crowd.say(shopper, kind, at, product=f"sku-{product}", price=habits.price(product))
    if kind == "searched":
        return crowd.say(shopper, kind, at, query=habits.CATEGORIES[product % len(habits.CATEGORIES)])
    if kind == "list_viewed":
        return crowd.say(shopper, kind, at, category=habits.CATEGORIES[product % len(habits.CATEGORIES)])
    return crowd.say(shopper, kind, at)


def pick(crowd: Crowd) -> int:
    """A product, the popular ones far more often."""
    return int(habits.PRODUCTS ** crowd.rng.random())


def taken(crowd: Crowd, shopper: Shopper, at: int) -> Cart:
    """The cart to fill: that of an earlier visit if it is still there, or one more beside it."""
    shopper.carts = [cart for cart in shopper.carts if at - cart.touched <= KEEPS_CART]
    if not shopper.carts or crowd.happens(crowd.plan.carts):
        shopper.carts.append(Cart(shopper, f"cart-{next(crowd.carts):06d}", at))
    return shopper.carts[-1]


def filling(crowd: Crowd, cart: Cart, at: int) -> Path:
    """Putting things into the cart; who has another one may look into it in between."""
    rng, shopper = crowd.rng, cart.owner
    for _ in range(1 + int(rng.expovariate(1 / habits.MEAN_ITEMS))):
        product = pick(crowd)
        at += crowd.pause(2 * habits.PAGE)
        yield crowd.say(shopper, "product_viewed", at, product=f"sku-{product}", price=habits.price(product))
        cart.products.append(product)
        at += crowd.pause(habits.PAGE)
        yield touched(crowd, cart, "added", at, product)
        if rng.random() < habits.REMOVES:
            at += crowd.pause(habits.PAGE)
            cart.products.pop()
            yield touched(crowd, cart, "removed", at, product)
    if cart.products and rng.random() < habits.LOOKS_AT_CART:
        at += crowd.pause(habits.PAGE)
        yield touched(crowd, cart, "viewed", at)
    for other in shopper.carts:
        if other is not cart and other.products and rng.random() < habits.LOOKS_AT_OTHER:
            at += crowd.pause(habits.PAGE)
            yield touched(crowd, other, "viewed", at)
    return at


def touched(crowd: Crowd, cart: Cart, action: str, at: int, product: int | None = None) -> Signal:
    """What was done to the cart, with which product, and what is in it now."""
    cart.touched = at
    about: dict[str, float | str] = {"cart": cart.id, "items": len(cart.products), "value": cart.value}
    if product is not None:
        about |= {"product": f"sku-{product}", "price": habits.price(product), "quantity": 1}
    return crowd.say(cart.owner, "cart_updated", at, action=action, currency="EUR", **about)


def deciding(crowd: Crowd, cart: Cart, at: int, begins: float) -> Path:
    """From a filled cart to the order, or not: at each step some turn away."""
    rng, shopper = crowd.rng, cart.owner
    if cart not in shopper.carts or not cart.products:
        return at
    about: dict[str, float | str] = {"cart": cart.id, "value": cart.value, "items": len(cart.products)}
    steps: list[tuple[str, dict[str, float | str]]] = [
        ("checkout_started", {}),
        ("checkout_step", {"step": 1}),
        ("checkout_step", {"step": 2}),
        ("payment_entered", {}),
    ]
    goes_on = begins
    for kind, more in steps:
        if rng.random() >= goes_on:
            crowd.follow(returning(crowd, cart, at))
            return at
        at += crowd.pause(habits.PAGE)
        yield crowd.say(shopper, kind, at, currency="EUR", **about, **more)
        goes_on = habits.GOES_ON
    if rng.random() < habits.PAYMENT_FAILS:
        at += crowd.pause(5 * SECOND)
        yield crowd.say(shopper, "payment_failed", at, **about)
        if rng.random() < 0.5:  # noqa: PLR2004  half of them try no second card that day
            crowd.follow(returning(crowd, cart, at))
            return at
    shopper.carts = [each for each in shopper.carts if each is not cart]
    return (yield from ordered(crowd, cart, at + crowd.pause(habits.PAGE)))


def returning(crowd: Crowd, cart: Cart, at: int) -> Story:
    """Back to an abandoned cart the same day or the next, if it still waits; half of them by the reminder."""
    rng = crowd.rng
    if rng.random() >= habits.COMES_BACK_TO_CART:
        return
    at = crowd.waking(at + int(rng.uniform(1, 30) * HOUR))
    shopper = cart.owner
    if cart not in shopper.carts or not cart.products:
        return
    if rng.random() < 0.5:  # noqa: PLR2004  by the reminder
        yield crowd.say(shopper, "email_clicked", at, channel="email", campaign="reminder")
        at += crowd.pause(5 * SECOND)
    yield touched(crowd, cart, "viewed", at)
    yield from deciding(crowd, cart, at, 0.7)


def chatting(crowd: Crowd, shopper: Shopper, at: int) -> Path:
    """A talk with the support."""
    for kind in ("chat_started", "chat_message", "chat_message", "chat_ended"):
        at += crowd.pause(habits.PAGE)
        yield crowd.say(shopper, kind, at)
    return at
