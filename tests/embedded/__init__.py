"""Tests on the embedded broker, and of it."""
