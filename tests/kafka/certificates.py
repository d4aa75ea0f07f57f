"""Certificates for tests: an authority, and what it signed, made anew each time by the `openssl` command.

Owns the files. Knows nothing of Kafka.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
PASSPHRASE = "nobody-may-read-this-passphrase"  # noqa: S105  of a key that lives as long as a test


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path

    def together(self) -> Path:
        """Key and certificate in one file, as Kafka takes them."""
        both = self.cert.with_suffix(".both")
        both.write_text(self.key.read_text() + self.cert.read_text())
        return both


class Authority:
    """Somebody who signs certificates; `cert` is what those have who trust it."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self.cert, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        _openssl("req", "-x509", *NEW_KEY, "-noenc", *_named(name), "-keyout", self._key, "-out", self.cert)

    def sign(self, name: str, host: str = "IP:127.0.0.1", *, days: int = 2, encrypted: bool = False) -> Pair:
        """A certificate for a host; with -1 days, one that has expired. The key may be encrypted with PASSPHRASE."""
        cert, key, request, extension = (self._folder / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        extension.write_text(f"subjectAltName={host}\n")
        secret = ("-passout", f"pass:{PASSPHRASE}") if encrypted else ("-noenc",)
        _openssl("req", "-new", *NEW_KEY, *secret, *_named(name), "-keyout", key, "-out", request)
        signed = ("-CA", self.cert, "-CAkey", self._key, "-days", str(days), "-extfile", extension)
        _openssl("x509", "-req", "-in", request, *signed, "-out", cert)
        return Pair(cert, key)


def _named(name: str) -> tuple[str, str]:
    return "-subj", f"/CN={name}"


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
