"""One run of everything for all tests: two servers, traffic, a drain, watched by a Prometheus."""

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from live import Live, Prometheus, await_that, get
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

SECONDS_OF_TRAFFIC = 5


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
    while "count" not in (reply := json.loads(client.recv(timeout=10))):
        pass
    return reply["count"]


def session_of(client: ClientConnection) -> str:
    return client.response.headers["X-Session-Id"]


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
    events: list[dict] = field(default_factory=list)

    def values(self, query: str) -> list[float]:
        """All numbers that a query returned over the run, however many series."""
        series = self.prometheus.range(query, self.start, self.end)
        numbers = [float(value) for one in series for _, value in one["values"]]
        return [number for number in numbers if number == number]  # NaN is not


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory):
    directory: Path = tmp_path_factory.mktemp("live")
    with Live(directory) as live:
        flags = ["--redis-url", live.redis(), "--heartbeat", "1s", "--store-grace", "1ms"]
        blue = live.server("blue", *flags, "--drain-delay", "3s")
        green = live.server("green", *flags)
        webhook = Webhook()
        address = f"http://127.0.0.1:{webhook.server_port}/"
        prometheus = live.prometheus(live.alertmanager(address))
        seen = Run(live, prometheus, webhook, start=time.time())

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
        time.sleep(SECONDS_OF_TRAFFIC)
        seen.scrape = get(f"http://127.0.0.1:{live.admin_ports['blue']}/metrics")

        live.processes["blue"].terminate()
        assert live.processes["blue"].wait(timeout=30) == 0
        seen.events = live.events("blue")
        resumed = 'chat_sessions_total{color="green",kind="resumed"} > 0'
        await_that(lambda: prometheus.get("query", query=resumed)["result"], "the client on green")
        time.sleep(SECONDS_OF_TRAFFIC)
        seen.end = time.time()
        yield seen
