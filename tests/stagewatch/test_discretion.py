"""What errors say in a log: words that were chosen for operators, and none that a customer may stand in."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from stagewatch import logs
from stagewatch.mistakes import Mistake
from stagewatch.settings import Log

CUSTOMER = "customer-4711"
log = logging.getLogger("stream.partition")


@pytest.fixture(params=["text", "json"])
def said(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """All that is logged, as a worker is set up to; pytest's own handlers are put back."""
    root, stream = logging.getLogger(), StringIO()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.TELL_ALL}
    root.handlers.clear()  # so that `force` closes none of pytest's
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure(Log(format=request.param))
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def slip() -> None:
    memories: dict[str, int] = {}
    try:
        memories[CUSTOMER]
    except KeyError as error:
        raise ValueError(CUSTOMER) from error


def test_a_slip_is_told_by_its_type_and_place_and_not_by_what_was_in_hand(said: StringIO) -> None:
    try:
        slip()
    except ValueError as error:
        log.exception("It failed: %r, %s", error, error)  # noqa: TRY401  as libraries do
    text = said.getvalue()
    assert CUSTOMER not in text
    for word in ("ValueError", "KeyError", "in slip", "test_discretion.py", "withheld"):
        assert word in text


def test_an_error_that_is_the_line_itself_or_that_was_put_out_of_sight_is_told_no_more_of(said: StringIO) -> None:
    try:
        try:
            slip()
        except ValueError:
            raise Mistake("mend it") from None
    except Mistake as error:
        log.exception("It failed")
        log.error(error.__context__)  # noqa: TRY400  an error as the line itself
    text = said.getvalue()
    assert CUSTOMER not in text
    assert "Mistake: mend it" in text
    assert "KeyError" not in text
    assert "ValueError: its words are withheld" in text


def test_what_is_said_for_operators_is_said(said: StringIO) -> None:
    words = "start the broker"  # apart from the line that raises, which a traceback quotes
    try:
        raise Mistake(words)  # noqa: TRY301  it is raised to be caught here
    except Mistake as error:
        log.exception("It failed: %r", error)  # noqa: TRY401  as libraries do
        log.error(error)  # noqa: TRY400  an error as the line itself
    log.warning("It failed: %s, after %d s", OSError(28, "No space left on device"), 5)
    text = said.getvalue()
    assert text.count(words) == 3
    assert "No space left on device, after 5 s" in text


def test_a_task_that_nobody_waited_for_is_told_without_its_error(said: StringIO) -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.to_thread(slip))
        await asyncio.wait({task})

    asyncio.run(main())
    text = said.getvalue()
    assert "never retrieved" in text
    assert CUSTOMER not in text


def test_lines_without_errors_are_as_they_were(said: StringIO) -> None:
    log.info("took %d of %s", 3, "events")
    line = said.getvalue().strip()
    assert (json.loads(line)["message"] if line.startswith("{") else line).endswith("took 3 of events")
