"""Connections that say nothing take no room for long, and sockets never take the last threads from pages."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import websocket

from tests.server import LiveServer
from tests.video.callers import wait_until

pytestmark = pytest.mark.process

THREADS = 16
SOCKETS = 8


@pytest.fixture
def small_server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path, {"TELEHEALTH_THREADS": str(THREADS)}) as running:
        yield running


def connect(server: LiveServer) -> websocket.WebSocket:
    return websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket", timeout=10, origin=server.url
    )


def is_page_served(server: LiveServer) -> bool:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def gets_in(server: LiveServer) -> bool:
    try:
        connect(server).close()
    except (websocket.WebSocketBadStatusException, websocket.WebSocketConnectionClosedException):
        return False
    return True


def test_silent_connections_leave_room_for_pages_and_are_closed(small_server: LiveServer) -> None:
    silent = [connect(small_server) for _ in range(SOCKETS)]
    refused = refuse_one(silent)
    assert not gets_in(small_server), "one socket too many was let in"
    assert is_page_served(small_server)
    # Nobody said who they are, and one was refused: all are closed, without their help.
    wait_until(lambda: gets_in(small_server), within_s=30)
    refused.close()
    for socket in silent:
        socket.close()


def refuse_one(silent: list[websocket.WebSocket]) -> websocket.WebSocket:
    """One of the connections asks for the namespace with a token of its own making."""
    asking = silent.pop()
    asking.recv()
    asking.send('40{"token":"made up"}')
    assert "not-allowed" in str(asking.recv())
    return asking
