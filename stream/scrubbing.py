"""What has been deleted from a database goes from its files too: RocksDB leaves that to a compaction some day.

Owns when that is done, and how. A deleted key stays in tables, in the write-ahead log, and as the bound of a table in
the manifest, until each of them has been written anew. So after a deletion the range around it is compacted, in a
thread of its own; and a change after that makes RocksDB write a new manifest. What is still to be done is kept in the
database itself, and outlives the process. A round costs as much as reading and writing the tables of that range: they
do not follow each other closely.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from threading import Event, Lock, Thread
from typing import Final

import orjson
from rocksdict import BottommostLevelCompaction, CompactOptions, Rdict, WriteBatch

log = logging.getLogger(__name__)

# What is to be scrubbed: the first bytes of the first and the last key, in hexadecimal digits. No customer has such a
# key.
DUE_KEY: Final = b"\x00scrub"
DONE_KEY: Final = b"\x00scrubbed"
# So much of a key bounds a range: RocksDB writes the bounds into its own log.
SHOWN_BYTES: Final = 2
# Seconds between the beginnings of two rounds.
APART: Final = 60.0

Range = tuple[bytes, bytes]


class Scrubbing:
    """The rounds of one database while it is open."""

    def __init__(self, database: Rdict) -> None:
        self._database = database
        self._lock = Lock()
        self._due = _read(database.get(DUE_KEY))
        self._more = Event()
        self._ended = Event()
        self._thread: Thread | None = None
        self._busy = False
        if self._due is not None:
            self._wake()

    def deleting(self, batch: WriteBatch, keys: Iterable[bytes]) -> Range | None:
        """Note in the batch that deletes these keys what is to be scrubbed; it is to be handed to `deleted` then."""
        starts = [key[:SHOWN_BYTES] for key in keys]
        if not starts:
            return None
        with self._lock:
            due = _around(self._due, (min(starts), max(starts)))
        batch.put(DUE_KEY, orjson.dumps([bound.hex() for bound in due]))
        return due

    def deleted(self, due: Range) -> None:
        """The batch has been written."""
        with self._lock:
            self._due = _around(self._due, due)
        self._wake()

    def end(self) -> None:
        """Stop, and leave the rest to whoever opens the database next. It is to be closed after that."""
        self._ended.set()
        self._more.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            if self._busy:
                self._database.cancel_all_background(wait=False)
            thread.join()

    def _wake(self) -> None:
        self._more.set()
        if self._thread is None:
            self._thread = Thread(target=self._rounds, name="scrubbing", daemon=True)
            self._thread.start()

    def _rounds(self) -> None:
        while self._more.wait() and not self._ended.is_set():
            self._more.clear()
            try:
                self._round()
            except Exception as error:  # noqa: BLE001  cancelled; or the disk: the worker hears of that by its own writes
                if not self._ended.is_set():
                    log.warning("What was erased is not yet gone from the files, and is tried again: %s", error)
            self._ended.wait(APART)

    def _round(self) -> None:
        with self._lock:
            due, self._due = self._due, None
        if due is None:
            return
        self._busy = True
        try:
            self._compact(due)
        except Exception:
            with self._lock:
                self._due = _around(self._due, due)
            self._more.set()
            raise
        finally:
            self._busy = False

    def _compact(self, due: Range) -> None:
        database, options = self._database, CompactOptions()
        options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        database.flush()
        database.compact_range(due[0], _after(due[1]), options)
        with self._lock:
            if self._due is None:
                database.delete(DUE_KEY)
        # A change behind the compaction: the manifest that it makes knows of no table from before.
        database.put(DONE_KEY, b"")
        database.flush()


def _read(value: bytes | None) -> Range | None:
    if value is None:
        return None
    first, last = orjson.loads(value)
    return bytes.fromhex(first), bytes.fromhex(last)


def _around(one: Range | None, other: Range) -> Range:
    return other if one is None else (min(one[0], other[0]), max(one[1], other[1]))


def _after(start: bytes) -> bytes | None:
    """The first key behind all that start so; None where there is no such key."""
    number = int.from_bytes(start) + 1
    return number.to_bytes(len(start)) if number < 256 ** len(start) else None
