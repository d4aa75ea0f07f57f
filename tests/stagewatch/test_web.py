"""The web endpoints, asked over HTTP on a free port of this machine."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from stagewatch.web import Answer, WebError, WebServer

REGISTRY = CollectorRegistry()
Counter("signals", "Signals applied.", registry=REGISTRY).inc(3)


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


def test_a_page_that_fails_says_so(web: WebServer) -> None:
    assert ask(web, "/broken")[::2] == (500, "This page failed: KeyError('a slip')\n")
    assert ask(web, "/")[2] == "hello"


def test_a_port_in_use_is_a_clear_error(web: WebServer) -> None:
    port = int(web.address.rpartition(":")[2])
    second = server(port)
    with pytest.raises(WebError, match=f"cannot listen on 127.0.0.1:{port}: .*STAGEWATCH_HTTP_PORT"):
        second.start()
    second.stop()


def test_after_stopping_the_port_is_free_again() -> None:
    web = server(0)
    web.start()
    port = int(web.address.rpartition(":")[2])
    web.stop()
    web.stop()
    with server(port) as again:
        assert again.address == f"http://127.0.0.1:{port}"
