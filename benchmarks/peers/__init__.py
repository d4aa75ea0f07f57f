"""The same job on other engines, each written as its own documentation recommends."""
