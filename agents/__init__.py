"""What Faust runs: one file an agent. Each takes a batch, calls `journey`, and hands over what came out.

No rule of a journey stands here, and nothing here writes to Kafka.
"""
