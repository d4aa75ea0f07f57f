"""What cannot be understood is refused with its reason, whatever it is; nothing raises."""

import orjson
import pytest

from schemas.decoding import MAX_RECORD_BYTES
from schemas.reading import Reader
from schemas.rejections import REASONS, Rejection
from schemas.signals import Origin
from schemas.values import NOBODY
from tests.schemas.speaking import AT, HERE, READERS, SHIPPED, passed, read, rejection, signal, track


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "tombstone"),
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"x" * (MAX_RECORD_BYTES + 1), "too large"),
        (orjson.dumps(track())[:-1] + b"\xff}", "not UTF-8"),
        ('{"userId": "Ünal"}'.encode("latin-1"), "not UTF-8"),
        (orjson.dumps(track()).decode().encode("utf-16"), "not UTF-8"),
        (orjson.dumps(track()).decode().encode("utf-16-le"), "not UTF-8"),
        (orjson.dumps(track()).decode().encode("utf-32-be"), "not UTF-8"),
        (b'{"userId": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"userId": "\\ud800"}', "not JSON"),
        (b'{"userId": NaN}', "not JSON"),
        (b'{"userId": 1e999}', "not JSON"),
        (b'{"userId": ' + b"9" * 400 + b"}", "not JSON"),
        (b"{'userId': 'u'}", "not JSON"),
        (b'{"userId": "u"', "not JSON"),
        (b'{"userId": "u"} {}', "not JSON"),
        (b'{"userId": "a\x01b"}', "not JSON"),
        (b"user,event\nu,e", "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "too deep"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "too deep"),
        (b"null", "not an object"),
        (b"true", "not an object"),
        (b"17", "not an object"),
        (b'"an event"', "not an object"),
        (b"[]", "not an object"),
        (b"{}", "no customer"),
    ],
)
def test_a_record_that_is_no_event_is_refused(value: bytes | None, reason: str) -> None:
    refused = rejection(value)
    assert (refused.reason, refused.value, refused.origin) == (reason, value, HERE)
    assert refused.detail
    assert reason in REASONS


def test_a_utf_8_byte_order_mark_is_read_over() -> None:
    assert signal(b"\xef\xbb\xbf" + orjson.dumps(track())).kind == "product_viewed"


def test_the_last_of_repeated_keys_counts() -> None:
    assert signal(orjson.dumps(track())[:-1] + b',"userId":"u-2"}').customer == "u-2"


def test_an_event_nested_deep_is_understood_if_it_has_an_id() -> None:
    value = orjson.dumps(track())[:-1] + b',"properties":{"x":' + b"[" * 900 + b"]" * 900 + b"}}"
    assert signal(value).id == "m-1"


def test_an_event_nested_too_deep_to_make_an_id_of_its_content_is_refused() -> None:
    value = orjson.dumps(track(messageId=None))[:-1] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}"
    assert rejection(value).reason == "too deep"


NOBODIES = [*sorted(NOBODY), "NULL", " None ", "Undefined", "GUEST", "[object Object]", "000", "0000-0000", "---", "-"]


@pytest.mark.parametrize("nobody", NOBODIES)
def test_an_id_that_means_nobody_is_refused(nobody: str) -> None:
    assert rejection(track(userId=nobody)).reason == ("nobody" if nobody else "no customer")


@pytest.mark.parametrize("nobody", NOBODIES)
def test_where_an_id_means_nobody_the_next_place_is_asked(nobody: str) -> None:
    assert signal(track(userId=nobody, anonymousId="a-1")).customer == "a-1"


@pytest.mark.parametrize(
    "odd",
    [
        True,
        False,
        {"id": "u"},
        ["u"],
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "x" * 257,
        1e300,
        2**70,
        0,
        0.0,
    ],
)
def test_an_id_that_is_no_id_is_refused(odd: object) -> None:
    value = orjson.dumps(track(userId="?")).replace(b'"?"', orjson.dumps(odd) if odd != 2**70 else str(odd).encode())
    assert rejection(value).reason == "nobody"


@pytest.mark.parametrize(
    ("fair", "customer"),
    [
        (17, "17"),
        (-5, "-5"),
        (2**64 - 1, "18446744073709551615"),
        (12.5, "12.5"),
        (17.0, "17"),
        (" u-1 ", "u-1"),
        ("0042", "0042"),
        ("Zoë", "Zoë"),
        ("👩‍💻", "👩‍💻"),
        ("nullable", "nullable"),
        ("a b", "a b"),
        ("x" * 256, "x" * 256),
    ],
)
def test_ids_are_text_even_where_they_look_like_numbers(fair: object, customer: str) -> None:
    assert signal(track(userId=fair)).customer == customer


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (None, "no time"),
        ("", "no time"),
        ("yesterday", "bad time"),
        ("13/03/2024", "bad time"),
        ("2024-13-01T00:00:00Z", "bad time"),
        ("2024-03-13T25:00:00Z", "bad time"),
        ("1_710_325_274", "bad time"),
        ("inf", "bad time"),
        ("9" * 300, "bad time"),
        (True, "bad time"),
        ({"$date": 1}, "bad time"),
        ([2024, 3, 13], "bad time"),
        (1e300, "bad time"),
        ("1e50", "bad time"),
        (0, "implausible time"),
        ("0", "implausible time"),
        (-1, "implausible time"),
        ("1970-01-01T00:00:00Z", "implausible time"),
        ("1999-12-31T23:59:59.999Z", "implausible time"),
        ("1999-12-31 23:59:59", "implausible time"),
        ("2100-01-01T00:00:00Z", "implausible time"),
        ("9999-12-31T23:59:59Z", "implausible time"),
        (5, "implausible time"),
    ],
)
def test_a_time_that_cannot_be_believed_is_refused(time: object, reason: str) -> None:
    assert rejection(track(timestamp=time)).reason == reason


def test_where_a_time_cannot_be_believed_the_next_place_is_asked() -> None:
    assert signal(track(originalTimestamp="1970-01-01T00:00:00Z")).at == AT


def test_an_event_of_the_future_is_refused_and_one_at_the_bound_is_not() -> None:
    assert signal(track(), latest=AT).at == AT
    refused = rejection(track(), latest=AT - 1500)
    assert refused.reason == "future"
    assert "2024-03-13T10:21:14.000Z, 1.500 s beyond" in refused.detail


def test_an_event_that_no_dialect_knows_is_refused_with_its_keys() -> None:
    refused = rejection({"who": "u-1", "what": "bought"}, "auto")
    assert (refused.reason, refused.detail) == ("unknown dialect", "its keys are who, what")


def test_an_event_without_a_name_is_passed_over_if_it_is_somebodys() -> None:
    assert passed({"userId": "u-1", "timestamp": "2024-03-13"}).name == ""
    assert rejection({"timestamp": "2024-03-13"}).reason == "no customer"


def test_an_unknown_name_is_passed_over_before_anything_else_is_looked_at() -> None:
    unknown = passed({"type": "track", "event": " Course Clicked "})
    assert (unknown.name, unknown.known, unknown.dialect) == ("Course Clicked", False, "segment")


def test_a_name_passed_over_on_purpose_is_known() -> None:
    assert passed(track("SIGNED OUT ")).known


def test_names_beyond_what_is_remembered_are_understood_all_the_same() -> None:
    for number in range(5000):
        assert passed(track(f"Odd {number}"), "auto").name == f"Odd {number}"
    assert signal(track("product viewed"), "auto").kind == "product_viewed"
    assert len(passed(track("x" * 5000)).name) == 100


def test_shapes_beyond_what_is_remembered_are_detected_all_the_same() -> None:
    for number in range(4200):
        assert signal({**track(), f"extra {number}": 1}, "auto").kind == "product_viewed"
    assert signal({**track(), "x" * 3000: 1}, "auto").customer == "u-1"


def test_what_nobody_foresaw_is_a_rejection_too() -> None:
    (refused,) = READERS["segment"].read(5, HERE)  # type: ignore[arg-type]
    assert isinstance(refused, Rejection)
    assert refused.reason == "fault of ours"


def test_there_is_no_reader_of_a_dialect_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="there is no dialect 'segmnt'; there are auto, cloudevents"):
        Reader(SHIPPED, "segmnt")


def test_a_rejection_is_published_with_its_own_bytes_and_headers_and_ours() -> None:
    headers = (("trace", b"\xff"), ("stagewatch-reason", b"an older one"))
    (refused,) = read(b"{", key=b"k", headers=headers)
    assert isinstance(refused, Rejection)
    assert refused.record() == (
        b"k",
        b"{",
        [
            ("trace", b"\xff"),
            ("stagewatch-reason", b"not JSON"),
            ("stagewatch-detail", refused.detail.encode()),
            ("stagewatch-topic", b"events"),
            ("stagewatch-partition", b"3"),
            ("stagewatch-offset", b"17"),
            ("stagewatch-events", b"all"),
        ],
    )


def test_a_rejections_detail_is_bounded_and_can_always_be_written() -> None:
    long = Rejection("not JSON", "\ud800" + "x" * 1000, Origin("t", 0, 1), None, b"", ())
    detail = dict(long.record()[2])["stagewatch-detail"]
    assert detail == b"\\ud800" + b"x" * 299


def test_the_value_at_fault_is_quoted_short() -> None:
    refused = rejection(track(timestamp="z" * 500))
    assert refused.detail == f"'{'z' * 80}'... (500 characters) is no time"
