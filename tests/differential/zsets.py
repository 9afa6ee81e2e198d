"""Sorted sets for the random commands: few members and scores, so that commands meet."""

SCORES = [b"0", b"1", b"-1", b"1.5", b"0.1", b"1e17", b"-1e300", b"inf", b"-inf", b"+inf", b"3", b"4", b"5", b"9007199254740993", b"0x10", b"-0"]
BAD_SCORES = [b"nan", b"", b"x", b" 1", b"1 ", b"1e400", b"--1"]


class ZsetCommands:
    """A part of Generator: uses its pick, chance, case, key and small."""

    WEIGHTS = {"zset_add": 14, "zset_ask": 9, "zset_remove": 7, "zset_range": 10, "zset_combine": 6, "zset_walk": 3, "zset_lex": 3, "zset_limits": 0.5}
    PLAIN = ["zset_add", "zset_range", "zset_combine"]
    KNOWN = ["zadd", "zrange", "zrangestore", "zmpop", "zunion", "zinterstore", "zrangebyscore", "zpopmin"]

    def score(self):
        roll = self.random.random()
        if roll < 0.6:
            return b"%d" % self.random.randint(-20, 20)
        return self.pick(SCORES) if roll < 0.97 else self.pick(BAD_SCORES)

    def member(self):
        if self.chance(0.02):
            return self.pick([b"", b"\x00\xff", b"long" * 30, b"m" * 64, b"m" * 65, b"007", b"-9223372036854775808"])
        return self.pick([b"m%d", b"%d"]) % self.random.randint(0, 25)

    def members(self, most=4):
        return [self.member() for _ in range(self.random.randint(1, most))]

    def score_bound(self):
        return self.pick([b"", b"", b"("]) + self.score()

    def lex_bound(self):
        return self.pick([b"-", b"+", b"[" + self.member(), b"[" + self.member(), b"(" + self.member(), self.member()])

    def zset_limit(self):
        return [self.case("LIMIT"), self.small(), self.small()] if self.chance(0.4) else []

    def with_scores(self):
        return [self.case("WITHSCORES")] if self.chance(0.4) else []

    def zset_add(self):
        if self.chance(0.2):
            return ["ZINCRBY", self.key(), self.score(), self.member()]
        options = [self.case(o) for o in self.random.sample(["NX", "XX", "GT", "LT", "CH", "INCR"], self.pick([0, 0, 0, 0, 1, 1, 2, 3]))]
        count = 1 if "INCR" in map(str.upper, options) and self.chance(0.9) else self.random.randint(1, 12)
        return ["ZADD", self.key()] + options + [part for _ in range(count) for part in (self.score(), self.member())]

    def zset_ask(self):
        name = self.pick(["ZCARD", "ZSCORE", "ZMSCORE", "ZRANK", "ZREVRANK", "ZSCORE", "ZRANK", "ZCOUNT", "ZLEXCOUNT"])
        if name == "ZCOUNT":
            return [name, self.key(), self.score_bound(), self.score_bound()]
        if name == "ZLEXCOUNT":
            return [name, self.lex_key(), self.lex_bound(), self.lex_bound()]
        return [name, self.key()] + {"ZCARD": [], "ZMSCORE": self.members()}.get(name, [self.member()])

    def zset_remove(self):
        name = self.pick(["ZREM", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX", "ZPOPMIN", "ZPOPMAX", "ZMPOP"])
        if name == "ZREM":
            return [name, self.key()] + self.members()
        if name == "ZREMRANGEBYRANK":
            return [name, self.key(), self.small(), self.small()]
        if name == "ZREMRANGEBYSCORE":
            return [name, self.key(), self.score_bound(), self.score_bound()]
        if name == "ZREMRANGEBYLEX":
            return [name, self.lex_key(), self.lex_bound(), self.lex_bound()]
        if name == "ZMPOP":
            keys = [self.key() for _ in range(self.random.randint(1, 3))]
            count = len(keys) if self.chance(0.9) else self.small()
            return [name, count] + keys + [self.case(self.pick(["MIN", "MAX"]))] + self.pick([[], [], ["COUNT", self.small()], ["COUNT"], ["FOO"]])
        return [name, self.key()] + ([self.small()] if self.chance(0.5) else [])

    def zset_range(self):
        """[key, bounds, options] and what stands in front: ZRANGE, one of the older names, or ZRANGESTORE."""
        by = self.pick(["rank", "score", "lex"])
        key = self.lex_key() if by == "lex" else self.key()
        bound = {"rank": self.small, "score": self.score_bound, "lex": self.lex_bound}[by]
        limit = self.zset_limit() if by != "rank" or self.chance(0.1) else []
        if self.chance(0.5):
            names = {"rank": ["ZREVRANGE"], "score": ["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"], "lex": ["ZRANGEBYLEX", "ZREVRANGEBYLEX"]}[by]
            scores = self.with_scores() if by != "lex" or self.chance(0.1) else []
            return [self.pick(names), key, bound(), bound()] + scores + limit
        options = {"rank": [], "score": ["BYSCORE"], "lex": ["BYLEX"]}[by] + self.pick([[], ["REV"]]) + limit
        if self.chance(0.3):
            return ["ZRANGESTORE", self.key(), key, bound(), bound()] + options
        return ["ZRANGE", key, bound(), bound()] + options + (self.with_scores() if by != "lex" else [])

    def zset_combine(self):
        operation = self.pick(["UNION", "INTER", "DIFF"])
        keys = [self.key() for _ in range(self.random.randint(1, 4))]
        if self.chance(0.15):
            return ["ZINTERCARD", len(keys)] + keys + self.pick([[], ["LIMIT", self.small()], ["FOO"]])
        count = len(keys) if self.chance(0.97) else self.small()
        options = []
        if operation != "DIFF" or self.chance(0.05):
            options += [self.case("WEIGHTS")] + [self.score() for _ in keys] if self.chance(0.4) else []
            options += [self.case("AGGREGATE"), self.case(self.pick(["SUM", "MIN", "MAX"]))] if self.chance(0.4) else []
        if self.chance(0.5):
            return ["Z%sSTORE" % operation, self.key(), count] + keys + options
        return ["Z" + operation, count] + keys + options + self.with_scores()

    def zset_walk(self):
        if self.chance(0.5):
            return ["ZSCAN", self.key(), 0] + self.pick([[], ["MATCH", "m*"], ["MATCH", "[0-3]"], ["COUNT", "x"], ["FOO"]]) + ["COUNT", 100000], "scan"
        count = [self.random.randint(-10, 10)] if self.chance(0.6) else []
        return ["ZRANDMEMBER", self.key()] + count + (self.with_scores() if count else []), "shape"

    # Ranges by bytes are defined where all scores are the same: keys of their own.
    def lex_key(self):
        return self.pick(self.lex_keys) if self.chance(0.95) else b"nosuch"

    def zset_lex(self):
        return ["ZADD", self.lex_key()] + [part for member in self.members(8) for part in (b"0", member)]

    def zset_limits(self):
        return ["CONFIG", "SET", "zset-max-listpack-entries", self.pick([0, 3, 8, 20, 128]), "zset-max-listpack-value", self.pick([0, 2, 64, 64])]
