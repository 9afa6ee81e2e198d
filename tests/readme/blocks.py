"""Takes a Markdown file apart: its fenced blocks, its tables, its prose, the code spans of a line."""
import re
from dataclasses import dataclass

FENCE = re.compile(r"^```(\w*)\s*$")
HEADING = re.compile(r"^(#+) (.*)$")
SPAN = re.compile(r"`([^`]+)`")


@dataclass
class Block:
    """A fenced block. `expected` is the text block that follows it with nothing between but one line of prose."""

    language: str
    line: int  # of its first line of text, from 1
    text: str
    section: str
    expected: str | None = None


def sections(text):
    """(title, line, lines) of each part of the file that stands below a heading."""
    title, first, lines, inside = "", 1, [], False
    for number, line in enumerate(text.splitlines(), 1):
        inside ^= line.startswith("```")
        heading = None if inside else HEADING.match(line)
        if heading:
            yield title, first, lines
            title, first, lines = heading[2], number + 1, []
        else:
            lines.append(line)
    yield title, first, lines


def blocks(text):
    """The fenced blocks in order."""
    found = []
    for title, first, lines in sections(text):
        start, gap = None, 0
        for at, line in enumerate(lines):
            if start is None:
                fence = FENCE.match(line)
                if line.startswith("```") and not fence:
                    raise ValueError("line %d: a fence is ``` and one word" % (first + at))
                if fence:
                    start, language = at + 1, fence[1]
                else:
                    gap += bool(line.strip())
            elif line == "```":
                body = "\n".join(lines[start:at]) + "\n"
                if language == "text" and gap <= 1 and found and found[-1].section == title and found[-1].expected is None:
                    found[-1].expected = body
                found.append(Block(language, first + start, body, title))
                start, gap = None, 0
    return found


def rows(text, section):
    """The cells of the table rows below the heading `section`, without heads."""
    for title, _, lines in sections(text):
        if title != section:
            continue
        for above, line in zip([""] + lines, lines):
            if line.startswith("|") and above.startswith("|") and not set(line) <= set("|-: "):
                yield [cell.strip() for cell in line.strip("|").split("|")]


def spans(text):
    return SPAN.findall(text)


def prose(text):
    """The lines outside of fenced blocks."""
    inside = False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield line
