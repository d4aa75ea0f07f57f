"""Replay: files in, transitions out, as a worker would publish them."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from click.testing import CliRunner, Result

from schemas.dialects import shipped_dialects
from schemas.published import TransitionRecord
from stagewatch import files
from stagewatch.cli import main
from stagewatch.shoppers import Plan, shoppers
from stagewatch.speaking import in_json

ECOM = Path(__file__).parents[2] / "examples" / "dialects" / "ecom.yaml"


@cache
def events(number: int = 1_500) -> list[bytes]:
    write = in_json(shipped_dialects()["stagewatch"])
    said = map(write, islice(shoppers(Plan(seed=5, shoppers=60)), number))
    return [value for value in said if value is not None]


def in_file(folder: Path, lines: Iterable[bytes], name: str = "events.jsonl") -> str:
    path = folder / name
    content = b"".join(line + b"\n" for line in lines)
    match path.suffix:
        case ".gz":
            content = gzip.compress(content)
        case ".zst":
            content = zstandard.compress(content)
    path.write_bytes(content)
    return str(path)


def run(*arguments: str, given: bytes = b"") -> Result:
    result = CliRunner().invoke(main, ["replay", *arguments], input=given)
    assert result.exit_code == 0, result.output
    return result


def transitions(*arguments: str, given: bytes = b"") -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in run(*arguments, given=given).stdout_bytes.splitlines()]


def named(each: Sequence[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(transition["id"], transition["sequence"], transition["customer"]) for transition in each]


def cart(seconds: int, kind: str = "cart_updated", customer: str = "ann") -> bytes:
    at = f"2024-06-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"
    return orjson.dumps({"customer": customer, "kind": kind, "at": at, "id": f"{customer}-{kind}-{seconds}"})


def test_what_comes_out_is_what_is_published(tmp_path: Path) -> None:
    for each in transitions(in_file(tmp_path, events())):
        TransitionRecord.model_validate_json(orjson.dumps(each))
        assert each["recorded_at"] == each["at"]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    file = in_file(tmp_path, events())
    assert run(file).stdout_bytes == run(file).stdout_bytes != b""


def test_ids_and_sequences_do_not_depend_on_where_the_events_stood(tmp_path: Path) -> None:
    lines = events()
    whole = transitions(in_file(tmp_path, lines))
    parts = transitions(in_file(tmp_path, lines[:1_000], "a.jsonl"), in_file(tmp_path, lines[1_000:], "b.jsonl.zst"))
    assert named(whole) == named(parts)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_files_give_the_same(tmp_path: Path, ending: str) -> None:
    lines = events()
    assert named(transitions(in_file(tmp_path, lines))) == named(
        transitions(in_file(tmp_path, lines, f"events.jsonl{ending}"))
    )


def test_standard_input_can_be_played(tmp_path: Path) -> None:
    lines = events(500)
    assert named(transitions("-", given=b"\n".join(lines))) == named(transitions(in_file(tmp_path, lines)))


def test_a_transition_names_the_row_that_caused_it(tmp_path: Path) -> None:
    file = in_file(tmp_path, [b"", cart(0)])
    assert [(each["cause"]["topic"], each["cause"]["offset"]) for each in transitions(file)] == [(file, 2)] * 2


def test_rows_of_a_table_say_what_the_same_json_says() -> None:
    rows = [
        {"user_id": "ann", "session_id": "1", "event": name, "timestamp": f"2024-06-01 10:0{minute}:00"}
        for minute, name in enumerate(["home", "product_view", "add_to_cart", "purchase"])
    ]
    table = io.StringIO()
    writer = csv.DictWriter(table, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    as_table = transitions("-", "--format", "csv", "-d", str(ECOM), given=table.getvalue().encode())
    as_lines = transitions("-", "-d", str(ECOM), given=b"\n".join(map(orjson.dumps, rows)))
    assert named(as_table) == named(as_lines) != []


def test_signals_that_came_too_late_are_told_once_and_sorted_on_request(tmp_path: Path) -> None:
    lines = events()
    shuffled = lines[::-3] + lines[-2::-3] + lines[-3::-3]
    file = in_file(tmp_path, shuffled)
    told = run(file).stderr
    assert "more than 1h" in told
    assert "--sort" in told
    assert "longer `lateness`" in told
    assert told.count("\n") == 1
    assert run(file, "--sort").stderr == ""
    of_each = sorted(named(transitions(file, "--sort")), key=lambda each: (each[2], each[1]))
    assert of_each == sorted(named(transitions(in_file(tmp_path, lines, "b.jsonl"))), key=lambda each: each[2:0:-1])


def test_signals_that_were_put_in_their_place_are_nothing_to_complain_of(tmp_path: Path) -> None:
    assert run(in_file(tmp_path, [cart(0), cart(2_400, "page_viewed"), cart(600, "order_completed")])).stderr == ""


def test_a_file_grouped_by_customer_needs_no_sorting(tmp_path: Path) -> None:
    lines = sorted(events(), key=lambda line: str(orjson.loads(line)["customer"]))
    assert run(in_file(tmp_path, lines)).stderr == ""


@pytest.mark.parametrize(
    ("until", "abandoned"),
    [
        ("never", []),
        ("2024-06-01T00:29:59Z", []),
        ("2024-06-01T00:30:00Z", ["2024-06-01T00:30:00.000Z"]),
        ("end", ["2024-06-01T00:30:00.000Z"]),
    ],
)
def test_until_says_what_the_silence_at_the_end_means(until: str, abandoned: list[str]) -> None:
    made = transitions("-", "--until", until, given=cart(0))
    assert [each["at"] for each in made if each["name"] == "cart_abandoned"] == abandoned


def test_a_wrong_until_is_answered_with_how_to_write_it() -> None:
    result = CliRunner().invoke(main, ["replay", "-", "--until", "tomorrow"])
    assert result.exit_code == 2
    assert "2024-06-30T00:00:00Z, or never, or end" in result.output


def test_a_cart_touched_again_within_half_an_hour_is_not_abandoned() -> None:
    made = transitions("-", given=b"\n".join([cart(0), cart(1_799), cart(3_598, "order_completed"), cart(9_000)]))
    assert "cart_abandoned" not in [each["name"] for each in made]


def test_several_journeys_are_played_at_once(tmp_path: Path) -> None:
    both = transitions(in_file(tmp_path, events()), "-j", "five-stage", "-j", "four-stage")
    assert {each["journey"] for each in both} == {"five-stage", "four-stage"}


def test_the_summary_counts_what_was_read_and_where_customers_stand(tmp_path: Path) -> None:
    lines = [cart(0), cart(10), cart(20, "order_completed"), cart(30, customer="bob"), b"{}", b"nonsense"]
    told = run(in_file(tmp_path, lines), "--summary", "--until", "end").stdout
    rows = [line.split() for line in told.splitlines()]
    assert ["all", "6"] in rows
    assert ["signals", "4,", "of", "2", "customers"] in rows
    assert ["cart_updated", "3"] in rows
    assert ["not", "JSON", "1"] in rows
    assert ["cart_abandoned", "abandoned", "1", "1"] in rows
    assert ["filled", "0", "15", "min", "27", "min", "2"] in [row[:7] for row in rows]
    assert '"id"' not in told


def test_the_summary_tells_of_copies_and_of_corrections(tmp_path: Path) -> None:
    lines = [cart(0), cart(0), cart(2_400, "page_viewed", "bob"), cart(600, "order_completed")]
    rows = [line.split() for line in run(in_file(tmp_path, lines), "--summary").stdout.splitlines()]
    assert ["came", "twice,", "and", "were", "counted", "once", "1"] in rows
    assert ["cart_abandoned", "abandoned", "0", "0", "1"] in [row[:5] for row in rows]


def test_names_passed_over_are_in_the_summary() -> None:
    line = b'{"type":"track","event":"Bell Rung","userId":"ann","messageId":"1","timestamp":"2024-06-01T00:00:00Z"}'
    assert "Bell Rung (segment)" in run("-", "-d", "segment", "--summary", given=line).stdout


def test_the_summary_makes_way_for_transitions_on_standard_output(tmp_path: Path) -> None:
    result = run(in_file(tmp_path, events(500)), "--summary", "-o", "-")
    assert all(orjson.loads(line) for line in result.stdout.splitlines())
    assert "what was read" in result.stderr


def test_what_is_rejected_is_written_with_reason_row_and_content(tmp_path: Path) -> None:
    file = in_file(tmp_path, [cart(0), b"nonsense", b"\xff", b"", b"[]"])
    out = tmp_path / "rejected.jsonl"
    run(file, "--rejected", str(out))
    rejected = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert [(each["row"], each["reason"]) for each in rejected] == [
        (2, "not JSON"),
        (3, "not UTF-8"),
        (5, "not an object"),
    ]
    assert rejected[0]["value"] == "nonsense"
    assert rejected[1]["value_base64"] == "/w=="


def test_uneven_rows_of_a_table_are_rejected_or_read_as_far_as_they_go(tmp_path: Path) -> None:
    header = b"user_id,session_id,event,timestamp,platform"
    rows = [b"ann,1,home,2024-06-01 10:00:00", b"ann,1,home,2024-06-01 10:00:00,web,more", b"", b"\xff,,,,"]
    file = in_file(tmp_path, [header, *rows], "table.csv")
    out = tmp_path / "rejected.jsonl"
    result = run(file, "-d", str(ECOM), "--rejected", str(out), "--summary")
    reasons = [orjson.loads(line)["reason"] for line in out.read_bytes().splitlines()]
    assert reasons == ["not a row", "not UTF-8"]
    assert ["page_viewed", "1"] in [line.split() for line in result.stdout.splitlines()]


def test_a_cell_that_never_ends_does_not_stop_the_table(tmp_path: Path) -> None:
    rows = [b'"' + b"x" * (1 << 20) + b'more",1,home,2024-06-01 10:00:00', b"ann,1,home,2024-06-01 10:00:00"]
    file = in_file(tmp_path, [b"user_id,session_id,event,timestamp", *rows], "table.csv")
    told = run(file, "-d", str(ECOM), "--summary").stdout
    assert ["page_viewed", "1"] in [line.split() for line in told.splitlines()]


def test_what_is_rejected_and_written_nowhere_is_told_of(tmp_path: Path) -> None:
    told = run(in_file(tmp_path, [cart(0), b"nonsense", b"", b"[]"])).stderr
    assert told.startswith("2 of 3 events could not be understood: --rejected FILE")


@pytest.mark.parametrize(("name", "line"), [("a.jsonl", b"x"), ("a.csv", b"x"), ("a.jsonl.gz", b"\r"), ("a.csv", b",")])
def test_a_line_that_never_ends_ends_the_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: bytes
) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 3 << 20)
    file = in_file(tmp_path, [line * (5 << 20)], name)
    result = CliRunner().invoke(main, ["replay", file])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{file}: no line ends for 3 MiB" in result.stderr


def test_long_lines_and_lines_that_end_as_they_did_on_old_machines_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 3 << 20)
    long = cart(0) + b" " * (1 << 20)
    assert len(transitions(in_file(tmp_path, [long, cart(3_600), long, long]), "--until", "end")) > 0
    table = tmp_path / "table.csv"
    table.write_bytes(b"customer,kind,at,note\r" + (b"ann,cart_updated,2024-06-01T00:00:00Z,%1000d\r" % 0) * 4_000)
    assert run(str(table), "--summary").stderr == ""


def test_names_of_columns_without_end_are_a_mistake(tmp_path: Path) -> None:
    file = in_file(tmp_path, [b"x" * (2 << 20) + b",customer", b"1,2"], "table.csv")
    result = CliRunner().invoke(main, ["replay", file])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}: its first line holds no names of columns")


@pytest.mark.parametrize("option", ["-o", "--rejected"])
def test_a_file_is_not_written_over_while_it_is_read(tmp_path: Path, option: str) -> None:
    file = in_file(tmp_path, events(100))
    before = Path(file).read_bytes()
    (tmp_path / "other.jsonl").symlink_to(file)
    for name in (file, str(tmp_path / "other.jsonl")):
        result = CliRunner().invoke(main, ["replay", file, option, name])
        assert (result.exit_code, Path(file).read_bytes() == before) == (1, True)
        assert "name another file" in result.stderr
    run(file, "-o", "/dev/null", "--rejected", "/dev/null")


def test_progress_is_shown_where_somebody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    file = in_file(tmp_path, events(500))
    assert "reading" in run(file, "--sort").stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.jsonl"], "missing.jsonl: cannot be read: No such file"),
        (["-", "-d", "morse"], "no dialect is shipped under this name and there is no such file"),
        (["-", "-j", "odyssey"], "no journey is shipped under this name and there is no such file"),
        (["-", "-j", "five-stage", "-j", "five-stage"], "different names"),
        (["-", "-o", "/nowhere/out.jsonl"], "cannot be written"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["replay", *arguments])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output
