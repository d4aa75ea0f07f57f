"""Where written memories lie in local files: one RocksDB database a partition.

Owns what is in the files and what may be believed of them; how they are opened is stream/databases.py's. What is
written is held in memory until it is acknowledged in the changelog, and goes into the files then, in one write with how
far of the changelog they hold (`Reached`): so nothing is in there that the changelog does not have. They are worth
nothing without the changelog, and whatever is the matter with them can be mended by throwing them away.

The write-ahead log is on, and is not synced: a process that is killed loses nothing; a machine that fails loses the
newest writes whole, and the changelog has those.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import orjson
from rocksdict import Rdict, ReadOptions, WriteBatch

from journey.clock import Time
from stream.databases import CorruptError, Databases, InUseError, failed
from stream.resting import NOTHING, Changes, FilesError, OwnChanges, Packed, Reached, Resting
from stream.scrubbing import Scrubbing

log = logging.getLogger(__name__)

FORMAT: Final = 1
# No customer has this key: ids with control characters are refused.
REACHED_KEY: Final = b"\x00reached"
# Before the keys of what the partition keeps for itself.
OWN_KEYS: Final = b"\x00own"
FIRST_CUSTOMER: Final = b"\x01"
# A worker that has lost a partition closes its files at once, so whoever needs more time (seconds) does not go.
WAIT_FOR_LOCK: Final = 2.0
READAHEAD: Final = 2 * 1024 * 1024


class Files(Resting):
    """One partition's memories in files.

    Args:
        folder: of the database.
        databases: how it is opened.

    Raises:
        InUseError: somebody has it open.
        FilesError: the folder cannot be read or written.
    """

    def __init__(self, folder: Path, databases: Databases) -> None:
        self._folder = folder
        self._databases = databases
        #: not acknowledged yet, or written after the files were closed; None: gone
        self._fresh: dict[str, bytes | None] = {}
        self._database: Rdict | None = None
        self._scrubbing: Scrubbing | None = None
        self.reached: Reached | None = None
        self.own: dict[bytes, bytes] = {}
        self._open()

    def _open(self) -> None:
        try:
            self._database = self._databases.open(self._folder)
            self.reached = self._told()
            self.own = dict(self._owned())
        except CorruptError as error:
            self._begin_anew(f"they are damaged: {error}")
        else:
            if self.reached is None and self._found() is not None:
                self._begin_anew("they do not say how far they go")
        self._scrubbing = Scrubbing(self._opened())

    def _begin_anew(self, why: str) -> None:
        log.warning("%s: the files of this partition are thrown away, since %s", self._folder, why)
        self.discard()
        try:
            self._database = self._databases.open(self._folder)
        except CorruptError as error:
            raise failed(self._folder, error) from error

    def _told(self) -> Reached | None:
        told = self._ask(REACHED_KEY)
        if told is None:
            return None
        # Those that earlier releases wrote have less at the end.
        form, *more = orjson.loads(told)
        return _reached(*more) if form == FORMAT else None

    def _owned(self) -> Iterator[tuple[bytes, bytes]]:
        walk = self._opened().iter()
        walk.seek(OWN_KEYS)
        while walk.valid() and bytes(walk.key()).startswith(OWN_KEYS):
            yield bytes(walk.key()).removeprefix(OWN_KEYS), bytes(walk.value())
            walk.next()

    def _found(self) -> bytes | None:
        """Any key."""
        walk = self._opened().iter()
        walk.seek_to_first()
        return bytes(walk.key()) if walk.valid() else None

    def _opened(self) -> Rdict:
        if self._database is None:
            raise FilesError(f"{self._folder}: the files have been closed")
        return self._database

    def _ask(self, key: bytes) -> bytes | None:
        try:
            found: bytes | None = self._opened().get(key)
        except FilesError:
            raise
        except Exception as error:
            raise failed(self._folder, error) from error
        return found

    def __contains__(self, customer: object) -> bool:
        if not isinstance(customer, str):
            return False
        if customer in self._fresh:
            return self._fresh[customer] is not None
        return self._ask(customer.encode()) is not None

    def __iter__(self) -> Iterator[str]:
        return (customer for customer, _ in self.items())

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All customers with their memories; nothing is to be written meanwhile."""
        fresh = self._fresh
        yield from ((customer, written) for customer, written in fresh.items() if written is not None)
        options = ReadOptions()
        options.set_readahead_size(READAHEAD)
        # Whoever is looked at once need not push out those who come again; the stub does not know the argument.
        options.fill_cache(False)  # type: ignore[call-arg]
        walk = self._opened().iter(options)
        try:
            # Not `Rdict.items`, which ends without a word where a block is damaged.
            walk.seek(FIRST_CUSTOMER)
            while walk.valid():
                customer = walk.key().decode()
                if customer not in fresh:
                    yield customer, walk.value()
                walk.next()
            walk.status()
        except Exception as error:
            raise failed(self._folder, error) from error

    def read(self, customer: str) -> bytes:
        """The memory as it was written. KeyError where there is none; FilesError where that cannot be told."""
        fresh = self._fresh
        written = fresh[customer] if customer in fresh else self._ask(customer.encode())
        if written is None:
            raise KeyError("a customer")  # not which one: it may come to stand in a log
        return written

    def write(self, customer: str, written: bytes) -> None:
        """In memory until it is acknowledged."""
        self._fresh[customer] = written

    def rest(self, customer: str) -> None:
        """It lies as it lies."""

    def restore(self, written: Mapping[str, bytes]) -> None:
        """In memory until it is said that they are kept."""
        self._fresh.update(written)

    def forget(self, customer: str) -> None:
        """The customer is gone, if there was one; from the files once that is acknowledged."""
        self._fresh[customer] = None

    def keep(self, written: Changes, reached: Reached | None, own: OwnChanges = NOTHING) -> None:
        """Put into the files what is acknowledged; without `reached` they will not be trusted when opened next.

        Raises:
            FilesError: they cannot be written. Nothing of it is in there then.
        """
        if self._database is None:
            return
        batch = WriteBatch(raw_mode=True)
        gone = [key for key in (it.encode() for it, each in written.items() if each is None) if self._ask(key)]
        due = self._scrubbing.deleting(batch, gone) if gone and self._scrubbing else None
        # Nobody is deleted who is not there: the deletion would bring the name into the files.
        for key in gone:
            batch.delete(key)
        for customer, each in written.items():
            if each is not None:
                batch.put(customer.encode(), each)
        for key, each in own.items():
            _put(batch, OWN_KEYS + key, each)
        _put(batch, REACHED_KEY, None if reached is None else _said(reached))
        try:
            self._database.write(batch)
        except Exception as error:
            raise failed(self._folder, error) from error
        if due and self._scrubbing:
            self._scrubbing.deleted(due)
        self.reached = reached
        fresh = self._fresh
        for customer, each in written.items():
            if fresh.get(customer, b"") is each:  # else a later batch has written it again
                del fresh[customer]

    def size(self) -> int:
        """Bytes on disk, of tables and of what is not in one yet; nought once they are closed."""
        database, total = self._database, 0
        for name in ("rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables"):
            try:
                total += (database.property_int_value(name) if database is not None else None) or 0
            except Exception:  # noqa: BLE001  asked by another thread, while they are being closed
                return 0
        return total

    async def again(self) -> bool:
        """Open them once more; False where somebody has them, or has gone on with them."""
        before = self.reached
        try:
            self._open()
        except InUseError:
            return False
        if self.reached is not None and self.reached == before:
            return True
        self.close()
        return False

    def close(self) -> None:
        """Leave the files to whoever is next."""
        database, self._database = self._database, None
        scrubbing, self._scrubbing = self._scrubbing, None
        if database is not None:
            try:
                if scrubbing is not None:
                    scrubbing.end()
                database.close()
            except Exception as error:  # noqa: BLE001  what is not in there is in the changelog
                log.warning("%s was not closed well: %s", self._folder, error)

    def discard(self) -> None:
        """Close the files, and remove them."""
        self.close()
        self._fresh.clear()
        self.reached = None
        self.own = {}
        try:
            shutil.rmtree(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise failed(self._folder, error) from error


class InFiles:
    """The files of one worker's partitions, below a folder that several may share.

    Args:
        folder: where they lie.
        changelog: the topic that they are of; no other's are looked at.
        wait: seconds to wait for somebody else to close the files of a partition.
    """

    def __init__(self, folder: Path, changelog: str, wait: float = WAIT_FOR_LOCK) -> None:
        self._folder = folder / changelog
        self._wait = wait
        self._databases = Databases()

    def check(self) -> None:
        """Try whether files can be written where they are to lie. OSError where they cannot."""
        self._folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=self._folder).close()

    async def open(self, number: int) -> Resting:
        """A partition's files; where somebody else keeps them, a place in memory for as long as it is held here.

        Raises:
            FilesError: the folder cannot be read or written.
        """
        folder = self._folder / str(number)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failed(folder, error) from error
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wait
        while True:
            try:
                return Files(folder, self._databases)
            except InUseError:
                if loop.time() >= until:
                    break
            await asyncio.sleep(0.1)
        log.warning(
            "%s: another process has these files open, one that sleeps or a second worker; until partition %d is"
            " assigned here anew, its customers are kept in memory, and read from the changelog whole",
            folder,
            number,
        )
        return Packed()


def _said(reached: Reached) -> bytes:
    clock = reached.clock
    told = reached.offset, reached.last.hex(), reached.batch, clock.now, reached.at, reached.end, reached.floor
    return orjson.dumps((FORMAT, *told, clock.greatest))


def _reached(  # noqa: PLR0917  in the order in which they are written; earlier releases wrote fewer
    offset: int,
    last: str,
    batch: int,
    now: int | None,
    at: int,
    end: int | None = None,
    floor: Mapping[str, int] | None = None,
    greatest: Mapping[str, int] | None = None,
) -> Reached:
    return Reached(offset, bytes.fromhex(last), batch, Time(now, greatest or {}), at, end, floor or {})


def _put(batch: WriteBatch, key: bytes, value: bytes | None) -> None:
    if value is None:
        batch.delete(key)
    else:
        batch.put(key, value)
