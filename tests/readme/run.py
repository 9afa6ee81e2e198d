#!/usr/bin/python3
"""Keeps every README.md true: runs the examples as they stand, and compares the tables with the server.

Parts (all by default): examples; commands (the table of README.md); directives (the table of README.md, and conf/README.md,
which names all); paths (the files that are named, and the length of README.md). `--file tests/README.md` takes one page,
`--line N` the one example around that line of it.

What is run, page by page and top to bottom, against one server that has conf/corral.conf:

  ```console   `$ command` is run by bash in the root of the sources. Lines that begin with `127.0.0.1:6379> ` are one
               session of redis-cli. What stands below a command is its output, on a terminal as a user has it.
  ```python    a whole program for python3 with Debian's python3-redis.
  ```js        a whole program for node with ioredis and redis from tests/clients/node, in each major version that it has.

A Python or JavaScript program either asserts something or has a ```text block with its output right behind it. In
expected output `<word>` stands for any text without blanks and quotes; a later `<word>` of the same block, in a command
too, is the same text again. A line `...` stands for any lines. Replaced before a run: 6379 by the port of the server,
build/corral-server by the binary under test, conf/ by a copy of it. Nothing else.
"""
import argparse
import os
import pathlib
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]
import blocks as markdown  # noqa: E402
from harness.server import Server  # noqa: E402

PORT = "6379"
PROMPT = "127.0.0.1:6379> "
LIMIT_S = 60  # of one example
NODE_MAJORS = (("5", 18), ("6", 20))  # major version of both packages, the oldest Node it runs on
PLACEHOLDER = re.compile(r"<([a-z][a-z0-9-]*)>")
PAGES = ("README.md", *("%s/README.md" % folder for folder in ("conf", "protocol", "server", "storage", "tests", "tools")))
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")
OF_THE_HARNESS = ("bind", "port", "dir", "enable-debug-command", "threads")  # values of its own, or of the machine
MOST_LINES = 400  # of README.md
PATH = re.compile(r"^(server|protocol|storage|tests|tools|conf)/[\w./*-]*$|^\.ci/run$")


class Failure(Exception):
    pass


def on_terminal(command, folder, text=None):
    """(status, output) of a command whose output goes to a terminal; `text` is what it reads."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=terminal, stderr=terminal)
    os.close(terminal)
    process.stdin.write((text or "").encode())
    process.stdin.close()
    output, deadline = b"", time.monotonic() + LIMIT_S
    with os.fdopen(master, "rb", buffering=0) as screen:
        while time.monotonic() < deadline:
            try:
                data = screen.read(65536)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                break
            output += data
    return process.wait(max(0.1, deadline - time.monotonic())), output.decode(errors="replace").replace("\r\n", "\n")


class Expectation:
    """Compares outputs with what the file shows, and remembers what stood for each <word>."""

    def __init__(self):
        self.values = {}

    def fill(self, text):
        return PLACEHOLDER.sub(lambda word: self.values.get(word[1], word[0]), text)

    def pattern(self, expected):
        parts, seen = [], set()
        for line in expected.splitlines(keepends=True):
            if line.strip() == "...":
                parts.append(r"(?:.*\n)*?")
                continue
            for at, piece in enumerate(PLACEHOLDER.split(line)):
                if at % 2 == 0:
                    parts.append(re.escape(piece))
                elif piece in self.values:
                    parts.append(re.escape(self.values[piece]))
                else:
                    parts.append("(?P=%s)" % self.name(piece) if piece in seen else r"(?P<%s>[^\s\"']+)" % self.name(piece))
                    seen.add(piece)
        return "".join(parts)

    @staticmethod
    def name(word):
        return "w_" + word.replace("-", "_")

    def compare(self, expected, output, what):
        match = re.fullmatch(self.pattern(expected), output if not output or output.endswith("\n") else output + "\n")
        if not match:
            raise Failure("%s\n--- expected\n%s--- got\n%s" % (what, expected, output))
        for word in PLACEHOLDER.findall(expected):
            self.values.setdefault(word, match.groupdict().get(self.name(word)))


class Examples:
    """Runs the blocks against one server, in folders that hold what they import."""

    def __init__(self, server, folder, binary):
        self.server, self.folder, self.binary = server, pathlib.Path(folder), binary
        shutil.copytree(ROOT / "conf", self.folder / "conf", dirs_exist_ok=True)
        self.node_folders = self.link_node_packages()

    def link_node_packages(self):
        """One folder for each major version, where `ioredis` and `redis` are what tests/clients/node has installed."""
        work = ROOT / "tests" / "clients" / "node"
        installed = work / "node_modules" / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < (work / "package-lock.json").stat().st_mtime:
            npm = ["npm", "ci", "--prefix", str(work), "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
            subprocess.run(npm, check=True, timeout=300)
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        folders = []
        for major, oldest in NODE_MAJORS:
            if int(version[1:].split(".")[0]) < oldest:
                continue
            modules = self.folder / ("node" + major) / "node_modules"
            modules.mkdir(parents=True, exist_ok=True)
            for package in ("ioredis", "redis"):
                (modules / package).symlink_to(work / "node_modules" / (package + major))
            folders.append(modules.parent)
        return folders

    def adapt(self, text):
        text = text.replace("conf/", str(self.folder / "conf") + "/").replace("build/corral-server", self.binary)
        return text.replace("redis-cli", "redis-cli -p %d" % self.server.port).replace(PORT, str(self.server.port))

    def run(self, block):
        """Runs a block; returns how many programs that were."""
        expectation = Expectation()
        if block.language == "console":
            return self.run_console(block, expectation)
        if "assert" not in block.text and block.expected is None:
            raise Failure("this example can not fail: it asserts nothing and shows no output")
        if block.language == "python":
            name, commands = "example.py", [([sys.executable], self.folder)]
        else:
            name, commands = "example.mjs", [(["node"], folder) for folder in self.node_folders]
        for command, folder in commands:
            (folder / name).write_text(block.text.replace(PORT, str(self.server.port)))
            status, output = on_terminal(command + [str(folder / name)], folder)
            if status != 0:
                raise Failure("%s in %s ended with status %d\n%s" % (name, folder.name, status, output))
            expectation.compare(block.expected or "", output, "output of %s in %s" % (name, folder.name))
        return len(commands)

    def run_console(self, block, expectation):
        if block.text.startswith(PROMPT):
            lines = block.text.splitlines(keepends=True)
            typed = "".join(line[len(PROMPT):] for line in lines if line.startswith(PROMPT))
            shown = "".join(line for line in lines if not line.startswith(PROMPT))
            status, output = on_terminal(["redis-cli", "-p", str(self.server.port), "--no-raw"], self.folder, typed)
            if status != 0:
                raise Failure("redis-cli ended with status %d\n%s" % (status, output))
            expectation.compare(shown, output, "redis-cli session")
            return 1
        if not block.text.startswith("$ "):
            raise Failure("a console block begins with `$ ` or `%s`" % PROMPT)
        steps = re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block.text, re.M)
        for command, shown in steps:
            _, output = on_terminal(["bash", "-c", self.adapt(expectation.fill(command))], ROOT)
            expectation.compare(shown.replace(PORT, str(self.server.port)), output, "$ " + command)
        return len(steps)


def part_examples(pages, options):
    binary = shlex.split(options.server)[-1]
    failed = count = 0
    with tempfile.TemporaryDirectory(prefix="corral-readme-") as folder:
        shutil.copytree(ROOT / "conf", os.path.join(folder, "conf"))
        with Server(options.server, os.path.join(folder, "conf", "corral.conf"), enable_debug_command=None) as server:
            examples = Examples(server, folder, binary)
            for page, block in ((page, block) for page in pages for block in markdown.blocks(pages[page])):
                end = block.line + block.text.count("\n")
                if block.language not in ("console", "python", "js") or (options.line and not block.line <= options.line < end):
                    continue
                try:
                    count += examples.run(block)
                except (Failure, subprocess.SubprocessError) as error:
                    failed += 1
                    print("%s:%d: %s: %s" % (page, block.line, block.section, error), flush=True)
    print("%d commands and programs were run" % count)
    return failed


def listed_commands(text):
    """name -> group, of the tables below `Commands`. A span `CLIENT: ID INFO` holds a container and its subcommands."""
    found = {}
    for group, cell, *_ in markdown.rows(text, "Commands"):
        for span in markdown.spans(cell):
            container, colon, names = span.rpartition(":")
            if colon:
                found[container.lower()] = group
            for name in names.split():
                found[(container + "|" + name if colon else name).lower()] = group
    return found


def part_commands(pages, options):
    """The table of commands holds what COMMAND LIST answers, in the groups of COMMAND DOCS."""
    if "README.md" not in pages:
        return 0
    listed, failed = listed_commands(pages["README.md"]), 0
    with Server(options.server) as server, server.connect(3) as c:
        known = {name.decode() for _, name in c.call("COMMAND", "LIST")[1]}
        pairs = c.call("COMMAND", "DOCS")[1]
        groups = {}
        for (_, name), (_, fields) in zip(pairs[::2], pairs[1::2]):
            fields = {key[1]: value[1] for key, value in zip(fields[::2], fields[1::2])}
            groups[name.decode()] = fields[b"group"].decode()
    for group in sorted(set(groups.values())):
        unlisted = sorted(name for name in known - set(listed) if groups[name.split("|")[0]] == group)
        if unlisted:
            print("README.md does not list these commands of the group %s: %s" % (group, " ".join(unlisted).upper()))
            failed += len(unlisted)
    for name, group in sorted(listed.items()):
        if name not in known:
            print("README.md lists the command %s, which the server does not have" % name)
        elif group != groups[name.split("|")[0]]:
            print("README.md lists %s as %s, the server as %s" % (name, group, groups[name.split("|")[0]]))
        else:
            continue
        failed += 1
    print("%d commands of README.md compared with the server's %d" % (len(listed), len(known)))
    return failed


def part_directives(pages, options):
    """README.md names directives that exist, and conf/README.md all of them, each once; defaults are the server's."""
    with Server(options.server, os.path.join(ROOT, "conf", "corral.conf")) as server, server.connect() as c:
        pairs = c.call("CONFIG", "GET", "*")[1]
        known = {name[1].decode(): value[1].decode() for name, value in zip(pairs[::2], pairs[1::2])}
    rows = [("README.md", cells) for cells in markdown.rows(pages.get("README.md", ""), "Configuration")]
    whole = pages.get("conf/README.md", "")
    for title, _, _ in markdown.sections(whole):
        rows += [("conf/README.md", cells) for cells in markdown.rows(whole, title) if not markdown.spans(cells[0])[0].startswith("conf/")]
    faults, seen = [], {}
    for page, cells in rows:
        for name in (name for span in markdown.spans(cells[0]) for name in span.split()):
            seen.setdefault(page, []).append(name)
            default = markdown.spans(cells[1])
            if name not in known:
                faults.append("%s names the directive %s, which the server does not have" % (page, name))
            elif default and name not in OF_THE_HARNESS and known[name] != default[0].strip('"'):
                faults.append("%s: the default of %s is %r, not %s" % (page, name, known[name], default[0]))
    if whole:
        listed = seen.get("conf/README.md", [])
        faults += ["conf/README.md does not name the directive %s" % name for name in sorted(set(known) - set(listed))]
        faults += ["conf/README.md names the directive %s twice" % name for name in sorted(set(listed)) if listed.count(name) > 1]
    print("\n".join(faults + ["%d rows about directives compared with the server's %d" % (len(rows), len(known))]))
    return len(faults)


def part_paths(pages, options):
    """Every file and folder that a code span names is there, and a script can be run as the page runs it."""
    faults = []
    for page, text in pages.items():
        for word in (word for line in markdown.prose(text) for span in markdown.spans(line) for word in span.split()):
            if PATH.match(word) and not list(ROOT.glob(word.rstrip("/"))):
                faults.append("%s names %s, which is not there" % (page, word))
            elif (ROOT / word).is_file() and (ROOT / word).read_bytes()[:2] == b"#!" and not os.access(ROOT / word, os.X_OK):
                faults.append("%s names %s, which is a script and not executable" % (page, word))
        for target in LINK.findall("\n".join(markdown.prose(text))):
            if not ((ROOT / page).parent / target).exists():
                faults.append("%s links to %s, which is not there" % (page, target))
    if pages.get("README.md", "").count("\n") >= MOST_LINES:
        faults.append("README.md has %d lines or more: it is for users, the rest belongs into the folders" % MOST_LINES)
    print("\n".join(faults + ["paths of %d pages looked up" % len(pages)]))
    return len(faults)


PARTS = {"examples": part_examples, "commands": part_commands, "directives": part_directives, "paths": part_paths}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=str(ROOT / "build" / "corral-server"))
    parser.add_argument("--file", choices=PAGES, metavar="PAGE", help="only this page: " + ", ".join(PAGES))
    parser.add_argument("--line", type=int, help="run only the example around this line of the page (README.md, if none is named)")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    options = parser.parse_args()
    chosen = [options.file] if options.file else ["README.md"] if options.line else PAGES
    pages = {page: (ROOT / page).read_text() for page in chosen}
    failed = sum(PARTS[name](pages, options) for name in (["examples"] if options.line else options.parts or PARTS))
    print("pages: %s" % ("%d failures" % failed if failed else "all is well"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
