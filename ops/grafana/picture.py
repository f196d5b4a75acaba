"""Draws the dashboard's picture: a promotion under load, watched by a Prometheus.

Everything is real: ops/promote.sh, two servers as processes, Traefik, Redis with the message log
and its consumer, Prometheus, and clients that speak tally.v1 and keep account of what they sent.

    PYTHONPATH=ops/test python ops/grafana/picture.py docs/images/dashboard.png
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from draw import draw
from live import OPS, Live, await_that, free_port, is_ok
from websockets.asyncio.client import ClientConnection, connect

CLIENTS = 1500
CONNECTS_PER_SECOND = 100
SECONDS_PER_MESSAGE = 2
SECONDS_BEFORE = 20
SECONDS_AFTER = 20


class Client:
    """Sends a message now and then; where its server says bye, comes back for the other one."""

    def __init__(self, url: str):
        self.url = url
        self.sent = self.counted = 0

    async def run(self) -> None:
        connection = await self.open()
        while True:
            await asyncio.sleep(await self.talk(connection))
            old, connection = connection, await self.open()
            # The server ends the old one, by now superseded: that was the hand-over.
            await old.wait_closed()

    async def open(self) -> ClientConnection:
        connection = await connect(
            self.url,
            subprotocols=["tally.v1"],
            compression=None,
            ping_interval=None,
            open_timeout=60,
        )
        welcome = json.loads(await connection.recv())
        self.url = f"{self.url.split('?')[0]}?session_id={welcome['session_id']}"
        self.counted = welcome["count"]
        for _ in range(self.sent - self.counted):
            await connection.send("once more")
        return connection

    async def talk(self, connection: ClientConnection) -> float:
        """Returns how many seconds to wait, once the server has said bye."""
        sending = asyncio.create_task(self.send(connection))
        try:
            async for frame in connection:
                message = json.loads(frame)
                self.counted = message.get("count", self.counted)
                if message.get("type") == "bye":
                    return message["retry_after_ms"] / 1000
        finally:
            sending.cancel()
        raise AssertionError("closed without a bye")

    async def send(self, connection: ClientConnection) -> None:
        while True:
            self.sent += 1
            await connection.send("a message")
            await asyncio.sleep(SECONDS_PER_MESSAGE)


async def load(url: str, promote) -> None:
    """Connects everybody, promotes, and checks every count."""
    clients = [Client(url) for _ in range(CLIENTS)]
    running = []
    for client in clients:
        running.append(asyncio.create_task(client.run()))
        await asyncio.sleep(1 / CONNECTS_PER_SECOND)
    await asyncio.sleep(SECONDS_BEFORE)
    await asyncio.to_thread(promote)
    await asyncio.sleep(SECONDS_AFTER)
    failed = sum(task.done() for task in running)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    sent = sum(client.sent for client in clients)
    # What was sent in the last moment may not have come back yet; nothing else may be missing.
    behind = [client.sent - client.counted for client in clients]
    print(f"{CLIENTS} clients, {sent} messages, {failed} failed, {max(behind)} behind at most")
    if failed or min(behind) < 0 or max(behind) > 1:
        raise SystemExit("picture: the run does not show what it should")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture
    with tempfile.TemporaryDirectory() as name, Live(Path(name)) as live:
        state, routes = live.directory / "state", live.directory / "routes"
        routes.mkdir()
        live.admin_ports = {"blue": free_port(), "green": free_port()}
        entrypoint = f"127.0.0.1:{free_port()}"
        redis = live.redis()
        environment = os.environ | {
            "REDIS_URL": redis,
            "TALLY_MESSAGE_LOG": "on",
            "TALLY_STATE": str(state),
            "TALLY_ROUTES": str(routes),
            "TALLY_ENTRYPOINT": f"http://{entrypoint}",
            "TALLY_BLUE_PORT": str(free_port()),
            "TALLY_GREEN_PORT": str(free_port()),
            "TALLY_BLUE_ADMIN_PORT": str(live.admin_ports["blue"]),
            "TALLY_GREEN_ADMIN_PORT": str(live.admin_ports["green"]),
        }
        traefik = subprocess.check_output(
            [OPS / "traefik" / "install.sh"], encoding="utf-8"
        ).strip()
        live.start(
            "traefik",
            traefik,
            f"--entryPoints.web.address={entrypoint}",
            "--providers.providersThrottleDuration=100ms",
            f"--providers.file.directory={routes}",
        )

        consumer = OPS / "consumer" / "consumer.py"
        inbox = ("--redis-url", redis, "--database", "inbox.db")
        live.start("consumer", sys.executable, consumer, *inbox)

        def promote() -> None:
            subprocess.run([OPS / "promote.sh", "--driver", "process"], env=environment, check=True)

        try:
            promote()
            await_that(lambda: is_ok(f"http://{entrypoint}/readyz"), "the first colour")
            prometheus = live.prometheus()
            start = time.time()
            asyncio.run(load(f"ws://{entrypoint}/ws/chat/", promote))
            picture.parent.mkdir(parents=True, exist_ok=True)
            draw(prometheus, start, time.time(), picture)
        finally:
            for file in state.glob("*.pid"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(file.read_text(encoding="utf-8").split()[0]), 9)


if __name__ == "__main__":
    main()
