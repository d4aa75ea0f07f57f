"""Commands: what is one, who may give it, and what is said of one that is refused."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.commands import COMMANDS, MAX_BYTES, SIGNATURE, Command, encode, read, sign
from schemas.rejections import REASONS, Rejection
from schemas.signals import Origin
from schemas.times import EARLIEST, LATEST
from schemas.values import MAX_ID_LENGTH

T = 1_704_067_200_000
ORIGIN = Origin("customer-commands", 3, 17)
KEY, OTHER = "a key that nobody guesses", "the one that we had before"
GOOD = {"command": "erase", "customer": "ann", "id": "c1", "at": "2024-01-01T00:00:00Z"}

ids = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1, max_size=MAX_ID_LENGTH
).filter(lambda text: text == text.strip())

scalars = st.none() | st.text() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(), inner)
)


def told(value: bytes | None, key: bytes | None = b"ann", signature: str | None = None, *keys: str) -> Command | str:
    """The command, or the reason for which it is none."""
    headers = () if signature is None else ((SIGNATURE, signature.encode()),)
    found = read(value, ORIGIN, key=key, headers=headers, keys=keys)
    if isinstance(found, Command):
        return found
    assert found == Rejection(found.reason, found.detail, ORIGIN, key, value, headers)
    return found.reason


def changed(**fields: object) -> bytes:
    return orjson.dumps(GOOD | fields)


@given(st.sampled_from(sorted(COMMANDS)), ids, ids, st.integers(EARLIEST, LATEST - 1))
def test_what_is_encoded_and_signed_is_read(command: str, customer: str, id_: str, at: int) -> None:
    value = encode(command, customer, id_, at)
    assert len(value) <= MAX_BYTES
    key = customer.encode()
    assert told(value, key, sign(value, KEY), OTHER, KEY) == Command(command, customer, id_, at, ORIGIN)
    assert told(value, key) == Command(command, customer, id_, at, ORIGIN), "where no key is configured nobody signs"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b" ", "empty"),
        (b"x" * (MAX_BYTES + 1), "too large"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "not an object"),
        (b"{}", "no command"),
        (changed(further=1), "no command"),
        (changed(command="forget"), "no command"),
        (changed(command=["erase"]), "no command"),
        (changed(customer=7), "nobody"),
        (changed(customer=""), "nobody"),
        (changed(customer=" ann"), "nobody"),
        (changed(customer="ann\x00"), "nobody"),
        (changed(customer="a" * (MAX_ID_LENGTH + 1)), "nobody"),
        (changed(customer="bob"), "other key"),
        (changed(id=None), "no command"),
        (changed(at=T), "bad time"),
        (changed(at="yesterday"), "bad time"),
        (changed(at="2024-01-01T00:00:00"), "bad time"),
        (changed(at="1999-12-31T23:59:59Z"), "implausible time"),
        (changed(at="2100-01-01T00:00:00Z"), "implausible time"),
    ],
)
def test_what_is_no_command_is_refused_for_its_reason(value: bytes | None, reason: str) -> None:
    assert told(value) == reason
    assert reason in REASONS


def test_a_byte_order_mark_is_passed_over() -> None:
    assert told(b"\xef\xbb\xbf" + changed()) == Command("erase", "ann", "c1", T, ORIGIN)


@pytest.mark.parametrize(
    ("signature", "reason"),
    [(None, "unsigned"), ("", "bad signature"), ("ü", "bad signature"), (sign(changed(id="c2"), KEY), "bad signature")],
)
def test_where_keys_are_configured_an_unsigned_command_is_refused(signature: str | None, reason: str) -> None:
    assert told(changed(), b"ann", signature, KEY) == reason


def test_any_of_the_keys_will_do_and_no_other() -> None:
    signature = sign(changed(), OTHER)
    assert told(changed(), b"ann", signature, KEY, OTHER) == told(changed(), b"ann", signature.upper(), OTHER)
    assert told(changed(), b"ann", signature, KEY) == "bad signature"
    loud = ((SIGNATURE.upper(), signature.encode()),)
    assert isinstance(read(changed(), ORIGIN, key=b"ann", headers=loud, keys=[OTHER]), Command)


def test_of_several_signatures_the_last_one_counts() -> None:
    good, bad = ((SIGNATURE, sign(changed(), key).encode()) for key in (KEY, OTHER))
    assert isinstance(read(changed(), ORIGIN, key=b"ann", headers=(bad, good), keys=[KEY]), Command)
    assert isinstance(read(changed(), ORIGIN, key=b"ann", headers=(good, bad), keys=[KEY]), Rejection)


@given(
    st.binary(max_size=200) | anything.map(orjson.dumps), st.none() | st.binary(max_size=9), st.text(), st.booleans()
)
def test_whatever_comes_is_a_command_or_is_refused_for_a_known_reason(
    value: bytes, key: bytes | None, signature: str, signed: bool
) -> None:
    headers = ((SIGNATURE, signature.encode(errors="replace")),)
    found = read(value, ORIGIN, key=key, headers=headers, keys=[KEY] if signed else [])
    assert isinstance(found, Command) or found.reason in REASONS


@given(ids.filter(lambda text: len(text) > 3), st.sampled_from(sorted(GOOD)))
def test_no_refusal_names_the_customer(customer: str, wrong: str) -> None:
    name = f"<{customer}>"
    found = read(orjson.dumps(GOOD | {"customer": name} | {wrong: [name]}), ORIGIN, key=name.encode())
    assert isinstance(found, Rejection)
    assert name not in found.detail
