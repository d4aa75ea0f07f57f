"""How RocksDB is opened: its options, the memory that a worker's databases share, and what its errors mean.

Knows nothing of what is in a database. RocksDB tells errors apart by their text alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBufferManager

from stream.resting import FilesError

# What a worker's databases take in memory together, beside the memories that are kept ready: blocks read, and writes
# not yet in a table. Each of them flushes what it has collected at BUFFER_BYTES.
CACHE_BYTES: Final = 64 * 1024 * 1024
BUFFERS_BYTES: Final = 64 * 1024 * 1024
BUFFER_BYTES: Final = 8 * 1024 * 1024


class InUseError(Exception):
    """Another process, or somebody else in this one, has the files open."""


class CorruptError(Exception):
    """RocksDB cannot make anything of the files."""


class Databases:
    """How the databases of one worker are opened; they share the memory that they take."""

    def __init__(self) -> None:
        table = BlockBasedOptions()
        self._cache = Cache(CACHE_BYTES)
        table.set_block_cache(self._cache)
        # Customers are read one by one. Blocks of 16 KB, or zstd, took half the room on disk, and a read 1.6 to 2.5
        # times as long.
        table.set_block_size(4 * 1024)
        table.set_bloom_filter(10, block_based=False)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(table)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_write_buffer_size(BUFFER_BYTES)
        options.set_write_buffer_manager(WriteBufferManager(BUFFERS_BYTES, allow_stall=False))
        options.set_max_open_files(256)
        # A manifest names the first and the last customer of each table. One this small is written anew, of the tables
        # that there are, whenever they change: so nobody stays there who is in none of them (stream/scrubbing.py).
        options.set_max_manifest_file_size(1)
        options.set_keep_log_file_num(2)
        options.set_max_log_file_size(1024 * 1024)
        options.set_stats_dump_period_sec(0)
        self._options = options

    def open(self, folder: Path) -> Rdict:
        """The database in a folder, made where there is none.

        Raises:
            InUseError: somebody has it open.
            CorruptError: there is something else, or it is damaged.
            FilesError: the folder cannot be read or written.
        """
        try:
            return Rdict(str(folder), self._options)
        except Exception as error:
            said = str(error)
            if "lock" in said.lower():
                raise InUseError(said) from error
            if said.startswith(("Corruption", "Invalid argument")):
                raise CorruptError(said) from error
            raise failed(folder, error) from error


def failed(folder: Path, error: Exception) -> FilesError:
    """What an operator is told of it."""
    return FilesError(
        f"{folder}: {error}. See to it that there is room, and that this user may write there; if the files are"
        " damaged, delete that folder. Nothing is lost with it: the customers are read from the changelog then"
    )
