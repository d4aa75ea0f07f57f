"""Signals: what an event says once understood, and the closed vocabulary it may say it in.

Owns the kinds of signal, the attributes a signal may carry, and which kinds carry which. A dialect translates
into this vocabulary and a journey reads nothing else; so a word missing here is added here first. Knows no
dialect, no journey and nothing about how bytes become values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, final

KINDS: Final[Mapping[str, str]] = {
    # Meeting the shop: awareness, contact.
    "ad_viewed": "an advertisement was shown",
    "ad_clicked": "an advertisement was clicked",
    "promotion_viewed": "a promotion inside the shop was shown",
    "promotion_clicked": "a promotion inside the shop was clicked",
    "session_started": "a visit began",
    "page_viewed": "a page or a screen was looked at",
    "content_viewed": "an article, a guide, a video or other content was looked at",
    "searched": "something was searched for",
    "list_viewed": "a list or category of products was looked at or filtered",
    "email_opened": "an e-mail of the shop was opened",
    "referral_arrived": "somebody came by another customer's recommendation",
    "app_installed": "the shop's app was installed",
    "app_opened": "the shop's app was opened",
    # More than a passing visit: connect.
    "signed_up": "an account was created",
    "subscribed": "news of the shop were subscribed to",
    "form_submitted": "a form was sent in, a lead was left",
    "contact_identified": "the visitor became known by name, e-mail or account",
    "lead_qualified": "a sales team took up the lead",
    # A channel in both directions: conversation.
    "question_asked": "a question was asked",
    "chat_started": "a chat began",
    "chat_message": "a message was written in a chat, by either side",
    "chat_ended": "a chat ended",
    "call_held": "a telephone or video call was held",
    "email_clicked": "a link in an e-mail of the shop was clicked",
    "webinar_attended": "a webinar was attended",
    # Comparing: consideration.
    "product_viewed": "a product was looked at",
    "product_compared": "products were compared",
    "review_read": "reviews of a product were read",
    "wishlist_added": "a product was put on a wish list",
    "wishlist_removed": "a product was taken off a wish list",
    "content_downloaded": "a data sheet, a case study or other content was downloaded",
    "coupon_applied": "a coupon was entered, accepted, refused or removed (`action` says which)",
    # Choosing: decision.
    "cart_updated": "the cart was changed or looked at (`action` says what was done)",
    "checkout_started": "a checkout began",
    "checkout_step": "a step of a checkout was seen or completed",
    "payment_entered": "payment details were entered",
    "payment_failed": "a payment was refused or broke off",
    "error_shown": "the shop showed an error",
    # Buying, or doing what was asked: conversion, consumption.
    "order_completed": "an order was placed or paid",
    "order_updated": "an order was changed",
    "order_fulfilled": "an order was sent or handed over",
    "subscription_started": "a paid subscription began",
    "trial_started": "a trial began",
    "trial_ended": "a trial ended",
    "lead_converted": "a lead became a customer",
    # Staying: retention, loyalty.
    "logged_in": "the customer logged in",
    "loyalty_joined": "a loyalty programme was joined",
    "points_earned": "loyalty points were earned",
    "points_redeemed": "loyalty points were spent",
    "feedback_given": "feedback was given",
    "nps_answered": "the question how likely one is to recommend was answered (`score` 0 to 10)",
    "ticket_resolved": "a support case was solved",
    # Recommending: advocacy, community.
    "review_posted": "a review was written (`rating` 1 to 5)",
    "product_shared": "a product or a cart was shared",
    "referral_sent": "somebody was invited or recommended to",
    "referral_converted": "somebody this customer had recommended to bought",
    "mention_posted": "the shop was mentioned in public",
    "community_joined": "a forum, a group or a club was joined",
    # Leaving.
    "order_refunded": "an order was paid back, wholly or in part",
    "order_cancelled": "an order was cancelled",
    "subscription_cancelled": "a paid subscription was ended",
    "unsubscribed": "the shop's e-mails were unsubscribed from or marked as spam",
    "ticket_opened": "a support case or a complaint was opened",
    "lead_lost": "a lead was given up or found unfit",
    "account_deleted": "the account was deleted",
    "app_uninstalled": "the shop's app was removed",
}
"""Every kind of signal, and what it says in one line."""

_CART: Final = frozenset({"cart_updated", "coupon_applied", "product_shared"})
_CHECKOUT: Final = frozenset({"checkout_started", "checkout_step", "payment_entered", "payment_failed", "error_shown"})
_ORDER: Final = frozenset(kind for kind in KINDS if kind.startswith("order_"))
_PRODUCT: Final = frozenset(
    {
        "product_viewed",
        "product_compared",
        "review_read",
        "wishlist_added",
        "wishlist_removed",
        "cart_updated",
        "review_posted",
        "product_shared",
        "list_viewed",
    }
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One word of the vocabulary: its type, what it means, and which kinds of signal carry it.

    `names` is true of a text that names something (a cart, an order): ids that mean nothing are none of its values.
    """

    type: Literal["number", "text"]
    meaning: str
    kinds: frozenset[str] = frozenset(KINDS)
    names: bool = False


ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "cart": Attribute("text", "which cart", _CART | _CHECKOUT | _ORDER, names=True),
    "checkout": Attribute("text", "which checkout", _CART | _CHECKOUT | _ORDER, names=True),
    "order": Attribute("text", "which order", _CHECKOUT | _ORDER | {"coupon_applied", "review_posted"}, names=True),
    "action": Attribute(
        "text",
        "what was done to the cart (added, removed, viewed, replaced, emptied) or with the coupon",
        _CART,
    ),
    "quantity": Attribute("number", "how many pieces this signal is about", _PRODUCT | _ORDER),
    "items": Attribute(
        "number", "how many lines the cart, checkout or order holds after it", _CART | _CHECKOUT | _ORDER
    ),
    "price": Attribute("number", "the price of one piece", _PRODUCT),
    "value": Attribute("number", "what the cart or checkout is worth after it", _CART | _CHECKOUT),
    "revenue": Attribute("number", "what the order or subscription is worth", _ORDER | {"subscription_started"}),
    "refund": Attribute("number", "how much was paid back", frozenset({"order_refunded", "order_cancelled"})),
    "currency": Attribute(
        "text", "the currency of price, value, revenue and refund", _CART | _CHECKOUT | _ORDER | _PRODUCT
    ),
    "coupon": Attribute("text", "the coupon's code", _CART | _CHECKOUT | _ORDER),
    "step": Attribute("number", "which step of the checkout", _CHECKOUT),
    "product": Attribute("text", "which product", _PRODUCT, names=True),
    "category": Attribute("text", "which category of products", _PRODUCT),
    "query": Attribute("text", "what was searched for", frozenset({"searched"})),
    "rating": Attribute(
        "number", "1 (worst) to 5 (best)", frozenset({"review_posted", "review_read", "feedback_given"})
    ),
    "score": Attribute("number", "0 (would never recommend) to 10", frozenset({"nps_answered", "feedback_given"})),
    "points": Attribute("number", "how many loyalty points", frozenset({"points_earned", "points_redeemed"})),
    "channel": Attribute("text", "by which channel the customer came"),
    "campaign": Attribute("text", "by which campaign the customer came"),
}
"""Every attribute that a signal can carry."""

PURCHASES: Final = frozenset({"order_completed", "subscription_started"})
"""The kinds by which somebody buys. They count even where they come too late for anything else."""


def carries(kind: str, attribute: str) -> bool:
    """Whether signals of this kind carry the attribute; a kind that is not among KINDS carries all of them."""
    return kind not in KINDS or kind in ATTRIBUTES[attribute].kinds


@dataclass(slots=True)
class Origin:
    """Where a record stood: topic, partition, offset; of a file its name, 0 and the line number."""

    topic: str
    partition: int
    offset: int


@final
@dataclass(slots=True)
class Signal:
    """An event understood. `at` is event time in ms; `attributes`: words of ATTRIBUTES, rightly typed.

    `late` is never said by a sender: it marks a signal that came too late to be put in its place among its customer's
    others, and whose `at` is therefore the time its customer had reached.
    """

    customer: str
    kind: str
    at: int
    id: str
    attributes: dict[str, float | int | str]
    origin: Origin
    late: bool = False


@dataclass(slots=True)
class Passed:
    """An event understood to hold no signal: counted by name and passed over.

    `name` is as the sender wrote it, cut to a bounded length, or empty where the event has none. `known` tells
    names that the dialect passes over on purpose from those that it has never heard of.
    """

    dialect: str
    name: str
    origin: Origin
    known: bool = False
