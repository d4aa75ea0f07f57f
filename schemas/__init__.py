"""The wire: what comes in, what goes out, and how each turns from bytes into values and back.

This room owns the words that travel: signals, dialects, transitions, rejections and the published JSON
Schemas. It may not know Kafka or Faust, nor decide anything about customers; it reads no clock and, but for
the dialect files that ship with it, does no input or output.
"""
