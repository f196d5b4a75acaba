"""The comparison finds every way in which the message log can be wrong."""

import pytest
from redis import Redis
from servers import redis

from tally_load.message_log import PARTITIONS, Account, Comparison, MessageLog, Texts

ME, OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7", "1b4f0e98-5197-4b3c-8a6e-9d0f3c2b1a00"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with redis(tmp_path_factory.mktemp("redis")) as url, Redis.from_url(url) as client:
        client.url = url
        yield client


@pytest.fixture
def log(server):
    server.flushall()
    server.set(PARTITIONS, 2)
    return MessageLog(server.url)


def account(*texts, session=ME):
    counted = Texts()
    for text in texts:
        counted.add(text.encode())
    return Account(session, len(texts), counted.digest())


def add(server, *entries, session=ME, began=1, partition=1):
    for n, text in entries:
        what = {"gap": text} if n == "gap" else {"n": n, "text": text}
        fields = {"session": session, "began": began, **what, "at": 5}
        server.xadd(f"tally:messages:{{{partition}}}", fields)


def test_what_is_there_once_and_in_order_is_right(server, log):
    add(server, (1, "a"), (2, "\u00fc"))
    add(server, (1, "x"), session=OTHER, partition=0)
    accounts = [account("a", "\u00fc"), account("x", session=OTHER)]
    assert log.compare(accounts) == Comparison(sessions=2, entries=3)
    assert log.compare(accounts).broken(users=2) == []


def test_what_others_wrote_and_what_was_there_before_does_not_count(server):
    server.flushall()
    server.set(PARTITIONS, 2)
    server.xadd("tally:messages:{1}", {"session": ME, "began": 1, "n": 1, "text": "old"}, id="1-1")
    log = MessageLog(server.url)
    add(server, (1, "x"), session=OTHER)
    add(server, (1, "a"))
    assert log.compare([account("a")]) == Comparison(sessions=1, entries=1)


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ([(1, "a"), (3, "c")], {"missing": 1}),
        ([(2, "b"), (3, "c")], {"missing": 1}),
        ([(1, "a"), (2, "b")], {"missing": 1}),
        ([], {"missing": 3}),
        ([("gap", "1-2"), (3, "c")], {"missing": 2}),
        ([(1, "a"), (2, "b"), (2, "b"), (3, "c")], {"repeated": 1}),
        ([(1, "a"), (2, "b"), (3, "c"), (4, "d")], {"repeated": 1}),
        ([(2, "b"), (1, "a"), (3, "c")], {"missing": 1, "repeated": 1}),
        ([(1, "a"), (2, "B"), (3, "c")], {"different": 1}),
        ([(1, "b"), (2, "a"), (3, "c")], {"different": 1}),
    ],
)
def test_what_is_wrong_is_counted(server, log, entries, wrong):
    add(server, *entries)
    found = log.compare([account("a", "b", "c")])
    assert {name: getattr(found, name) for name in ("missing", "repeated", "different")} == {
        "missing": 0,
        "repeated": 0,
        "different": 0,
    } | wrong
    assert len(found.broken(users=1)) == 1


def test_numbers_that_begin_again_are_found_by_their_gap(server, log):
    add(server, (1, "a"), (2, "b"))
    add(server, ("gap", "1-2"), (3, "c"), began=9)
    assert log.compare([account("a", "b", "c")]).missing == 2


def test_users_without_an_account_are_found(log):
    assert log.compare([]).broken(users=1) == [
        "log: 0 of 1 users compared their account with the message log; all must"
    ]


def test_a_log_that_cannot_be_read_breaks_the_run(server, log):
    server.set("tally:messages:{0}", "something else")
    [sentence] = log.compare([]).broken(users=0)
    assert sentence.startswith("log: it cannot be read: WRONGTYPE")
