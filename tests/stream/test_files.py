"""Customers in local files: what is found there again, what is not believed, and what happens when the disk fails."""

import logging
import resource
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from journey.clock import Time
from journey.saving import encode
from stagewatch.library import machine_of_journeys
from stream.beginning import why_not
from stream.changelog import OWN, CustomerEntry, Marker, customer_record, mark_of, marker_record, own_record, tombstone
from stream.databases import Databases
from stream.files import Files, InFiles
from stream.memories import Memories
from stream.outlet import Out
from stream.resting import Changes, FilesError, OwnChanges, Packed, Reached
from stream.restoring import OtherMachineError, Restored
from tests.stream.shop import MACHINE, MINUTE, PLACE, SOURCE, T, after, row, signal

DATABASES = Databases()
FAR = T + 10_000 * 24 * 60 * MINUTE


def files(folder: Path) -> Files:
    return Files(folder, DATABASES)


def reached(offset: int) -> Reached:
    return Reached(offset, b"mark", 1, Time(T), T)


class Worker:
    """Batches of one partition over files and a changelog; it can be killed at any moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: list[ConsumerRecord[bytes, bytes]] = []
        self.going: deque[tuple[int, Changes, OwnChanges, dict[str, int]]] = deque()
        self.floor: dict[str, int] = {}
        self.heard = 0
        self.acknowledged = self.batch = 0
        self.resting = files(folder)
        self.memories = Memories(MACHINE, self.resting, 2)

    def classify(self, customers: set[str]) -> None:
        """Work a batch out."""
        self.batch += 1
        for customer in sorted(customers):
            self.heard += 1
            happened = signal(customer, T + self.heard * MINUTE, self.heard)
            self.memories.take(after(self.memories.get(customer), happened))
        self._going({customer: self.memories.write(customer) for customer in sorted(customers)}, {})
        self.memories.rest()

    def erase(self, customer: str) -> None:
        """Forget somebody, and keep that."""
        self.batch += 1
        self.memories.forget(customer)
        kept = OWN + customer.encode()
        self._going({customer: None}, {kept: b"%d" % self.heard if self.batch % 2 else None})

    def _going(self, written: Changes, own: OwnChanges) -> None:
        self.floor = self.floor | {SOURCE: self.heard + 1}
        self.going.append((self.batch, written, own, self.floor))

    def write(self) -> tuple[Changes, OwnChanges]:
        """The oldest batch under way stands in the changelog."""
        number, written, own, floor = self.going.popleft()
        for key, value in own.items():
            self._append(own_record(PLACE, key, value))
        for customer, memory in written.items():
            name = customer.encode()
            if memory is None:
                self._append(tombstone(PLACE, name, floor))
            else:
                self._append(customer_record(PLACE, name, CustomerEntry(number, memory, [customer, number])))
        self._append(marker_record(PLACE, Marker(self.acknowledged, Time(T + number), floor, number)))
        self.batch = max(self.batch, number)
        return written, own

    def _append(self, out: Out) -> None:
        self.log.append(row(out, len(self.log)))

    def acknowledge(self) -> None:
        """The oldest batch under way is in the changelog, and its transitions are out."""
        if self.going:
            number, *_, floor = self.going[0]
            written, own = self.write()
            self.acknowledged = number
            self.resting.keep(written, self._reached(number, floor), own)

    def _reached(self, number: int, floor: dict[str, int]) -> Reached | None:
        last = self.log[-1] if self.log else None
        return (
            Reached(len(self.log), mark_of(last.key, last.value), number, Time(T + number), T, floor=floor)
            if last
            else None
        )

    def die(self, *, written: bool) -> None:
        """Killed, perhaps when the oldest batch under way was in the changelog already; and started again."""
        if self.going and written:
            self.write()
        self.going.clear()
        self.resting.close()
        self.resting = files(self.folder)
        restored = self._restored()
        self.memories, self.batch = restored.memories, restored.batch
        self.acknowledged, self.floor = restored.batch, restored.floor
        self.resting.keep({}, self._reached(restored.batch, restored.floor))

    def _restored(self) -> Restored:
        found, whole = Restored(MACHINE, self.resting, 2), Restored(MACHINE)
        assert list(found.begin()) == []
        begun = self.resting.reached
        found.load(self.log[begun.offset if begun else 0 :])
        whole.load(self.log)
        assert found.memories == whole.memories
        assert found.batch == whole.batch
        assert (+found.census, found.clock) == (+whole.census, whole.clock)
        assert (found.floor, found.own) == (whole.floor, whole.own)
        assert dict(found.unpublished()) == (dict(whole.unpublished()) if whole.batch > self.acknowledged else {})
        due = [list(each.deadlines.passed(FAR, each.memories.due)) for each in (found, whole)]
        assert due[0] == due[1]
        return found


NAMES = st.sampled_from(["ann", "bob", "cyd", "dan", "eve"])
BATCH = st.sets(NAMES, min_size=1)
LIFE = st.lists(
    st.one_of(BATCH, st.tuples(NAMES), st.sampled_from(["acknowledged", "killed", "killed when written"])), max_size=25
)


@given(LIFE)
@settings(max_examples=60)
def test_files_and_the_rest_of_the_changelog_say_what_the_whole_changelog_says(life: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        worker = Worker(Path(folder))
        for event in [*life, "killed"]:
            if isinstance(event, set):
                worker.classify(event)
            elif isinstance(event, tuple):
                worker.erase(*event)
            elif event == "acknowledged":
                worker.acknowledge()
            else:
                worker.die(written=event == "killed when written")
        worker.resting.close()


def test_what_is_not_acknowledged_is_read_but_does_not_outlive_the_worker(tmp_path: Path) -> None:
    first = files(tmp_path)
    first.keep({"ann": b"old"}, reached(5))
    first.write("ann", b"new")
    assert first.read("ann") == b"new"
    first.close()
    second = files(tmp_path)
    assert dict(second.items()) == {"ann": b"old"}
    assert second.reached == reached(5)
    second.close()


def test_a_memory_written_again_before_the_first_is_acknowledged_stays_the_newer(tmp_path: Path) -> None:
    held = files(tmp_path)
    one, two = {"ann": b"1"}, {"ann": b"2"}
    held.write("ann", one["ann"])
    held.write("ann", two["ann"])
    held.keep(one, reached(2))
    assert held.read("ann") == b"2"
    held.close()
    after_a_crash = files(tmp_path)
    assert after_a_crash.read("ann") == b"1"
    after_a_crash.close()


def test_files_that_do_not_know_how_far_they_go_are_thrown_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = files(tmp_path)
    first.keep({"ann": b"x"}, reached(5))
    first.keep({}, None)
    first.close()
    second = files(tmp_path)
    assert list(second) == []
    assert "do not say how far they go" in caplog.text
    second.close()


def test_damaged_files_are_thrown_away_when_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = files(tmp_path)
    first.keep({"ann": b"x"}, reached(5))
    first.close()
    (tmp_path / "CURRENT").write_text("nonsense\n")
    second = files(tmp_path)
    assert (list(second), second.reached) == ([], None)
    assert "damaged" in caplog.text
    second.close()


def test_a_damaged_block_is_an_error_and_no_end_of_the_customers(tmp_path: Path) -> None:
    first = files(tmp_path)
    first.keep({f"customer_{number:05}": b"%d" % (number**9) * 20 for number in range(5_000)}, reached(5))
    first.close()
    assert len(list(files_once(tmp_path))) == 5_000
    table = max(tmp_path.glob("*.sst"), key=lambda path: path.stat().st_size)
    damaged = bytearray(table.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 100] = b"x" * 100
    table.write_bytes(damaged)
    with pytest.raises(FilesError, match="delete that folder"):
        list(files_once(tmp_path))


def files_once(folder: Path) -> Iterator[str]:
    """The customers in files that are closed then."""
    held = files(folder)
    try:
        yield from held
    finally:
        held.close()


def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(FilesError, match="this user may write there"):
        files(tmp_path / "taken" / "0")


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_and_what_was_written_before_stays(tmp_path: Path) -> None:
    first = files(tmp_path)
    first.keep({"ann": b"x"}, reached(5))
    with disk_full_at(500_000), pytest.raises(FilesError, match="there is room"):
        first.keep({f"customer_{number}": b"x" * 1_000 for number in range(1_000)}, reached(9))
    first.close()
    second = files(tmp_path)
    assert (dict(second.items()), second.reached) == ({"ann": b"x"}, reached(5))
    second.close()


async def test_files_that_somebody_else_has_open_are_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = await InFiles(tmp_path, "log").open(3)
    second = await InFiles(tmp_path, "log", wait=0.1).open(3)
    assert isinstance(first, Files)
    assert isinstance(second, Packed)
    assert "another process has these files open" in caplog.text
    first.close()
    third = await InFiles(tmp_path, "log").open(3)
    assert isinstance(third, Files)
    third.close()


async def test_files_closed_for_a_while_are_good_if_nobody_went_on_with_them(tmp_path: Path) -> None:
    held = files(tmp_path)
    held.keep({"ann": b"x"}, reached(5))
    held.close()
    assert await held.again()
    assert held.read("ann") == b"x"
    held.close()
    other = files(tmp_path)
    other.keep({"ann": b"y"}, reached(7))
    assert not await held.again()
    other.close()
    assert not await held.again()


def test_a_customer_who_is_gone_is_gone_from_the_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    first = files(tmp_path)
    first.keep({"ann": b"x", "bob": b"y"}, reached(5))
    first.forget("ann")
    assert list(first) == ["bob"]
    first.keep({"ann": None}, reached(6))
    first.close()
    assert list(files_once(tmp_path)) == ["bob"]


def within(folder: Path, name: str) -> list[str]:
    """The files below a folder that hold a name, in letters or in hexadecimal digits."""
    forms = name.encode(), name.encode().hex().encode()
    return [path.name for path in folder.iterdir() if any(form in path.read_bytes().lower() for form in forms)]


def scrubbed(folder: Path, name: str) -> bool:
    """Whether a name is gone from the files in a while."""
    until = monotonic() + 20
    while monotonic() < until:
        with suppress(FileNotFoundError):  # RocksDB deletes files meanwhile
            if not within(folder, name):
                return True
    return False


@pytest.mark.parametrize("closed", [False, True])
def test_the_id_of_a_customer_who_is_gone_goes_from_every_file(tmp_path: Path, *, closed: bool) -> None:
    # Names that are bounds of tables stand in the manifest as well.
    named = {f"somebody-{number}": b"%d" % number**9 for number in range(1_000, 1_010)}
    held = files(tmp_path)
    held.keep(named, reached(5))
    held.close()  # the files are opened anew with what was written in a table
    held = files(tmp_path)
    assert within(tmp_path, "somebody-1000")
    assert within(tmp_path, "somebody-1009")
    held.keep({"somebody-1000": None, "somebody-1009": None}, reached(6))
    if closed:  # before it can be done: whoever opens them next does it
        held.close()
        held = files(tmp_path)
    assert scrubbed(tmp_path, "somebody-1000")
    assert scrubbed(tmp_path, "somebody-1009")
    assert sorted(held) == sorted(named.keys() - {"somebody-1000", "somebody-1009"})
    held.close()


def test_the_id_of_somebody_unknown_who_is_erased_does_not_come_into_the_files(tmp_path: Path) -> None:
    held = files(tmp_path)
    held.keep({"ann": b"x"}, reached(5))
    held.keep({"somebody-1000": None}, reached(6))
    assert not within(tmp_path, "somebody-1000")
    held.close()
    assert list(files_once(tmp_path)) == ["ann"]


def test_files_are_closed_amid_their_scrubbing(tmp_path: Path) -> None:
    held = files(tmp_path)
    for part in range(8):
        held.keep({f"customer_{part}{number:05}": b"%d" % number**40 for number in range(5_000)}, reached(part))
    held.keep({"customer_000007": None}, reached(9))
    held.close()
    assert len(list(files_once(tmp_path))) == 39_999


HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("end", "mark", "wall", "said"),
    [
        (5, b"mark", T + 1_000 * HOUR, None),
        (9, b"mark", T + 22 * HOUR, None),
        (9, b"mark", T + 24 * HOUR, "more than 23 hours old"),
        (4, None, T, "ends at 4"),
        (9, b"other", T, "made anew, or compacted"),
        (9, None, T, "made anew, or compacted"),
    ],
)
def test_files_are_believed_only_with_the_changelog_that_they_are_of(
    end: int, mark: bytes | None, wall: int, said: str | None
) -> None:
    why = why_not(reached(5), end, mark, wall)
    assert why is None if said is None else said in (why or "")


def test_what_another_machine_wrote_is_not_counted(tmp_path: Path) -> None:
    held = files(tmp_path)
    held.keep({"ann": encode(machine_of_journeys(["four-stage"]), MACHINE.start("ann"))}, reached(5))
    with pytest.raises(OtherMachineError):
        list(Restored(MACHINE, held).begin())
    held.close()
