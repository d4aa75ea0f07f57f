"""Tokens for OAUTHBEARER, out of a file that somebody else keeps fresh.

Whoever issues tokens also puts them there: Kubernetes does for a projected service account, and so do the agents of
Vault, Azure, Google and SPIFFE. So the worker needs no client secret, speaks to no token endpoint and knows no
vendor's way of asking; and a token that has been renewed counts from the next connection on, without a restart.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka.abc import AbstractTokenProvider

from stream.reasons import UnusableError

# What a token is made of (RFC 6750). Anything else, a line end within above all, would change what is sent.
_OF_TOKENS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=")


@dataclass(frozen=True, slots=True)
class TokenFile(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """The token that the file holds when it is asked for, which is whenever a connection is opened."""

    path: str

    async def token(self) -> str:
        """The token.

        Raises:
            UnusableError: the file cannot be read, or holds no token.
        """
        try:
            # A few kilobytes, most often of memory: quicker read than handed to a thread.
            with open(self.path, encoding="ascii") as file:  # noqa: ASYNC230, PTH123
                token = file.read().strip()
        except OSError as error:
            raise UnusableError(f"security.token_file: {self.path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self._none() from None
        if not token or not _OF_TOKENS.issuperset(token):
            raise self._none()
        return token

    def _none(self) -> UnusableError:
        return UnusableError(f"security.token_file: {self.path} holds no token: it must hold one and nothing else")
