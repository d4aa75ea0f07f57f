"""A dialect becomes readable source, which tracebacks show."""

import traceback

import pytest

from schemas.compiling import compile_dialect, source_of
from schemas.faults import SenderError
from tests.schemas.speaking import AT, HERE, SHIPPED, track


def test_the_source_of_a_dialect_can_be_read() -> None:
    source = source_of(compile_dialect(SHIPPED["segment"]))
    assert source.startswith(
        "def understand(event, headers, envelope, origin, latest):\n    said = event.get('type')\n"
    )
    assert "raise no_customer(event.get('userId'), event.get('user_id')," in source


def test_a_traceback_shows_the_line_of_the_generated_source() -> None:
    with pytest.raises(SenderError) as caught:
        compile_dialect(SHIPPED["segment"])(track(userId=None), {}, {}, HERE, AT)
    assert "raise no_customer(event.get('userId')" in "".join(traceback.format_exception(caught.value))


def test_each_object_on_the_way_is_looked_up_once() -> None:
    source = source_of(compile_dialect(SHIPPED["klaviyo"]))
    assert source.count("event.get('data')") == 1
