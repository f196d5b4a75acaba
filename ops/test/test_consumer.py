"""The consumer in ops/consumer, with real servers and a real Redis, killed in the middle."""

import signal
import threading
from pathlib import Path

import pytest
from live import Live, await_that
from message_log import PARTITIONS, WORKERS, Log, send, session_in

SESSIONS = 6
ROUNDS = 6
# Of each session in each round.
MESSAGES = 40


@pytest.fixture
def log(tmp_path: Path):
    with Live(tmp_path) as live:
        yield Log(live, tmp_path)


def talk(log: Log, sent: dict[str, list[str]], number: int) -> list[threading.Thread]:
    """One round: each session on the other server than in the round before."""

    def one(which: int, session: str) -> None:
        texts = [f"{which} {number} {each} € \0\r\n{{}}" for each in range(MESSAGES)]
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
