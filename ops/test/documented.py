"""Commands and configuration of docs/, for tests that run them, and a Redis for those."""

import re
import subprocess

from live import OPS, await_that, free_port

ROOT = OPS.parent


def block(page: str, first_line: str) -> str:
    """The fenced block of the page that begins so."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for fence in re.findall(r"^ *```[\w-]*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        if fence.strip().splitlines()[0].strip() == first_line:
            return fence
    raise AssertionError(f"{page} has no block that begins with {first_line}")


def run(command: str, **options) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        capture_output=True,
        encoding="utf-8",
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Redis:
    """A real one, with the documented lines in its configuration, and its own redis-cli."""

    def __init__(self, directory, lines: str):
        self.directory = directory
        self.port = free_port()
        self.conf = directory / "redis.conf"
        self.conf.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {directory}\nsave ''\n{lines}", encoding="utf-8"
        )
        self.cli = f"redis-cli -p {self.port}"
        self.start = f"redis-server {self.conf} --daemonize yes"
        run(self.start)
        await_that(lambda: self.answers("PING") == "PONG", "Redis")

    def answers(self, command: str) -> str:
        done = subprocess.run(
            [*self.cli.split(), *command.split()],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return done.stdout.strip()

    def has_ended(self) -> bool:
        """Ends it. It refuses that while it writes its first append-only file."""
        self.answers("SHUTDOWN NOSAVE")
        return self.answers("PING") != "PONG"

    def here(self, commands: str) -> str:
        """The documented commands with this Redis's port and directories."""
        return (
            commands.replace("redis-cli", self.cli)
            .replace("redis-server /etc/redis/redis.conf --daemonize yes", self.start)
            .replace("/var/backups", str(self.directory))
            .replace("/var/lib/redis/dump.rdb", str(self.directory / "dump.rdb"))
        )
