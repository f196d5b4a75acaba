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
    assert len(page.read_text(encoding="utf-8").split()) <= 1500
    contents = (page.parent / "README.md").read_text(encoding="utf-8")
    assert page.name == "README.md" or f"]({page.name})" in contents
