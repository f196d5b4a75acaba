"""One run of everything for all tests: servers, traffic, a drain, watched by a Prometheus."""

import contextlib
import json
import socket
import subprocess
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from live import PATIENCE_SECONDS, Live, Prometheus, await_that, get
from tokens import Issuer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

# Of each server while it has traffic; what asks for rates needs several.
SCRAPES = 6


class Webhook(ThreadingHTTPServer):
    """Keeps what Alertmanager sends."""

    def __init__(self):
        self.alerts: list[dict] = []
        super().__init__(("127.0.0.1", 0), Webhook.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.alerts += json.loads(body)["alerts"]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass


def count(client: ClientConnection) -> int:
    """Sends a message and returns its count; heartbeats may come first."""
    client.send("message")
    while "count" not in (reply := json.loads(client.recv(timeout=PATIENCE_SECONDS))):
        pass
    return reply["count"]


def session_of(client: ClientConnection) -> str:
    return client.response.headers["X-Session-Id"]


def deaf_client(url: str) -> socket.socket:
    """A client that answers no close frame: a drain waits for it until its socket is closed."""
    address = urllib.parse.urlsplit(url)
    client = socket.create_connection((address.hostname, address.port))
    client.sendall(
        f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert client.recv(12) == b"HTTP/1.1 101"
    return client


def talk(first: str, then: str) -> threading.Thread:
    """A client that keeps sending, and goes on at the second server when the first one says bye."""

    def run() -> None:
        session = ""
        for url in (first, then):
            try:
                with connect(url + session) as client:
                    session = f"?session_id={session_of(client)}"
                    while True:
                        count(client)
                        time.sleep(0.02)
            except ConnectionClosed:
                pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@dataclass
class Run:
    """What is left of the run: the processes that go on, and what was seen."""

    live: Live
    prometheus: Prometheus
    webhook: Webhook
    start: float
    end: float = 0
    scrape: str = ""
    memory_scrape: str = ""
    events: list[dict] = field(default_factory=list)

    def scrapes(self, color: str) -> int:
        """How often Prometheus has asked a server."""
        query = f'count_over_time(chat_ready{{color="{color}"}}[1h])'
        found = self.prometheus.get("query", query=query)["result"]
        return int(found[0]["value"][1]) if found else 0

    def await_scrapes(self, color: str) -> None:
        wanted = self.scrapes(color) + SCRAPES
        await_that(lambda: self.scrapes(color) >= wanted, f"{SCRAPES} more scrapes of {color}")

    def values(self, query: str) -> list[float]:
        """All numbers that a query returned over the run, however many series."""
        series = self.prometheus.range(query, self.start, self.end)
        numbers = [float(value) for one in series for _, value in one["values"]]
        return [number for number in numbers if number == number]  # NaN is not


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory):
    directory: Path = tmp_path_factory.mktemp("live")
    with Live(directory) as live:
        redis = live.redis()
        # Before the servers start, since they ask for groups now and then.
        group = ["XGROUP", "CREATE", "tally:messages:{0}", "audit", "$", "MKSTREAM"]
        subprocess.run(["redis-cli", "-u", redis, *group], check=True, stdout=subprocess.DEVNULL)
        flags = ["--redis-url", redis, "--heartbeat", "1s", "--store-grace", "1ms"]
        flags += ["--message-log", "on"]
        # As long as it may take until the drain was seen.
        times = ["--drain-delay", "1s", "--drain-timeout", "3m", "--close-timeout", "2m"]
        blue = live.server("blue", *flags, *times)
        green = live.server("green", *flags)
        # Some metrics exist only where sessions are in memory.
        issuer = Issuer(directory)
        memory = live.server("memory", "--heartbeat", "1s", "--auth-jwks", str(issuer.jwks))
        webhook = Webhook()
        address = f"http://127.0.0.1:{webhook.server_port}/"
        prometheus = live.prometheus(live.alertmanager(address))
        seen = Run(live, prometheus, webhook, start=time.time())

        bearer = {"Authorization": f"Bearer {issuer.token('alice')}"}
        with connect(memory, additional_headers=bearer) as client:
            assert count(client) == 1
            session = session_of(client)
        with connect(f"{memory}?session_id={session}", additional_headers=bearer) as client:
            assert count(client) == 2
        issuer.jwks.write_text("no keys", encoding="utf-8")
        await_that(
            lambda: any(event["event"] == "keys_unavailable" for event in live.events("memory")),
            "the warning that the keys cannot be read",
        )

        talk(blue, green)
        with connect(blue) as client:
            assert count(client) == 1
            session = session_of(client)
        with connect(f"{blue}?session_id={session}") as client:
            assert count(client) == 2
            client.send(b"not text")
            with contextlib.suppress(ConnectionClosed):
                for _ in client:
                    pass
        # Some of the JVM's metrics are not there before its first collection, which may come long
        # after the start with the collector that it takes on one processor.
        live.collect_garbage("blue")
        seen.await_scrapes("blue")
        seen.scrape = get(f"http://127.0.0.1:{live.admin_ports['blue']}/metrics")
        seen.memory_scrape = get(f"http://127.0.0.1:{live.admin_ports['memory']}/metrics")

        draining = 'chat_draining{color="blue"} == 1 and chat_shutdown_seconds{color="blue"} > 1'
        with deaf_client(blue):
            live.processes["blue"].terminate()
            await_that(lambda: prometheus.get("query", query=draining)["result"], "a drain")
        assert live.processes["blue"].wait(timeout=PATIENCE_SECONDS) == 0
        seen.events = live.events("blue") + live.events("memory")
        resumed = 'chat_sessions_total{color="green",kind="resumed"} > 0'
        await_that(lambda: prometheus.get("query", query=resumed)["result"], "the client on green")
        seen.await_scrapes("green")
        seen.end = time.time()
        yield seen
