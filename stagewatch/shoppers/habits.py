"""What shoppers are like, in numbers: the one place to turn when they should behave otherwise.

Shares are of what the line before them made possible. Seven of ten filled carts are abandoned, as shops
report; one visit in thirteen ends in an order, more than most see, so that a short run shows every move.
"""

from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

MEAN_GAP: Final = 6 * DAY
"""Between two visits of the average shopper."""

GAP_RANGE: Final = (20 * MINUTE, 60 * DAY)
"""The busiest and the idlest that a shopper can be, on average."""

ZIPF: Final = 0.9
"""How uneven activity is: the shopper of rank r visits in proportion to r to the power of -ZIPF."""

AWAKE: Final = (
    0.25, 0.15, 0.1, 0.08, 0.08, 0.12, 0.25, 0.4, 0.5, 0.6, 0.65, 0.7,
    0.75, 0.7, 0.65, 0.65, 0.7, 0.75, 0.85, 0.95, 1.0, 0.95, 0.75, 0.45,
)  # fmt: skip
"""How likely a visit is in each hour of the day (UTC), the busiest being 1."""

CHANNELS: Final = {
    "search": 30,
    "direct": 25,
    "email": 14,
    "social": 13,
    "ads": 10,
    "referral": 5,
    "affiliate": 3,
}
"""Where visits come from, by weight."""

CAMPAIGNS: Final = ("spring", "summer", "autumn", "winter", "welcome", "clearance")

CATEGORIES: Final = ("shoes", "shirts", "coats", "bags", "books", "games", "garden", "kitchen")
PRODUCTS: Final = 400
"""Products in the catalogue; product n costs `price(n)` and is viewed in proportion to 1/n, about."""

PAGE: Final = 35 * SECOND
"""Mean time between two signals of a visit."""

BROWSING: Final = {
    "product_viewed": 52,
    "list_viewed": 18,
    "searched": 12,
    "page_viewed": 6,
    "review_read": 4,
    "wishlist_added": 3,
    "product_compared": 2,
    "promotion_viewed": 2,
    "content_viewed": 1,
}
"""What a shopper does while looking around, by weight."""

MEAN_LOOKS: Final = 5.0

FILLS_CART: Final = 0.16
"""Of visits."""
MEAN_ITEMS: Final = 2.0
REMOVES: Final = 0.12
"""Of items put in."""
LOOKS_AT_CART: Final = 0.4
LOOKS_AT_OTHER: Final = 0.5
"""Of other carts that wait, where there are any."""
COUPON: Final = 0.1

STARTS_CHECKOUT: Final = 0.45
"""Of filled carts."""
GOES_ON: Final = 0.86
"""At each of the steps after that, the last being the order itself."""
PAYMENT_FAILS: Final = 0.05

WEBHOOK_AFTER: Final = 4 * SECOND
"""Mean time until an order is told a second time."""

BUYS_UNSEEN: Final = 0.02
"""Of visits: an order with no cart signal before it (one click, the till, the telephone)."""

COMES_BACK_TO_CART: Final = 0.3
"""Of abandoned carts, after 1 to 30 hours, half of them by the reminder's link."""

CANCELS: Final = 0.02
REFUNDS: Final = 0.06
TICKET: Final = 0.05
REVIEWS: Final = 0.14
SHARES: Final = 0.05
REFERS: Final = 0.07
NPS: Final = 0.15
JOINS_LOYALTY: Final = 0.08
"""Of orders, each."""
SOLVED: Final = 0.8
"""Of support cases."""

CHATS: Final = 0.02
ERRORS: Final = 0.015
LOGS_IN: Final = 0.3
SIGNS_UP: Final = 0.05
UNSUBSCRIBES: Final = 0.004
"""Of visits, each."""

LAPSES: Final = 0.03
"""Of visits: the shopper is then not seen for LAPSE_DAYS."""
LAPSE_DAYS: Final = (35, 220)
LEAVES: Final = 0.015
"""Of visits: the shopper is never seen again, and a new one takes the place."""


def price(product: int) -> float:
    """The price of a product: from 5 to 200, the same at every call."""
    return 5 + product * 7919 % 19_500 / 100
