"""Whether and when to come back after an ending (docs/PROTOCOL.md, "Coming back")."""

import random
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FIRST_WINDOW_MS = 100
# 5,000 clients then come back at 500 a second, the pace of a drain.
LONGEST_WINDOW_MS = 10_000
LONGEST_HINT_MS = 3_600_000
# More than it takes to get from the first window to the longest.
MAX_DOUBLINGS = 10
# How long an attempt that failed here may still take the session from the connection that there is.
STRAY_S = 30.0
# Two clients of a session do not take it from each other for long.
MAX_STRAYS = 5

ABNORMAL = 1006
SUPERSEDED = 4001
FINAL_CLOSE_CODES = frozenset({1000, 1002, 1003, 1007, 1009, SUPERSEDED})
# The codes of a server that will close again for the same reason: the pauses go on growing.
BACKOFF_CLOSE_CODES = frozenset({1008, 1011})

_IN_REASON = re.compile(r"\bretry_after_ms=([0-9]+)\b", re.ASCII)
_SECONDS = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Ending:
    """How a connection ended, or an attempt to open one.

    It is final if there is no use in coming back. The server may have resumed the session for an
    attempt without a welcome, or may still do so, if it may be served.
    """

    text: str
    code: int = ABNORMAL
    final: bool = False
    may_be_served: bool = True
    hint_ms: int = 0


def closed(code: int, reason: str) -> Ending:
    """The server closed it; 1006 if it ended without a close frame."""
    match = _IN_REASON.search(reason)
    return Ending(
        f"the server closed with {code} {reason}",
        code,
        final=code in FINAL_CLOSE_CODES,
        # Only an attempt that was served can be superseded, and by then it holds nothing any more.
        may_be_served=code != SUPERSEDED,
        hint_ms=_bounded(int(match.group(1))) if match else 0,
    )


def refused(status: int, retry_after: str, *, been_there: bool) -> Ending:
    """The handshake was answered with another status than 101."""
    # A proxy that has just started knows no routes for a moment.
    may_pass = status == 429 or status >= 500 or (status == 404 and been_there)
    return Ending(
        f"HTTP status {status}",
        final=not may_pass,
        # A gateway answers for a server that it asked, and that died or is slow.
        may_be_served=status in (502, 504),
        hint_ms=_bounded(1000 * int(retry_after)) if _SECONDS.fullmatch(retry_after) else 0,
    )


def hint_in_frame(member: object) -> int:
    """The hint in a member of a frame, in milliseconds; 0 for what is no hint."""
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
        # Whether more came over the connection than the welcome, which a server in trouble may say.
        self._proved = False
        # When attempts failed that may be served; each is worth one return from 4001.
        self._strays: deque[float] = deque(maxlen=MAX_STRAYS)

    def opened(self) -> None:
        """A connection has its welcome."""
        self._proved = False

    def proved(self) -> None:
        """The connection works."""
        self._proved = True

    def broke(self, ending: Ending) -> None:
        """The connection that had its welcome is over."""
        if self._proved and ending.code not in BACKOFF_CLOSE_CODES:
            self._failures = 0

    def failed(self, ending: Ending) -> None:
        """An attempt ended before its welcome."""
        if ending.may_be_served:
            self._strays.append(self._clock())

    def gives_up(self, ending: Ending) -> bool:
        """Decides on an ending that no other connection makes up for."""
        # By its own attempt, perhaps, which failed here and was served all the same.
        by_myself = ending.code == SUPERSEDED and self._take_stray()
        return ending.final and not by_myself

    def _take_stray(self) -> bool:
        while self._strays and self._clock() - self._strays[0] >= STRAY_S:
            self._strays.popleft()
        if not self._strays:
            return False
        self._strays.popleft()
        return True

    def pause_ms(self, hint_ms: int) -> int:
        """How long to wait before the next attempt: the hint, and a time out of a window.

        The window doubles with each failure, so that clients which fell together, or were told the
        same hint, come back apart.
        """
        first = max(FIRST_WINDOW_MS, hint_ms)
        window = min(LONGEST_WINDOW_MS, first << min(self._failures, MAX_DOUBLINGS))
        self._failures += 1
        return hint_ms + int(self._uniform() * (window + 1))

    def begin_anew(self) -> None:
        """The next pause is a first one."""
        self._failures = 0
