"""What there is to count while signals are heard, beside the transitions."""

from dataclasses import dataclass, fields
from typing import Self


@dataclass(slots=True)
class Tally:
    """Counts that whoever feeds signals to a machine may read.

    Attributes:
        duplicates: signals that had been heard before.
        rewound: signals that came late and were put in their place.
        too_late: signals that came later than that.
        signals_settled: recent signals that could no longer be overtaken, because their customer has too many.
        ids_forgotten: ids that were forgotten within the window, because their customer has too many.
        carts_forgotten: open carts that were forgotten, because their customer has too many.
    """

    duplicates: int = 0
    rewound: int = 0
    too_late: int = 0
    signals_settled: int = 0
    ids_forgotten: int = 0
    carts_forgotten: int = 0

    def add(self, other: Self) -> None:
        """Count what another counted, too."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
