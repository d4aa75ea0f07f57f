"""What stands in stream/ and needs no broker to be told."""
