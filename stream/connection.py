"""How to reach the broker: one value, read the same way by Faust, by our producer and by admin calls.

It knows the security settings of aiokafka and Faust, and nothing of topics or customers.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from faust import SASLCredentials, SSLCredentials
from faust.auth import OAuthCredentials
from faust.types.auth import CredentialsT

from stream import received
from stream.reasons import UnusableError
from stream.tokens import TokenFile


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the broker is and how it wants to be spoken to.

    Args:
        bootstrap: comma-separated `host:port`.
        protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, where the protocol is SASL.
        username: for SASL.
        password: for SASL; never shown by `repr`.
        token_file: what OAUTHBEARER needs instead of the two; read whenever a connection is opened.
        ca_file: PEM of the authority that signed the broker's certificate; the system's where it is None.
        cert_file: PEM of our own certificate, where the broker asks for one.
        key_file: PEM of its key.
        key_password: of that key.
    """

    bootstrap: str
    protocol: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    key_password: str | None = None
    token_file: str | None = None

    def __post_init__(self) -> None:
        """Whoever speaks to a broker can read what anybody may have sent there."""
        received.install()

    def __repr__(self) -> str:
        return f"Connection({self.bootstrap!r}, {self.protocol})"

    @property
    def tls(self) -> bool:
        """Whether TLS is spoken."""
        return self.protocol.endswith("SSL")

    @property
    def login(self) -> bool:
        """Whether the broker is told who we are."""
        return self.protocol.startswith("SASL")

    def client(self) -> dict[str, Any]:
        """Keyword arguments for any aiokafka client.

        Raises:
            UnusableError: a certificate file is missing or is none.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.protocol,
        }
        if self.login and self._tokens is not None:
            options |= {"sasl_mechanism": self.mechanism, "sasl_oauth_token_provider": self._tokens}
        elif self.login:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.tls:
            options["ssl_context"] = self._context()
        return options

    def credentials(self) -> CredentialsT | None:
        """The same for Faust; None where the broker asks for nothing."""
        if not self.login:
            return SSLCredentials(context=self._context()) if self.tls else None
        context = self._context() if self.tls else None
        if self._tokens is not None:
            return OAuthCredentials(oauth_cb=self._tokens, ssl_context=context)
        return SASLCredentials(
            mechanism=self.mechanism, username=self.username, password=self.password, ssl_context=context
        )

    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each broker to start from."""
        parts = [each.strip().rpartition(":") for each in self.bootstrap.split(",")]
        return [(host, int(port)) for host, _, port in parts]

    def urls(self) -> list[str]:
        """The addresses as Faust wants them."""
        return [f"kafka://{address.strip()}" for address in self.bootstrap.split(",")]

    @property
    def _tokens(self) -> TokenFile | None:
        return TokenFile(self.token_file) if self.mechanism == "OAUTHBEARER" and self.token_file else None

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError:
            raise UnusableError(f"security.ca_file: {self.ca_file} holds no certificates in PEM") from None
        if self.cert_file:
            try:
                # Without a password OpenSSL would ask for one on the terminal, and wait.
                context.load_cert_chain(self.cert_file, self.key_file, self.key_password or "")
            except OSError as error:
                raise UnusableError(
                    f"security.cert_file, security.key_file: {self.cert_file} and {self.key_file} are not a certificate"
                    f" and its key in PEM, or security.key_password does not open the key ({_reason(error)})"
                ) from None
        return context


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or type(error).__name__).lower()
