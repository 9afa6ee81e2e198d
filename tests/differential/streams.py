"""Random commands on streams, for the generator: few ids, so that they collide, and small nodes, so that trims meet their bounds."""


class StreamCommands:
    """A part of Generator: uses its pick, chance, case, key, small and value. No id is made from the time: the clocks of two servers differ."""

    WEIGHTS = {"stream_add": 14, "stream_range": 7, "stream_delete": 4, "stream_trim": 3, "stream_trim_exactly": 1, "stream_set_id": 1.5, "stream_limits": 0.5,
               "stream_group": 5, "stream_read_group": 7, "stream_ack": 3, "stream_info": 4, "stream_read": 4,
               "stream_pending": 5, "stream_claim": 5, "stream_auto_claim": 4}
    PLAIN = ["stream_add", "stream_range", "stream_delete", "stream_trim", "stream_set_id", "stream_group", "stream_ack", "stream_read", "stream_claim", "stream_auto_claim"]
    KNOWN = ["xadd", "xlen", "xrange", "xrevrange", "xdel", "xtrim", "xsetid", "xgroup", "xgroup|create", "xreadgroup", "xack", "xinfo", "xinfo|stream", "xread", "xpending",
             "xclaim", "xautoclaim"]

    def stream_key(self):
        """Mostly keys of streams alone, which grow then."""
        return self.pick([b"stream:1", b"stream:2", b"stream:3", self.key()])

    def stream_id(self):
        if self.chance(0.03):
            return self.pick([b"0-0", b"0", b"18446744073709551615-18446744073709551615", b"18446744073709551616", b"1-", b"-1", b"a-1", b"1-1-1", b""])
        return self.pick([b"%d-%d" % (self.random.randint(0, 60), self.random.randint(0, 4)), b"%d" % self.random.randint(0, 60)])

    def trim_options(self):
        bound = self.pick([b"MAXLEN", b"MINID"])
        sign = [b"~"] if bound == b"MINID" else self.pick([[], [b"="], [b"~"]])  # an exact MINID: stream_trim_exactly
        least = self.stream_id() if bound == b"MINID" else b"%d" % self.pick([0, 1, 5, 20, 50, -1])
        limit = [self.case("LIMIT"), self.small()] if self.chance(0.15) else []
        return [self.case(bound.decode())] + sign + [least] + limit

    def stream_add(self):
        options = [self.case("NOMKSTREAM")] if self.chance(0.1) else []
        options += self.trim_options() if self.chance(0.2) else []
        # Mostly an id that grows: the next millisecond of a few, or the next sequence in one.
        id = self.pick([b"%d-*" % self.random.randint(0, 60), self.stream_id()])
        fields = [item for _ in range(self.pick([1, 1, 1, 2, 4])) for item in (self.pick([b"f", b"g", b"h", b""]), self.value())]
        return ["XADD", self.stream_key()] + options + [id] + (fields if self.chance(0.98) else fields[1:])

    def stream_range(self):
        if self.chance(0.2):
            return ["XLEN", self.stream_key()]
        ends = [self.pick([b"-", b"+", self.stream_id(), b"(" + self.stream_id()]) for _ in range(2)]
        return [self.pick(["XRANGE", "XREVRANGE"]), self.stream_key()] + ends + ([self.case("COUNT"), self.small()] if self.chance(0.4) else [])

    def stream_delete(self):
        return ["XDEL", self.stream_key()] + [self.stream_id() for _ in range(self.pick([1, 2, 10]))]

    def stream_trim(self):
        return ["XTRIM", self.stream_key()] + self.trim_options()

    def stream_trim_exactly(self):
        """And away with it: what MINID trims within a node of Redis can leave it without entries, and the next ones go there; ours goes with the last one."""
        key = self.stream_key()
        trim = ["XTRIM", key, self.case("MINID")] + self.pick([[], [b"="]]) + [self.stream_id()]
        return [(args, "exact") for args in (trim, ["XRANGE", key, "-", "+"], ["DEL", key])]

    def stream_set_id(self):
        added = [self.case("ENTRIESADDED"), self.small()] if self.chance(0.3) else []
        deleted = [self.case("MAXDELETEDID"), self.stream_id()] if self.chance(0.3) else []
        return ["XSETID", self.stream_key(), self.stream_id()] + added + deleted

    def stream_limits(self):
        """Not stream-node-max-bytes: redis-server 7.0.15 writes beyond its nodes when that changes under a stream, and crashes."""
        return ["CONFIG", "SET", "stream-node-max-entries", self.pick([0, 1, 3, 10, 100])]

    # Groups ----------------------------------------------------------------------------------------------------------
    def group(self):
        return self.pick([b"group:1", b"group:2", b""]) if self.chance(0.97) else b"STREAMS"

    def consumer(self):
        return self.pick([b"alice", b"bob", b"carol", b"\xff"])

    def stream_group(self):
        key, group = self.stream_key(), self.group()
        read = [self.case("ENTRIESREAD"), self.pick([self.small(), -1])] if self.chance(0.2) else []
        at = self.pick([b"0", b"$", self.stream_id(), self.pick([b"-", b"+"])])
        return self.pick([
            ["XGROUP", "CREATE", key, group, at] + self.pick([[], ["MKSTREAM"]]) + read,
            ["XGROUP", "CREATE", key, group, b"0"],
            ["XGROUP", "SETID", key, group, at] + read,
            ["XGROUP", self.case("CREATECONSUMER"), key, group, self.consumer()],
            ["XGROUP", "DELCONSUMER", key, group, self.consumer()] if self.chance(0.5) else ["XGROUP", "DESTROY", key, group],
        ])

    def stream_read_group(self):
        """The consumers are there before: redis-server 7.0.15 creates one only if it has something to reply."""
        keys = [self.stream_key() for _ in range(self.pick([1, 1, 1, 2, 3]))]
        group, consumer = self.group(), self.consumer()
        ids = [b">" for _ in keys]
        if self.chance(0.08):  # rarely: redis-server 7.0.15 counts it as a change (run.py)
            ids = [self.pick([b"0", self.stream_id(), b"$"]) for _ in keys]
        options = [self.case("COUNT"), self.small()] if self.chance(0.6) else []
        options += [self.case("NOACK")] if self.chance(0.15) else []
        made = [(["XGROUP", "CREATECONSUMER", key, group, consumer], "exact") for key in keys]
        return made + [(["XREADGROUP"] + [self.case("GROUP"), group, consumer] + options + [self.case("STREAMS")] + keys + ids, "exact")]

    def stream_ack(self):
        return ["XACK", self.stream_key(), self.group()] + [self.stream_id() for _ in range(self.pick([1, 2, 10]))]

    def stream_info(self):
        key = self.stream_key()
        full = [self.case("FULL")] + ([self.case("COUNT"), self.small()] if self.chance(0.5) else [])
        return self.pick([["XINFO", "STREAM", key], ["XINFO", "STREAM", key] + full, ["XINFO", "GROUPS", key], ["XINFO", "CONSUMERS", key, self.group()]]), "stream_info"

    def stream_read(self):
        keys = [self.stream_key() for _ in range(self.pick([1, 1, 1, 2, 3]))]
        ids = [self.pick([b"0", b"$", self.stream_id()]) for _ in keys]
        options = [self.case("COUNT"), self.small()] if self.chance(0.6) else []
        options += [self.case("BLOCK"), b"1"] if self.chance(0.03) else []
        return ["XREAD"] + options + [self.case("STREAMS")] + keys + ids

    def min_idle(self):
        """Never near what may have passed: two servers run one command at two times."""
        return self.pick([b"0", b"0", b"0", b"-1", b"1000000", b"100000000000"])

    def stream_pending(self):
        command = ["XPENDING", self.stream_key(), self.group()]
        if self.chance(0.3):
            return command, "pending"
        idle = [self.case("IDLE"), self.min_idle()] if self.chance(0.3) else []
        ends = [self.pick([b"-", b"+", self.stream_id(), b"(" + self.stream_id()]) for _ in range(2)]
        if self.chance(0.5):
            ends = [b"-", b"+"]
        return command + idle + ends + [self.small()] + ([self.consumer()] if self.chance(0.3) else []), "pending"

    def stream_claim(self):
        ids = [self.stream_id() for _ in range(self.pick([1, 2, 10, 30]))]
        options = [
            [], [], [self.case("JUSTID")], [self.case("FORCE")], [self.case("IDLE"), self.pick([b"5000000", b"0", b"-5"])],
            [self.case("TIME"), self.pick([b"1000", b"-1", b"99999999999999"])], [self.case("RETRYCOUNT"), self.small()], [self.case("LASTID"), self.stream_id()],
        ]
        chosen = [item for _ in range(self.pick([0, 1, 2, 3])) for item in self.pick(options)]
        return ["XCLAIM", self.stream_key(), self.group(), self.consumer(), self.min_idle()] + ids + chosen

    def stream_auto_claim(self):
        """No great COUNT: redis-server 7.0.15 allocates as many ids, or says that it cannot."""
        start = self.pick([b"-", b"0", self.stream_id(), b"(" + self.stream_id()])
        options = [self.case("COUNT"), self.pick([0, 1, 2, 5, 1000, -1, b"x"])] if self.chance(0.5) else []
        options += [self.case("JUSTID")] if self.chance(0.4) else []
        return ["XAUTOCLAIM", self.stream_key(), self.group(), self.consumer(), self.min_idle(), start] + options
