"""What there is to count while signals are heard, beside the transitions."""

from dataclasses import dataclass
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
        # Written out: a batch adds one for every customer, and asking for the fields' names took eight times as long.
        self.duplicates += other.duplicates
        self.rewound += other.rewound
        self.too_late += other.too_late
        self.signals_settled += other.signals_settled
        self.ids_forgotten += other.ids_forgotten
        self.carts_forgotten += other.carts_forgotten
