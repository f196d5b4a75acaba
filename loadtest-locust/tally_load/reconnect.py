"""Whether and when to come back after a connection ended (docs/PROTOCOL.md, "Coming back")."""

import random
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FIRST_WINDOW_MS = 100
# With this window 5,000 clients come back at 500 a second, as fast as a drain closes them.
LONGEST_WINDOW_MS = 10_000
LONGEST_HINT_MS = 3_600_000
# Enough to get from the first window to the longest; bounds the shift below.
MAX_DOUBLINGS = 10
# An attempt that failed here may still reach the server and take the session away from the
# connection that came after it. This is how long after its end that can happen.
STRAY_S = 30.0
# Bounds how often two clients with one session can take it from each other by this rule.
MAX_STRAYS = 5

ABNORMAL = 1006
SUPERSEDED = 4001
KICKED = 4403
FINAL_CLOSE_CODES = frozenset({1000, 1002, 1003, 1007, 1009, SUPERSEDED, KICKED})
# After these the server will soon close again for the same reason, so the pauses keep growing.
BACKOFF_CLOSE_CODES = frozenset({1008, 1011})

_IN_REASON = re.compile(r"\bretry_after_ms=([0-9]+)\b", re.ASCII)
_SECONDS = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Ending:
    """How a connection ended, or an attempt to open one.

    final: the client must not come back. may_be_served: for an attempt without a welcome, whether
    the server may have resumed the session, or may still do so.
    """

    text: str
    code: int = ABNORMAL
    final: bool = False
    may_be_served: bool = True
    hint_ms: int = 0


def closed(code: int, reason: str) -> Ending:
    """The end of a connection that the server closed, or that broke (1006)."""
    match = _IN_REASON.search(reason)
    return Ending(
        f"the server closed with {code} {reason}",
        code,
        final=code in FINAL_CLOSE_CODES,
        # A superseded attempt was served, but does not hold the session any more.
        may_be_served=code != SUPERSEDED,
        hint_ms=_bounded(int(match.group(1))) if match else 0,
    )


def refused(status: int, retry_after: str, *, been_there: bool) -> Ending:
    """The end of an attempt whose handshake was answered with another status than 101."""
    # A proxy that has just started answers 404 until it has loaded its routes.
    may_pass = status == 429 or status >= 500 or (status == 404 and been_there)
    return Ending(
        f"HTTP status {status}",
        final=not may_pass,
        # A gateway answers so if its server died or is slow: that may still serve the request.
        may_be_served=status in (502, 504),
        hint_ms=_bounded(1000 * int(retry_after)) if _SECONDS.fullmatch(retry_after) else 0,
    )


def hint_in_frame(member: object) -> int:
    """The hint in a member of a frame, in milliseconds; 0 if it is not a valid hint."""
    is_whole = isinstance(member, int) and not isinstance(member, bool)
    return _bounded(member) if is_whole else 0


def _bounded(hint_ms: int) -> int:
    return min(max(0, hint_ms), LONGEST_HINT_MS)


class ReconnectRules:
    """The rules of one client."""

    def __init__(
        self,
        uniform: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._uniform = uniform
        self._clock = clock
        self._failures = 0
        # Whether the connection received more than the welcome. A server in trouble may still send
        # a welcome, so that alone must not end the backoff.
        self._proved = False
        # When attempts failed that may be served; each allows one return from 4001.
        self._strays: deque[float] = deque(maxlen=MAX_STRAYS)

    def opened(self) -> None:
        """A connection received its welcome."""
        self._proved = False

    def proved(self) -> None:
        """The connection works."""
        self._proved = True

    def broke(self, ending: Ending) -> None:
        """The connection that had its welcome ended."""
        if self._proved and ending.code not in BACKOFF_CLOSE_CODES:
            self._failures = 0

    def failed(self, ending: Ending) -> None:
        """An attempt ended before its welcome."""
        if ending.may_be_served:
            self._strays.append(self._clock())

    def gives_up(self, ending: Ending) -> bool:
        """Decides about an end after which there is no other connection."""
        # It may have been superseded by an attempt of this client that was served after it failed.
        by_own_attempt = ending.code == SUPERSEDED and self._take_stray()
        return ending.final and not by_own_attempt

    def _take_stray(self) -> bool:
        while self._strays and self._clock() - self._strays[0] >= STRAY_S:
            self._strays.popleft()
        if not self._strays:
            return False
        self._strays.popleft()
        return True

    def pause_ms(self, hint_ms: int) -> int:
        """How long to wait before the next attempt: the hint plus a random time from a window.

        The window doubles with each failure. Without the random part, clients that lost their
        server at the same moment would all come back at the same moment.
        """
        first = max(FIRST_WINDOW_MS, hint_ms)
        window = min(LONGEST_WINDOW_MS, first << min(self._failures, MAX_DOUBLINGS))
        self._failures += 1
        return hint_ms + int(self._uniform() * (window + 1))

    def reset(self) -> None:
        """Goes back to the first window."""
        self._failures = 0
