"""Whole runs, started as `make load-test` starts them."""

import contextlib
import json
import re
import subprocess
import sys
import uuid

import pytest
from redis import Redis
from servers import ROOT, Proxy, await_true, free_port, redis, tally, websocket_server
from websockets.exceptions import ConnectionClosed


def processes(workers):
    """A run in one process, or with workers that report to a master."""
    if not workers:
        return []
    port = str(free_port())
    on_loopback = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return ["--processes", str(workers), *on_loopback, "--master-port", port]


@contextlib.contextmanager
def load_test(url, *, users, seconds, directory, scenario="steady", workers=0, more=()):
    run = subprocess.Popen(
        [
            *(sys.executable, "-m", "locust", "-f", str(ROOT / "loadtest-locust/locustfile.py")),
            *("--headless", "--only-summary", "--loglevel", "WARNING", "--stop-timeout", "60"),
            *("--host", url, "--users", str(users), "--spawn-rate", str(users)),
            *("--run-time", str(seconds), "--scenario", scenario, *processes(workers), *more),
        ],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        yield run
    finally:
        run.terminate()
        run.communicate()


def ending(run):
    """The summary, its figures by name, and the exit code."""
    output, _ = run.communicate(timeout=300)
    print(output)
    summary = output[output.rindex("load test ") :]
    figures = {
        name: int(number.replace(",", ""))
        for name, number in re.findall(r"\b(\w+) ([\d,]*\d)\b", summary)
    }
    return summary, figures, run.returncode


def await_reconnects(run, number):
    """Reads the progress of a run until it shows the number of reconnects."""
    for line in run.stdout:
        shown = re.search(r"reconnects ([\d,]+)", line)
        if shown and int(shown.group(1).replace(",", "")) >= number:
            return
    raise AssertionError(f"the run ended before {number} reconnects")


def test_a_promotion_and_a_cut_under_load_lose_and_duplicate_nothing(tmp_path):
    # The command only waits: this test promotes, and writes a file when it is done.
    asked, done = tmp_path / "asked", tmp_path / "done"
    command = f"sh -c 'touch {asked}; timeout 600 tail --follow --retry {done} | head -n 1'"
    with (
        redis(tmp_path) as redis_url,
        tally("blue", redis_url, tmp_path, "--message-log", "on") as blue,
        tally("green", redis_url, tmp_path, "--message-log", "on") as green,
        Proxy(blue.port) as proxy,
        load_test(
            f"ws://127.0.0.1:{proxy.port}/ws/chat/",
            users=60,
            seconds=12,
            directory=tmp_path,
            scenario="promotion",
            workers=2,
            more=(
                *("--promote", command, "--pace", "4", "--check-log", redis_url),
                # The cut may hit a handshake, which then fails. This test is not about times.
                *("--max-failures", "5", "--max-ack-p99", "60000", "--max-gap-p99", "60000"),
            ),
        ) as run,
    ):
        await_true(asked.exists, "the promotion must be asked for")
        # Users that start later do not move.
        await_true(lambda: blue.connections() == 60, "all users must be connected")
        proxy.target = green.port
        blue.terminate()
        assert blue.wait(timeout=120) == 0
        await_reconnects(run, 60)
        proxy.cut()
        await_reconnects(run, 120)
        done.write_text("done\n", encoding="utf-8")
        summary, figures, code = ending(run)
    assert figures["lost"] == figures["duplicated"] == 0
    assert figures["sent"] == figures["acknowledged"] > 0
    # More if a connection breaks for another reason.
    assert figures["reconnects"] >= 120
    assert "stored counts compared 60" in summary
    assert f"in the log {figures['sent']:,}, missing 0, repeated 0, " in summary
    assert "sessions compared 60" in summary
    assert "ended with exit code 0" in summary
    assert summary.rstrip().endswith("ok: every threshold held")
    assert code == 0


def test_a_server_that_is_killed_leaves_a_log_of_all_that_was_counted(tmp_path):
    with (
        redis(tmp_path) as redis_url,
        tally("blue", redis_url, tmp_path, "--message-log", "on") as blue,
        tally("green", redis_url, tmp_path, "--message-log", "on") as green,
        Proxy(blue.port) as proxy,
        load_test(
            f"ws://127.0.0.1:{proxy.port}/ws/chat/",
            users=20,
            seconds=10,
            directory=tmp_path,
            more=(
                *("--pace", "20", "--check-log", redis_url, "--max-failures", "50"),
                *("--max-ack-p99", "60000", "--max-gap-p99", "60000"),
            ),
        ) as run,
    ):
        await_true(lambda: blue.connections() == 20, "all users must be connected")
        proxy.target = green.port
        blue.kill()
        summary, figures, code = ending(run)
    assert figures["reconnects"] >= 20
    assert figures["sent"] == figures["acknowledged"] > 0
    assert f"in the log {figures['sent']:,}, missing 0, repeated 0, " in summary
    assert code == 0


def test_an_entry_that_is_missing_and_one_that_is_there_twice_are_found_out(tmp_path):
    stream = "tally:messages:{0}"
    with (
        redis(tmp_path) as redis_url,
        Redis.from_url(redis_url, decode_responses=True) as log,
        tally(
            *("blue", redis_url, tmp_path, "--message-log", "on"),
            *("--message-log-partitions", "1"),
        ) as blue,
        load_test(
            f"ws://127.0.0.1:{blue.port}/ws/chat/",
            users=5,
            seconds=6,
            directory=tmp_path,
            more=("--pace", "4", "--check-log", redis_url),
        ) as run,
    ):
        await_true(lambda: log.xlen(stream) >= 2, "messages must be in the log")
        (first, _), (_, second) = log.xrange(stream, count=2)
        log.xdel(stream, first)
        log.xadd(stream, second)
        summary, _, code = ending(run)
    assert "BROKEN log: 1 counted messages are missing in the message log, 1 entries are" in summary
    assert code == 1


def test_servers_without_a_message_log_are_said_at_once(tmp_path):
    with (
        redis(tmp_path) as redis_url,
        tally("blue", redis_url, tmp_path) as blue,
        load_test(
            f"ws://127.0.0.1:{blue.port}/ws/chat/",
            users=5,
            seconds=3,
            directory=tmp_path,
            more=("--check-log", redis_url),
        ) as run,
    ):
        summary, _, code = ending(run)
    assert summary.strip() == (
        "load test steady: no message log to compare: the servers there have no message log "
        "(--message-log on)"
    )
    assert code == 2


class Liar:
    """A server of tally.v1 whose counts and welcomes can be wrong."""

    def __init__(self, count=lambda n: n, welcome=lambda n: n):
        self._count = count
        self._welcome = welcome
        self._counts = {}

    def __call__(self, socket):
        _, _, session = socket.request.path.partition("session_id=")
        resumed, session = bool(session), session or str(uuid.uuid4())
        number = self._counts.get(session, 0)
        frame = {"type": "welcome", "session_id": session, "resumed": resumed, "heartbeat_s": 30}
        try:
            socket.send(json.dumps(frame | {"count": self._welcome(number)}))
            for _ in socket:
                number += 1
                self._counts[session] = number
                socket.send(json.dumps({"count": self._count(number)}))
        except ConnectionClosed:
            pass


@pytest.fixture
def run_against(tmp_path):
    def run(handler, **arguments):
        with (
            websocket_server(handler) as url,
            load_test(url, users=5, seconds=5, directory=tmp_path, **arguments) as run,
        ):
            return ending(run)

    return run


def test_a_server_that_counts_twice_is_found_out(run_against):
    summary, figures, code = run_against(Liar(count=lambda n: 2 * n))
    assert figures["duplicated"] > 0
    assert "BROKEN duplicated: " in summary
    assert "counts had no message of their own; none may be counted twice" in summary
    assert code == 1


def test_a_server_that_forgets_what_it_counted_is_found_out(run_against):
    summary, figures, code = run_against(Liar(welcome=lambda n: max(0, n - 1)))
    assert figures["lost"] == 5
    assert "BROKEN lost: 5 counted messages were missing later; none may be lost" in summary
    assert code == 1


def test_a_promotion_that_fails_fails_the_run(run_against):
    summary, _, code = run_against(Liar(), scenario="promotion", more=("--promote", "false"))
    assert "BROKEN promotion: false ended with exit code 1 after" in summary
    assert code == 1


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "ws://127.0.0.1:1/ws/chat/",
            "no connection to ws://127.0.0.1:1/ws/chat/: Connection refused",
        ),
        (
            "http://127.0.0.1/",
            "'http://127.0.0.1/' is not an address such as ws://127.0.0.1:8000/ws/chat/",
        ),
        (
            "ws://127.0.0.1:99999/",
            "'ws://127.0.0.1:99999/' is not an address such as ws://127.0.0.1:8000/ws/chat/",
        ),
        (
            "ws://chat..example/",
            "'ws://chat..example/' is not an address such as ws://127.0.0.1:8000/ws/chat/",
        ),
    ],
)
def test_an_address_where_nothing_answers_is_one_sentence(url, sentence, tmp_path):
    with load_test(url, users=5, seconds=3, directory=tmp_path) as run:
        summary, _, code = ending(run)
    assert summary.strip() == f"load test steady: {sentence}"
    assert code == 2
