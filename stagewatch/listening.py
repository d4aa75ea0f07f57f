"""What one HTTP client may do to a small server: how much it may send, how long it may take, how many may come at once.

A thread answers each connection, so clients that send a byte now and then would hold threads for ever; here they are
hung up on, and where too many have come, the one that has been there longest. So whoever asks for health is answered.
It knows no pages.
"""

import socket
import sys
from contextlib import suppress
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Lock
from time import monotonic
from typing import Any, BinaryIO, Final, cast

WITHIN: Final = 10.0
"""Seconds that a connection may be open; one answers one request."""

AT_ONCE: Final = 64
"""Connections that may be open; a further one takes the place of the oldest."""

REQUEST_BYTES: Final = 16 * 1024
"""Bytes of a request's first line and headers together."""


class _Limited:
    """A request's bytes, of which only so many lines are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = REQUEST_BYTES

    def readline(self, size: int) -> bytes:
        """A line. Raises LineTooLong where the request is longer than it may be."""
        line = self._file.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise LineTooLong("request")
        return line

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed


class Handler(BaseHTTPRequestHandler):
    """One request, bounded, to read something; it does not say which program answers, nor log."""

    timeout = WITHIN

    def answer(self, *, with_body: bool) -> None:
        """Sends the answer; for whoever derives from this."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """All of it."""
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        """What comes before the body."""
        self.answer(with_body=False)

    def setup(self) -> None:
        """Bounds what is read."""
        super().setup()
        self.rfile = cast("Any", _Limited(cast("BinaryIO", self.rfile)))

    def handle_one_request(self) -> None:
        """As the stock one, which reads a first line of any length up to 64 KiB."""
        try:
            super().handle_one_request()
        except LineTooLong:
            self.requestline = self.request_version = self.command = ""
            self.close_connection = True
            self.send_error(414)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without the header that names the server."""
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the stock name
        """A scrape every few seconds is not worth a line."""


class Server(ThreadingHTTPServer):
    """Answers each connection on a thread of its own, and lets none stay."""

    daemon_threads = True
    # With the stock 5, the rest of a crowd that comes at once tries again after a second, and others behind it.
    request_queue_size = 4 * AT_ONCE

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        # Before anything listens: connections, the oldest first, with the time at which they came.
        self._open: dict[socket.socket, float] = {}
        self._lock = Lock()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Asks nobody what this machine is called, as the stock one does: where DNS is slow that takes long."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as the stock one
        """Makes room for it first."""
        with self._lock:
            while len(self._open) >= AT_ONCE:
                self._drop_oldest()
            self._open[request] = monotonic()
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Called several times a second: hangs up on those who have been there for too long."""
        latest = monotonic() - WITHIN
        with self._lock:
            while self._open and next(iter(self._open.values())) < latest:
                self._drop_oldest()

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401  as the stock one
        """It has been answered, or could not be."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as the stock one
        """A scraper that hangs up early is no news; the stock server prints a traceback for it."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def _drop_oldest(self) -> None:
        oldest = next(iter(self._open))
        del self._open[oldest]
        with suppress(OSError):  # it has gone by itself
            # Its thread reads an end and closes it; closing it here would free its number for another connection.
            oldest.shutdown(socket.SHUT_RDWR)
