"""What `migrates` is refused for, as far as one version can tell. A `^` is where a fault must stand."""

import pytest

from journey.loading import load
from tests.journey.faulty import RIGHT, faults


def with_migrates(written: str) -> tuple[str, str]:
    return "examples:", f"migrates:\n{written}examples:"


def test_where_customers_of_former_stages_go_is_read() -> None:
    text = RIGHT.replace(*with_migrates("  cart: {full: filled, left: abandoned}\n  wishlist: gone\n"))
    migrates = load(text, "small.yaml").migrates
    assert migrates == {"cart": {"full": "filled", "left": "abandoned"}, "wishlist": None}
    assert load(RIGHT, "small.yaml").migrates == {}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("  cart: {full: ^fild}\n", "there is no stage 'fild'. Did you mean 'filled'?"),
        ("  cart: {full: ^[filled]}\n", "there is no stage '['filled']'. Did you mean 'filled'?"),
        (
            "  cart: {^filled: empty}\n",
            "'filled' is a stage of this version, so whoever stands there stays: leave this out",
        ),
        ("  cart: ^gone\n", "'cart' is a track of this version, so it is not gone: map its former stages"),
        ("  ^crt: {full: filled}\n", "there is no track 'crt'; of a former one say 'crt: gone'. Did you mean 'cart'?"),
        ("  cart: ^filled\n", "this must be lines of 'former stage: stage'"),
        ("  ^- cart\n", "this must be a mapping, that is lines of 'key: value'"),
    ],
)
def test_what_cannot_be_is_a_fault(written: str, message: str) -> None:
    assert faults(with_migrates(written)) == [message]


def test_all_of_it_is_told_at_once() -> None:
    assert len(faults(with_migrates("  cart: {full: ^fild, ^empty: filled}\n  ^crt: {}\n"))) == 3
