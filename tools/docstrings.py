"""The house's docstrings are plain text; Sphinx reads reStructuredText. This is the bridge.

Indented lines and columns are kept as they are written, hanging lines become a list, and a lone
bar or star means itself. Sections (`Args:`, `Returns:`, ...) are napoleon's work.
"""

from __future__ import annotations

import re

SECTION = re.compile(r"(Args|Attributes|Example|Note|Raises|Returns|Yields)s?:$")
COLUMNS = re.compile(r"\S {2,}\S")


def readable(lines: list[str]) -> list[str]:
    """A docstring's lines as reStructuredText.

    Example:
        >>> readable(["max|delta| of `Ball`s, as in", "", "    Linf(8 / 255)"])
        ['max\\\\|delta\\\\| of `Ball`\\\\ s, as in', '', '::', '', '    Linf(8 / 255)', '']
    """
    made, section = [], ""
    for block in _blocks(lines):
        if found := SECTION.match(block[0]):
            section = found[1]
        if section == "Example":
            made += block
        elif section:
            made += [_escaped(line) for line in block]
        else:
            made += _prose(block)
        made.append("")
    return made


def _prose(block: list[str]) -> list[str]:
    """A block before the first section: code, columns, a list of hanging lines or a paragraph."""
    hanging = [line.startswith("  ") for line in block]
    if all(hanging):
        return ["::", "", *block]
    if sum(bool(COLUMNS.search(line.strip())) for line in block) > len(block) / 2:
        return ["::", "", *(f"    {line}" for line in block)]
    if any(hanging) and not block[0].startswith(("- ", "* ")):
        items: list[str] = []
        for line, hangs in zip(block, hanging):
            if hangs and items:
                items[-1] += " " + line.strip()
            else:
                items.append("- " + line)
        return [_escaped(item) for item in items]
    return [_escaped(line) for line in block]


def _escaped(line: str) -> str:
    """Bars, stars of unpacking and plurals of code, so that they mean themselves."""
    parts = re.split(r"(``.+?``|`[^`]+`)", line)
    plain = [_literal(part) for part in parts[::2]]
    # A role's name before code stays; a letter behind it (a plural) needs a mark that code is over.
    plain[1:] = [rf"\ {part}" if part[:1].isalnum() else part for part in plain[1:]]
    parts[::2] = plain
    return "".join(parts)


def _literal(text: str) -> str:
    """Bars and lone stars as themselves; *emphasis* stays."""
    text = text.replace("|", r"\|").replace("**", r"\*\*")
    return re.sub(r"(?<!\\)\*(?=\w)(?!\w[^*]*\*)", r"\*", text)


def _blocks(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [block for block in found if block]
