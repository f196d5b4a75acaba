"""What can be checked of the documents without a server: links, anchors, length."""

import re
import subprocess
from pathlib import Path

import pytest
from live import OPS

ROOT = OPS.parent.resolve()
LISTED = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
PAGES = sorted(
    ROOT / name
    for name in subprocess.run(
        LISTED, capture_output=True, encoding="utf-8", check=True
    ).stdout.splitlines()
    if (ROOT / name).exists()
)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    made: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 1
        while anchor in made:
            anchor, number = f"{anchor}-{number}", number + 1
        made.add(anchor)
    return made


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_inside_the_project_resolves(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "operations").glob("*.md")), ids=name)
def test_a_page_for_operators_is_short(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "settings.md":
        # All settings stand in one table, where a reader looks up a row and reads no others.
        text = re.sub(r"(?m)^\| `.*\n", "", text)
    assert len(text.split()) <= 1500
    contents = (page.parent / "README.md").read_text(encoding="utf-8")
    assert page.name == "README.md" or f"]({page.name})" in contents


# A comment before a block of commands names the test that runs it, or says why none does.
MARK = re.compile(r"<!-- (run|not run): (.+) -->\n\Z")
FENCE = re.compile(r"^( *)```([\w-]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NO_COMMANDS = {"json", "java", "xml", "html", "js", "python"}
COMMAND = re.compile(r"^ *(?:make|mvn|java|curl|docker|kubectl|systemctl|redis-cli|ops/)\b", re.M)
CHECKED = [
    page
    for page in PAGES
    if page.parent.name in ("docs", "operations") or page.name in ("README.md", "CONTRIBUTING.md")
]


def by_hand(text: str) -> str:
    """The text without the tables and commands that the benchmark writes."""
    return re.sub(r"<!-- (\w+): written by .*?<!-- \1 ends -->", "", text, flags=re.S)


def subjects(block: str) -> set[str]:
    """What a test that runs these lines must name: targets of make, and scripts."""
    targets = re.findall(r"^(?:\w+=\S+ )*make ([\w-]+)", block, re.MULTILINE)
    scripts = re.findall(r"^(?:\w+=\S+ )*ops/(?:[\w/-]+/)?([\w-]+\.sh)", block, re.MULTILINE)
    return {*targets, *scripts}


@pytest.mark.parametrize("page", CHECKED, ids=name)
def test_each_block_of_commands_is_run_by_a_test_or_says_why_not(page):
    text = by_hand(page.read_text(encoding="utf-8"))
    for fence in FENCE.finditer(text):
        language, block = fence[2], fence[3]
        mark = MARK.search(text[: fence.start()])
        if mark is None:
            assert language in NO_COMMANDS or (not language and not COMMAND.search(block)), block
        elif mark[1] == "run":
            test = (ROOT / mark[2]).read_text(encoding="utf-8")
            missing = {subject for subject in subjects(block) if subject not in test}
            assert not missing, block
            if mark[2].endswith("test_commands.py"):
                first = block.strip().splitlines()[0].strip().replace("'", "\\'")
                assert first in test or first.replace("\\'", "'") in test, block


GLOSSARY = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
# Other words for what the glossary has, and phrases that newcomers did not understand.
BANNED = [
    r"fencing token",
    r"switch-?over",
    r"cut-?over",
    r"[Ww]hoever",
    r"served on",
    r"serve on",
    r"sent away",
    r"hop freely",
    r"goes past",
    r"keeps its word",
    r"is content\b",
    r"slowest hundredth",
    r"is warned of",
    r"that is said",
    r"[Ww]ho is (?:ahead|connected|left)",
    r"holds? (?:nobody|up)",
]


def test_the_glossary_is_short_and_in_order():
    words = re.findall(r"^\| (\w+) \|", GLOSSARY, re.MULTILINE)[1:]
    assert len(words) <= 25
    assert words == sorted(words)


@pytest.mark.parametrize("page", CHECKED, ids=name)
def test_a_page_has_the_words_of_the_glossary(page):
    # A heading, a name in code and what a program prints are quoted as they are.
    text = re.sub(r"`[^`\n]*`", "", by_hand(prose(page)))
    assert [word for word in BANNED if re.search(word, text)] == []


BENCHMARKS = (ROOT / "docs" / "BENCHMARKS.md").read_text(encoding="utf-8")
SUMMARY = {
    "CPU for a message, one in flight, µs": (
        "CPU of the server's process for each message, µs:",
        1,
    ),
    "CPU for a message, 16 in flight, µs": ("CPU of the server's process for each message, µs:", 3),
    "messages a second, 16 in flight": ("Messages a second:", 3),
    "handshakes a second, just started": ("Handshakes a second:", 1),
    "live heap of an idle connection, KB": ("Live heap for each idle connection", 1),
    "resident memory of an idle connection, KB": ("Resident memory of the process", 1),
}


def rows(title: str) -> dict[str, list[str]]:
    """The first table behind the title, by its first column."""
    table = re.search(re.escape(title) + r"[^|]*((?:^\|.*\n)+)", BENCHMARKS, re.MULTILINE)
    split = [[cell.strip() for cell in row[1:-2].split("|")] for row in table[1].splitlines(True)]
    return {row[0]: row[1:] for row in split}


@pytest.mark.parametrize("question", SUMMARY)
def test_the_first_table_of_the_benchmarks_has_the_measured_figures(question):
    summary = rows("all in memory:")
    title, column = SUMMARY[question]
    measured = rows(title)
    for server, figure in zip(summary["how much"], summary[question], strict=True):
        expected = measured[server][column - 1] if server in measured else ""
        assert figure == expected, f"copy the figure of {server} into the first table"


PROTOCOL = (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
JAVA_TEST = re.compile(r"`(\w+Test)(?:\.(\w+))?`")
RULES = re.split(r"^- \*\*P-(\d+)\*\* ", PROTOCOL, flags=re.MULTILINE)[1:]


def test_the_rules_of_the_protocol_are_numbered_in_order():
    assert [int(number) for number in RULES[::2]] == list(range(1, len(RULES) // 2 + 1))


@pytest.mark.parametrize(("number", "rule"), list(zip(RULES[::2], RULES[1::2], strict=True)))
def test_a_rule_of_the_protocol_names_its_tests(number, rule):
    named = JAVA_TEST.findall(re.split(r"\n\n|\n(?=- )", rule)[0])
    assert named, number


def test_each_promise_of_the_security_page_is_numbered_and_names_its_tests():
    page = (ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8")
    promises = re.split(r"^- \*\*S-(\d+)\*\* ", page, flags=re.MULTILINE)[1:]
    assert [int(number) for number in promises[::2]] == list(range(1, len(promises) // 2 + 1))
    for number, promise in zip(promises[::2], promises[1::2], strict=True):
        assert JAVA_TEST.findall(re.split(r"\n\n|\n(?=- )", promise)[0]), number


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=name)
def test_the_tests_that_a_page_names_exist(page):
    for type_name, method in JAVA_TEST.findall(page.read_text(encoding="utf-8")):
        sources = list(ROOT.glob(f"*/src/test/java/**/{type_name}.java"))
        assert len(sources) == 1, type_name
        text = sources[0].read_text(encoding="utf-8")
        assert not method or f"void {method}(" in text, f"{type_name}.{method}"
