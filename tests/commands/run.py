#!/usr/bin/python3
"""Runs the command scripts (*.txt beside this file): requests and expected replies as text, in RESP2 and in RESP3.

A script is a list of blocks. A block starts with an empty keyspace and new connections.

  == title [only redis|only corral] [resp2|resp3]
  with NAME VALUE        CONFIG SET for the block; the old value comes back after it
  > SET k "a\\x00b"       a request; "x"*1000 repeats
  @two > GET k           the same on a connection named two
  = "a\\x00b"             the expected reply (notation: tests/harness/resp.py), compared byte for byte in the
                         connection's protocol; a line that starts with blanks continues it
  2= nil / 3= nil        for one protocol only
  ~ :\\d+                 a regular expression for the whole notation; (?P<id>..) defines ${id} for later lines
  %= ["a", "b"]          an array, set or push in any order; a map with its pairs in any order
  raw "PING\\r\\n"         bytes as they are
  silent                 no reply comes (waits 60 ms)
  close                  the server closes the connection
  sleep 20               milliseconds
  server --name value    before the first block: directives of the server

`run.py --record` writes the server's answers below the requests that have no expectation yet: to be read before kept.
"""
import argparse
import concurrent.futures
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import resp  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402

EXPECT = re.compile(r"([23]?)(=|~|%=)(?: |$)(.*)", re.S)


class Failure(Exception):
    pass


class Block:
    def __init__(self, title, line):
        tags = re.findall(r"\[([^\]]*)\]", title)
        self.title = re.sub(r"\s*\[[^\]]*\]", "", title).strip()
        self.only = next((t[5:] for t in tags if t.startswith("only ")), None)
        self.protocol = next((int(t[4:]) for t in tags if t in ("resp2", "resp3")), None)
        self.line, self.settings, self.steps = line, [], []


class Step:
    def __init__(self, line, connection, text):
        self.line, self.connection, self.text = line, connection, text


def load(path):
    """(server directives, blocks) of a script."""
    directives, blocks = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            blocks.append(Block(line[3:], number))
        elif line.startswith("server "):
            directives += [word.decode() for word in resp.words(line[7:])]
        elif line[0] == " ":
            blocks[-1].steps[-1].text += "\n" + line.strip()
        elif line.startswith("with "):
            blocks[-1].settings.append(resp.words(line[5:]))
        else:
            match = re.match(r"(?:@(\w+) )?(.*)", line)
            blocks[-1].steps.append(Step(number, match[1], match[2]))
    return directives, blocks


class Run:
    """One block against a running server."""

    def __init__(self, server, protocol, record=None):
        self.server, self.protocol, self.record = server, protocol, record
        self.connections, self.requests, self.names = {}, {}, {}
        self.replies = 0

    def connection(self, name):
        if name not in self.connections:
            self.connections[name] = self.server.connect(self.protocol)
            self.requests[name] = []
        return self.connections[name]

    def block(self, block):
        with self.server.connect() as control:
            control.call("FLUSHALL")
            old = [(name, control.call("CONFIG", "GET", name)[1][1][1]) for name, _ in block.settings]
            for name, value in block.settings:
                reply = control.call("CONFIG", "SET", name, value)
                if reply != ("+", b"OK"):
                    raise Failure("line %d: CONFIG SET %s: %s" % (block.line, name.decode(), resp.render(reply)))
            try:
                self.steps(block.steps)
            finally:
                for connection in self.connections.values():
                    connection.close()
                for name, value in reversed(old):
                    control.call("CONFIG", "SET", name, value)
                self.wait_alone(control)

    @staticmethod
    def wait_alone(control):
        """The server has seen that the block's connections are closed, on all of its threads: the next block finds nothing of them."""
        deadline = time.monotonic() + 30
        while True:
            kind, text = control.call("CLIENT", "LIST")
            if kind == "-" or text.count(b"\n") == 1 or time.monotonic() > deadline:
                return
            time.sleep(0.001)

    def steps(self, steps):
        last = None
        for position, step in enumerate(steps):
            name = step.connection or (None if step.text[:2] in ("> ", "ra") else last)
            text = re.sub(r"\$\{(\w+)\}", lambda m: self.names[m[1]], step.text)
            try:
                self.step(name, text)
            except (Failure, resp.Closed, resp.Timeout, resp.ProtocolError, KeyError, ValueError, re.error) as error:
                sent = self.requests.get(name, ["?"])[-1:]
                raise Failure("line %d: after %s\n      %s" % (step.line, " ".join(sent), error))
            if self.record is not None and text.startswith("> ") and self.unanswered(steps, position):
                self.record.setdefault(step.line, {})[self.protocol] = self.connection(name).read_frame(5)
            last = name
        for name, connection in self.connections.items():
            if connection.buffer:
                raise Failure("line %d: replies without expectation: %s" % (steps[-1].line, bytes(connection.buffer[:200])))

    @staticmethod
    def unanswered(steps, position):
        following = steps[position + 1].text if position + 1 < len(steps) else "> "
        return not EXPECT.match(following) and following not in ("silent", "close")

    def step(self, name, text):
        expect = EXPECT.match(text)
        if text.startswith("> "):
            self.requests.setdefault(name, [])
            self.connection(name).send(*resp.words(text[2:].replace("\n", " ")))
            self.requests[name].append(text[2:])
        elif text.startswith("raw "):
            for part in resp.words(text[4:]):
                self.connection(name).send_raw(part)
            self.requests[name].append(text)
        elif text.startswith("sleep "):
            time.sleep(float(text[6:]) / 1000)
        elif text == "silent":
            if not self.connection(name).silent(0.06):
                raise Failure("a reply where none is due")
        elif text == "close":
            rest = self.connection(name).wait_closed()
            self.connections.pop(name).close()
            if rest:
                raise Failure("bytes before the close: %r" % rest[:200])
        elif expect:
            self.expect(self.connection(name), *expect.groups())
        else:
            raise Failure("not a line of a script: %s" % text)

    def expect(self, connection, protocol, operator, text):
        if protocol and int(protocol) != connection.protocol:
            return
        node, frame = connection.read_frame()
        self.follow_protocol(connection, node)
        self.replies += 1
        if operator == "~":
            match = re.fullmatch(text.replace("\n", ""), resp.render(node), re.S)
            if not match:
                raise Failure("expected to match %s\n      got               %s" % (text, resp.render(node)))
            self.names.update(match.groupdict())
            return
        wanted = resp.to_bytes(resp.parse_notation(text), connection.protocol)
        if operator == "%=":
            same = frame[:4] == wanted[:4] and unordered(node) == unordered(resp.decode(wanted)[0])
        else:
            same = frame == wanted
        if not same:
            raise Failure("expected %s\n      got      %s" % (resp.render(resp.decode(wanted)[0]), resp.render(node)))

    def follow_protocol(self, connection, node):
        """HELLO and RESET change the connection's protocol with their own reply."""
        if node == ("+", b"RESET"):
            connection.protocol = 2
        elif node[0] in "*%" and node[1][:1] == [("$", b"server")]:
            connection.protocol = 3 if node[0] == "%" else 2


def unordered(node):
    kind, value = node
    if kind in "%|":
        return sorted(zip(map(resp.render, value[::2]), map(resp.render, value[1::2])))
    return sorted(map(resp.render, value)) if isinstance(value, list) else value


def write_record(path, record):
    """Puts the recorded replies below their requests."""
    lines = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        lines.append(line)
        replies = record.get(number, {})
        if not replies:
            continue
        best = replies.get(3) or replies[2]
        text = resp.render(best[0])
        if 2 in replies and resp.to_bytes(resp.parse_notation(text), 2) != replies[2][1]:
            two = resp.render(replies[2][0])
            # A null array of RESP2 is an ordinary null in RESP3: one line says both.
            lines += ["= nil*"] if (text, two) == ("nil", "nil*") else ["2= " + two] + (["3= " + text] if 3 in replies else [])
        else:
            lines.append("= " + text)
    path.write_text("\n".join(lines) + "\n")


def run_file(path, options):
    """(passed, failed, replies) of one script, in every protocol asked for."""
    directives, blocks = load(path)
    passed = failed = replies = 0
    record = {} if options.record else None
    for protocol in options.protocols:
        with Server(options.server, *directives) as server:
            kind = "corral" if server.is_corral() else "redis"
            for block in blocks:
                if block.only not in (None, kind) or block.protocol not in (None, protocol):
                    continue
                if options.block and options.block not in block.title:
                    continue
                run = Run(server, protocol, record)
                try:
                    run.block(block)
                    passed += 1
                except (Failure, OSError, resp.Timeout, resp.Closed) as error:
                    failed += 1
                    print("FAILED %s: %s (RESP%d)\n    %s" % (path.name, block.title, protocol, error), flush=True)
                    if server.process.poll() is not None:
                        print("    the server is gone:\n%s" % server.output()[-4000:])
                        break
                replies += run.replies
    if record:
        write_record(path, record)
    return passed, failed, replies


def main():
    parser = argparse.ArgumentParser(description="Runs the command scripts against a server.")
    parser.add_argument("--server", default=ORACLE, help="command that starts the server (directives are appended)")
    parser.add_argument("--protocol", choices=["2", "3", "both"], default="both")
    parser.add_argument("--block", help="only blocks whose title contains this")
    parser.add_argument("--record", action="store_true", help="write missing expectations from the server's answers")
    parser.add_argument("--jobs", type=int, default=2, help="scripts at a time, each with a server of its own")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    options.protocols = [2, 3] if options.protocol == "both" else [int(options.protocol)]
    files = options.files or sorted(pathlib.Path(__file__).parent.glob("*.txt"))
    totals = [0, 0, 0]
    # Much of the time is waiting, for deadlines and for servers to start and end.
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, result in zip(files, pool.map(lambda path: run_file(path, options), files)):
            totals = [a + b for a, b in zip(totals, result)]
            print("%-24s %3d blocks passed, %d failed, %d replies" % (path.name, *result), flush=True)
    print("commands: %d blocks passed, %d failed, %d replies compared" % tuple(totals))
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
