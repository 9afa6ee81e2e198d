"""Raw bytes to both servers: mutated requests on fresh connections, and a corpus of requests cut at every byte."""
import random
import re
import select
import socket
import time

from harness import resp

WAVE = 48  # connections to each server at a time
LETTERS = b"abcdefghijlmnoprstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
IDENTITY = re.compile(rb"(version\r\n\$\d+\r\n[\d.]+|id\r\n:\d+)")  # of HELLO
CORPUS = [
    b"*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n",
    b"*3\r\n$3\r\nSET\r\n$2\r\n%K\r\n$10\r\n\x00\r\n\xff$*:+-\r\r\n",
    b"*2\r\n$3\r\nGET\r\n$2\r\n%K\r\n",
    b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
    b"*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n",
    b"*3\r\n$3\r\nSET\r\n$2\r\n%K\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n$2\r\n%K\r\n*2\r\n$3\r\nDEL\r\n$2\r\n%K\r\n",
    b"PING\r\n", b"PING\n", b"  ECHO   spaced  \r\n", b"\r\n\r\nPING\r\n", b"ECHO \"a\\x41\\n\\\"b\"\r\n", b"ECHO 'it\\'s'\r\n", b"ECHO \"\"\r\n",
    b"SET %K inline\r\nGET %K\r\n", b"NOSUCH a b\r\n", b"*2\r\n$6\r\nNOSUCH\r\n$3\r\na\r\n\r\n", b"*1\r\n$3\r\nGET\r\n",
    b"ECHO \"open\r\n", b"ECHO 'a'b\r\n", b"*1\r\n!4\r\nPING\r\n", b"*x\r\n", b"*1\r\n$x\r\n", b"*1\r\n$-1\r\n", b"*2000000000000\r\n", b"*1\r\n$600000000\r\n",
    b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$5\r\nHELLO\r\n$1\r\n9\r\n*1\r\n$4\r\nPING\r\n", b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\nPING\r\n",
]
PIECES = [b"\r\n", b"\n", b"\r", b"*", b"$", b"*1\r\n", b"*-1\r\n", b"*0\r\n", b"$-1\r\n", b"$0\r\n\r\n", b"*3\r\n", b"*1048577\r\n", b"*2147483648\r\n", b"*99999999999999999999\r\n",
          b"$536870913\r\n", b"$4\r\n", b"\x00", b"\xff", b"\"", b"'", b"\\x4", b" ", b"\t", b"+", b"-", b":", b"%", b"0", b"9", b"PING\r\n", b"ECHO x\r\n", b"$4294967296\r\n",
          b"*+1\r\n", b"* 1\r\n", b"*1 \r\n", b"$ 4\r\n", b"$04\r\n", b"*01\r\n", b"*\r\n", b"$\r\n", b"*1\n$4\nPING\n", b"ECHO \"a\" \"b\r\n"]


class Stream:
    """One raw connection: what was sent and what came back."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received, self.closed = b"", False

    def send(self, data):
        try:
            self.socket.sendall(data)
        except ConnectionError:
            pass  # closed after a protocol error: receive() will see it

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        self.received += data
        self.closed = not data


def collect(streams, quiet_seconds):
    """Reads until nothing came for so long."""
    waiting = {stream.socket: stream for stream in streams if not stream.closed}
    while waiting:
        ready = select.select(list(waiting), [], [], quiet_seconds)[0]
        if not ready:
            return
        for one in ready:
            waiting[one].receive()
            if waiting[one].closed:
                del waiting[one]


def mutate(rng, number):
    """The parts of one case, to be sent one after another."""
    data = bytearray(b"".join(rng.choices(CORPUS, k=rng.randint(1, 4))).replace(b"%K", b"k%d" % (number % 10)))
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 6])):
        at = rng.randint(0, len(data))
        action = rng.random()
        if action < 0.3:
            data[at : at + rng.randint(1, 4)] = b""
        elif action < 0.7:
            data[at:at] = rng.choice(PIECES)
        elif action < 0.85 and at < len(data):
            data[at] = rng.randrange(256)
        else:
            end = rng.randint(at, len(data))
            data[at:at] = data[at:end]
    cuts = sorted(rng.sample(range(len(data) + 1), min(len(data), rng.choice([0, 0, 1, 2, 5]))))
    return [bytes(data[a:b]) for a, b in zip([0] + cuts, cuts + [len(data)])]


def mutated(pair, seed, cases):
    """Same bytes back and same open or closed connection for every case."""
    rng = random.Random("bytes/%d" % seed)
    for first in range(0, cases, WAVE):
        pair.reset()
        # A wave runs at once, so every case names its key by a letter of its own.
        wave = []
        for number in range(min(WAVE, cases - first)):
            parts = [part.replace(b"k%d" % (number % 10), b"q%c" % LETTERS[number]) for part in mutate(rng, number)]
            wave.append((parts, rng.random() < 0.3))
        for (parts, half_close), (mine, theirs) in zip(wave, exchange(pair, wave)):
            pair.commands += 1
            pair.replies += 1
            if not same(mine, theirs):
                # What two cases share by chance (a mutated key) could differ by their order: alone it must not.
                pair.reset()
                ((mine, theirs),) = exchange(pair, [(parts, half_close)], patience=1.0)
            if not same(mine, theirs):
                pair.fail(("bytes", mine.received[:20], theirs.received[:20]),
                          "protocol bytes, seed %d%s\n  sent:       %s\n  under test: %s %s\n  redis:      %s %s"
                          % (seed, ", half closed" if half_close else "", " | ".join(map(resp.quote, parts)),
                             resp.quote(mine.received), state(mine), resp.quote(theirs.received), state(theirs)),
                          "--part protocol --seed %d --cases %d" % (seed, cases))


def exchange(pair, wave, patience=0.04):
    """Sends every case to both servers; the two streams of each, read until nothing more came for `patience` seconds."""
    streams = [[Stream(server.address) for server in (pair.mine, pair.theirs)] for _ in wave]
    for (parts, half_close), both in zip(wave, streams):
        for part in parts:
            for stream in both:
                stream.send(part)
            if len(parts) > 1:
                time.sleep(0.0005)
        for stream in both:
            if half_close:
                stream.half_close()
    everything = [stream for both in streams for stream in both]
    collect(everything, patience)
    for mine, theirs in streams:
        if not same(mine, theirs):
            collect([mine, theirs], 1.0)
    for stream in everything:
        stream.socket.close()
    return streams


def same(mine, theirs):
    return mine.closed == theirs.closed and IDENTITY.sub(b"", mine.received) == IDENTITY.sub(b"", theirs.received)


def state(stream):
    return "closed" if stream.closed else "open"


def split(pair):
    """Every request of the corpus cut at every byte, and sent byte by byte: the reply never depends on the cut."""
    for number, request in enumerate(CORPUS):
        request = request.replace(b"%K", b"s%d" % (number % 10))
        wanted = answers(pair.theirs, [[request]])[0]
        cuts = [[request]] + [[request[:at], request[at:]] for at in range(1, len(request))] + [[request[at : at + 1] for at in range(len(request))]]
        for parts, got in zip(cuts, answers(pair.mine, cuts)):
            pair.commands += 1
            pair.replies += 1
            if got != wanted:
                pair.fail(("split", number), "split: %s\n  under test: %s %s\n  redis:      %s %s" % (
                    " | ".join(map(resp.quote, parts)), resp.quote(got[0]), "closed" if got[1] else "open", resp.quote(wanted[0]), "closed" if wanted[1] else "open"), "--part split")


def answers(server, cases):
    """(bytes, closed) for each case, one after another: they share a key."""
    results = []
    with server.connect() as control:
        for parts in cases:
            control.call("FLUSHALL")
            stream = Stream(server.address)
            for part in parts:
                stream.send(part)
                control.call("PING")  # lets the server read this part before the next comes
            collect([stream], 0.03)
            if not results:
                collect([stream], 0.3)
            elif (stream.received, stream.closed) != results[0]:
                collect([stream], 1.0)
            stream.socket.close()
            results.append((stream.received, stream.closed))
    return results
