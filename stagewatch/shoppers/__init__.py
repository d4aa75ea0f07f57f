"""Life-like synthetic shoppers: a stream of signals in order of event time, the same for the same plan.

`shoppers(Plan(seed=7))` is all there is to call. Pure: no clock is read, and all chance comes from the seed.
"""

from collections.abc import Iterator
from heapq import heappop
from random import Random

from schemas.signals import Signal
from stagewatch.shoppers.crowd import Crowd, Plan, gaps
from stagewatch.shoppers.habits import DAY
from stagewatch.shoppers.stories import arrive, life

__all__ = ["Plan", "shoppers"]

FIRST_SEEN = 7 * DAY
"""In a stream without end, every shopper has come by once within this time."""


def shoppers(plan: Plan) -> Iterator[Signal]:
    """The plan's signals in order of event time; an endless stream if the plan names no days."""
    crowd = Crowd(plan, Random(plan.seed))  # noqa: S311  chance that must repeat itself
    length = None if plan.days is None else int(plan.days * DAY)
    for gap in gaps(plan.shoppers):
        first = int(min(gap, length or FIRST_SEEN) * crowd.rng.random())
        crowd.follow(life(crowd, arrive(crowd, gap), plan.start + first))
    while crowd.heap:
        at, _, signal, story = heappop(crowd.heap)
        if length is not None and at >= plan.start + length:
            return
        yield signal
        crowd.follow(story)
