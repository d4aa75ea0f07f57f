"""What keeps us from the broker, in words: for each error one that says what to do, and no secret."""

import errno
import socket
import ssl
from asyncio import IncompleteReadError
from dataclasses import replace

import pytest
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from stream.connection import Connection
from stream.reasons import UnusableError, why

PLAIN = Connection("kafka:9092")
TLS = Connection("kafka:9093", "SSL")
LOGIN = Connection("kafka:9094", "SASL_PLAINTEXT", "SCRAM-SHA-512", username="shop", password="7-secret-7")  # noqa: S106
TOKEN = Connection("kafka:9095", "SASL_SSL", "OAUTHBEARER", token_file="/run/token")  # noqa: S106  its place
OURS = replace(TLS, cert_file="/run/our.pem")


def certificate(number: int) -> ssl.SSLCertVerificationError:
    """An error of OpenSSL's about the broker's certificate."""
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = number, "as OpenSSL says"
    return error


def tls(reason: str) -> ssl.SSLError:
    """An error of OpenSSL's for this reason."""
    error = ssl.SSLError()
    error.reason = reason
    return error


def since(cause: BaseException) -> KafkaConnectionError:
    """What aiokafka makes of an error below it."""
    error = KafkaConnectionError("7-secret-7")
    error.__cause__ = cause
    return error


HUNG_UP = since(ConnectionResetError())


@pytest.mark.parametrize(
    ("error", "connection", "said"),
    [
        (socket.gaierror(), PLAIN, "nobody knows a machine called kafka: correct `broker`"),
        (ConnectionRefusedError(), PLAIN, "nobody listens there: start it, or correct `broker`"),
        (TimeoutError(), PLAIN, "it does not answer: it hangs,"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), PLAIN, "it cannot be reached (Network is unreachable):"),
        (certificate(10), TLS, "its certificate has expired"),
        (certificate(9), TLS, "its certificate is not valid yet: compare the clocks"),
        (certificate(62), TLS, "its certificate is not for kafka:"),
        (certificate(64), TLS, "its certificate is not for kafka:"),
        (certificate(20), TLS, "its certificate is not to be trusted (as OpenSSL says): name in security.ca_file"),
        (tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), TLS, "it wants a certificate of ours: give security.cert_file"),
        (
            since(tls("SSLV3_ALERT_BAD_CERTIFICATE")),
            OURS,
            "it refuses our certificate: security.cert_file must be valid",
        ),
        (
            tls("WRONG_VERSION_NUMBER"),
            TLS,
            "it does not speak TLS there: correct the port, or security.protocol, which is SSL",
        ),
        (ConnectionResetError(), TLS, "it hangs up on TLS: correct the port, or security.protocol, which is SSL"),
        (since(IncompleteReadError(b"", 0x15030300)), PLAIN, "it speaks TLS there: correct the port,"),
        (SaslAuthenticationFailed(), LOGIN, "it does not let in shop with this password by SCRAM-SHA-512: correct"),
        (SaslAuthenticationFailed(), TOKEN, "it does not let in the token by OAUTHBEARER: correct `security`"),
        (UnsupportedSaslMechanismError(), LOGIN, "it takes no login by SCRAM-SHA-512: say in security.mechanism"),
        (IllegalSaslStateError(), LOGIN, "it wants no login there: correct the port, or security.protocol, which is"),
        (HUNG_UP, PLAIN, "it hangs up on us: correct the port, or security.protocol, which is PLAINTEXT"),
        (UnusableError("security.token_file: is empty"), TOKEN, "security.token_file: is empty"),
    ],
)
def test_whatever_is_in_the_way_it_is_said_what_to_do(error: BaseException, connection: Connection, said: str) -> None:
    told = why(error, connection, "kafka")
    assert told.startswith(said)
    assert "7-secret-7" not in told


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        (
            PLAIN,
            "it hangs up on whoever does not log in: correct security.protocol, which is PLAINTEXT",
        ),
        (TOKEN, "it does not take the token in /run/token: is it fresh,"),
        (LOGIN, "it hangs up on us: correct the port, or security.protocol, which is SASL_PLAINTEXT"),
    ],
)
def test_one_that_hangs_up_after_it_had_answered_minds_who_we_are(connection: Connection, said: str) -> None:
    assert why(since(IncompleteReadError(b"", None)), connection, "kafka", answered=True).startswith(said)
