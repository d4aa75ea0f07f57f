"""How to reach the broker: one value, read the same way by Faust, by our producer and by admin calls.

It knows the security settings of aiokafka and Faust, and nothing of topics or customers.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from stream import received


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the broker is and how it wants to be spoken to.

    Args:
        bootstrap: comma-separated `host:port`.
        protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, where the protocol is SASL.
        username: for SASL.
        password: for SASL; never shown by `repr`.
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

    def __post_init__(self) -> None:
        """Whoever speaks to a broker can read what anybody may have sent there."""
        received.install()

    def __repr__(self) -> str:
        return f"Connection({self.bootstrap!r}, {self.protocol})"

    def client(self) -> dict[str, Any]:
        """Keyword arguments for any aiokafka client.

        Raises:
            OSError, ssl.SSLError: a certificate file is missing or is none.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.protocol,
        }
        if self.protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.protocol.endswith("SSL"):
            options["ssl_context"] = self._tls()
        return options

    def credentials(self) -> CredentialsT | None:
        """The same for Faust; None where the broker asks for nothing."""
        if self.protocol == "PLAINTEXT":
            return None
        if self.protocol == "SSL":
            return SSLCredentials(context=self._tls())
        return SASLCredentials(
            mechanism=self.mechanism,
            username=self.username,
            password=self.password,
            ssl_context=self._tls() if self.protocol == "SASL_SSL" else None,
        )

    def urls(self) -> list[str]:
        """The addresses as Faust wants them."""
        return [f"kafka://{address.strip()}" for address in self.bootstrap.split(",")]

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file, self.key_password)
        return context
