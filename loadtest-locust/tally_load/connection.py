"""One WebSocket: the websockets library's protocol engine on a socket that Locust made gevent's.

The engine does no I/O of its own, so a connection costs one greenlet and no thread. Measured with
500 connections: 270 µs of CPU for a handshake, 40 to 54 µs for a message and its count, against 850
and 56 µs of websocket-client.
"""

import dataclasses
import functools
import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, NegotiationError
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

SUBPROTOCOL = Subprotocol("tally.v1")
CONNECT_TIMEOUT_S = 5.0
READ_BYTES = 4096
SUPERSEDED = 4001
# The codes after which docs/PROTOCOL.md says not to come back.
FINAL_CLOSE_CODES = frozenset({1000, 1002, 1003, 1007, 1009, SUPERSEDED})
# The codes of a server that will close again for the same reason: the pauses go on growing.
BACKOFF_CLOSE_CODES = frozenset({1008, 1011})

_RETRY_AFTER = re.compile(r"\bretry_after_ms=(\d{1,9})\b")
_logger = logging.getLogger(__name__)


class Refused(Exception):
    """The connection could not be opened.

    It is final if it would be refused again. The server may have resumed the session for it, or
    may still do so, if it may be served.
    """

    def __init__(
        self,
        reason: str,
        *,
        final: bool = False,
        may_be_served: bool = False,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.final = final
        self.may_be_served = may_be_served
        self.retry_after_s = retry_after_s


class Connection:
    """An open WebSocket. One greenlet reads it; any may send."""

    def __init__(self, url: str, session_id: str | None) -> None:
        """Connects and shakes hands, or raises Refused."""
        try:
            uri, address = _target(url)
            if session_id is not None:
                uri = dataclasses.replace(uri, query=f"session_id={session_id}")
            self._socket = _connect(uri, address)
        except OSError as e:
            raise Refused(_describe(e)) from e
        self._protocol = ClientProtocol(uri, subprotocols=[SUBPROTOCOL], logger=_logger)
        self._write_lock = threading.Lock()
        try:
            self._shake_hands(resumes=session_id is not None)
        except (OSError, Refused) as e:
            self.abort()
            raise e if isinstance(e, Refused) else Refused(_describe(e), may_be_served=True) from e

    def send(self, text: str) -> None:
        """Sends a message. On a broken connection nothing happens: the reader learns of it."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text.encode())
            self._flush_if_possible()

    def frames(self, first_timeout_s: float) -> Iterator[dict]:
        """The server's frames until the connection ends, for whatever reason.

        The first has to come in time; set_timeout says how long the others may take.
        """
        self.set_timeout(first_timeout_s)
        message = b""
        try:
            while True:
                for frame in self._protocol.events_received():
                    if not isinstance(frame, Frame) or frame.opcode not in (
                        Opcode.TEXT,
                        Opcode.CONT,
                    ):
                        continue
                    message += frame.data
                    if frame.fin:
                        yield _parse(message)
                        message = b""
                if self._protocol.close_rcvd or self._protocol.state is State.CLOSED:
                    return
                self._receive()
        except OSError:
            return
        finally:
            self.abort()

    def set_timeout(self, seconds: float) -> None:
        """How long the server may be silent before the connection counts as broken."""
        self._socket.settimeout(seconds)

    @property
    def closed_with(self) -> Close:
        """The server's close frame, or 1006 if it ended without one."""
        return self._protocol.close_rcvd or Close(CloseCode.ABNORMAL_CLOSURE, "")

    def say_goodbye(self) -> None:
        """Starts the closing handshake with 1000; the reader sees its end."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush_if_possible()

    def abort(self) -> None:
        """Ends the connection at once, without a close frame."""
        self._socket.close()

    def _shake_hands(self, *, resumes: bool) -> None:
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while self._protocol.state is State.CONNECTING and not self._protocol.handshake_exc:
            self._receive()
        if self._protocol.handshake_exc:
            raise _refusal(self._protocol.handshake_exc, resumes)
        if self._protocol.subprotocol != SUBPROTOCOL:
            raise Refused(f"the server does not speak {SUBPROTOCOL}", final=True)

    def _receive(self) -> None:
        data = self._socket.recv(READ_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._flush()

    def _flush_if_possible(self) -> None:
        try:
            self._flush()
        except OSError:
            self.abort()

    def _flush(self) -> None:
        # A frame that does not fit into the socket's buffer must not be mixed with the next one.
        with self._write_lock:
            for data in self._protocol.data_to_send():
                if data:
                    self._socket.sendall(data)


def retry_after_s(close_reason: str) -> float:
    """The hint in a close frame's reason; 0 if there is none."""
    match = _RETRY_AFTER.search(close_reason)
    return int(match.group(1)) / 1000 if match else 0.0


@functools.cache
def _target(url: str) -> tuple[WebSocketURI, tuple]:
    """The URL and its address, looked up once: thousands of users would wait for the resolver."""
    uri = parse_uri(url)
    return uri, socket.getaddrinfo(uri.host, uri.port, type=socket.SOCK_STREAM)[0]


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connect(uri: WebSocketURI, address: tuple) -> socket.socket:
    family, kind, protocol, _, name = address
    connected = socket.socket(family, kind, protocol)
    try:
        connected.settimeout(CONNECT_TIMEOUT_S)
        connected.connect(name)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _tls().wrap_socket(connected, server_hostname=uri.host) if uri.secure else connected
    except OSError:
        connected.close()
        raise


def _refusal(reason: Exception, resumes: bool) -> Refused:
    if isinstance(reason, NegotiationError):
        return Refused(str(reason), final=True)
    if not isinstance(reason, InvalidStatus):
        return Refused(str(reason), may_be_served=True)
    status = reason.response.status_code
    # A proxy that has just started knows no routes for a moment.
    may_pass = status == 429 or status >= 500 or (status == 404 and resumes)
    hint = reason.response.headers.get("Retry-After", "")
    return Refused(
        f"HTTP status {status}",
        final=not may_pass,
        # A gateway answers for a server that it asked, and that died or is slow.
        may_be_served=status in (502, 504),
        retry_after_s=float(hint) if hint.isdecimal() else 0.0,
    )


def _describe(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _parse(message: bytes) -> dict:
    try:
        frame = json.loads(message)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}
