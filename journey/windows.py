"""What the generated code calls to reckon with facts: sums that can always be written down, and sliding windows.

Owns how a window is kept: a flat list [bucket, value, bucket, value, ...], oldest first, of those buckets into which
anything fell; for days the list of the days alone. A list is never changed, always made anew, because memories that
were copied share it. `bucket` is time // width, `oldest` the first bucket that still counts.
"""

import sys
from bisect import bisect_left
from typing import Final

Number = int | float
Buckets = list[Number]

EXACT: Final = 2**53
"""Up to here integers and floats agree; JSON readers of every language can hold what is not beyond it."""


def bounded(value: Number) -> Number:
    """`value`, as a float where it is beyond 2^53, and never beyond the largest float: so it can always be encoded."""
    if -EXACT <= value <= EXACT:
        return value
    return max(-sys.float_info.max, min(sys.float_info.max, float(value)))


def counted(buckets: Buckets, bucket: int, oldest: int) -> Buckets:
    """The window with one more in its bucket; apart from `added` because counting is what most windows do."""
    if buckets and buckets[-2] == bucket:
        changed = buckets.copy()
        changed[-1] += 1
        return changed
    return [*_live(buckets, oldest), bucket, 1]


def added(buckets: Buckets, bucket: int, value: Number, oldest: int) -> Buckets:
    """The window with `value` added to its bucket."""
    if buckets and buckets[-2] == bucket:
        return [*buckets[:-1], bounded(buckets[-1] + value)]
    return [*_live(buckets, oldest), bucket, value]


def lowered(buckets: Buckets, bucket: int, value: Number, oldest: int) -> Buckets:
    """The window with its bucket's value lowered to `value`."""
    if buckets and buckets[-2] == bucket:
        return [*buckets[:-1], min(buckets[-1], value)]
    return [*_live(buckets, oldest), bucket, value]


def raised(buckets: Buckets, bucket: int, value: Number, oldest: int) -> Buckets:
    """The window with its bucket's value raised to `value`."""
    if buckets and buckets[-2] == bucket:
        return [*buckets[:-1], max(buckets[-1], value)]
    return [*_live(buckets, oldest), bucket, value]


def seen(days: Buckets, day: int, oldest: int) -> Buckets:
    """The window of days with `day`, which is not in it yet."""
    return [*days[bisect_left(days, oldest) :], day]


def total(buckets: Buckets, oldest: int) -> Number:
    """The sum of what the window still covers."""
    return bounded(sum(_live(buckets, oldest)[1::2])) if buckets else 0


def lowest(buckets: Buckets, oldest: int) -> Number | None:
    """The smallest value that the window still covers; None where it covers none."""
    return min(_live(buckets, oldest)[1::2], default=None)


def highest(buckets: Buckets, oldest: int) -> Number | None:
    """The largest value that the window still covers; None where it covers none."""
    return max(_live(buckets, oldest)[1::2], default=None)


def days_in(days: Buckets, oldest: int) -> int:
    """How many days the window still covers. They ascend; asked one by one, they took a tenth of a replay."""
    return len(days) - bisect_left(days, oldest)


def _live(buckets: Buckets, oldest: int) -> Buckets:
    if not buckets or buckets[0] >= oldest:
        return buckets
    start = 2
    while start < len(buckets) and buckets[start] < oldest:
        start += 2
    return buckets[start:]
