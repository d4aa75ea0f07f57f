"""Apache Kafka as it stands in a company: TLS, logins of every kind, and rights that are given one by one.

One broker with a listener for each way in. Whoever comes in the clear is the administrator.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

from tests.kafka.broker import KafkaBroker
from tests.kafka.certificates import Authority, Pair

PASSWORD = "nobody-may-read-this-password"  # noqa: S105  of a broker that lives as long as a test
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",
    "CONTROLLER": "PLAINTEXT",
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "ELSEWHERE": "SSL",
    "EXPIRED": "SSL",
    "LOGIN": "SASL_SSL",
    "CLEAR": "SASL_PLAINTEXT",
    "BRIEF": "SASL_PLAINTEXT",
}
# How long (ms) whoever comes in by BRIEF may stay before showing a token again.
BRIEFLY = 2_000
# alice may do all; worker may do what it has been given.
NAMES = ("alice", "worker")

_JAAS = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Secured:
    """The broker, and what its clients have."""

    kafka: KafkaBroker
    authority: Authority
    stranger: Authority
    #: of ours, with a key that PASSPHRASE opens
    client: Pair
    #: of ours too, signed by the stranger
    unknown: Pair


@contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """The broker, while the block runs; certificates lie in `folder`."""
    authority, stranger = Authority(folder), Authority(folder, "stranger")
    scram = [
        part
        for name in NAMES
        for mechanism in MECHANISMS[1:3]
        for part in ("--add-scram", f"{mechanism}=[name={name},password={PASSWORD}]")
    ]
    settings = {
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in LISTENERS.items()),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:alice;User:CN=client",
        **_tls("TLS", authority.sign("broker")),
        **_tls("MUTUAL", authority.sign("mutual")),
        **_tls("ELSEWHERE", authority.sign("elsewhere", "DNS:kafka.example")),
        **_tls("EXPIRED", authority.sign("expired", days=-1)),
        **_tls("LOGIN", authority.sign("login")),
        **_only("mutual", {"ssl.client.auth": "required", **_trusted(authority)}),
        **_logins("LOGIN", MECHANISMS),
        **_logins("CLEAR", ("PLAIN",)),
        **_logins("BRIEF", ("OAUTHBEARER",)),
        **_only("brief.oauthbearer", {"connections.max.reauth.ms": str(BRIEFLY)}),
    }
    with KafkaBroker(settings, listeners=list(LISTENERS)[2:], format_with=scram) as kafka:
        yield Secured(kafka, authority, stranger, authority.sign("client", encrypted=True), stranger.sign("unknown"))


def token(name: str, seconds: float = 3600) -> str:
    """A token as Kafka takes it in tests: without a signature, so anybody could make it."""
    now = time()
    parts = ({"alg": "none"}, {"sub": name, "iat": now - 1, "exp": now + seconds})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def _only(listener: str, settings: dict[str, str]) -> dict[str, str]:
    return {f"listener.name.{listener}.{name}": value for name, value in settings.items()}


def _tls(listener: str, pair: Pair) -> dict[str, str]:
    return _only(listener.lower(), {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(pair.together())})


def _trusted(authority: Authority) -> dict[str, str]:
    return {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(authority.cert)}


def _logins(listener: str, mechanisms: tuple[str, ...]) -> dict[str, str]:
    modules = {
        "PLAIN": f"{_JAAS}.plain.PlainLoginModule required " + " ".join(f'user_{name}="{PASSWORD}"' for name in NAMES),
        "SCRAM-SHA-256": f"{_JAAS}.scram.ScramLoginModule required",
        "SCRAM-SHA-512": f"{_JAAS}.scram.ScramLoginModule required",
        "OAUTHBEARER": f'{_JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="kafka"',
    }
    enabled = {"sasl.enabled.mechanisms": ",".join(mechanisms)}
    jaas = {f"{each.lower()}.sasl.jaas.config": f"{modules[each]};" for each in mechanisms}
    return _only(listener.lower(), enabled | jaas)
