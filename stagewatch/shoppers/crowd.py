"""The crowd: who visits when, and how many stories become one stream in order of time.

A story is an iterator of signals whose times never go back; the heap holds the next signal of each. It knows
how often shoppers come, and leaves to `stories` what they do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappush
from itertools import accumulate, count
from random import Random

from schemas.signals import Origin, Signal
from stagewatch.shoppers import habits
from stagewatch.shoppers.habits import HOUR

Story = Iterator[Signal]

DEFAULT_START = 1_717_200_000_000
"""2024-06-01T00:00:00Z: a fixed day, so that the same command gives the same file."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many shoppers from when (ms) to when; without `days` they go on for ever.

    `carts`: the share of filled carts (0 to 1) that are begun while an earlier one still waits, so that a shopper has
    several at once; `copies`: the share of orders that are told twice, some seconds apart, the second time under
    another signal id, as by a pixel and by a webhook.
    """

    seed: int = 1
    shoppers: int = 1_000
    start: int = DEFAULT_START
    days: float | None = None
    carts: float = 0.0
    copies: float = 0.0


@dataclass(slots=True, eq=False)
class Cart:
    """A cart that was filled and not yet paid. One without an id was never seen in the shop."""

    owner: "Shopper"
    id: str
    touched: int
    products: list[int] = field(default_factory=list)

    @property
    def value(self) -> float:
        """What it is worth."""
        return round(sum(map(habits.price, self.products)), 2)


@dataclass(slots=True)
class Shopper:
    """One shopper: what stays the same from visit to visit, and what the shopper remembers.

    `carts` are those filled and not yet paid, the one last begun or taken up again at the end.
    """

    customer: str
    gap: float
    mood: float
    orders: int = 0
    carts: list[Cart] = field(default_factory=list)
    member: bool = False


@dataclass(slots=True)
class Crowd:
    """The shared chance, the numbers given out, and the stories under way."""

    plan: Plan
    rng: Random
    heap: list[tuple[int, int, Signal, Story]] = field(default_factory=list)
    tickets: Iterator[int] = field(default_factory=count)
    customers: Iterator[int] = field(default_factory=lambda: count(1))
    signals: Iterator[int] = field(default_factory=lambda: count(1))
    carts: Iterator[int] = field(default_factory=lambda: count(1))
    orders: Iterator[int] = field(default_factory=lambda: count(1))
    origin: Origin = field(default_factory=lambda: Origin("shoppers", 0, 0))

    def say(self, shopper: Shopper, kind: str, at: int, **attributes: float | str) -> Signal:
        """The shopper's signal, with an id of its own."""
        number = next(self.signals)
        name = f"{self.plan.seed:x}-{number:010x}"
        return Signal(shopper.customer, kind, at, name, attributes, self.origin)

    def happens(self, share: float) -> bool:
        """Whether a thing that can be left out of the plan happens; where it is, no chance is spent on it."""
        return share > 0 and self.rng.random() < share

    def follow(self, story: Story) -> None:
        """Puts the story's next signal in its place in the stream; a story that has ended is let go."""
        signal = next(story, None)
        if signal is not None:
            heappush(self.heap, (signal.at, next(self.tickets), signal, story))

    def pause(self, mean: float) -> int:
        """A random length around `mean` ms: at least 1 s, so that two signals are seldom of one moment."""
        return 1_000 + int(self.rng.expovariate(1 / mean))

    def waking(self, at: int) -> int:
        """`at`, or a later hour at which people are more likely to be up."""
        rng = self.rng
        while rng.random() > habits.AWAKE[at // HOUR % 24]:
            at += int(HOUR * (0.5 + rng.random()))
        return at


def gaps(number: int) -> list[float]:
    """The mean time between visits (ms) of each shopper, the busiest first: uneven as Zipf has it."""
    weights = [rank**-habits.ZIPF for rank in range(1, number + 1)]
    average = sum(weights) / number
    low, high = habits.GAP_RANGE
    return [min(max(habits.MEAN_GAP * average / weight, low), high) for weight in weights]


class Chance:
    """A choice among the keys of a table of weights, faster than `random.choices` makes one."""

    def __init__(self, table: dict[str, int]) -> None:
        self._keys = list(table)
        self._bounds = list(accumulate(table.values()))

    def draw(self, rng: Random) -> str:
        """One of the keys."""
        at = rng.random() * self._bounds[-1]
        return next(key for key, bound in zip(self._keys, self._bounds, strict=True) if at < bound)
