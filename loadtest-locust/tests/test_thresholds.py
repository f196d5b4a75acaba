"""Each threshold holds at its limit, and breaks past it with a sentence of its own."""

import dataclasses

import pytest

from tally_load.ledger import Totals
from tally_load.thresholds import Limits, Outcome, broken

LIMITS = Limits(failures_percent=0.1, ack_p99_ms=1000, gap_p99_ms=5000)
GOOD = Outcome(
    Totals(users=10, ended=10, audited=10, sent=5000, acknowledged=5000, reconnects=10),
    requests=5000,
    failures=5,
    ack_p99_ms=1000,
    gap_p99_ms=5000,
)


def test_all_thresholds_hold_at_their_limits():
    assert broken(GOOD, LIMITS) == []


@pytest.mark.parametrize(
    ("totals", "sentence"),
    [
        ({"lost": 3}, "lost: 3 counted messages were missing later; none may be lost"),
        (
            {"duplicated": 1200},
            "duplicated: 1,200 counts had no message of their own; none may be counted twice",
        ),
        (
            {"unacknowledged": 2},
            "unacknowledged: 2 messages had no count when their user ended; all must have one",
        ),
        (
            {"audited": 9},
            "cut short: 1 of 10 users ended without comparing the stored count with their ledger; "
            "all must",
        ),
        (
            {"gave_up": 1},
            "gave up: 1 of 10 users were refused for good or could not come back; none may",
        ),
        ({"sent": 0}, "nothing was sent: a run without messages proves nothing"),
    ],
)
def test_a_wrong_count_is_a_sentence(totals, sentence):
    outcome = dataclasses.replace(GOOD, totals=dataclasses.replace(GOOD.totals, **totals))
    assert broken(outcome, LIMITS) == [sentence]


@pytest.mark.parametrize(
    ("measured", "sentence"),
    [
        (
            {"failures": 6},
            "failures: 6 of 5,000 connects, resumes and counts (0.120 %) failed; at most 0.1 % may",
        ),
        ({"ack_p99_ms": 1200}, "ack p99: 1,200 ms is 200 ms over the limit of 1,000 ms"),
        ({"gap_p99_ms": 5100}, "gap p99: 5,100 ms is 100 ms over the limit of 5,000 ms"),
    ],
)
def test_a_limit_that_is_passed_is_a_sentence(measured, sentence):
    assert broken(dataclasses.replace(GOOD, **measured), LIMITS) == [sentence]


def test_every_broken_threshold_is_named():
    totals = dataclasses.replace(GOOD.totals, lost=1, duplicated=1)
    outcome = dataclasses.replace(GOOD, totals=totals, ack_p99_ms=2000)
    assert [sentence.split(":")[0] for sentence in broken(outcome, LIMITS)] == [
        "lost",
        "duplicated",
        "ack p99",
    ]
