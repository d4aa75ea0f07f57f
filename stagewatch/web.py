"""A small HTTP server for machines: /metrics, /live and /ready, and whatever pages it is given.

It runs on a thread of its own, so that a busy event loop still answers; the callables handed in are called on
that thread and must be quick. It knows nothing of workers, and binds where it is told. With a token, everything but the
two probes wants it. What one client may send and how long it may take is bounded in `stagewatch.listening`.
"""

import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from stagewatch.listening import Handler, Server
from stagewatch.mistakes import Mistake

log = logging.getLogger(__name__)

Probe = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Whether all is well, and what is known about it."""

PROBES: Final = ("/live", "/ready")
"""What whoever starts and stops workers asks, who can often send no token, and what says least."""


class WebError(Mistake):
    """The server cannot listen where it was told to; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page gives: a body, its type, the HTTP status, and further headers."""

    body: bytes
    type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


Page = Callable[[Mapping[str, str]], Answer]
"""A page: from the request's headers, named in lower case, to the answer."""


def metrics_page(registry: CollectorRegistry) -> Page:
    """The registry's metrics, in the format that the reader asks for."""

    def page(headers: Mapping[str, str]) -> Answer:
        encode, content_type = choose_encoder(headers.get("accept", ""))
        return Answer(encode(registry), content_type)

    return page


def probe_page(probe: Probe) -> Page:
    """What the probe says, as JSON: status 200 if all is well, 503 if not."""

    def page(_headers: Mapping[str, str]) -> Answer:
        well, known = probe()
        return Answer(orjson.dumps(known), "application/json", 200 if well else 503)

    return page


def behind(token: str, page: Page) -> Page:
    """The page, for those who send `Authorization: Bearer <token>`."""
    wanted = b"Bearer " + token.encode()

    def guarded(headers: Mapping[str, str]) -> Answer:
        # Headers are read as Latin-1, so this gives the bytes that were sent.
        sent = headers.get("authorization", "").encode("latin-1", "replace")
        if hmac.compare_digest(sent, wanted):
            return page(headers)
        return Answer(
            b"This page wants a token: Authorization: Bearer <http.token>.\n",
            status=401,
            headers=(("WWW-Authenticate", "Bearer"),),
        )

    return guarded


class WebServer:
    """The server. It listens from `start` to `stop`; used in a `with`, for the length of the block."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        registry: CollectorRegistry,
        live: Probe,
        ready: Probe,
        pages: Mapping[str, Page] | None = None,
        token: str | None = None,
    ) -> None:
        """Serves the usual three, and further pages by path; all but the probes for whoever has the token, if any."""
        self._host = host
        self._port = port
        usual = {"/metrics": metrics_page(registry), "/live": probe_page(live), "/ready": probe_page(ready)}
        self._pages = usual | dict(pages or {})
        if token is not None:
            self._pages |= {path: behind(token, page) for path, page in self._pages.items() if path not in PROBES}
        self._server: Server | None = None
        self._thread: Thread | None = None

    @property
    def address(self) -> str:
        """Where it listens, as a URL; with port 0, the port that was found free."""
        host, port = self._server.server_address[:2] if self._server else (self._host, self._port)
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Listens from now on.

        Raises:
            WebError: the address cannot be had, most often because another process listens there.
        """
        try:
            self._server = Server((self._host, self._port), _handler(self._pages))
        except (OSError, OverflowError) as error:
            raise WebError(
                f"cannot listen on {self._host}:{self._port}: {getattr(error, 'strerror', None) or error}."
                " Stop what listens there, or choose another: STAGEWATCH_HTTP_HOST, STAGEWATCH_HTTP_PORT;"
                " of the demo, --port"
            ) from error
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listens no more; the port is free when this returns. Stopping twice does nothing."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _safely(page: Page, headers: Mapping[str, str]) -> Answer:
    try:
        return page(headers)
    except Exception as error:
        # Whoever asks is told that much, and not what the error holds.
        log.exception("A page failed")
        return Answer(f"This page failed: {type(error).__name__}. The log says more.\n".encode(), status=500)


def _handler(pages: Mapping[str, Page]) -> type[Handler]:
    class Pages(Handler):
        def answer(self, *, with_body: bool) -> None:
            page = pages.get(self.path.partition("?")[0])
            answer = (
                _safely(page, {name.lower(): value for name, value in self.headers.items()})
                if page
                else Answer(f"There is only {', '.join(pages)}.\n".encode(), status=404)
            )
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.type)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(answer.body)

    return Pages
