"""Seeded random commands over every family built so far; the seed alone decides them, never a reply.

A command is (args, kind). The kind says how its two replies are compared (compare.py): "exact" unless the reply depends on
time, order or identity. Deadlines are far away or past, and relative ones differ widely, so that no reply depends on the
moment at which a server runs the command.
"""
import itertools

from families import FAMILIES, of_all

FAR = 33177117420  # seconds: the year 3021
GARBAGE = [b"abc", b"", b" 1", b"1 ", b"+1", b"-0", b"007", b"1.5", b"1e3", b"0x10", b"nan", b"inf", b"-inf", b"\xff\x00",
           b"9223372036854775808", b"-9223372036854775809", b"99999999999999999999999"]
EDGES = [0, 1, -1, 2, 10, -10, 127, 255, 65535, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, -(2**63), 2**63 - 2, 1 - 2**63]
CONFIG_NAMES = ["maxmemory", "maxmemory-policy", "maxmemory-samples", "timeout", "databases", "appendonly", "hz", "tcp-keepalive",
                "proto-max-bulk-len", "client-output-buffer-limit", "client-query-buffer-limit", "slowlog-log-slower-than",
                "slowlog-max-len", "latency-monitor-threshold", "latency-tracking", "notify-keyspace-events", "requirepass",
                "lazyfree-lazy-user-del", "lazyfree-lazy-expire", "lazyfree-lazy-eviction", "list-max-listpack-size",
                "hash-max-listpack-entries", "zset-max-listpack-value", "set-max-intset-entries", "maxmemory-eviction-tenacity",
                "lfu-log-factor", "lfu-decay-time", "save", "nosuch", "NOSUCH*", "maxmemory-p*", "[mt]imeout", "lfu-*"]
CONFIG_SETS = [("maxmemory-policy", "allkeys-lru"), ("maxmemory-policy", "allkeys-lfu"), ("maxmemory-policy", "noeviction"),
               ("maxmemory-policy", "volatile-ttl"), ("maxmemory-policy", "nosuch"), ("maxmemory-samples", "7"), ("maxmemory-samples", "-1"),
               ("timeout", "1000"), ("timeout", "0"), ("timeout", "x"), ("slowlog-max-len", "17"), ("slowlog-max-len", "128"),
               ("maxmemory", "100gb"), ("maxmemory", "0"), ("maxmemory", "1x"), ("notify-keyspace-events", "KExg$"), ("notify-keyspace-events", ""),
               ("notify-keyspace-events", "?"), ("lfu-log-factor", "9"), ("lfu-decay-time", "2"), ("hz", "50"), ("hz", "abc"),
               ("client-output-buffer-limit", "normal 10gb 5gb 60"), ("client-output-buffer-limit", "bad"), ("databases", "3"), ("nosuch", "1"),
               ("lazyfree-lazy-expire", "yes"), ("lazyfree-lazy-expire", "no"), ("lazyfree-lazy-expire", "maybe")]
KNOWN = ["get", "set", "setnx", "setex", "psetex", "append", "strlen", "del", "unlink", "exists", "setrange", "getrange", "substr", "incr", "decr", "mget",
         "incrby", "decrby", "incrbyfloat", "getset", "getdel", "getex", "mset", "msetnx", "lcs", "expire", "pexpire", "expireat", "pexpireat", "ttl",
         "pttl", "expiretime", "pexpiretime", "persist", "rename", "renamenx", "copy", "move", "type", "touch", "keys", "randomkey", "dbsize", "swapdb",
         "object", "object|encoding", "setbit", "getbit", "bitcount", "bitpos", "bitop", "bitfield", "bitfield_ro", "pfadd", "pfcount", "pfmerge", "ping", "echo", "select", "time", "flushall", "flushdb", "config|get", "client|id",
         "nosuch"] + of_all("KNOWN")


class Generator(*FAMILIES):
    def __init__(self, random, protocol):
        self.random, self.protocol = random, protocol
        self.keys = [b"key:%d" % i for i in range(30)] + [b"", b"\x00bin\r\n\xff", b"{tag}a", b"a*[b]?", b"k" * 100]
        self.geo_keys = [b"geo:%d" % i for i in range(4)]
        self.lex_keys = [b"lex:%d" % i for i in range(4)]
        self.plain_names = PLAIN
        table = [(weight, getattr(self, name)) for name, weight in WEIGHTS.items()]
        self.makers = [maker for _, maker in table]
        self.cumulative = list(itertools.accumulate(weight for weight, _ in table))

    # Arguments -------------------------------------------------------------------------------------------------------
    def pick(self, items):
        return self.random.choice(items)

    def chance(self, probability):
        return self.random.random() < probability

    def key(self):
        return self.pick(self.keys)

    def case(self, word):
        roll = self.random.random()
        return word if roll < 0.8 else word.lower() if roll < 0.95 else word.swapcase().title()

    def integer(self):
        roll = self.random.random()
        if roll < 0.55:
            return self.random.randint(-200, 200)
        if roll < 0.8:
            return self.pick(EDGES)
        return self.random.getrandbits(62) if roll < 0.88 else self.pick(GARBAGE)

    def small(self):
        """An index or a count: never large and valid."""
        return self.random.randint(-40, 60) if self.chance(0.9) else self.pick(EDGES + GARBAGE)

    def value(self):
        roll = self.random.random()
        if roll < 0.35:
            return b"%d" % self.random.randint(-1000, 20000)
        if roll < 0.45:
            return b"%d" % self.pick(EDGES)
        if roll < 0.55:
            return self.floating()
        if roll < 0.6:
            return self.pick(GARBAGE)
        if roll < 0.9:
            return bytes(self.random.choices(b"abcdefgh \r\n\x00\xff\"'\\", k=self.random.randint(0, 50)))
        return self.random.randbytes(self.pick([44, 45, 64, 100, 500, 4000]))

    def floating(self):
        if self.chance(0.15):
            return self.pick(GARBAGE)
        digits = self.random.randint(-10000, 10000) / self.pick([1, 2, 3, 7, 10, 100, 1000])
        return self.pick([b"%.6f" % digits, b"%g" % digits, repr(digits).encode(), b"%.3e" % digits, b"3.0e3", b"1e17", b"-1e-9"])

    def relative(self, unit):
        """A TTL: far apart from any other, or past, or wrong. unit: 1 for seconds, 1000 for milliseconds."""
        if self.chance(0.85):
            return self.random.randint(10**5, 10**8) * unit
        return self.pick([0, -1, -1000, 2**63 - 1, -(2**63), 2**63 // 1000, b"abc", b"1.5", b"", b"9223372036854775808"])

    def absolute(self, unit):
        if self.chance(0.85):
            return (FAR + self.random.randint(0, 10**6)) * unit + self.random.randint(0, unit - 1)
        return self.pick([0, 1, -5, 1000, 2**63 - 1, b"abc", b"", b"1.5"])

    def expiry(self):
        name = self.pick(["EX", "PX", "EXAT", "PXAT"])
        unit = 1000 if name[0] == "P" else 1
        return [self.case(name), self.absolute(unit) if name.endswith("AT") else self.relative(unit)]

    def expiry_of_set(self):
        """Never valid and past: redis 7.0 keeps such a key for DBSIZE to count until its next sweep."""
        name, time = self.expiry()
        return [name, FAR * 1000 if time in (1, 1000) else time]

    # Strings ---------------------------------------------------------------------------------------------------------
    def set(self):
        args = ["SET", self.key(), self.value()]
        for option in self.random.sample(["NX", "XX", "GET", "KEEPTTL", "time", "bad"], self.pick([0, 0, 0, 0, 1, 1, 1, 2, 3])):
            if option == "time":
                args += self.expiry_of_set()
            elif option == "bad":
                args += [self.pick(["FOO", "EX", "PERSIST", "", "nxx"])] if self.chance(0.2) else []
            else:
                args.append(self.case(option))
        return args

    def get(self):
        return [self.pick(["GET", "GET", "GET", "STRLEN", "GETDEL", "TYPE"]), self.key()]

    def getex(self):
        options = [[], [], self.expiry(), self.expiry(), ["PERSIST"], ["KEEPTTL"], ["EX"], ["PERSIST"] + self.expiry()]
        return ["GETEX", self.key()] + self.pick(options)

    def store(self):
        name = self.pick(["SETNX", "GETSET", "APPEND", "SETEX", "PSETEX"])
        if name in ("SETEX", "PSETEX"):
            return [name, self.key(), self.relative(1 if name == "SETEX" else 1000), self.value()]
        return [name, self.key(), self.value()]

    def count(self):
        name = self.pick(["INCR", "DECR", "INCRBY", "DECRBY", "INCRBYFLOAT"])
        tail = [] if name in ("INCR", "DECR") else [self.floating()] if name == "INCRBYFLOAT" else [self.integer()]
        return [name, self.key()] + tail

    def ranges(self):
        if self.chance(0.4):
            offset = self.pick([0, 1, 5, 44, 100, 1000, -1, 536870912, 2**63 - 1, b"abc", self.random.randint(0, 300)])
            return ["SETRANGE", self.key(), offset, self.value()[:100]]
        return [self.pick(["GETRANGE", "GETRANGE", "SUBSTR"]), self.key(), self.small(), self.small()]

    def many(self):
        name = self.pick(["MGET", "MGET", "MSET", "MSETNX"])
        count = self.random.randint(1, 8)
        if name == "MGET":
            return [name] + [self.key() for _ in range(count)]
        pairs = [part for _ in range(count) for part in (self.key(), self.value())]
        return [name] + (pairs[:-1] if self.chance(0.05) else pairs)

    def lcs(self):
        # Bounded inputs: the work is the product of the two lengths.
        setup = ["MSET"]
        for name in (b"key:0", b"key:1"):
            setup += [name, bytes(self.random.choices(b"abcd", k=self.random.randint(0, 60)))]
        options = self.random.sample([["LEN"], ["IDX"], ["MINMATCHLEN", self.small()], ["WITHMATCHLEN"], ["FOO"]], self.pick([0, 0, 1, 1, 2, 3]))
        return [(setup, "exact"), (["LCS", b"key:0", b"key:1"] + [self.case(str(o)) if isinstance(o, str) else o for group in options for o in group], "exact")]

    # Bits ------------------------------------------------------------------------------------------------------------
    def bit_offset(self):
        return self.random.randint(0, 400) if self.chance(0.85) else self.pick([-1, 7, 8, 80000, 140000, 2**32 - 1 if self.chance(0.01) else 2**32] + GARBAGE)

    def bits(self):
        name = self.pick(["SETBIT", "SETBIT", "SETBIT", "GETBIT", "BITCOUNT", "BITCOUNT", "BITPOS", "BITPOS", "BITOP"])
        if name == "SETBIT":
            return [name, self.key(), self.bit_offset(), self.pick([0, 1, 1, 1]) if self.chance(0.95) else self.pick([2, -1] + GARBAGE)]
        if name == "GETBIT":
            return [name, self.key(), self.bit_offset()]
        if name == "BITOP":
            sources = [self.key() for _ in range(self.pick([1, 1, 2, 2, 3, 4]))]
            return [name, self.case(self.pick(["AND", "OR", "XOR", "NOT", "FOO"])), self.key()] + sources
        positions = [self.small() for _ in range(self.random.randint(0, 2))] + ([self.case(self.pick(["BIT", "BYTE", "BIT", "FOO"]))] if self.chance(0.5) else [])
        return [name, self.key()] + ([self.pick([0, 1, 0, 1, 2, b"x"])] if name == "BITPOS" else []) + positions

    def field_type(self):
        return "%s%d" % (self.pick("iu"), self.random.randint(1, 63)) if self.chance(0.95) else self.pick(["i64", "u64", "i65", "u0", "i0", "x8", "", "u", "U8"])

    def bitfield(self):
        args = [self.pick(["BITFIELD"] * 5 + ["BITFIELD_RO"]), self.key()]
        for _ in range(self.random.randint(0, 4)):
            name = self.pick(["GET", "GET", "SET", "INCRBY", "INCRBY", "OVERFLOW"]) if self.chance(0.97) else "FOO"
            offset = "#%d" % self.random.randint(0, 20) if self.chance(0.3) else self.bit_offset()
            number = [self.pick([0, 1, -1, 100, -100, self.random.getrandbits(63) - 2**62, self.pick(EDGES)]) if self.chance(0.95) else self.pick(GARBAGE)]
            args += {"OVERFLOW": [self.case(name), self.case(self.pick(["WRAP", "SAT", "FAIL", "FAIL", "SAT", "FOO" if self.chance(0.1) else "WRAP"]))],
                     "GET": [self.case(name), self.field_type(), offset]}.get(name, [self.case(name), self.field_type(), offset] + number)
        return args

    # HyperLogLogs ----------------------------------------------------------------------------------------------------
    def estimate(self):
        name = self.pick(["PFADD", "PFADD", "PFADD", "PFADD", "PFCOUNT", "PFCOUNT", "PFMERGE", "PFDEBUG", "GET"])
        few = [b"hll:%d" % i for i in range(3)]
        key = self.pick(few) if self.chance(0.8) else self.key()
        if name == "PFADD":
            count = self.pick([0, 1, 1, 2, 5]) if self.chance(0.9) else 300
            return [name, key] + [b"%d" % self.random.randint(0, 5000) for _ in range(count)]
        if name == "PFDEBUG":
            return [name, self.case(self.pick(["ENCODING", "DECODE", "TODENSE" if self.chance(0.3) else "ENCODING", "FOO"])), key]
        return [name, key] + ([] if name == "GET" else [self.pick(few) if self.chance(0.9) else self.key() for _ in range(self.pick([0, 0, 1, 2]))])

    # Keyspace --------------------------------------------------------------------------------------------------------
    def expire(self):
        name = self.pick(["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"])
        unit = 1000 if name[0] == "P" else 1
        time = self.absolute(unit) if name.endswith("AT") else self.relative(unit)
        options = self.random.choices(["NX", "XX", "GT", "LT", "FOO"], [4, 4, 4, 4, 1], k=self.pick([0, 0, 1, 1, 1, 2, 3]))
        return [name, self.key(), time] + [self.case(option) for option in options]

    def deadline(self):
        name = self.pick(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "PERSIST"])
        return [name, self.key()], "exact" if name == "PERSIST" else "milliseconds" if name[0] == "P" else "seconds"

    def remove(self):
        return [self.pick(["DEL", "UNLINK", "EXISTS", "TOUCH"])] + [self.key() for _ in range(self.random.randint(1, 4))]

    def rename(self):
        return [self.pick(["RENAME", "RENAMENX"]), self.key(), self.key()]

    def copy(self):
        options = self.pick([[], ["REPLACE"], ["DB", self.database()], ["DB", self.database(), "REPLACE"], ["replace", "db", 3], ["FOO"], ["DB"]])
        return ["COPY", self.key(), self.key()] + options

    def database(self):
        return self.pick([0, 0, 0, 1, 1, 2, 3]) if self.chance(0.9) else self.pick([15, 16, -1, b"abc", 2**31, 2**63 - 1, b""])

    def databases(self):
        name = self.pick(["SELECT", "SELECT", "MOVE", "MOVE", "SWAPDB"])
        return [name] + {"SELECT": [self.database()], "MOVE": [self.key(), self.database()], "SWAPDB": [self.database(), self.database()]}[name]

    def whole(self):
        roll = self.random.random()
        if roll < 0.1:
            return [self.pick(["FLUSHDB", "FLUSHDB", "FLUSHALL"])] + self.pick([[], ["ASYNC"], ["SYNC"], ["FOO"], ["ASYNC", "SYNC"]])
        if roll < 0.5:
            return ["DBSIZE"]
        if roll < 0.6:
            return ["RANDOMKEY"], "shape"
        return ["KEYS", self.pick(["*", "key:?", "key:[0-5]", "key:[^1]*", "*:1*", "\\*", "a\\*\\[b]\\?", "[", "nothing", "", "k*k", "key:[3-1]", "?" * 5])], "unordered"

    def object(self):
        name = self.pick(["ENCODING", "ENCODING", "ENCODING", "REFCOUNT", "IDLETIME", "FREQ", "FOO"])
        return ["OBJECT", self.case(name), self.key()], "shape" if name in ("IDLETIME", "FREQ") else "exact"

    def scan_error(self):
        return ["SCAN"] + self.pick([["abc"], ["0", "COUNT", "0"], ["0", "COUNT", "x"], ["0", "FOO"], ["0", "FOO", "1"], ["0", "TYPE"],
                                     ["18446744073709551616"], ["0", "MATCH"], ["1 "]])

    # Connection and server -------------------------------------------------------------------------------------------
    def connection(self):
        roll = self.random.random()
        if roll < 0.5:
            return self.pick([["PING"], ["PING", self.value()], ["ECHO", self.value()], ["ECHO"]])
        if roll < 0.55:
            hello = ["HELLO", self.protocol] + self.pick([[], [], ["SETNAME", "n%d" % self.random.randint(0, 9)]])
            return [(["RESET"], "exact"), (hello, "hello")]
        if roll < 0.6:
            return ["HELLO", self.protocol], "hello"
        return self.pick([["HELLO", 1], ["HELLO", 4], ["HELLO", "x"], ["HELLO", self.protocol, "FOO"], ["HELLO", self.protocol, "SETNAME"],
                          ["HELLO", self.protocol, "SETNAME", "a b"], ["AUTH", "x"], ["AUTH", "default", "x"], ["AUTH", "nobody", "x"], ["AUTH"]])

    def client(self):
        number = self.pick([0, -1, 987654321, b"abc", b""])
        choice = self.pick([
            ["GETNAME"], ["GETNAME"], ["SETNAME", self.pick(["a", "b-c", "", "with space", "x\ny", "\xe9"])], ["GETREDIR"], ["TRACKINGINFO"],
            ["NO-EVICT", self.pick(["ON", "off", "x"])], ["LIST", "ID", number], ["LIST", "TYPE", self.pick(["master", "replica", "pubsub", "foo"])],
            ["LIST", "FOO"], ["KILL", "1.2.3.4:5"], ["KILL", "ID", number], ["KILL", "TYPE", "foo"], ["KILL", "USER", "nobody"], ["KILL", "FOO", "x"],
            ["KILL", "ADDR", "1.2.3.4:5"], ["KILL", "ID", 987654321, "SKIPME", "maybe"], ["UNBLOCK", number], ["UNBLOCK", 987654321, "ERROR"],
            ["UNBLOCK", 1, "FOO"], ["PAUSE", "abc"], ["PAUSE", -1], ["PAUSE", 1, "FOO"], ["UNPAUSE"], ["REPLY", "ON"], ["REPLY", "FOO"], ["FOO"], ["ID", "x"]])
        if self.chance(0.1):
            return [(["CLIENT", "REPLY", "SKIP"], "none"), (["GET", self.key()], "none")]
        return ["CLIENT", self.case(choice[0])] + choice[1:]

    def config(self):
        roll = self.random.random()
        if roll < 0.5:
            return ["CONFIG", self.case("GET")] + self.random.sample(CONFIG_NAMES, self.pick([1, 1, 1, 2])), "unordered"
        if roll < 0.9:
            pairs = self.random.sample(CONFIG_SETS, self.pick([1, 1, 1, 2]))
            return ["CONFIG", "SET"] + [word for pair in pairs for word in pair]
        return ["CONFIG"] + self.pick([["FOO"], ["SET", "timeout"], ["SET", "timeout", "1", "maxmemory"], ["RESETSTAT"], ["RESETSTAT", "x"], ["REWRITE"], ["GET"], []])

    def command(self):
        name = self.pick(KNOWN)
        inner = [part for part in self.plain()[0] if part != b""]
        return self.pick([["COMMAND", "INFO", name], ["COMMAND", "GETKEYS"] + inner, ["COMMAND", "GETKEYSANDFLAGS"] + inner, ["COMMAND", "LIST", "FOO"],
                          ["COMMAND", "LIST", "FILTERBY", "PATTERN", name], ["COMMAND", "FOO"], ["COMMAND", "COUNT", "x"], ["COMMAND", "DOCS", "nosuch"]])

    def server(self):
        return self.pick([["ROLE"], ["WAIT", 0, 0], ["WAIT", "x", 0], ["WAIT", 0, -1], ["SLOWLOG", "GET", 0], ["SLOWLOG", "GET", -2], ["SLOWLOG", "GET", "x"],
                          ["SLOWLOG", "FOO"], ["LATENCY", "LATEST"], ["LATENCY", "HISTORY", "x"], ["LATENCY", "GRAPH", "x"], ["LATENCY", "RESET", "x"], ["LATENCY", "FOO"],
                          ["MEMORY", "FOO"], ["MEMORY", "USAGE", self.key(), "SAMPLES", "-1"], ["MEMORY", "USAGE", self.key(), "FOO"], ["MEMORY", "PURGE"],
                          ["INFO", "nosuch"], ["DEBUG", "ERROR", "ERR x"], ["DEBUG", "SLEEP", 0], ["DEBUG", "FOO"], ["SHUTDOWN", "FOO"], ["LOLWUT", "VERSION", "x"],
                          ["DEBUG", "PROTOCOL", self.pick(["string", "integer", "double", "null", "array", "set", "map", "verbatim", "true", "false", "bignum", "x"])]])

    def volatile(self):
        return self.pick([["TIME"], ["CLIENT", "ID"], ["MEMORY", "USAGE", self.key()], ["COMMAND", "COUNT"], ["SLOWLOG", "LEN"]]), "shape"

    def unknown(self):
        name = self.pick(["FOO", "", "GETT", "se t", "x" * 200, "\r\n", "a'b", "OBJEC", b"\xff\xfe"])
        return [name] + [self.value() for _ in range(self.random.randint(0, 5))]

    # The stream ------------------------------------------------------------------------------------------------------
    def plain(self):
        made = getattr(self, self.pick(PLAIN))()
        return made, "exact"

    def commands(self):
        """The next one or two commands, each (args, kind)."""
        made = self.random.choices(self.makers, cum_weights=self.cumulative)[0]()
        if isinstance(made, tuple):
            made = [made]
        elif not isinstance(made[0], tuple):
            made = [(made, "exact")]
        if len(made) == 1 and self.chance(0.02) and self.may_change_arity(made[0][0]):
            args, kind = made[0]
            made = [(args[:-1] if self.chance(0.5) and len(args) > 1 else args + [self.value()], kind)]
        return made


    @staticmethod
    def may_change_arity(args):
        """Not where another count of arguments asks for something volatile, or stops the server."""
        return args[0] not in VOLATILE_ARITY and str(args[1:2]).upper() != "['LIST']"


VOLATILE_ARITY = {"HELLO", "SCAN", "HSCAN", "SSCAN", "ZSCAN", "HGETALL", "HKEYS", "HVALS", "HRANDFIELD", "SMEMBERS", "SPOP", "SRANDMEMBER", "SUNION", "SINTER", "SDIFF",
                  "ZRANDMEMBER", "ZRANK", "ZREVRANK", "COMMAND", "SHUTDOWN", "INFO", "LOLWUT", "MEMORY", "DEBUG", "SLOWLOG", "LATENCY", "TIME", "LASTSAVE"}
WEIGHTS = {
    "set": 16, "get": 14, "getex": 5, "store": 9, "count": 12, "ranges": 9, "many": 6, "lcs": 1, "bits": 8, "bitfield": 5, "estimate": 5,
    "expire": 9, "deadline": 9, "remove": 5, "rename": 3,
    "copy": 3, "databases": 2, "whole": 2, "object": 5, "scan_error": 0.5, "connection": 1.5, "client": 1.5, "config": 1, "command": 1.5, "server": 1,
    "volatile": 0.7, "unknown": 0.7,
}
for family in FAMILIES:
    WEIGHTS.update(family.WEIGHTS)
PLAIN = ["set", "get", "getex", "store", "count", "ranges", "many", "expire", "remove", "rename", "copy", "bits", "bitfield", "estimate"] + of_all("PLAIN")
