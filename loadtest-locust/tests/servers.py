"""Real servers for the runs, and a door between them and the users that a test can turn."""

import contextlib
import os
import pathlib
import selectors
import socket
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).parents[2]
JAR = ROOT / "server-tyrus/target/tally-server.jar"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def await_true(condition, what, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {timeout_s} s"
        time.sleep(0.05)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextlib.contextmanager
def process(command, log):
    with log.open("w") as output:
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
def tally(color, redis_url, directory):
    assert JAR.exists(), f"{JAR} is missing; make build makes it"
    port = free_port()
    java = (
        pathlib.Path(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    )
    flags = ["--host", "127.0.0.1", "--port", str(port), "--admin-port", "0", "--color", color]
    command = [str(java), "-jar", str(JAR), *flags, "--redis-url", redis_url]
    with process(command, directory / f"{color}.log") as server:
        server.port = port
        await_true(lambda: is_ready(port), f"{color} must be ready")
        yield server


class Door:
    """Forwards TCP connections to whichever port is the target when they come."""

    def __init__(self, target):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers = {}
        self._closing = False
        self._cutting = False
        self._thread = threading.Thread(target=self._forward)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing = True
        self._thread.join()

    def cut(self):
        """Breaks every connection, on both sides."""
        self._cutting = True
        await_true(lambda: not self._cutting, "the connections must be cut")

    def _forward(self):
        while not self._closing:
            for key, _ in self._selector.select(timeout=0.05):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._copy(key.fileobj)
            if self._cutting:
                while self._peers:
                    self._drop(next(iter(self._peers)))
                self._cutting = False
        for one in [*self._peers, self._listener]:
            one.close()

    def _accept(self):
        user, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            user.close()
            return
        self._peers.update({user: server, server: user})
        for one in (user, server):
            self._selector.register(one, selectors.EVENT_READ)

    def _copy(self, source):
        try:
            data = source.recv(65536)
            if data:
                self._peers[source].sendall(data)
                return
        except OSError:
            pass
        self._drop(source)

    def _drop(self, one):
        other = self._peers.pop(one)
        del self._peers[other]
        for end in (one, other):
            self._selector.unregister(end)
            end.close()
