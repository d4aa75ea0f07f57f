"""What is too large for the topic of refused records is told by digest and length."""

from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.published import RejectionHeaders
from schemas.rejections import Rejection
from schemas.signals import Origin
from stream.publishing import MOST_BESIDE, ROOM, Topics, digested, rejection_record

ROOMY = 8 * 1024 * 1024
SMALL = 2_000  # bytes that our own headers have at most


@given(
    st.none() | st.binary(max_size=MOST_BESIDE * 2),
    st.none() | st.binary(max_size=1_000),
    st.sampled_from([0, 10, MOST_BESIDE, 2 * MOST_BESIDE]),
)
def test_whatever_was_refused_fits_in_as_a_digest(key: bytes | None, value: bytes | None, beside: int) -> None:
    theirs = (("theirs", b"x" * beside),)
    refused = rejection_record(Topics(), Rejection("too large", "", Origin("events", 1, 7), key, value, theirs), ROOMY)
    assert (refused.key, refused.value) == (key, value)
    told = digested(refused)
    assert told.value is None
    headers = dict(told.headers)
    assert headers["stagewatch-value-sha256"].decode() == sha256(value or b"").hexdigest()
    assert headers["stagewatch-value-bytes"] == b"%d" % len(value or b"")
    assert headers["stagewatch-offset"] == b"7"
    assert len(told.key or b"") + sum(len(text) for text in headers.values()) <= MOST_BESIDE + SMALL
    if told.key != key:
        assert headers["stagewatch-key-bytes"] == b"%d" % len(key or b"")
    RejectionHeaders.model_validate(
        {name: text.decode() for name, text in headers.items() if name.startswith("stagewatch-")}
    )


@given(st.integers(0, 3 * ROOM), st.integers(2 * ROOM, 4 * ROOM))
def test_a_refused_record_is_kept_whole_where_it_fits_in(length: int, takes: int) -> None:
    value = b"x" * length
    refused = rejection_record(Topics(), Rejection("not JSON", "", Origin("events", 1, 7), b"k", value, ()), takes)
    assert refused.value is None or length + ROOM <= takes
    assert refused.value is not None or length > takes - 2 * ROOM


def test_a_header_without_a_value_and_one_of_a_long_name_are_measured_too() -> None:
    theirs: Any = (("none", None), ("\u0130" * 600, b""))
    refused = rejection_record(Topics(), Rejection("empty", "", Origin("events", 1, 7), None, b"", theirs), 2_000)
    assert refused.headers[0] == theirs[0]
    assert "stagewatch-value-sha256" in dict(refused.headers)
