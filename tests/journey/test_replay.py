from journey.machine import Machine
from journey.memory import Memory
from journey.replay import fold
from schemas.signals import Origin, Signal

T = 1_704_067_200_000
MINUTE, DAY = 60_000, 86_400_000


def signal(customer: str, at: int, kind: str) -> Signal:
    return Signal(customer, kind, T + at, f"{customer}-{at}", {}, Origin("file", 0, at))


def names(machine: Machine, signals: list[Signal], until: int | None = None) -> list[str]:
    return [f"{each.customer} {each.name}" for each in fold(machine, signals, until) if each.track == "cart"]


def test_a_cart_is_abandoned_when_another_customer_moves_the_clock(five_stage: Machine) -> None:
    late = 30 * MINUTE + five_stage.patience
    history = [signal("ann", 0, "cart_updated"), signal("bob", late - 1, "cart_updated")]
    assert names(five_stage, history) == ["ann cart_started", "bob cart_started"]
    history = [signal("ann", 0, "cart_updated"), signal("bob", late, "cart_updated")]
    assert names(five_stage, history) == ["ann cart_started", "ann cart_abandoned", "bob cart_started"]


def test_silence_at_the_end_counts_as_far_as_asked(five_stage: Machine) -> None:
    history = [signal("ann", 0, "cart_updated")]
    assert names(five_stage, history) == ["ann cart_started"]
    assert names(five_stage, history, T + 30 * MINUTE) == ["ann cart_started", "ann cart_abandoned"]
    assert names(five_stage, history, T + 8 * DAY)[2:] == ["ann cart_expired"]


def test_an_end_before_the_clock_takes_nothing_back(five_stage: Machine) -> None:
    history = [signal("ann", 0, "cart_updated"), signal("bob", DAY, "searched")]
    assert names(five_stage, history, T) == ["ann cart_started", "ann cart_abandoned"]


def test_a_deadline_set_behind_the_clock_comes_when_the_clock_next_moves(five_stage: Machine) -> None:
    history = [signal("ann", DAY, "searched"), signal("bob", 0, "cart_updated"), signal("bob", MINUTE, "checkout_step")]
    assert names(five_stage, history) == ["bob cart_started", "bob checkout_started", "bob cart_abandoned"]
    moved = [*history[:2], signal("ann", DAY + 1, "searched"), history[2]]
    made = names(five_stage, moved)
    assert made[:3] == ["bob cart_started", "bob cart_abandoned", "bob cart_abandoned"]  # the second withdraws it
    assert made[3] == "bob checkout_started"


def test_nothing_makes_nothing(five_stage: Machine) -> None:
    memories: dict[str, Memory] = {}
    assert list(fold(five_stage, [], T, memories)) == []
    assert memories == {}
