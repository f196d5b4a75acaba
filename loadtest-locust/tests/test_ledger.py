"""The account of one session must detect every way in which a count can be wrong."""

import pytest

from tally_load.ledger import Ledger, Totals


@pytest.fixture
def totals():
    return Totals()


@pytest.fixture
def ledger(totals):
    return Ledger(totals)


def send_all(ledger):
    sent = []
    while (text := ledger.next()) is not None:
        sent.append(text)
    return sent


def add(ledger, *texts, at=0.0):
    for text in texts:
        ledger.add(text, at)


def test_a_count_settles_the_oldest_message_and_says_how_long_it_took(ledger, totals):
    ledger.welcome(0, now=0.0)
    ledger.add("a", at=1.0)
    ledger.add("b", at=2.0)
    send_all(ledger)
    assert ledger.reply(1, now=5.0) == [4.0]
    assert ledger.reply(2, now=5.0) == [3.0]
    assert ledger.is_settled
    assert totals == Totals(sent=2, acknowledged=2)


def test_messages_go_out_once_per_connection_and_in_order(ledger):
    ledger.welcome(0, now=0.0)
    add(ledger, "a", "b")
    assert send_all(ledger) == ["a", "b"]
    assert send_all(ledger) == []
    add(ledger, "c")
    assert send_all(ledger) == ["c"]


def test_what_a_welcome_does_not_count_is_sent_again(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a", "b", "c")
    send_all(ledger)
    ledger.reply(1, now=1.0)
    assert ledger.welcome(2, now=2.0) == [2.0]
    assert send_all(ledger) == ["c"]
    assert ledger.reply(3, now=3.0) == [3.0]
    assert totals == Totals(sent=3, acknowledged=3, reconnects=1)


def test_messages_written_without_a_connection_wait_for_it(ledger, totals):
    add(ledger, "a")
    assert totals.sent == 1
    ledger.welcome(0, now=1.0)
    assert send_all(ledger) == ["a"]


def test_a_session_that_existed_before_begins_where_it_was(ledger, totals):
    ledger.welcome(41, now=0.0)
    add(ledger, "a")
    send_all(ledger)
    ledger.reply(42, now=0.0)
    assert totals == Totals(sent=1, acknowledged=1)


def test_a_welcome_below_what_was_counted_is_a_loss(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a", "b")
    send_all(ledger)
    ledger.reply(1, now=0.0)
    ledger.reply(2, now=0.0)
    ledger.welcome(0, now=0.0)
    assert totals.lost == 2
    assert totals.duplicated == 0


def test_a_welcome_beyond_what_was_sent_is_a_duplicate(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a")
    send_all(ledger)
    assert ledger.welcome(2, now=1.0) == [1.0]
    assert totals == Totals(sent=1, acknowledged=1, duplicated=1, reconnects=1)


def test_a_message_that_never_went_out_cannot_have_been_counted(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a")
    assert ledger.welcome(1, now=0.0) == []
    assert totals.duplicated == 1
    assert send_all(ledger) == ["a"]


def test_a_skipped_number_is_a_duplicate_of_something(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a", "b")
    send_all(ledger)
    ledger.reply(2, now=0.0)
    assert (totals.duplicated, totals.acknowledged) == (1, 1)
    ledger.reply(3, now=0.0)
    assert (totals.duplicated, totals.acknowledged) == (1, 2)


def test_a_repeated_number_is_a_duplicate_and_settles_nothing(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a", "b")
    send_all(ledger)
    ledger.reply(1, now=0.0)
    assert ledger.reply(1, now=0.0) == []
    assert not ledger.is_settled
    assert totals.duplicated == 1


def test_a_count_that_nobody_asked_for_is_a_duplicate(ledger, totals):
    ledger.welcome(0, now=0.0)
    assert ledger.reply(1, now=0.0) == []
    assert totals == Totals(duplicated=1)


def test_what_is_owed_at_the_end_is_unacknowledged(ledger, totals):
    ledger.welcome(0, now=0.0)
    add(ledger, "a", "b", "c")
    send_all(ledger)
    ledger.reply(1, now=0.0)
    ledger.close()
    assert totals == Totals(sent=3, acknowledged=1, unacknowledged=2)


def test_totals_of_processes_add_up():
    one = Totals(users=1, sent=5, acknowledged=4, lost=1)
    other = Totals(users=2, sent=7, acknowledged=7, reconnects=3)
    assert one + other == Totals(users=3, sent=12, acknowledged=11, lost=1, reconnects=3)


def test_the_last_comparison_is_no_reconnect(ledger, totals):
    ledger.welcome(0, now=0)
    ledger.add("a", at=0)
    ledger.next()
    assert ledger.audit(1, now=2) == [2]
    assert totals == Totals(sent=1, acknowledged=1)
