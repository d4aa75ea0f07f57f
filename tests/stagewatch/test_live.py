"""The demo's view: what was corrected or suppressed is told apart, on a terminal and in lines."""

import io
from typing import Any

from rich.console import Console

from stagewatch.live import View

NOW = 1_717_200_000_000


def transition(name: str, kind: str = "made", reason: str | None = None, *, late: bool = False) -> dict[str, Any]:
    return {
        "at": "2024-06-01T00:00:00.000Z", "customer": "shopper-000001", "name": name, "from": "filled",
        "to": "abandoned", "track": "cart", "kind": kind, "reason": reason, "late": late,
    }  # fmt: skip


def stages(customer: str, stage: str) -> dict[str, Any]:
    return {"customer": customer, "journeys": {"five-stage": {"tracks": {"stage": {"stage": stage}}}}}


HEARD = [
    transition("cart_abandoned"),
    transition("cart_abandoned", "corrected", "late_signal"),
    transition("left_without_cart", "suppressed", "cooldown"),
    transition("ordered", late=True),
]
STANDING = [stages("ann", "awareness"), stages("bob", "awareness"), stages("ann", "conversion")]


def seen(*, terminal: bool) -> list[str]:
    out = io.StringIO()
    with View(Console(file=out, force_terminal=terminal, width=160, color_system=None)) as view:
        for each in HEARD:
            view.heard(each)
        for record in STANDING:
            view.stands(record)
        view.draw(NOW)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_each_line_says_what_sets_a_transition_apart() -> None:
    abandoned, corrected, suppressed, late = seen(terminal=False)
    assert abandoned.endswith("cart_abandoned filled -> abandoned")
    assert corrected.endswith("cart_abandoned filled -> abandoned corrected: late signal")
    assert suppressed.endswith("suppressed: cooldown")
    assert late.endswith("too late for its place")


def test_the_picture_counts_what_was_corrected_or_suppressed_apart() -> None:
    picture = "\n".join(seen(terminal=True))
    for words in ("4 transitions", "corrected: late signal", "suppressed: cooldown", "cart_abandoned 1"):
        assert words in picture
    for words in ("ordered 1", "(corrected) 1", "(suppressed) 1"):
        assert words in picture
    assert "left_without_cart 1" not in picture


def test_the_funnel_shows_where_each_customer_stands_now() -> None:
    picture = "\n".join(seen(terminal=True))
    assert "awareness 1" in picture
    assert "conversion 1" in picture
