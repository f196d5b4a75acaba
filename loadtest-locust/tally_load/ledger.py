"""The account of messages and counts, which decides whether a run was correct."""

from collections import deque
from dataclasses import dataclass, fields

from tally_load.message_log import Texts


@dataclass(slots=True)
class Totals:
    """Sums over the users of one process, or of all."""

    users: int = 0
    ended: int = 0
    audited: int = 0
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    unacknowledged: int = 0
    reconnects: int = 0
    gave_up: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Totals)))


class Ledger:
    """One session's messages.

    The k-th message after a welcome with count c has number c + k (docs/PROTOCOL.md, "Exactly
    once"). So each message is kept until its number comes back, and messages that a welcome does
    not count are sent again, in order. Times are seconds of one monotonic clock.
    """

    __slots__ = ("_count", "_in_flight", "_totals", "_waiting", "counted")

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self.counted = Texts()
        self._waiting: deque[tuple[str, float]] = deque()
        # How many of the waiting, from the oldest on, were sent on the current connection.
        self._in_flight = 0
        self._count: int | None = None

    @property
    def is_settled(self) -> bool:
        """Whether every message is counted."""
        return not self._waiting

    def add(self, text: str, at: float) -> None:
        """Adds a message that the user sends now, with or without a connection."""
        self._waiting.append((text, at))
        self._totals.sent += 1

    def next(self) -> str | None:
        """The next message to send; from now on the server may have counted it."""
        if self._in_flight == len(self._waiting):
            return None
        self._in_flight += 1
        return self._waiting[self._in_flight - 1][0]

    def welcome(self, count: int, now: float) -> list[float]:
        """Applies the count of a welcome; next returns the messages that it does not count again.

        Returns the time that each message that it counts took.
        """
        self._totals.reconnects += self._count is not None
        return self.audit(count, now)

    def audit(self, count: int, now: float) -> list[float]:
        """Compares the account with the stored count, as a welcome does, without a reconnect."""
        if self._count is None:
            self._count = count
        self._totals.lost += max(0, self._count - count)
        self._count = min(self._count, count)
        ages = []
        while self._count < count and self._in_flight:
            ages.append(self._settle(now))
        # The server counts more than was sent: a message was counted twice.
        self._totals.duplicated += count - self._count
        self._count = count
        self._in_flight = 0
        return ages

    def reply(self, number: int, now: float) -> list[float]:
        """Applies the count of a reply. Returns the time that its message took, if it has one."""
        known = self._count or 0
        if number <= known or not self._in_flight:
            self._totals.duplicated += 1
            self._count = max(known, number)
            return []
        self._totals.duplicated += number - known - 1
        self._count = number - 1
        return [self._settle(now)]

    def close(self) -> None:
        """Ends the account: messages without a count are unacknowledged."""
        self._totals.unacknowledged += len(self._waiting)
        self._waiting.clear()
        self._in_flight = 0

    def _settle(self, now: float) -> float:
        text, at = self._waiting.popleft()
        self.counted.add(text.encode())
        self._in_flight -= 1
        self._count += 1
        self._totals.acknowledged += 1
        return now - at
