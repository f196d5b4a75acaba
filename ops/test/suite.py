#!/usr/bin/env python3
"""Runs all tests, or the parts that are given, and says in one line how each went.

A part is a target of make. Its whole output goes to target/tests/PART/log, its reports are beside
it. At the end come what failed with what it said, what took longest, and "N passed, N failed, N
skipped" as the last line. VERBOSE=1 shows all output. Exit codes: 0 all passed, 1 something failed,
129, 130 or 143 after a signal, which ends all that runs.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import IO

import processes
import results

# Alone: if that fails, nothing else can run.
FIRST = "build"
# Started in this order, some side by side: long ones first.
PARTS = ["test-java", "test-promote", "test-web", "test-ops", "test-load-test"]
PARTS += ["test-monitoring", "smoke"]
PLACE = pathlib.Path("target/tests")
ROOT = pathlib.Path(__file__).parents[2]
NAMES_ON_A_LINE = 3
SLOWEST_TESTS = 5


@dataclasses.dataclass
class Part:
    """A target of make that runs, or has run."""

    name: str
    process: subprocess.Popen
    log: IO[str]
    started: float = dataclasses.field(default_factory=time.monotonic)
    seconds: float = 0
    cases: list[results.Case] = dataclasses.field(default_factory=list)
    left_behind: list[str] = dataclasses.field(default_factory=list)

    def cases_that(self, outcome: str) -> list[results.Case]:
        """Its tests with an outcome; one more if it failed without a failed test."""
        found = [case for case in self.cases if case.outcome == outcome]
        code = self.process.returncode
        if outcome == "failed" and code != 0 and not found:
            end = "\n".join(
                path_of_log(self.name).read_text("utf-8", errors="replace").splitlines()[-40:]
            )
            found.append(
                results.Case(f"{self.name} ended with exit code {code}", "failed", said=end)
            )
        return found


def path_of_log(name: str) -> pathlib.Path:
    """Where the output of a part is."""
    return PLACE / name / "log"


def start(name: str) -> Part:
    """Starts a part, in a session of its own, and without what an earlier run left."""
    shutil.rmtree(PLACE / name, ignore_errors=True)
    (PLACE / name).mkdir(parents=True)
    make_s_own = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    environment = {key: value for key, value in os.environ.items() if key not in make_s_own}
    with path_of_log(name).open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            ["make", "--no-print-directory", name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment | {processes.mark(name): "1"},
            start_new_session=True,
        )
    return Part(name, process, path_of_log(name).open(encoding="utf-8", errors="replace"))


class Terminal:
    """What a person sees while the parts run."""

    def __init__(self, verbose: bool):
        self._verbose = verbose
        self._shown = ""

    def show(self, running: list[Part]):
        """Shows what runs, on a line that is replaced each time; all their output if wanted."""
        if self._verbose:
            for part in running:
                for line in part.log:
                    print(f"{part.name} | {line.rstrip()}", flush=True)
        elif sys.stdout.isatty():
            now = time.monotonic()
            parts = [f"{part.name} {duration(now - part.started)}" for part in running]
            self._replace("  running: " + ", ".join(parts))

    def say(self, line: str):
        """Prints a line that stays."""
        self._replace("")
        print(line, flush=True)

    def _replace(self, line: str):
        if line != self._shown:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{line[:width]}", end="", flush=True)
            self._shown = line


def run(names: list[str], jobs: int, terminal: Terminal) -> list[Part]:
    """Runs parts in their order, so many side by side; whatever ends this ends them all."""
    waiting, running, ended = list(names), [], []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(start(waiting.pop(0)))
            terminal.show(running)
            for part in [part for part in running if part.process.poll() is not None]:
                terminal.show([part])
                running.remove(part)
                finish(part)
                ended.append(part)
                terminal.say(line_of(part))
            time.sleep(0.1)
    finally:
        if running:
            terminal.say("ending " + ", ".join(part.name for part in running))
            processes.end({part.name: part.process.pid for part in running})
    return ended


def finish(part: Part):
    """Reads what it reported, and ends what it left behind."""
    part.seconds = time.monotonic() - part.started
    part.left_behind = processes.end({part.name: part.process.pid})
    part.cases = results.read(PLACE / part.name)
    part.log.close()


def duration(seconds: float) -> str:
    """For people: 59 s, 2 min 05 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def line_of(part: Part) -> str:
    """How a part went."""
    failed = part.cases_that("failed")
    counts = [
        f"{len(part.cases_that(outcome))} {outcome}"
        for outcome in ("passed", "failed", "skipped")
        if part.cases and part.cases_that(outcome)
    ]
    line = f"  {part.name:<16} {'FAILED' if failed else 'ok':<7} {duration(part.seconds):>10}"
    line += f"  {', '.join(counts)}"
    if failed:
        more = len(failed) - NAMES_ON_A_LINE
        line += ": " if counts else ""
        line += "; ".join(case.name for case in failed[:NAMES_ON_A_LINE])
        line += f"; and {more} more" if more > 0 else ""
    return line.rstrip()


def summary(ended: list[Part], not_run: list[str], seconds: float) -> list[str]:
    """What failed and why, what took longest, where to look, and the totals."""
    lines = [""]
    failed = [case for part in ended for case in part.cases_that("failed")]
    for case in failed:
        lines += [f"failed: {case.name}", *("  " + line for line in results.shortened(case.said))]
    if not_run:
        lines.append(f"not run, since {ended[-1].name} failed: {', '.join(not_run)}")
    skipped = [case for part in ended for case in part.cases_that("skipped")]
    for reason, number in collections.Counter(case.said.strip() for case in skipped).items():
        lines.append(f"skipped {number}: {reason or 'no reason given'}")
    lines += [
        f"{part.name} left these behind, which were killed: {', '.join(part.left_behind)}"
        for part in ended
        if part.left_behind
    ]
    longest = sorted(ended, key=lambda part: -part.seconds)
    parts = ", ".join(f"{part.name} {duration(part.seconds)}" for part in longest[:3])
    lines.append(f"took {duration(seconds)}; longest: {parts}")
    tests = sorted((c for part in ended for c in part.cases), key=lambda case: -case.seconds)
    lines += [f"  {case.seconds:5.1f} s  {case.name}" for case in tests[:SLOWEST_TESTS]]
    lines.append(f"full output: {PLACE}/PART/log; one part again, with its output: make PART")
    passed = sum(len(part.cases_that("passed")) for part in ended)
    return [*lines, f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped"]


def interrupted(number: int, _):
    """Ends the run by an exception, which ends the parts."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> int:
    """Runs what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("parts", nargs="*", metavar="PART", help="a target of make")
    parser.add_argument("--first", metavar="PART", help="alone; if it fails, nothing else runs")
    cores = len(os.sched_getaffinity(0))
    # One more than there are processors: parts wait for most of their time.
    parser.add_argument("--jobs", type=int, default=min(cores + 1, 3), help="parts side by side")
    arguments = parser.parse_args()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, interrupted)
    if not arguments.parts:
        os.chdir(ROOT)
        arguments.first, arguments.parts = FIRST, PARTS

    terminal = Terminal(verbose=os.environ.get("VERBOSE", "") not in ("", "0"))
    started = time.monotonic()
    ended = run([arguments.first], 1, terminal) if arguments.first else []
    may_go_on = not any(part.cases_that("failed") for part in ended)
    if may_go_on:
        ended += run(arguments.parts, arguments.jobs, terminal)
    not_run = [] if may_go_on else arguments.parts
    print("\n".join(summary(ended, not_run, time.monotonic() - started)))
    return 1 if any(part.cases_that("failed") for part in ended) else 0


if __name__ == "__main__":
    sys.exit(main())
