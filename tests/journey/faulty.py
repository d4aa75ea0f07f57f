"""A small journey that is right, and what is said of it once something in it is changed."""

import pytest

from journey.faults import JourneyError
from journey.loading import load

RIGHT = """\
journey: small
version: 1
title: small but right
signals: [appointment_booked]
groups:
  at_the_cart: [cart_updated, checkout_started]
facts:
  orders: {count: order_completed}
  value: {last: value, of: at_the_cart}
tracks:
  cart:
    initial: empty
    stages: [empty, filled, abandoned]
    moves:
      - {name: cart_filled, from: any, to: filled, on: at_the_cart}
      - {name: cart_ordered, from: [filled, abandoned], to: empty, on: order_completed, if: orders > 0}
      - {name: cart_abandoned, from: filled, to: abandoned, after: 30m, since: at_the_cart, publish: [value]}
examples:
  - name: left alone
    signals:
      - {at: 0s, kind: cart_updated, value: 3}
    until: 1h
    transitions: [cart_filled, cart_abandoned at 30m]
"""


def faults(*changes: tuple[str, str]) -> list[str]:
    """What the faults say of the journey with these changes. Each must stand where the changes put a `^`."""
    text = RIGHT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(JourneyError) as caught:
        load(text.replace("^", ""), "small.yaml")
    found = caught.value.faults
    places = [
        (number, column + 1 - line[:column].count("^"))
        for number, line in enumerate(text.splitlines(), 1)
        for column, letter in enumerate(line)
        if letter == "^"
    ]
    assert [(fault.line, fault.column) for fault in found] == places
    assert str(caught.value) == "\n".join(map(str, found))
    return [fault.message for fault in found]


NOT_A_DURATION = "is not a duration: write a number and a unit, as in 30s, 30m, 2h, 7d or 1d12h"
NO_UNIT = "is not a duration: write its unit, as in 30s, 30m, 2h or 7d"
NOT_A_NAME = "cannot be a name: use small letters, digits and _, and none of Python's words or 'any'"
NOT_A_MAPPING = "this must be a mapping, that is lines of 'key: value'"
ONE_OPERATION = "a fact is one of count, days, days_since, sum, first, last, min, max: this has"
