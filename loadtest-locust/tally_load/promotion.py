"""Runs the command that moves all clients from one colour to the other, during a run."""

import shlex
import subprocess
import sys
import time

import gevent


class Promotion:
    """Runs the command, prints its output, and keeps how it ended."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._begun = time.monotonic()
        self._ending = "has not ended"
        self._greenlet = gevent.spawn(self._run)
        self.failed = True

    @property
    def is_over(self) -> bool:
        """Whether the command has ended."""
        return self._greenlet.dead

    def __str__(self) -> str:
        return f"promotion: {self._command} {self._ending}"

    def _run(self) -> None:
        try:
            process = subprocess.Popen(
                shlex.split(self._command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
            )
        except (OSError, ValueError) as e:
            self._ending = f"could not be started: {e}"
            return
        for line in process.stdout:
            print(f"  promotion: {line.rstrip()}", file=sys.stderr, flush=True)
        code = process.wait()
        self.failed = code != 0
        took_s = time.monotonic() - self._begun
        self._ending = f"ended with exit code {code} after {took_s:.1f} s"
