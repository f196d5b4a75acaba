"""The dashboard's and the rules' PromQL: what it asks for."""

import re

KEYWORDS = {"and", "bool", "offset", "or", "unless"}
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
SELECTOR = re.compile(r"(?<![\w.$])([a-zA-Z_:][\w:]*)\b\s*(\{[^}]*\})?(?!\s*\()")


def selectors(expression: str) -> list[str]:
    """The metrics that are asked for, each with its braces: whatever is no word of the language."""
    text = re.sub(r"\[[^\]]*\]", "", GROUPING.sub("", expression))
    return [name + braces for name, braces in SELECTOR.findall(text) if name not in KEYWORDS]


def filled_in(query: str) -> str:
    """With every variable as Grafana puts it in where all is chosen and each second is scraped."""
    query = query.replace("$__rate_interval", "4s").replace("$__range", "5m")
    return re.sub(r"\$(color|instance)\b", ".*", query)
