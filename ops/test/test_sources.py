"""What holds for sources and no tool checks: output is the same in every locale."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# It runs in an image, without shell.sh. Its output depends on no locale.
ALONE = {"ops/image/train.sh"}
SHEBANG = b"#!/usr/bin/env bash"


def sources(pattern):
    parts = [".ci", "loadtest-locust", "ops", "server-tyrus/src/test/bench"]
    found = [file for part in parts for file in (ROOT / part).rglob(pattern) if file.is_file()]
    names = [str(file.relative_to(ROOT)) for file in found if ".venv" not in file.parts]
    return sorted(set(names) - ALONE)


def scripts():
    return [name for name in sources("*") if (ROOT / name).read_bytes().startswith(SHEBANG)]


@pytest.mark.parametrize("name", scripts())
def test_a_script_begins_with_the_shell_that_all_have(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert code[0] == "set -Eeuo pipefail"
    assert code[1].startswith("source ")
    assert code[1].endswith('/shell.sh"')


def depends_on_the_locale(call):
    named = {keyword.arg for keyword in call.keywords}
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    texts = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    if "encoding" in named or "utf-8" in texts:
        return False
    if name == "open":
        return bool(texts or isinstance(call.func, ast.Name)) and "b" not in str(texts[-1:])
    return name in {"read_text", "write_text"} or "text" in named


@pytest.mark.parametrize("name", sources("*.py"))
def test_a_program_names_the_encoding_of_files_and_pipes(name):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [ast.unparse(call) for call in calls if depends_on_the_locale(call)] == []
