"""Files in and out, in every compression."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.files import FileError, reading, stem_suffix, writing

ENDINGS = ["", ".gz", ".zst"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read(tmp_path: Path, ending: str) -> None:
    name = str(tmp_path / f"a.jsonl{ending}")

    @given(st.binary(max_size=3_000))
    def holds(content: bytes) -> None:
        with writing(name) as file:
            file.write(content)
        with reading(name) as file:
            assert file.read() == content

    holds()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_content_gives_the_same_file(tmp_path: Path, ending: str) -> None:
    names = [str(tmp_path / f"{each}.jsonl{ending}") for each in "ab"]
    for name in names:
        with writing(name) as file:
            file.write(b"x" * 10_000)
    assert Path(names[0]).read_bytes() == Path(names[1]).read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_parts_set_end_to_end_are_read_as_one(tmp_path: Path, ending: str) -> None:
    parts = []
    for part in (b"one\n", b"two\n"):
        name = str(tmp_path / f"part{ending}")
        with writing(name) as file:
            file.write(part)
        parts.append(Path(name).read_bytes())
    whole = tmp_path / f"whole{ending}"
    whole.write_bytes(b"".join(parts))
    with reading(str(whole)) as file:
        assert file.readlines() == [b"one\n", b"two\n"]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_file_cut_short_is_an_error_that_names_it(tmp_path: Path, ending: str) -> None:
    name = str(tmp_path / f"a.jsonl{ending}")
    with writing(name) as file:
        file.write(bytes(range(256)) * 100)
    Path(name).write_bytes(Path(name).read_bytes()[:-9])
    with reading(name) as file, pytest.raises(FileError, match="cannot be read"):
        file.read()


def test_a_file_that_is_not_compressed_as_its_name_says_is_an_error(tmp_path: Path) -> None:
    for ending in (".gz", ".zst"):
        path = tmp_path / f"a{ending}"
        path.write_text("plain")
        with reading(str(path)) as file, pytest.raises(FileError, match="cannot be read"):
            file.read()


def test_a_missing_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"missing\.csv: cannot be read: No such file"), reading("missing.csv"):
        pass
    with pytest.raises(FileError, match="cannot be written"), writing(str(tmp_path / "no" / "folder")):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
def test_a_disk_that_is_full_is_an_error_that_names_the_file() -> None:
    with pytest.raises(FileError, match="/dev/full: cannot be written: No space left"), writing("/dev/full") as file:
        file.write(b"line\n")


def test_what_was_written_before_a_failure_is_kept(tmp_path: Path) -> None:
    name = str(tmp_path / "a.jsonl")

    def interrupted() -> None:
        with writing(name) as file:
            file.write(b"line\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert Path(name).read_bytes() == b"line\n"


def test_the_watcher_is_told_of_every_byte_as_it_lies_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"line\n" * 100_000))
    told: list[int] = []
    with reading(str(path), told.append) as file:
        assert len(file.readlines()) == 100_000
    assert sum(told) == path.stat().st_size


def test_the_ending_counts_without_the_compression() -> None:
    assert [stem_suffix(name) for name in ("a.csv", "b.csv.gz", "c.JSONL.zst", "-")] == [
        ".csv", ".csv", ".jsonl", "",
    ]  # fmt: skip
