"""The thresholds of a run. Each broken one is a sentence: what broke, and by how much."""

from dataclasses import dataclass

from tally_load.ledger import Totals


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that can be set for a run. Lost and duplicated messages are never allowed."""

    failures_percent: float
    ack_p99_ms: float
    gap_p99_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The measurements of a run; times are milliseconds."""

    totals: Totals
    requests: int
    failures: int
    ack_p99_ms: float
    gap_p99_ms: float

    @property
    def failures_percent(self) -> float:
        """The share of connects, resumes and counts that failed."""
        return 100 * self.failures / self.requests if self.requests else 0.0


def broken(outcome: Outcome, limits: Limits) -> list[str]:
    """A sentence for each broken threshold."""
    totals = outcome.totals
    sentences = []
    if totals.sent == 0:
        sentences.append("nothing was sent: a run without messages proves nothing")
    if totals.lost:
        sentences.append(
            f"lost: {totals.lost:,} counted messages were missing later; none may be lost"
        )
    if totals.duplicated:
        sentences.append(
            f"duplicated: {totals.duplicated:,} counts had no message of their own; none may be "
            "counted twice"
        )
    if totals.unacknowledged:
        sentences.append(
            f"unacknowledged: {totals.unacknowledged:,} messages had no count when their user "
            "ended; all must have one"
        )
    if totals.gave_up:
        sentences.append(
            f"gave up: {totals.gave_up:,} of {totals.users:,} users were refused for good or could "
            "not come back; none may"
        )
    if totals.users > totals.audited:
        sentences.append(
            f"cut short: {totals.users - totals.audited:,} of {totals.users:,} users ended without "
            "comparing the stored count with their ledger; all must"
        )
    if outcome.failures_percent > limits.failures_percent:
        sentences.append(
            f"failures: {outcome.failures:,} of {outcome.requests:,} connects, resumes and counts "
            f"({outcome.failures_percent:.3f} %) failed; at most {limits.failures_percent:g} % may"
        )
    for what, measured, limit in (
        ("ack p99", outcome.ack_p99_ms, limits.ack_p99_ms),
        ("gap p99", outcome.gap_p99_ms, limits.gap_p99_ms),
    ):
        if measured > limit:
            sentences.append(
                f"{what}: {measured:,.0f} ms is {measured - limit:,.0f} ms over the limit of "
                f"{limit:,.0f} ms"
            )
    return sentences
