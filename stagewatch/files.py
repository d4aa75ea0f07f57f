"""Files in and out: plain, gzip or zstd by the ending of the name, `-` for standard input and output.

Reading is buffered widely, so that many lines are had from one call: a call for each would cost more than the
work on it. It knows nothing of events.
"""

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard

from stagewatch.mistakes import Mistake

CHUNK = 1 << 20
"""Bytes asked for at once: larger gains nothing measurable, smaller costs calls."""

FRAME_CHUNK = 1 << 16
"""Bytes of a zstd file unpacked at once: events become some 20 times larger."""

LONGEST_LINE = 64 << 20
"""Bytes, sixty times the longest record. Where no line ends for so long there are no lines, and perhaps no end."""

STANDARD = "-"

Watch = Callable[[int], None]
"""Told how many more bytes of the file, as it lies on disk, have been read."""


class FileError(Mistake):
    """A file that cannot be read or written; the message names it and says why."""


def stem_suffix(name: str) -> str:
    """The ending that says how the content is written (`.csv`, `.jsonl`), the compression's left off."""
    path = Path(name)
    return (path.with_suffix("") if path.suffix in {".gz", ".zst"} else path).suffix.lower()


@contextmanager
def reading(name: str, watch: Watch | None = None, ends: str = "\n") -> Iterator[io.BufferedReader]:
    """The bytes of a file of lines, uncompressed; any of the characters in `ends` ends a line.

    FileError if it cannot be opened, or further on is damaged or has a line of more than LONGEST_LINE.
    """
    with (
        _opened(name, "rb") as raw,
        _uncompressed(name, cast("BinaryIO", _Watched(raw, watch)) if watch else raw) as content,
    ):
        yield io.BufferedReader(_Named(content, name, [each.encode() for each in ends]), CHUNK)


@contextmanager
def writing(name: str) -> Iterator[BinaryIO]:
    """Where bytes go into the file, compressed as its name says. The same bytes in give the same file.

    FileError if it cannot be opened, or takes no more further on.
    """
    # Lines are small: a call of the file or the packer for each costs more than writing or packing them.
    with _opened(name, "wb") as raw, _compressed(name, _Writer(raw, name)) as content:
        buffered = io.BufferedWriter(content, CHUNK)
        try:
            yield buffered
            buffered.flush()
        finally:
            buffered.detach()


def keep_apart(read: Iterable[str], written: Iterable[str]) -> None:
    """FileError where a file would be written over before it is read, or be written twice."""
    taken = {os.path.realpath(name) for name in read}
    for name in written:
        real = os.path.realpath(name)
        if real in taken and not (os.path.exists(real) and not os.path.isfile(real)):  # noqa: PTH110, PTH113
            raise FileError(f"{name}: is to be written, and is read or written already: name another file")
        taken.add(real)


@contextmanager
def _opened(name: str, mode: str) -> Iterator[BinaryIO]:
    if name == STANDARD:
        yield sys.stdin.buffer if mode == "rb" else sys.stdout.buffer
        return
    try:
        file = cast("BinaryIO", Path(name).open(mode, buffering=0))  # noqa: SIM115  closed below
    except OSError as error:
        verb = "read" if mode == "rb" else "written"
        raise FileError(f"{name}: cannot be {verb}: {error.strerror}") from error
    with file:
        yield file


@contextmanager
def _uncompressed(name: str, raw: BinaryIO) -> Iterator[BinaryIO]:
    match Path(name).suffix:
        case ".gz":
            with gzip.GzipFile(fileobj=raw, mode="rb") as content:
                yield cast("BinaryIO", content)
        case ".zst":
            yield cast("BinaryIO", _Unzstd(raw))
        case _:
            yield raw


@contextmanager
def _compressed(name: str, raw: io.RawIOBase) -> Iterator[io.RawIOBase]:
    match Path(name).suffix:
        case ".gz":
            packed: Any = gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=6)
        case ".zst":
            packed = zstandard.ZstdCompressor().stream_writer(cast("BinaryIO", raw), closefd=False)
        case _:
            yield raw
            return
    with packed:
        yield packed


class _Watched(io.RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, watch: Watch) -> None:
        super().__init__()
        self._file: Any = file
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  any writable buffer
        count: int = self._file.readinto(buffer)
        self._watch(count)
        return count


class _Writer(io.RawIOBase):
    """A file whose faults, found at any later write, name it. A reader that has gone away is no fault."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        super().__init__()
        self._file = file
        self._name = name

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401  any buffer
        try:
            left = memoryview(data).cast("B")
            while left:  # an unbuffered file may take less than it is given
                left = left[self._file.write(left) :]
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            name = "standard output" if self._name == STANDARD else self._name
            raise FileError(f"{name}: cannot be written: {error.strerror}") from error
        return memoryview(data).nbytes


class _Unzstd(io.RawIOBase):
    """The content of zstd frames set end to end. zstandard's own reader takes a file cut short for a whole one."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._frame: Any = None
        self._input = b""
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  any writable buffer
        while not self._output:
            self._input = self._input or self._file.read(FRAME_CHUNK)
            if not self._input:
                if self._frame:
                    raise EOFError("the compressed file ends too early")
                return 0
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._output = memoryview(self._frame.decompress(self._input))
            self._input = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        count = min(len(buffer), len(self._output))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count


class _Named(io.RawIOBase):
    """A file whose faults, found at any later read, name it: it is damaged, or a line of it does not end."""

    def __init__(self, file: BinaryIO, name: str, ends: list[bytes]) -> None:
        super().__init__()
        self._file: Any = file
        self._name = name
        self._ends = ends
        self._line = 0  # bytes read of a line that has not ended

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  any writable buffer
        try:
            count: int = self._file.readinto(buffer)
        except (OSError, EOFError, zstandard.ZstdError) as error:
            raise FileError(f"{self._name}: cannot be read: {error}") from error
        read = bytes(buffer[:count])
        ended = max(map(read.rfind, self._ends))
        self._line = self._line + count if ended < 0 else count - ended - 1
        if self._line > LONGEST_LINE:
            raise FileError(
                f"{self._name}: no line ends for {LONGEST_LINE >> 20} MiB: write one event a line, as JSON, or a table"
            )
        return count
