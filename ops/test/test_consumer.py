"""The consumer in ops/consumer, with real servers and a real Redis, killed in the middle."""

import contextlib
import json
import signal
import sqlite3
import sys
import threading
import uuid
import zlib
from collections import defaultdict
from pathlib import Path

import pytest
import redis
from live import OPS, PATIENCE_SECONDS, Live, await_that, free_port
from websockets.sync.client import connect

PARTITIONS = 4
WORKERS = 2
SESSIONS = 6
ROUNDS = 6
# Of each session in each round.
MESSAGES = 40


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


@pytest.fixture
def log(tmp_path: Path):
    with Live(tmp_path) as live:
        yield Log(live, tmp_path)


def send(url: str, texts: list[str], session: str = "") -> str:
    """Sends them at once and waits for the last count. Returns the session's id."""
    with connect(f"{url}?session_id={session}" if session else url) as client:
        for text in texts:
            client.send(text)
        for _ in texts:
            while "count" not in json.loads(client.recv(timeout=PATIENCE_SECONDS)):
                pass
        return client.response.headers["X-Session-Id"]


def session_in(partition: int) -> str:
    """A new session that is in this partition."""
    while zlib.crc32((session := str(uuid.uuid4())).encode()) % PARTITIONS != partition:
        pass
    return session


def talk(log: Log, sent: dict[str, list[str]], number: int) -> list[threading.Thread]:
    """One round: each session on the other server than in the round before."""

    def one(which: int, session: str) -> None:
        texts = [f"{which} {number} {each} €" for each in range(MESSAGES)]
        send(log.servers[(which + number) % 2], texts, session)
        sent[session] += texts

    threads = [
        threading.Thread(target=one, args=(which, session)) for which, session in enumerate(sent)
    ]
    for thread in threads:
        thread.start()
    return threads


def numbered(texts: list[str]) -> list[tuple[int, str]]:
    return list(enumerate(texts, start=1))


def test_each_message_is_acted_on_once_and_in_order_though_workers_and_redis_are_killed(log):
    sent: dict[str, list[str]] = {session_in(which % PARTITIONS): [] for which in range(SESSIONS)}
    log.start_workers()

    for number in range(ROUNDS):
        worker = number % WORKERS
        log.await_workers()
        if number:
            # It may still have to take over what the round before left.
            await_that(log.all_is_read_and_acknowledged, "all acknowledgements")
        before = log.delivered(worker)
        acted = log.acted()
        kill_before_the_transaction = number % 4 < 2
        with log.nobody_writes():
            threads = talk(log, sent, number)
            await_that(lambda w=worker, b=before: log.delivered(w) != b, "a read")
            if kill_before_the_transaction:
                log.kill(f"worker {worker}")
            else:
                log.live.processes["redis"].send_signal(signal.SIGSTOP)
        if not kill_before_the_transaction:
            await_that(lambda a=acted: log.acted() > a, "a transaction")
            # Redis does not see the acknowledgement.
            log.kill(f"worker {worker}")
            log.kill_redis()
        log.start_worker(worker)
        for thread in threads:
            thread.join()

    await_that(lambda: log.acted() >= SESSIONS * ROUNDS * MESSAGES, "all messages")
    await_that(log.all_is_read_and_acknowledged, "all acknowledgements")
    assert log.texts() == {session: numbered(texts) for session, texts in sent.items()}


def test_what_another_worker_read_and_did_not_acknowledge_is_taken_over_in_order(log):
    texts = [str(each) for each in range(300)]
    session = send(log.servers[0], texts)
    for stream in log.streams:
        log.redis.xgroup_create(stream, "inbox", id="0", mkstream=True)
    log.redis.xreadgroup("inbox", "gone", dict.fromkeys(log.streams, ">"), count=250)

    log.start_workers()

    await_that(log.all_is_read_and_acknowledged, "all acknowledgements")
    assert log.texts() == {session: numbered(texts)}


def test_what_is_delivered_again_is_not_acted_on_again(log):
    texts = [str(each) for each in range(300)]
    session = send(log.servers[0], texts)
    log.start_workers()
    await_that(lambda: log.acted() == 300, "all messages")

    # As after a crash between the transaction and the acknowledgement.
    log.kill_workers()
    for stream in log.streams:
        log.redis.xgroup_setid(stream, "inbox", "0")
    log.start_workers()
    send(log.servers[1], ["the next"], session)

    await_that(lambda: log.acted() > 300, "the next message")
    await_that(log.all_is_read_and_acknowledged, "all acknowledgements")
    assert log.texts() == {session: numbered([*texts, "the next"])}


def test_a_group_that_redis_has_lost_is_made_again(log):
    session = send(log.servers[0], ["one"])
    log.start_workers()
    await_that(lambda: log.acted() == 1, "the message")

    for stream in log.streams:
        log.redis.xgroup_destroy(stream, "inbox")
    send(log.servers[0], ["two"], session)

    await_that(lambda: log.acted() > 1, "the next message")
    assert log.texts() == {session: numbered(["one", "two"])}


def test_a_gap_is_said(log):
    session = send(log.servers[0], ["one", "two", "three"])
    # Counted by a server whose message log is off.
    log.redis.hset(f"tally:session:{{{session}}}", "count", 5)
    send(log.servers[0], ["six"], session)

    log.start_workers()

    await_that(lambda: log.acted() == 4, "the messages")
    assert [n for n, _ in log.texts()[session]] == [1, 2, 3, 6]
    warning = f"WARNING session {session}: messages 4-5 are not in the log"
    assert any(log.says(worker, warning) for worker in range(WORKERS))
