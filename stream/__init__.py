"""What Stagewatch adds to Faust: batched delivery, the customer table, the outlet, metrics.

Nothing in this room decides anything about customers; that is `journey`. What it owns is the order in
which things become durable: changelog first, then transitions, then the offset.
"""
