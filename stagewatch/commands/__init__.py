"""One module a command: its options, and what it says. The work itself is done elsewhere."""
