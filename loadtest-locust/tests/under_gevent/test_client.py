"""How a client comes back, tested against a server that the test scripts."""

import json
import threading
import time

import gevent
import pytest
from servers import await_true
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from tally_load import client as client_module
from tally_load import connection as connection_module
from tally_load import reconnect as reconnect_module
from tally_load.client import Client
from tally_load.ledger import Totals


class Script:
    """A server of tally.v1. A part is what a connection does besides counting, if anything."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.paths = []
        self.texts = []
        self.count = 0

    def __call__(self, socket):
        self.paths.append(socket.request.path)
        part = self.parts.pop(0) if self.parts else None
        try:
            send(socket, type="welcome", session_id="s", count=self.count, heartbeat_s=30)
            if part:
                part(self, socket)
            self.answer(socket)
        except ConnectionClosed:
            pass

    def shake_hands(self, *_):
        pass

    def answer(self, socket):
        for text in socket:
            self.texts.append(text)
            self.count += 1
            send(socket, count=self.count)


def send(socket, **frame):
    socket.send(json.dumps(frame))


@pytest.fixture
def totals():
    return Totals()


@pytest.fixture
def observed():
    return []


@pytest.fixture
def connect(totals, observed):
    clients = []

    def start(script):
        server = serve(
            script,
            "127.0.0.1",
            0,
            subprotocols=["tally.v1"],
            compression=None,
            process_request=script.shake_hands,
        )
        # Not closed at the end: gevent fails if a socket on which it waits is closed.
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws/chat/"
        client = Client(url, totals, lambda *what: observed.append(what))
        clients.append(client)
        client.start()
        assert client.welcomed.wait(120)
        return client

    yield start
    for client in clients:
        client.ended.set()
        client.cut()


def record_pauses(client):
    """Records after how many failures in a row each pause comes, and makes the pauses short."""
    pauses = []
    pause_ms = client._rules.pause_ms

    def record(hint_ms):
        pauses.append(client._rules._failures)
        pause_ms(hint_ms)
        return 1

    client._rules.pause_ms = record
    return pauses


def say(client, text):
    client.send(text, time.monotonic())


def test_what_was_not_counted_is_sent_again_after_a_break(connect, totals):
    def take_one_and_break(script, socket):
        script.texts.append(socket.recv())
        socket.socket.close()

    script = Script(take_one_and_break)
    client = connect(script)
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the message must be counted")
    assert script.texts == ["a", "a"]
    assert script.paths[1] == "/ws/chat/?session_id=s"
    assert (totals.sent, totals.lost, totals.duplicated, totals.reconnects) == (1, 0, 0, 1)


def test_what_was_counted_before_the_break_is_not_sent_again(connect, totals):
    def count_silently_and_break(script, socket):
        socket.recv()
        script.count += 1
        socket.socket.close()

    script = Script(count_silently_and_break)
    client = connect(script)
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the welcome must settle the message")
    assert script.texts == []
    assert (totals.lost, totals.duplicated) == (0, 0)


def test_a_bye_moves_the_session_while_the_old_connection_still_works(connect, totals, observed):
    def say_bye_and_go_on(_, socket):
        send(socket, type="bye", bye=True, total=0, retry_after_ms=10, close_in_ms=60000)

    client = connect(Script(say_bye_and_go_on))
    await_true(lambda: totals.reconnects == 1, "the session must move")
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the message must be counted")
    assert [seconds for name, seconds, _ in observed if name == "gap"] == [0]


def test_to_be_superseded_by_its_own_new_connection_is_no_end(connect, totals):
    moved = threading.Event()

    def say_bye_and_be_superseded(_, socket):
        send(socket, type="bye", bye=True, total=0, retry_after_ms=0, close_in_ms=60000)
        moved.wait(120)
        socket.close(4001, "superseded")

    class LateWelcome(Script):
        def __call__(self, socket):
            if self.paths:
                moved.set()
                gevent.sleep(0.2)
            super().__call__(socket)

    client = connect(LateWelcome(say_bye_and_be_superseded))
    await_true(lambda: totals.reconnects == 1, "the session must move")
    assert not client.ended.is_set()


def test_to_be_superseded_by_somebody_else_is_the_end(connect, totals, observed):
    client = connect(Script(lambda _, socket: socket.close(4001, "superseded")))
    assert client.ended.wait(120)
    assert str(observed[-1][2]) == "gave up: the server closed with 4001 superseded"
    assert totals.gave_up == 1


def test_a_hint_beyond_its_patience_does_not_keep_a_user_from_giving_up(connect, monkeypatch):
    monkeypatch.setattr(client_module, "GIVE_UP_AFTER_S", 0.1)

    class Full(Script):
        def shake_hands(self, socket, _):
            if not self.paths:
                return None
            response = socket.respond(503, "")
            response.headers["Retry-After"] = "3600"
            return response

    client = connect(Full(lambda _, socket: socket.socket.close()))
    assert client.ended.wait(120)


@pytest.mark.parametrize(
    "pushed",
    [
        {"type": "chat", "bye": True},
        {"type": "chat", "count": 1},
        {"count": "7"},
        {"count": True},
        {"count": 7.5},
        {"count": -1},
        {"type": "welcome", "session_id": "s", "count": 7},
    ],
)
def test_pushed_text_is_ignored(connect, totals, pushed):
    script = Script(lambda _, socket: send(socket, **pushed))
    client = connect(script)
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the message must be counted")
    client.close(0)
    # The second connection is the one for the stored count.
    assert len(script.paths) == 2
    assert (totals.lost, totals.duplicated, totals.audited) == (0, 0, 1)


def test_to_be_superseded_by_its_own_late_attempt_is_no_end(connect, totals, observed, monkeypatch):
    served_late = threading.Event()
    connect_once = connection_module._connect
    attempts = []

    def be_impatient_with_the_second(*target):
        connected = connect_once(*target)
        attempts.append(target)
        connected.settimeout(0.01 if len(attempts) == 2 else 30)
        return connected

    monkeypatch.setattr(connection_module, "_connect", be_impatient_with_the_second)

    class LateHandshake(Script):
        def shake_hands(self, socket, _):
            if len(attempts) != 2:
                return None
            await_true(lambda: totals.reconnects == 1, "the client must come back over another")
            served_late.set()
            return socket.respond(503, "nobody is there to read this")

    def be_superseded(_, socket):
        assert served_late.wait(120)
        socket.close(4001, "superseded")

    client = connect(LateHandshake(lambda _, socket: socket.socket.close(), be_superseded))
    await_true(lambda: totals.reconnects == 2, "the client must come back")
    assert [str(failure) for _, _, failure in observed if failure] == ["timed out"]
    assert not client.ended.is_set()


def test_each_attempt_that_had_no_welcome_is_worth_one_return(connect, totals, monkeypatch):
    monkeypatch.setattr(reconnect_module, "STRAY_S", 3600)

    class DyingTwice(Script):
        def __call__(self, socket):
            if len(self.paths) in (1, 2):
                self.paths.append(socket.request.path)
                socket.socket.close()
            else:
                super().__call__(socket)

    def be_superseded(_, socket):
        socket.close(4001, "superseded")

    client = connect(DyingTwice(lambda _, socket: socket.socket.close(), *[be_superseded] * 3))
    assert client.ended.wait(120)
    assert totals.reconnects == 3
    assert totals.gave_up == 1


def failed_resumes(observed):
    return [failure for name, _, failure in observed if name == "resume" and failure]


def say_bye_and_be_superseded(observed):
    """A part that takes the session away once the client's next attempt has failed."""

    def part(_, socket):
        send(socket, type="bye", bye=True, total=0, retry_after_ms=0, close_in_ms=60000)
        await_true(lambda: failed_resumes(observed), "the client's next attempt must fail")
        socket.close(4001, "superseded")

    return part


def test_to_be_superseded_by_an_attempt_that_a_gateway_refused_is_no_end(connect, totals, observed):
    class DyingServer(Script):
        def shake_hands(self, socket, _):
            if len(self.paths) != 1 or failed_resumes(observed):
                return None
            response = socket.respond(502, "")
            response.headers["Retry-After"] = "1"
            return response

    client = connect(DyingServer(say_bye_and_be_superseded(observed)))
    await_true(lambda: totals.reconnects == 1, "the client must come back")
    assert not client.ended.is_set()


def test_to_be_superseded_by_an_attempt_whose_server_died_is_no_end(connect, totals, observed):
    class DyingServer(Script):
        def __call__(self, socket):
            if len(self.paths) == 1:
                self.paths.append(socket.request.path)
                socket.socket.close()
            else:
                super().__call__(socket)

    client = connect(DyingServer(say_bye_and_be_superseded(observed)))
    await_true(lambda: totals.reconnects == 1, "the client must come back")
    assert not client.ended.is_set()


def test_a_proxy_without_routes_is_tried_again_by_who_was_there_before(connect, totals, observed):
    class Restarting(Script):
        def shake_hands(self, socket, _):
            missing = self.paths and len(observed) < 3
            return socket.respond(404, "") if missing else None

    connect(Restarting(lambda _, socket: socket.socket.close()))
    await_true(lambda: totals.reconnects == 1, "the client must come back")


def test_a_hint_is_waited_for(connect, totals):
    def close_with_hint(_, socket):
        socket.close(1001, "retry_after_ms=300")

    begun = time.monotonic()
    connect(Script(close_with_hint))
    await_true(lambda: totals.reconnects == 1, "the client must come back")
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("heartbeat_s", [31_622_400, 10**30, -1, 0, "soon", None])
def test_a_heartbeat_interval_may_be_any_number_or_none(connect, totals, heartbeat_s):
    class Unusual(Script):
        def __call__(self, socket):
            send(socket, type="welcome", session_id="s", count=0, heartbeat_s=heartbeat_s)
            self.answer(socket)

    client = connect(Unusual())
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the message must be counted")
    assert totals.reconnects == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        {"type": "welcome"},
        {"type": "welcome", "session_id": "s", "count": -1},
        {"type": "welcome", "session_id": "s", "count": "7"},
        {"type": "welcome", "session_id": 7, "count": 7},
    ],
)
def test_a_welcome_without_its_members_is_none(connect, totals, nonsense):
    class Confused(Script):
        def __call__(self, socket):
            send(socket, **nonsense)
            super().__call__(socket)

    client = connect(Confused())
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the message must be counted")
    assert (totals.lost, totals.duplicated, totals.reconnects) == (0, 0, 0)


def test_a_silent_connection_is_a_broken_one(connect, totals, monkeypatch):
    monkeypatch.setattr(client_module, "MISSED_HEARTBEATS", 0.01)
    connect(Script())
    await_true(lambda: totals.reconnects >= 1, "the client must come back")


def test_an_account_is_closed_with_the_stored_count(connect, totals):
    script = Script()
    client = connect(script)
    say(client, "a")
    client.close(0)
    assert (totals.acknowledged, totals.audited, totals.lost) == (1, 1, 0)


def test_a_last_attempt_without_a_welcome_is_a_failure_and_tried_again_after_a_pause(
    connect, totals, observed
):
    class DyingLater(Script):
        def __call__(self, socket):
            if len(self.paths) in (1, 2):
                self.paths.append(socket.request.path)
                socket.close(1013, "retry_after_ms=1")
            else:
                super().__call__(socket)

    client = connect(DyingLater())
    pauses = record_pauses(client)
    client.close(0)
    failures = [str(failure) for name, _, failure in observed if name == "audit" and failure]
    assert failures == ["the connection had no welcome"] * 2
    assert pauses == [0, 1]
    assert totals.audited == 1


def test_a_stored_count_that_went_back_is_a_loss(connect, totals, observed):
    script = Script()
    client = connect(script)
    say(client, "a")
    await_true(lambda: totals.acknowledged == 1, "the message must be counted")
    script.count = 0
    client.close(0)
    assert totals.lost == 1
    assert str(observed[-1][2]) == "counted messages were missing later"


@pytest.mark.parametrize(
    ("code", "failures"), [(1001, [0, 0, 0]), (1008, [0, 1, 2]), (1011, [0, 1, 2])]
)
def test_pauses_grow_from_a_server_that_closes_for_the_same_reason_each_time(
    connect, totals, code, failures
):
    def count_and_close(script, socket):
        socket.recv()
        script.count += 1
        send(socket, count=script.count)
        socket.close(code, "")

    client = connect(Script(*[count_and_close] * 3))
    pauses = record_pauses(client)
    for number in range(1, 4):
        say(client, "a")
        await_true(lambda number=number: totals.reconnects == number, "the client must come back")
    assert pauses == failures


def test_a_welcome_alone_does_not_make_pauses_short_again(connect, totals):
    ready = threading.Event()

    def break_off(_, socket):
        assert ready.wait(120)
        socket.socket.close()

    pauses = record_pauses(connect(Script(*[break_off] * 3)))
    ready.set()
    await_true(lambda: totals.reconnects == 3, "the client must come back")
    assert pauses == [0, 1, 2]
