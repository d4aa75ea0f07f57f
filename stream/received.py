"""Records as they come from the broker, also those whose headers have names that are no text.

Kafka's protocol says that the name of a header is UTF-8, and its broker does not look; some clients let a sender write
any bytes. aiokafka raises then, for the whole fetch and each time it is fetched again: one such record would stop its
partition for ever. Here such bytes are told in hexadecimal digits, and the record is read like any other.

It relies on private parts of aiokafka 0.14.0, each held by its name in tests/kafka/test_hooks.py: of `fetcher` the
names `PartitionRecords` and `MemoryRecords`, `PartitionRecords._unpack_records` and `_records`;
`_MemoryRecordsPy._next_slice` and `_cache_next`; `_DefaultRecordBatchPy._maybe_uncompress`, `_decompressed` and
`_buffer`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

# Where in a batch its first offset, the version of its format and the span of its offsets stand. Before version 2 there
# were no headers, and the offset is that of the last record.
_OFFSET, _MAGIC, _SPAN = 0, 16, 23


class _Text(bytearray):
    """Bytes of which any part can be read as text."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _Text(found) if isinstance(place, slice) else found

    def decode(self, *_: Any, **__: Any) -> str:
        return bytes(self).decode(errors="backslashreplace")


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """A batch whose headers may be called anything."""

    def _maybe_uncompress(self) -> None:
        fresh = not self._decompressed
        super()._maybe_uncompress()
        if fresh:
            self._buffer: Any = _Text(self._buffer)


class _Batches(_MemoryRecordsPy):  # type: ignore[misc]
    """Batches, in pure Python: slower by a factor of ten, and only for a fetch that aiokafka cannot read.

    Those before the offset `since` are left out: they have been read.
    """

    def __init__(self, content: bytes, since: int) -> None:
        super().__init__(content)
        while self._next_slice is not None and _end(self._next_slice) <= since:
            self._cache_next()

    def next_batch(self, *_: Any) -> Any:
        following = self._next_slice
        if following is None or following[_MAGIC] < 2:  # noqa: PLR2004  see above
            return super().next_batch()
        self._cache_next()
        return _Batch(following)


def _end(batch: memoryview) -> int:
    """The offset behind a batch."""
    span = struct.unpack_from(">i", batch, _SPAN)[0] if batch[_MAGIC] >= 2 else 0  # noqa: PLR2004  see above
    return int(struct.unpack_from(">q", batch, _OFFSET)[0] + span + 1)


class Kept(MemoryRecords):  # type: ignore[misc]
    """What was fetched of a partition, with its bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content


class Received(fetcher.PartitionRecords):  # type: ignore[misc]
    """A fetch's records, read again with more patience where they cannot be read at once."""

    def _unpack_records(self) -> Iterator[Any]:
        try:
            yield from super()._unpack_records()
        except UnicodeDecodeError:
            self._records: Any = _Batches(self._records.content, self.next_fetch_offset)
            yield from super()._unpack_records()


def install() -> None:
    """Let every consumer of this process read so; once is enough."""
    fetcher.MemoryRecords = Kept
    fetcher.PartitionRecords = Received
