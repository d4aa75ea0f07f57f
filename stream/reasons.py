"""Why the broker cannot be reached, in words that say what to do: what aiokafka and TLS said, read once, in one place.

It knows what the errors mean and asks nobody. No message holds a secret, nor what a broker wrote.
"""

from __future__ import annotations

import socket
import ssl
from asyncio import IncompleteReadError
from typing import TYPE_CHECKING, Final

from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

if TYPE_CHECKING:
    from stream.connection import Connection

# Of OpenSSL's numbers for what is wrong with a certificate, those of which more can be said than what it says itself.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_OTHER_NAMES: Final = (62, 64)
# The first byte of an alert of TLS: what comes back where TLS is spoken, read as the length of an answer of Kafka's.
_TLS_ALERT: Final = 0x15


class UnusableError(KafkaConnectionError):  # type: ignore[misc]  # aiokafka has no types
    """The broker cannot be spoken to as the settings say; the message says why, and what to do.

    A KafkaError, so that aiokafka tries again, with a token that has been renewed meanwhile, say.
    """

    def __str__(self) -> str:
        return str(self.args[0])


def of_certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    """Why the broker's certificate is not believed."""
    number = error.verify_code
    if number == _EXPIRED:
        return "its certificate has expired: it must be renewed there"
    if number == _NOT_YET_VALID:
        return "its certificate is not valid yet: compare the clocks of both machines"
    if number in _OTHER_NAMES:
        return (
            f"its certificate is not for {host}: name it in `broker` as the certificate does, or have one made that"
            f" names {host}"
        )
    return (
        f"its certificate is not to be trusted ({error.verify_message}): name in security.ca_file the PEM file of the"
        " authority that signed it"
    )


def of_tls(error: ssl.SSLError, connection: Connection) -> str:
    """Why there is no TLS with the broker, where that is not the fault of its certificate."""
    if "ALERT" in (error.reason or "").upper():
        if connection.cert_file is None:
            return "it wants a certificate of ours: give security.cert_file and security.key_file"
        return (
            "it refuses our certificate: security.cert_file must be valid, and signed by an authority that the broker"
            " trusts"
        )
    return f"it does not speak TLS there: correct the port, or security.protocol, which is {connection.protocol}"


def of_silence(error: BaseException, connection: Connection, *, answered: bool) -> str:
    """Why it may have hung up; `answered`: after it had answered in the way we speak."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        return of_tls(cause, connection)
    protocol = f"security.protocol, which is {connection.protocol}"
    if connection.tls and isinstance(error, ConnectionError):
        return f"it hangs up on TLS: correct the port, or {protocol}"
    if isinstance(cause, IncompleteReadError) and (cause.expected or 0) >> 24 == _TLS_ALERT:
        return f"it speaks TLS there: correct the port, or {protocol}"
    if answered and connection.login and connection.mechanism == "OAUTHBEARER":
        return (
            f"it does not take the token in {connection.token_file}: is it fresh, and is the broker set up for who"
            " issued it?"
        )
    if answered and not connection.login:
        return f"it hangs up on whoever does not log in: correct {protocol}, and give a login"
    return f"it hangs up on us: correct the port, or {protocol}"


def why(error: BaseException, connection: Connection, host: str, *, answered: bool = False) -> str:  # noqa: C901, PLR0911  a table
    """What is in the way, and what to do. `answered`: whether this broker had understood us before."""
    match error:
        case UnusableError():
            return str(error)
        case socket.gaierror():
            return f"nobody knows a machine called {host}: correct `broker`"
        case ssl.SSLCertVerificationError():
            return of_certificate(error, host)
        case ssl.SSLError():
            return of_tls(error, connection)
        case TimeoutError():
            return "it does not answer: it hangs, or something between does not let us through"
        case ConnectionRefusedError():
            return "nobody listens there: start it, or correct `broker`"
        case SaslAuthenticationFailed():
            what = "the token" if connection.mechanism == "OAUTHBEARER" else f"{connection.username} with this password"
            return f"it does not let in {what} by {connection.mechanism}: correct `security`, or the broker's users"
        case UnsupportedSaslMechanismError():
            return f"it takes no login by {connection.mechanism}: say in security.mechanism one that it takes"
        case IllegalSaslStateError():
            return f"it wants no login there: correct the port, or security.protocol, which is {connection.protocol}"
        case OSError() if not isinstance(error, ConnectionError):
            return f"it cannot be reached ({error.strerror or error}): correct `broker`"
    return of_silence(error, connection, answered=answered)
