"""A client that does not lose count: the client side of docs/PROTOCOL.md."""

import time
from collections.abc import Callable

import gevent
from gevent.event import Event

from tally_load.connection import Connection, Refused
from tally_load.ledger import Ledger, Totals
from tally_load.message_log import Account
from tally_load.reconnect import Ending, ReconnectRules, hint_in_frame
from tally_load.tokens import Identity

WELCOME_TIMEOUT_S = 15.0
MISSED_HEARTBEATS = 2
# Between two heartbeats, if the welcome does not say.
HEARTBEAT_S = 30
GIVE_UP_AFTER_S = 60.0
SETTLE_TIMEOUT_S = 15.0
NO_WELCOME = "the connection had no welcome"

# Called for each measurement: its name, the seconds it took, and the error if it failed.
Observer = Callable[[str, float, Exception | None], None]


class Fault(Exception):
    """An error that a user would notice."""


class Client:
    """One session across all its connections.

    Each connection has a greenlet that waits for its time, connects, and reads until the end. While
    the session moves there are two connections. Messages go over the old one until the new one has
    its welcome.
    """

    def __init__(
        self, url: str, totals: Totals, observe: Observer, identity: Identity | None = None
    ) -> None:
        self._identity = identity
        self.welcomed = Event()
        self.ended = Event()
        self._url = url
        self._totals = totals
        self._observe = observe
        self._ledger = Ledger(totals)
        self._rules = ReconnectRules()
        self._session_id: str | None = None
        self._current: Connection | None = None
        self._planned: gevent.Greenlet | None = None
        self._opening = False
        self._broken_since = time.monotonic()

    def start(self) -> None:
        """Connects, and reconnects after breaks until close."""
        self._connect_after(0)

    def send(self, text: str, at: float) -> None:
        """Sends a message that the user wrote at that time, now or once there is a connection."""
        self._ledger.add(text, at)
        self._pump()

    def cut(self) -> None:
        """Ends the connection without a close frame, as a broken network does."""
        if self._current:
            self._current.abort()

    @property
    def account(self) -> Account | None:
        """What was counted of this session; none if it was never opened."""
        if self._session_id is None:
            return None
        counted = self._ledger.counted
        key = self._identity.key(self._session_id) if self._identity else self._session_id
        return Account(key, counted.number, counted.digest())

    def close(self, away_s: float) -> None:
        """Waits for missing counts, disconnects, and compares the account with the stored count.

        The stored count comes with the welcome of a last connection, after a pause.
        """
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while not (self._ledger.is_settled or self.ended.is_set() or time.monotonic() > deadline):
            gevent.sleep(0.05)
        self.ended.set()
        if self._planned:
            self._planned.kill(block=False)
        if self._current:
            self._current.say_goodbye()
            self._current = None
        gevent.sleep(away_s)
        if self._session_id and self._audit():
            self._totals.audited += 1
        self._ledger.close()

    def _open(self) -> Connection:
        token = self._identity.token() if self._identity else None
        return Connection(self._url, self._session_id, token)

    def _audit(self) -> bool:
        self._rules.reset()
        deadline = time.monotonic() + WELCOME_TIMEOUT_S
        while time.monotonic() < deadline:
            begun = time.monotonic()
            try:
                connection = self._open()
            except Refused as e:
                self._observe("audit", time.monotonic() - begun, e)
                self._pause_audit(e.ending, deadline)
                continue
            for frame in connection.frames(WELCOME_TIMEOUT_S):
                if _is_welcome(frame):
                    self._observe("audit", time.monotonic() - begun, None)
                    self._take_stored(self._ledger.audit, frame["count"])
                    connection.say_goodbye()
                    connection.abort()
                    return True
            self._observe("audit", time.monotonic() - begun, Fault(NO_WELCOME))
            self._pause_audit(connection.ending, deadline)
        return False

    def _pause_audit(self, ending: Ending, deadline: float) -> None:
        left_s = max(0.0, deadline - time.monotonic())
        gevent.sleep(min(self._rules.pause_ms(ending.hint_ms) / 1000, left_s))

    def _connect_after(self, delay_s: float) -> None:
        """Plans the next attempt, in place of one that was planned."""
        if self._opening or self.ended.is_set():
            return
        if self._planned:
            self._planned.kill(block=False)
        self._planned = gevent.spawn(self._live, delay_s)

    def _live(self, delay_s: float) -> None:
        gevent.sleep(delay_s)
        self._planned = None
        self._opening = True
        name = "resume" if self._session_id else "connect"
        begun = time.monotonic()
        try:
            connection = self._open()
        except Refused as e:
            self._opening = False
            self._rules.failed(e.ending)
            self._observe(name, time.monotonic() - begun, e)
            self._come_back(e.ending)
            return
        is_welcome = False
        for frame in connection.frames(WELCOME_TIMEOUT_S):
            if self.ended.is_set():
                return
            if not is_welcome and _is_welcome(frame):
                is_welcome = True
                self._observe(name, time.monotonic() - begun, None)
                self._take_over(connection, frame)
            elif connection is self._current:
                self._received(frame)
        if not is_welcome:
            self._opening = False
            self._observe(name, time.monotonic() - begun, Fault(NO_WELCOME))
            self._rules.failed(connection.ending)
        elif connection is self._current:
            self._current = None
            self._broken_since = time.monotonic()
            self._rules.broke(connection.ending)
        else:
            return
        # If this client is opening a connection, the server may have closed this one for it (4001)
        # before its welcome arrived: then the end of that attempt decides what happens.
        if not self._opening:
            self._come_back(connection.ending)

    def _take_over(self, connection: Connection, welcome: dict) -> None:
        if self._session_id:
            self._observe(
                "gap", 0 if self._current else time.monotonic() - self._broken_since, None
            )
        self._opening = False
        self._current = connection
        self._session_id = welcome["session_id"]
        self._rules.opened()
        heartbeat_s = welcome.get("heartbeat_s")
        patience_s = max(1, heartbeat_s) if _is_count(heartbeat_s) else HEARTBEAT_S
        connection.set_timeout(MISSED_HEARTBEATS * patience_s)
        self._take_stored(self._ledger.welcome, welcome["count"])
        self.welcomed.set()
        self._pump()

    def _received(self, frame: dict) -> None:
        kind, count = frame.get("type"), frame.get("count")
        if kind == "bye":
            self._connect_after(hint_in_frame(frame.get("retry_after_ms")) / 1000)
        elif kind == "heartbeat":
            self._rules.proved()
        elif "type" not in frame and _is_count(count):
            # A server that embeds Tally may also push its own text, which is ignored.
            self._rules.proved()
            duplicated = self._totals.duplicated
            ages = self._ledger.reply(count, time.monotonic())
            self._acknowledged(ages)
            if self._totals.duplicated > duplicated:
                self._observe("ack", 0, Fault("a count had no message of its own"))

    def _take_stored(self, take: Callable[[int, float], list[float]], count: int) -> None:
        lost, duplicated = self._totals.lost, self._totals.duplicated
        self._acknowledged(take(count, time.monotonic()))
        if self._totals.lost > lost:
            self._observe("ack", 0, Fault("counted messages were missing later"))
        if self._totals.duplicated > duplicated:
            self._observe("ack", 0, Fault("a count had no message of its own"))

    def _acknowledged(self, ages: list[float]) -> None:
        for age in ages:
            self._observe("ack", age, None)

    def _pump(self) -> None:
        while self._current and (text := self._ledger.next()) is not None:
            self._current.send(text)

    def _come_back(self, ending: Ending) -> None:
        if self._rules.gives_up(ending):
            self._give_up(ending.text)
            return
        delay_s = self._rules.pause_ms(ending.hint_ms) / 1000
        left_s = self._broken_since + GIVE_UP_AFTER_S - time.monotonic()
        if self._current:
            self._connect_after(delay_s)
        elif left_s < 0:
            self._give_up(f"no connection for {GIVE_UP_AFTER_S:.0f} s: {ending.text}")
        else:
            # If the pause is longer than the time left, tries once more at the end of that time.
            self._connect_after(min(delay_s, left_s))

    def _give_up(self, reason: str) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._totals.gave_up += 1
            self._observe("session", 0, Fault(f"gave up: {reason}"))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_welcome(frame: dict) -> bool:
    return (
        frame.get("type") == "welcome"
        and _is_count(frame.get("count"))
        and isinstance(frame.get("session_id"), str)
    )
