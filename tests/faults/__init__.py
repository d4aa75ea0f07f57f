"""Everything that production does to a worker, on purpose and by seed, and what has to hold after it."""
