"""Mistakes of whoever runs a command: told in words that say what to do, never with a traceback."""


class Mistake(Exception):  # noqa: N818  it is the user's, and no error of the program
    """Something the user can put right. The command line prints the message and ends with `exit_code`."""

    exit_code = 1
