"""The runner of `make test`, with parts that were made up to end in one way each."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from live import OPS, await_that

SUITE = OPS / "test" / "suite.py"
REPORT = """<testsuites><testsuite name="s" tests="3" failures="{failures}">
<testcase classname="a.bats" name="counts &lt;one&gt;" time="1.25"/>
<testcase classname="a.bats" name="counts two" time="0.5">{two}</testcase>
<testcase classname="a.bats" name="counts three"><skipped>no engine</skipped></testcase>
</testsuite></testsuites>"""
GOOD = REPORT.format(failures=0, two="")
BAD = REPORT.format(failures=1, two='<failure message="1 is not 2">at line 7</failure>')


@pytest.fixture
def suite(tmp_path: Path):
    """Starts the runner on parts that are given as the lines of their recipes."""
    started = []

    def start(*arguments: str, environment: dict | None = None, **parts: list[str]):
        rules = [f"{name}:\n" + "".join(f"\t{line}\n" for line in parts[name]) for name in parts]
        (tmp_path / "Makefile").write_text(
            "SHELL := /bin/bash\n" + "\n".join(rules), encoding="utf-8"
        )
        (tmp_path / "good").write_text(GOOD, encoding="utf-8")
        (tmp_path / "bad").write_text(BAD, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, SUITE, *arguments],
            cwd=tmp_path,
            env=os.environ | {"VERBOSE": ""} | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def ending(process: subprocess.Popen) -> tuple[list[str], int]:
    output, _ = process.communicate()
    print(output)
    return output.splitlines(), process.returncode


def report(name: str, kind: str = "good") -> str:
    return f"@cp {kind} target/tests/{name}/{kind}.xml"


def lives(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            != "Z"
        )
    except OSError:
        return False


def test_a_line_for_each_part_and_the_totals_alone_on_the_last_one(suite):
    lines, code = ending(suite("one", "two", one=[report("one")], two=[report("two"), "@true"]))
    assert [line.split()[:2] for line in lines if line.startswith("  one ")] == [["one", "ok"]]
    assert any("2 passed, 1 skipped" in line for line in lines if line.startswith("  two "))
    assert "skipped 2: no engine" in lines
    assert any(line.endswith(" s  a.bats, counts <one>") for line in lines)
    assert lines[-1] == "4 passed, 0 failed, 2 skipped"
    assert code == 0


def test_a_failed_test_is_named_with_what_it_said(suite):
    lines, code = ending(suite("one", one=[report("one", "bad"), "@false"]))
    assert any(line.endswith("1 skipped: a.bats, counts two") for line in lines)
    said = lines.index("failed: a.bats, counts two")
    assert lines[said + 1 : said + 3] == ["  1 is not 2", "  at line 7"]
    assert lines[-1] == "1 passed, 1 failed, 1 skipped"
    assert code == 1


def test_a_failed_test_fails_the_run_whatever_its_part_ends_with(suite):
    assert ending(suite("one", one=[report("one", "bad")]))[1] == 1


def test_a_part_that_ends_badly_without_a_failed_test_has_failed(suite):
    recipe = [report("one"), "@echo first; seq 100; echo no such symbol; exit 3"]
    lines, code = ending(suite("one", "two", one=recipe, two=[report("two")]))
    said = lines.index("failed: one ended with exit code 2")
    assert "  no such symbol" in lines[said:]
    assert "  first" not in lines
    assert lines[-1] == "4 passed, 1 failed, 2 skipped"
    assert code == 1


def test_a_report_that_breaks_off_is_a_failure(suite):
    lines, code = ending(suite("one", one=["@head -n 2 good >target/tests/one/half.xml"]))
    assert "failed: half.xml" in lines
    assert code == 1


def test_reports_of_an_earlier_run_do_not_count(suite):
    ending(suite("one", one=[report("one", "bad")]))
    lines, code = ending(suite("one", one=[report("one")]))
    assert lines[-1] == "2 passed, 0 failed, 1 skipped"
    assert code == 0


def test_nothing_else_runs_if_the_first_part_fails(suite):
    recipes = {"build": ["@echo no compiler; false"], "one": [report("one")]}
    lines, code = ending(suite("--first", "build", "one", **recipes))
    assert "not run, since build failed: one" in lines
    assert "  no compiler" in lines
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"
    assert code == 1


def test_parts_run_side_by_side(suite):
    recipe = "@touch {0}; until [[ -e {1} ]]; do sleep 0.01; done"
    parts = {"one": [recipe.format("here", "there")], "two": [recipe.format("there", "here")]}
    assert ending(suite("--jobs", "2", "one", "two", **parts))[1] == 0


@pytest.mark.parametrize("verbose", ["", "1"])
def test_the_output_is_in_a_file_and_shown_only_if_wanted(suite, tmp_path, verbose):
    run = suite("one", one=["@echo hello"], environment={"VERBOSE": verbose})
    lines, _ = ending(run)
    assert (tmp_path / "target/tests/one/log").read_text(encoding="utf-8") == "hello\n"
    assert ("one | hello" in lines) == bool(verbose)


def test_what_a_part_leaves_behind_is_named_and_ended(suite, tmp_path):
    recipe = "@setsid sleep 3600 & echo $$! >pid; cat /proc/$$!/comm"
    lines, code = ending(suite("one", one=[recipe]))
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert f"one left these behind, which were killed: sleep ({pid})" in lines
    assert not lives(pid)
    assert code == 0


@pytest.mark.parametrize(
    ("number", "code", "trap"), [(signal.SIGINT, 130, "''"), (signal.SIGTERM, 143, "-")]
)
def test_an_interruption_ends_everything(suite, tmp_path, number, code, trap):
    # One that may ignore SIGTERM, and one in a session of its own, as a promotion's servers are.
    recipe = f"@(trap {trap} TERM; exec sleep 3600) & setsid sleep 3600 & touch {{0}}; wait"
    parts = {name: [recipe.format(name)] for name in ("one", "two")}
    run = suite("--jobs", "2", "one", "two", **parts)
    for name in parts:
        await_that(lambda name=name: (tmp_path / name).exists(), f"{name} runs")
    children = descendants(run.pid)
    assert len(children) >= 4
    run.send_signal(number)
    _, ended_with = ending(run)
    assert ended_with == code
    assert [pid for pid in children if lives(pid)] == []


def descendants(pid: int) -> list[int]:
    children = [
        int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    ]
    return children + [each for child in children for each in descendants(child)]
