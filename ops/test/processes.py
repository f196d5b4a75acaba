"""Finds the processes that a part of the tests started, and ends them."""

import contextlib
import os
import pathlib
import signal
import time

GRACE_S = 5


def mark(part: str) -> str:
    """The name of a variable that all processes of a part inherit; one of its own for each run."""
    return f"PART_OF_TESTS_{os.getpid()}_{part.upper().replace('-', '_')}"


def end(parts: dict[str, int]) -> list[str]:
    """Ends what lives of parts, given by name and session id. Returns what there was."""
    there = _of(parts)
    names = [f"{name} ({pid})" for pid, name in there.items()]
    _send(there, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while there and time.monotonic() < deadline:
        time.sleep(0.05)
        there = _of(parts)
    while there:
        _send(there, signal.SIGKILL)
        time.sleep(0.05)
        there = _of(parts)
    return names


def _send(there: dict[int, str], number: signal.Signals):
    for pid in there:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _of(parts: dict[str, int]) -> dict[int, str]:
    """Some leave the session, and some overwrite their environment; none does both."""
    marks = [f"{mark(part)}=".encode() for part in parts]
    found = {}
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (
                (directory / "stat").read_text(encoding="utf-8").partition("(")[2].rpartition(") ")
            )
            state, _, _, session = rest.split()[:4]
            if state == "Z":
                continue
            variables = (directory / "environ").read_bytes().split(b"\0")
        except OSError:
            # It has ended, or is somebody else's.
            continue
        if int(session) in parts.values() or any(v.startswith(m) for v in variables for m in marks):
            found[int(directory.name)] = name
    return found
