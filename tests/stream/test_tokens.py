"""A token is what its file holds at that moment, and nothing that could change the request which it travels in."""

from pathlib import Path

import pytest

from stream.reasons import UnusableError
from stream.tokens import TokenFile


async def test_a_token_that_was_renewed_is_the_next_one_given(tmp_path: Path) -> None:
    file = tmp_path / "token"
    tokens = TokenFile(str(file))
    for token in ("first.of-them_~+/=", "second"):
        file.write_text(f"{token}\n")
        assert await tokens.token() == token


@pytest.mark.parametrize("held", [b"", b"\n", b"two tokens", b"a\x01auth=Bearer b", b"a\nb", b"\xff"])
async def test_what_is_no_token_is_not_sent_and_not_told(tmp_path: Path, held: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(held)
    with pytest.raises(UnusableError) as error:
        await TokenFile(str(file)).token()
    assert str(error.value) == f"security.token_file: {file} holds no token: it must hold one and nothing else"


async def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="gone cannot be read: No such file or directory"):
        await TokenFile(str(tmp_path / "gone")).token()
