"""The commands of docs/MESSAGES.md, with a real server and a real Redis."""

import contextlib
import json
import re
import shlex
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import yaml
from documented import ROOT, block
from live import JAR, OPS, Live, await_that, free_port, is_ok, of_jdk
from message_log import send, session_in

PAGE = "docs/MESSAGES.md"
CONSUMER = "python3 ops/consumer/consumer.py --redis-url redis://127.0.0.1:6379 --database inbox.db"


def page_lines() -> list[str]:
    return (ROOT / PAGE).read_text(encoding="utf-8").splitlines()


class Documented:
    """Runs the commands of the page, with the ports and the files of this test."""

    def __init__(self, live: Live, directory: Path):
        self.live = live
        self.directory = directory
        self.redis_url = live.redis()
        self.redis = redis.Redis.from_url(self.redis_url, decode_responses=True)
        port = free_port()
        (command,) = self.commands("java -jar tally-server.jar --redis-url redis://127.0.0.1:6379")
        ports = ["--host", "127.0.0.1", "--port", str(port), "--admin-port", str(free_port())]
        live.start("server", *command, *ports)
        await_that(lambda: is_ok(f"http://127.0.0.1:{port}/readyz"), "the server")
        self.server = f"ws://127.0.0.1:{port}/ws/chat/"

    def commands(self, first: str) -> list[list[str]]:
        """Each line of the block that begins so, as a program and its arguments."""
        line = next(each for each in page_lines() if each.startswith(first))
        here = {
            "java": str(of_jdk("java")),
            "tally-server.jar": str(JAR),
            "redis://127.0.0.1:6379": self.redis_url,
            "python3": sys.executable,
            "ops/consumer/consumer.py": str(ROOT / "ops/consumer/consumer.py"),
            "inbox.db": str(self.directory / "inbox.db"),
        }
        lines = [shlex.split(each, comments=True) for each in block(PAGE, line).splitlines()]
        return [[here.get(word, word) for word in words] for words in lines]

    def redis_cli(self, first: str) -> list[str]:
        """What each command of the block prints."""
        port = ["-u", self.redis_url]
        return [
            subprocess.run(
                [program, *port, *words], check=True, capture_output=True, encoding="utf-8"
            ).stdout
            for program, *words in self.commands(first)
        ]

    def ask(self, sql: str) -> list[tuple]:
        with contextlib.closing(
            sqlite3.connect(self.directory / "inbox.db", timeout=60)
        ) as database:
            return database.execute(sql).fetchall()

    def acted(self) -> int:
        if not self.ask("SELECT 1 FROM sqlite_master WHERE name = 'inbox'"):
            return 0
        return self.ask("SELECT count(*) FROM inbox")[0][0]

    def await_acted(self, messages: int) -> None:
        await_that(lambda: self.acted() == messages, f"{messages} messages")


@pytest.fixture
def documented(tmp_path: Path):
    with Live(tmp_path) as live:
        yield Documented(live, tmp_path)


def test_the_log_can_be_looked_at_in_redis(documented):
    send(documented.server, ["hello"], session_in(0, partitions=16))

    partitions, entries = documented.redis_cli("redis-cli GET tally:messages:partitions")

    assert partitions == "16\n"
    fields = entries.splitlines()[1:]
    assert fields[::2] == ["session", "began", "n", "text", "at"]
    assert fields[5:8] == ["1", "text", "hello"]


def test_one_worker_and_then_two_act_on_each_message_once(documented):
    ((*alone,),) = documented.commands(CONSUMER)
    documented.live.start("alone", *alone)
    sessions = [session_in(partition, partitions=16) for partition in (0, 1, 2)]
    for session in sessions:
        send(documented.server, ["one", "two"], session)
    documented.await_acted(6)
    documented.live.processes["alone"].kill()
    documented.live.processes["alone"].wait()

    for number, worker in enumerate(documented.commands(f"{CONSUMER} --worker 0 --workers 2")):
        documented.live.start(f"worker {number}", *worker)
    for session in sessions:
        send(documented.server, ["three"], session)

    documented.await_acted(9)
    missing = block(
        PAGE, "SELECT session, began, max(n) - count(*) AS missing FROM handled"
    ).strip()
    assert documented.ask(missing) == []

    # Counted by a server whose message log is off.
    documented.redis.hset(f"tally:session:{{{sessions[0]}}}", "count", 5)
    send(documented.server, ["six"], sessions[0])

    documented.await_acted(10)
    assert [(row[0], row[2]) for row in documented.ask(missing)] == [(sessions[0], 2)]


def test_a_group_can_be_watched_and_the_log_trimmed(documented):
    documented.redis.xgroup_create("tally:messages:{0}", "inbox", id="0", mkstream=True)
    send(documented.server, ["one", "two"], session_in(0, partitions=16))

    groups, stream = documented.redis_cli("redis-cli XINFO GROUPS")
    assert groups.splitlines()[:2] == ["name", "inbox"]
    assert {"pending", "lag", "last-delivered-id"} <= set(groups.splitlines())
    assert "first-entry" in stream.splitlines()

    minimum = "1764547200000"
    trim, destroy = documented.commands("redis-cli XTRIM")
    # A time of the page, which is over, removes nothing.
    documented.redis.execute_command(*trim[1:])
    assert documented.redis.xlen(trim[2]) == 2
    later = str(int(time.time() * 1000) + 3_600_000)
    documented.redis.execute_command(*[later if word == minimum else word for word in trim[1:]])
    assert documented.redis.xlen(trim[2]) == 0
    assert documented.redis.execute_command(*destroy[1:]) == 1


def test_a_consumer_needs_no_other_rights(documented):
    rule = next(line for line in page_lines() if line.startswith("ACL SETUSER"))
    documented.redis.execute_command(*rule.split())
    address = documented.redis_url.removeprefix("redis://")
    ((*alone,),) = documented.commands(CONSUMER)
    user = f"redis://inbox:secret@{address}"
    documented.live.start(
        "alone", *[user if word == documented.redis_url else word for word in alone]
    )

    send(documented.server, ["hello"])

    documented.await_acted(1)
    limited = redis.Redis.from_url(user, decode_responses=True)
    with pytest.raises(redis.exceptions.NoPermissionError):
        limited.hgetall("tally:session:{x}")
    with pytest.raises(redis.exceptions.NoPermissionError):
        limited.xadd("tally:messages:{0}", {"session": "forged"})


@pytest.fixture
def compose() -> dict:
    return yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_the_consumer_of_the_compose_stack_acts_on_what_is_sent(documented, compose, tmp_path):
    service = compose["consumer"]
    url = compose["app_blue"]["environment"]["REDIS_URL"]
    here = {url: documented.redis_url, "python": sys.executable}

    def in_container(words: list[str]) -> list[str]:
        return [here.get(word, word).replace("/data/", f"{tmp_path}/") for word in words]

    context = OPS / service["build"]
    image = (context / "Dockerfile").read_text(encoding="utf-8")
    for source, target in re.findall(r"^COPY (\S+) (\S+/)$", image, re.M):
        here[target + source] = str(context / source)
    entrypoint = json.loads(re.search(r"^ENTRYPOINT (.*)$", image, re.M)[1])
    assert url in service["command"]
    documented.live.start("consumer", *in_container([*entrypoint, *service["command"]]))

    send(documented.server, ["hello"])

    documented.await_acted(1)
    healthcheck = in_container(service["healthcheck"]["test"][1:])
    assert subprocess.run(healthcheck, check=False).returncode == 0


def test_the_consumer_of_the_compose_stack_may_do_little(compose):
    service = compose["consumer"]
    hardened = "read_only", "cap_drop", "security_opt", "restart", "logging"
    assert {each: service[each] for each in hardened} == {
        each: compose["redis"][each] for each in hardened
    }
    assert service["networks"] == ["store"]
    assert "ports" not in service


def test_the_log_of_the_compose_stack_fits_into_its_redis(compose):
    environment = compose["app_blue"]["environment"]
    assert environment["TALLY_MESSAGE_LOG"] == "on"
    maximum = re.search(r"--maxmemory (\d+)mb", " ".join(compose["redis"]["command"]))[1]
    text = 400
    entries = 16 * int(environment["TALLY_MESSAGE_LOG_LENGTH"])
    assert entries * (75 + text) < int(maximum) << 20


ENTRIES = 16_000


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (int(text.replace(",", "")), int(entry.replace(",", "")))
        for text, entry in re.findall(
            r"^\| ([\d,]+) \| ([\d,]+) \| [\d.]+ GB \|$", "\n".join(page_lines()), re.M
        )
    ],
)
def test_an_entry_takes_the_documented_memory(tmp_path, text, entry):
    with Live(tmp_path) as live:
        client = redis.Redis.from_url(live.redis(), decode_responses=True)
        before = client.info("memory")["used_memory"]
        pipeline = client.pipeline(transaction=False)
        for number in range(ENTRIES):
            fields = {
                "session": f"123e4567-e89b-42d3-a456-{number % 997:012d}",
                "began": 1764547200000 + number % 997,
                "n": number,
                "text": "x" * text,
                "at": 1764547200000 + number,
            }
            pipeline.xadd(f"tally:messages:{{{number % 16}}}", fields)
            if number % 1000 == 999:
                pipeline.execute()
        taken = (client.info("memory")["used_memory"] - before) / ENTRIES
    # Releases of Redis differ a little.
    assert taken == pytest.approx(entry, rel=0.2)
