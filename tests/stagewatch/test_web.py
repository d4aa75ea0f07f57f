"""The web endpoints, asked over HTTP on a free port of this machine."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from stagewatch import listening
from stagewatch.listening import AT_ONCE, WITHIN
from stagewatch.web import Answer, WebError, WebServer

REGISTRY = CollectorRegistry()
Counter("signals", "Signals applied.", registry=REGISTRY).inc(3)


TOKEN = "correct horse battery staple"  # noqa: S105  of this test alone


def ask(web: WebServer, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(web.address.removeprefix("http://"), timeout=5)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, response.headers["Content-Type"], body


def not_ready() -> tuple[bool, Mapping[str, Any]]:
    return False, {"partitions": []}


def broken(_headers: Mapping[str, str]) -> Answer:
    raise KeyError("a slip")


def server(port: int) -> WebServer:
    return WebServer("127.0.0.1", port, registry=REGISTRY, live=not_ready, ready=not_ready)


@pytest.fixture
def web() -> Iterator[WebServer]:
    pages = {"/": lambda _headers: Answer(b"hello"), "/broken": broken}
    with WebServer(
        "127.0.0.1", 0, registry=REGISTRY, live=lambda: (True, {"well": 1}), ready=not_ready, pages=pages
    ) as started:
        yield started


def test_metrics_are_served_in_the_format_asked_for(web: WebServer) -> None:
    status, kind, body = ask(web, "/metrics")
    assert (status, "signals_total 3.0" in body) == (200, True)
    assert kind.startswith("text/plain")
    _, kind, body = ask(web, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


def test_a_probe_that_is_well_answers_200_with_what_it_knows(web: WebServer) -> None:
    status, kind, body = ask(web, "/live")
    assert (status, kind, json.loads(body)) == (200, "application/json", {"well": 1})


def test_a_probe_that_is_not_answers_503(web: WebServer) -> None:
    status, _, body = ask(web, "/ready?verbose=1")
    assert (status, json.loads(body)) == (503, {"partitions": []})


def test_head_gives_the_status_without_the_body(web: WebServer) -> None:
    assert ask(web, "/live", "HEAD")[::2] == (200, "")


def test_another_path_is_told_which_there_are(web: WebServer) -> None:
    status, _, body = ask(web, "/metric")
    assert status == 404
    assert "/metrics, /live, /ready" in body


def test_a_page_that_fails_says_so_but_not_what_it_held(web: WebServer) -> None:
    assert ask(web, "/broken")[::2] == (500, "This page failed: KeyError. The log says more.\n")
    assert ask(web, "/")[2] == "hello"


def test_a_port_in_use_is_a_clear_error(web: WebServer) -> None:
    port = int(web.address.rpartition(":")[2])
    second = server(port)
    with pytest.raises(
        WebError, match=f"cannot listen on 127.0.0.1:{port}: .*STAGEWATCH_HTTP_PORT; of the demo, --port"
    ):
        second.start()
    second.stop()


def test_to_listen_takes_no_name_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getfqdn", asked.append)
    with server(0) as web:
        assert ask(web, "/nothing")[0] == 404
    assert asked == []


def test_after_stopping_the_port_is_free_again() -> None:
    web = server(0)
    web.start()
    port = int(web.address.rpartition(":")[2])
    web.stop()
    web.stop()
    with server(port) as again:
        assert again.address == f"http://127.0.0.1:{port}"


@pytest.fixture
def guarded() -> Iterator[WebServer]:
    pages = {"/customers": lambda _headers: Answer(b"u1")}
    with WebServer(
        "127.0.0.1", 0, registry=REGISTRY, live=lambda: (True, {}), ready=not_ready, pages=pages, token=TOKEN
    ) as started:
        yield started


@pytest.mark.parametrize("path", ["/metrics", "/customers"])
def test_with_a_token_pages_are_for_those_who_send_it(guarded: WebServer, path: str) -> None:
    assert ask(guarded, path, Authorization=f"Bearer {TOKEN}")[0] == 200
    for wrong in ("", TOKEN, "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"bearer\xff {TOKEN}"):
        status, _, body = ask(guarded, path, Authorization=wrong)
        assert (status, TOKEN in body, "u1" in body) == (401, False, False)
    assert ask(guarded, path)[0] == 401


def test_probes_want_no_token(guarded: WebServer) -> None:
    assert (ask(guarded, "/live")[0], ask(guarded, "/ready")[0]) == (200, 503)


def raw(web: WebServer, sent: bytes) -> bytes:
    """All that comes back for these bytes."""
    with closing(connected(web)) as client:
        client.sendall(sent)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def connected(web: WebServer) -> socket.socket:
    host, _, port = web.address.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_pages_are_read_and_nothing_else(web: WebServer, method: str) -> None:
    assert raw(web, f"{method} /live HTTP/1.1\r\nHost: x\r\n\r\n".encode()).startswith(b"HTTP/1.0 501 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /live HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"GET /live HTTP/1.1\r\n" + b"X: 1\r\n" * 5_000 + b"\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\n", 400),
    ],
)
def test_a_request_beyond_bounds_is_refused(web: WebServer, sent: bytes, status: int) -> None:
    with closing(connected(web)) as client:
        with suppress(ConnectionError):  # it is hung up on before all of it is read
            client.sendall(sent)
        with suppress(ConnectionError):
            assert f" {status} ".encode() in client.recv(65_536).partition(b"\n")[0] or status == 400
    assert ask(web, "/live")[0] == 200


def test_nobody_is_told_which_program_answers(web: WebServer) -> None:
    for request in (b"GET /live HTTP/1.0\r\n\r\n", b"GET /nothing HTTP/1.0\r\n\r\n", b"POST / HTTP/1.0\r\n\r\n"):
        said = raw(web, request).lower()
        assert [word for word in (b"server:", b"python", b"stagewatch") if word in said] == []


def test_clients_that_never_finish_asking_do_not_keep_others_from_an_answer(web: WebServer) -> None:
    with ExitStack() as slow:
        clients = [slow.enter_context(closing(connected(web))) for _ in range(AT_ONCE * 3)]
        for client in clients:
            with suppress(ConnectionError):
                client.sendall(b"GET /live HTTP/1.1\r\nX: ")
        assert ask(web, "/live")[0] == 200
        clients[0].settimeout(WITHIN / 2)
        with suppress(ConnectionError):
            assert clients[0].recv(1) == b"", "the oldest is hung up on before its time is over"
        while threading.active_count() > AT_ONCE * 2:  # those who were hung up on let their threads go
            assert ask(web, "/live")[0] == 200


def test_whoever_has_been_answered_takes_no_place_from_one_who_is_still_asking(web: WebServer) -> None:
    with closing(connected(web)) as patient:
        patient.sendall(b"GET /live HTTP/1.1\r\n")
        for _ in range(AT_ONCE * 2):
            assert ask(web, "/live")[0] == 200
        patient.sendall(b"\r\n")
        assert patient.recv(12) == b"HTTP/1.0 200"


def test_a_client_is_hung_up_on_however_busily_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "WITHIN", 0.5)
    with server(0) as web, closing(connected(web)) as client:
        client.settimeout(0.05)
        with suppress(ConnectionError):
            while not ended(client):
                client.sendall(b"X")


def ended(client: socket.socket) -> bool:
    """Whether the other side has hung up; it has said nothing."""
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
