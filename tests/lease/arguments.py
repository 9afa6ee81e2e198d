"""Arguments of the lease commands: options in every order and twice, tokens of every shape, and whatever else."""
import itertools
import random

from harness.server import Server

STATUSES = {b"HIT", b"STALE", b"LEASE", b"BUSY", b"FAIL"}
SYNTAX = ("-", b"ERR syntax error")


def orders(options):
    """The words of every order of every subset of the options."""
    for count in range(len(options) + 1):
        for chosen in itertools.permutations(options, count):
            yield [word for option in chosen for word in option]


def shape(reply):
    """Fails unless the reply is an answer of GETLEASE."""
    kind, parts = reply
    assert kind == "*" and len(parts) == 4, reply
    status, value, token, ms = parts
    assert status[1] in STATUSES and ms[0] == ":" and int(ms[1]) >= -1, reply
    assert value[1] is None or status[1] in (b"HIT", b"STALE", b"FAIL"), reply
    assert token[1] is None or (len(token[1]) == 24 and status[1] in (b"HIT", b"STALE", b"LEASE")), reply
    assert status[1] != b"LEASE" or (value[1] is None and token[1] is not None), reply
    return token[1]


def test_options_of_getlease_in_every_order(command):
    options = [("LEASE", "5000"), ("WAIT", "50"), ("EARLY", "10"), ("BETA", "1.5"), ("FRESH",)]
    with Server(command) as server, server.connect() as client:
        client.call("SET", "k", "v")
        for words in itertools.chain(orders(options), orders([("NOWAIT",)] + [o for o in options if o[0] != "WAIT"])):
            reply = client.call("GETLEASE", "k", *words)
            assert reply[0] == "*" and reply[1][0][1] == b"HIT", (words, reply)
            reply = client.call("GETLEASE", "k", *(w.lower() for w in words))
            assert reply[0] == "*", (words, reply)
        every = options + [("NOWAIT",)]
        for first, second in itertools.product(every, every):
            twice = first[0] == second[0] or {first[0], second[0]} == {"WAIT", "NOWAIT"}
            for between in [()] + every:
                words = [*first, *between, *second]
                clash = twice or between[:1] in (first[:1], second[:1]) or (
                    between and {between[0], "WAIT", "NOWAIT"} == {"WAIT", "NOWAIT"} and {first[0], second[0]} & {"WAIT", "NOWAIT"})
                reply = client.call("GETLEASE", "k", *words)
                assert (reply == SYNTAX) == bool(clash), (words, reply)
        for option in options:
            if len(option) == 2:  # without its number, at the end
                assert client.call("GETLEASE", "k", option[0]) == SYNTAX
                assert client.call("GETLEASE", "k", "FRESH", option[0]) == SYNTAX
        for words in orders([("LEASE", "5000"), ("EARLY", "10"), ("BETA", "1.5")]):
            reply = client.call("MGETLEASE", 1, "k", *words)
            assert reply[1][0][1][0][1] == b"HIT", (words, reply)
            for option in (words[:2] if words else ()):
                if option.isalpha():
                    assert client.call("MGETLEASE", 1, "k", *words, option, "5") == SYNTAX
        assert int(server.info("leases")["leases_granted"]) == 0


def test_options_of_setlease_in_every_order(command):
    with Server(command) as server, server.connect() as client:
        for time, stale in itertools.product((("EX", "100"), ("PX", "100000"), ("EXAT", "33177117420"), ("PXAT", "33177117420000")),
                                             (("SWR", "100"), ("PSWR", "100000"))):
            for words in orders([time, stale, ("JITTER", "0")]):
                token = shape(client.call("GETLEASE", "k", "NOWAIT"))
                reply = client.call("SETLEASE", "k", token, "v", *words)
                if words and time[0] not in words:
                    assert reply == SYNTAX, (words, reply)
                    assert client.call("DELLEASE", "k", token) == (":", b"1")
                    continue
                assert reply == (":", b"1"), (words, reply)
                left = int(client.call("PTTL", "k")[1])
                at_least = -1 if not words else 70000 + (100000 if stale[0] in words else 0)
                assert at_least <= left and (words or left == -1), (words, left)
                client.call("DEL", "k")
                token = shape(client.call("GETLEASE", "k", "NOWAIT"))
                for option in (time, stale, ("JITTER", "0")):
                    if option[0] in words:
                        assert client.call("SETLEASE", "k", token, "v", *words, *option) == SYNTAX, (words, option)
                assert client.call("DELLEASE", "k", token) == (":", b"1")


def test_options_of_set_in_every_order(command):
    with Server(command) as server, server.connect() as client:
        for words in orders([("NX",), ("GET",), ("EX", "100"), ("SWR", "50")]):
            client.call("DEL", "k")
            reply = client.call("SET", "k", "v", *words)
            if "SWR" in words and "EX" not in words:
                assert reply == SYNTAX, (words, reply)
                continue
            assert reply[0] in "+n" or reply[1] is None, (words, reply)
            left, whole = int(client.call("TTL", "k")[1]), 150 if "SWR" in words else 100 if "EX" in words else -1
            assert whole - 30 < left <= whole and (left == -1 or whole != -1), (words, left)


def test_tokens_of_every_shape(command):
    chance = random.Random(7)
    with Server(command) as server, server.connect() as client:
        good = shape(client.call("GETLEASE", "k"))
        bad = [b"", b" ", b"0", b"-1", b"nil", b"\x00" * 24, b"\xff" * 24, good[:-1], good + b"0", b" " + good[1:], good[:-1] + b" ",
               good[:23] + b"g", good.upper() if good.upper() != good else b"A" * 24, b"0x" + good[2:], b"0" * 24, good[:8] + b"0" * 16,
               b"x" * 1_000_000, good * 2]
        bad += [bytes(chance.randrange(256) for _ in range(chance.choice((1, 8, 23, 24, 25)))) for _ in range(300)]
        for token in bad:
            if len(token) == 24 and set(token) <= set(b"0123456789abcdef") and token[8:] != b"0" * 16:
                continue
            for request in (("SETLEASE", "k", token, "v"), ("DELLEASE", "k", token), ("TOUCHLEASE", "k", token, 5), ("DELLEASE", "k", token, "PX", 5)):
                assert client.call(*request) == ("-", b"ERR invalid lease token"), (request, token[:40])
        for place in range(24):  # another's: well-formed, and not this lease's
            digit = b"0" if good[place : place + 1] != b"0" else b"1"
            other = good[:place] + digit + good[place + 1 :]
            if other[8:] == b"0" * 16:
                continue
            assert client.call("SETLEASE", "k", other, "v") == (":", b"0"), other
        assert client.call("SETLEASE", "k", good, "v") == (":", b"1")


def test_whatever_is_asked(command):
    """Random commands of random words on several connections: every reply has its shape, and the server lives."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    numbers = ["0", "1", "-1", "5", "60", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1.5", "", "x", "inf", "1e308"]
    words = ["LEASE", "WAIT", "NOWAIT", "EARLY", "BETA", "FRESH", "EX", "PX", "EXAT", "PXAT", "SWR", "PSWR", "JITTER", "MATCH", "COUNT", "KEEPTTL"]
    with Server(command, lease_max_count=40, lease_max_waiters=3, threads=2) as server:
        clients = [server.connect() for _ in range(4)]
        tokens = [b"0" * 23 + b"1"]
        for step in range(4000):
            name = chance.choice(["GETLEASE", "GETLEASE", "MGETLEASE", "SETLEASE", "DELLEASE", "TOUCHLEASE", "SOFTDEL", "LEASE", "SET", "DEL"])
            key = chance.choice(["a", "b", "c", "", "\x00"])
            pick = lambda: chance.choice([chance.choice(words), chance.choice(numbers), key])  # noqa: E731
            arguments = [pick() for _ in range(chance.randrange(5))]
            head = {"MGETLEASE": [chance.choice(["1", "2", "0", "x", "-5", "99"]), key], "LEASE": [chance.choice(["LIST", "INFO", "HELP", key])],
                    "SET": [key, "v"], "TOUCHLEASE": [key, chance.choice(tokens), chance.choice(numbers)], "SETLEASE": [key, chance.choice(tokens), "v"],
                    "DELLEASE": [key, chance.choice(tokens)]}.get(name, [key])
            if name == "GETLEASE" and "WAIT" not in arguments:
                arguments.append("NOWAIT")
            # A wait that a random number made long ends with the next request.
            client = chance.choice(clients)
            client.send(name, *head, *arguments)
            client.send("PING")
            replies = [client.read_frame()[0]]
            while replies[-1] != ("+", b"PONG"):
                replies.append(client.read_frame()[0])
            assert len(replies) == 2, (seed, step, name, replies)
            reply = replies[0]
            if name == "GETLEASE" and reply[0] != "-":
                tokens += [token for token in [shape(reply)] if token]
            elif name in ("SETLEASE", "DELLEASE", "TOUCHLEASE") and reply[0] != "-":
                assert reply in ((":", b"0"), (":", b"1")), (seed, step, reply)
            tokens = tokens[-8:]
        for client in clients:
            client.close()
        assert int(server.info("leases")["leases_active"]) <= 64 and server.info("leases")["leases_waiting"] == "0"
