"""Two servers with a message log in one Redis, the consumer in ops/consumer, and clients."""

import contextlib
import json
import sqlite3
import sys
import uuid
import zlib
from collections import defaultdict
from pathlib import Path

import redis
from live import OPS, PATIENCE_SECONDS, Live, await_that, free_port
from websockets.sync.client import connect

PARTITIONS = 4
WORKERS = 2


class Log:
    """Two servers with a message log in one Redis, and the workers that read it."""

    def __init__(self, live: Live, directory: Path):
        self.live = live
        self.database = directory / "inbox.db"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.redis = redis.Redis(port=self.port, decode_responses=True)
        self.start_redis()
        flags = ["--redis-url", self.url, "--message-log", "on"]
        flags += ["--message-log-partitions", str(PARTITIONS), "--retry-backoff", "100ms"]
        self.servers = [live.server(color, *flags) for color in ("blue", "green")]
        self.streams = [f"tally:messages:{{{number}}}" for number in range(PARTITIONS)]

    def start_redis(self) -> None:
        flags = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        # What it has answered is on the disk when it is killed.
        flags += ["--appendonly", "yes", "--appendfsync", "always"]
        self.live.start("redis", "redis-server", *flags)
        await_that(self.redis_answers, "Redis")

    def redis_answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError):
            return self.redis.ping()
        return False

    def kill_redis(self) -> None:
        self.kill("redis")
        self.start_redis()

    def start_worker(self, number: int) -> None:
        program = [sys.executable, OPS / "consumer" / "consumer.py", "--redis-url", self.url]
        which = ["--worker", str(number), "--workers", str(WORKERS)]
        self.live.start(f"worker {number}", *program, "--database", self.database, *which)

    def kill(self, name: str) -> None:
        self.live.processes[name].kill()
        self.live.processes[name].wait()

    def start_workers(self) -> None:
        for number in range(WORKERS):
            self.start_worker(number)
        self.await_workers()

    def await_workers(self) -> None:
        for number in range(WORKERS):
            await_that(lambda n=number: self.says(n, "reads 2 partitions"), "a worker")

    def kill_workers(self) -> None:
        for number in range(WORKERS):
            self.kill(f"worker {number}")

    def ask(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as database:
            return database.execute(sql).fetchall()

    def acted(self) -> int:
        # The tables are there once a worker has made them.
        if not self.ask("SELECT 1 FROM sqlite_master WHERE name = 'inbox'"):
            return 0
        return self.ask("SELECT count(*) FROM inbox")[0][0]

    def texts(self) -> dict[str, list[tuple[int, str]]]:
        """What was acted on, in the order in which it was, by session."""
        found = defaultdict(list)
        for session, n, text in self.ask("SELECT session, n, text FROM inbox ORDER BY rowid"):
            found[session].append((n, text))
        return found

    @contextlib.contextmanager
    def nobody_writes(self):
        """A worker that has read something waits with it, in front of its transaction."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    def says(self, worker: int, what: str) -> bool:
        return what in self.live.log(f"worker {worker}").read_text(encoding="utf-8")

    def delivered(self, worker: int) -> list[str]:
        """How far the worker has read its partitions."""
        return [
            self.redis.xinfo_groups(stream)[0]["last-delivered-id"]
            for stream in self.streams[worker::WORKERS]
        ]

    def all_is_read_and_acknowledged(self) -> bool:
        for stream in self.streams:
            if not self.redis.exists(stream):
                return False
            groups = self.redis.xinfo_groups(stream)
            last = self.redis.xinfo_stream(stream)["last-generated-id"]
            if [(each["pending"], each["last-delivered-id"]) for each in groups] != [(0, last)]:
                return False
        return True


def send(url: str, texts: list[str], session: str = "") -> str:
    """Sends them at once and waits for the last count. Returns the session's id."""
    with connect(f"{url}?session_id={session}" if session else url) as client:
        for text in texts:
            client.send(text)
        for _ in texts:
            while "count" not in json.loads(client.recv(timeout=PATIENCE_SECONDS)):
                pass
        return client.response.headers["X-Session-Id"]


def session_in(partition: int, partitions: int = PARTITIONS) -> str:
    """A new session that is in this partition."""
    while zlib.crc32((session := str(uuid.uuid4())).encode()) % partitions != partition:
        pass
    return session
