"""A record is read whatever its headers are called."""

import struct
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from stream.received import Kept, Received

TOPIC = TopicPartition("events", 3)


def batch(first: int, names: list[str]) -> bytes:
    """A batch as a broker has it, one record for each name of a header; of `??` the bytes are no text."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for number, name in enumerate(names):
        assert builder.append(number, 1_000 + number, b"k", b"v", [(name, b"x"), ("null", None)])
    content = bytearray(bytes(builder.build()).replace(b"??", b"\xff\xfe"))
    struct.pack_into(">q", content, 0, first)
    struct.pack_into(">I", content, 17, calc_crc32c(bytes(content[21:])))
    return bytes(content)


def received(content: bytes, start: int = 0, aborted: Any = None) -> list[Any]:  # noqa: ANN401  aiokafka has no types
    return list(Received(TOPIC, Kept(content), aborted, start, None, None, True, READ_COMMITTED))


def test_a_header_whose_name_is_no_text_is_told_by_its_bytes() -> None:
    content = batch(0, ["a", "b"]) + batch(2, ["c", "??", "é"]) + batch(5, ["d"])
    rows = received(content)
    assert [(row.offset, row.headers[0][0]) for row in rows] == [
        (0, "a"), (1, "b"), (2, "c"), (3, "\\xff\\xfe"), (4, "é"), (5, "d"),
    ]  # fmt: skip
    assert all((row.key, row.value, row.headers[1]) == (b"k", b"v", ("null", None)) for row in rows)
    assert [row.timestamp for row in rows] == [1000, 1001, 1000, 1001, 1002, 1000]


@pytest.mark.parametrize("start", range(3))
def test_reading_begins_where_it_is_told_to(start: int) -> None:
    content = batch(0, ["??", "c", "??"]) + batch(3, ["??"]) + batch(4, ["d"])
    assert [row.offset for row in received(content, start)] == list(range(start, 5))


def test_what_is_damaged_is_still_refused() -> None:
    content = bytearray(batch(0, ["??"]))
    content[-1] ^= 1
    with pytest.raises(Exception, match="Invalid CRC"):
        received(bytes(content))
