"""Real servers for the runs, and a proxy in front of them that a test can redirect."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.request

from websockets.sync.server import serve

ROOT = pathlib.Path(__file__).parents[2]
JAR = ROOT / "server-tyrus/target/tally-server.jar"


def free_port():
    return int(subprocess.check_output([ROOT / "ops/free-port.sh"]))


def await_true(condition, what, timeout_s=120):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {timeout_s} s"
        time.sleep(0.05)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except OSError:
        return False
    return True


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def connections(admin_port):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics", timeout=60) as answer:
        metrics = answer.read().decode()
    return float(re.search(r"^websocket_active_connections\S* (\S+)$", metrics, re.M).group(1))


@contextlib.contextmanager
def process(command, log):
    with log.open("w", encoding="utf-8") as output:
        started = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@contextlib.contextmanager
def redis(directory):
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with process([*command, "--dir", str(directory)], directory / "redis.log"):
        await_true(lambda: accepts(port), "redis-server must accept connections")
        yield f"redis://127.0.0.1:{port}"


@contextlib.contextmanager
def tally(color, redis_url, directory, *more):
    assert JAR.exists(), f"{JAR} is missing; make build makes it"
    port, admin_port = free_port(), free_port()
    java = (
        pathlib.Path(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    )
    flags = ["--host", "127.0.0.1", "--port", str(port), "--color", color]
    flags += ["--admin-port", str(admin_port)]
    command = [str(java), "-jar", str(JAR), *flags, "--redis-url", redis_url, *more]
    with process(command, directory / f"{color}.log") as server:
        server.port = port
        server.connections = lambda: connections(admin_port)
        await_true(lambda: is_ready(port), f"{color} must be ready")
        yield server


@contextlib.contextmanager
def websocket_server(handler):
    """A server with the handler of a test; yields its URL."""
    server = serve(handler, "127.0.0.1", 0, subprotocols=["tally.v1"], compression=None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws/chat/"
    finally:
        server.shutdown()
        thread.join()


class Proxy:
    """Forwards TCP connections to the port that is the target when they arrive."""

    def __init__(self, target):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._ends = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        shut(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join()
        for end in [self._listener, *self._ends]:
            end.close()

    def cut(self):
        """Breaks every connection, on both sides."""
        # A copy: users that come back add to the list meanwhile.
        for end in list(self._ends):
            shut(end)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                user, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self._ends += [user, server]
                for way in ((user, server), (server, user)):
                    self._threads.append(threading.Thread(target=forward, args=way))
                    self._threads[-1].start()


def forward(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    shut(source)
    shut(sink)


def shut(end):
    # Not closed, because another thread may be reading it.
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
