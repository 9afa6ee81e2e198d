"""Random commands on sets, for the generator: few members, half of them integers, so that sets of integers become others."""


class SetCommands:
    """A part of Generator: uses its pick, chance, case, key and small."""

    WEIGHTS = {"set_add": 12, "set_ask": 8, "set_remove": 5, "set_combine": 7, "set_walk": 4, "set_pop": 2, "set_limits": 0.5}
    PLAIN = ["set_add", "set_ask", "set_remove"]
    KNOWN = ["sadd", "smembers", "smove", "sinter", "sunionstore", "sintercard", "sscan"]

    def set_member(self):
        roll = self.random.random()
        if roll < 0.04:
            return self.pick([b"", b"\x00\xff", b"long" * 30, b"m" * 64, b"m" * 65, b"007", b"-0", b"+1", b"32768", b"-2147483649",
                              b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808"])
        return self.pick([b"m%d", b"%d", b"%d"]) % self.random.randint(0, 25)

    def set_members(self, most):
        """All integers at times: a set of integers lives only until another member comes."""
        if self.chance(0.6):
            return [b"%d" % self.random.randint(-5, 40) for _ in range(self.random.randint(1, most))]
        return [self.set_member() for _ in range(self.random.randint(1, most))]

    def set_add(self):
        """Each member once: what a new set is follows from the number of members named in Redis from 7.2 on."""
        return ["SADD", self.key()] + list(dict.fromkeys(self.set_members(self.pick([1, 3, 12, 40]))))

    def set_ask(self):
        name = self.pick(["SISMEMBER", "SISMEMBER", "SMISMEMBER", "SCARD"])
        if name == "SCARD":
            return [name, self.key()]
        return [name, self.key()] + (self.set_members(6) if name == "SMISMEMBER" else [self.set_member()])

    def set_remove(self):
        if self.chance(0.3):
            return ["SMOVE", self.key(), self.key(), self.set_member()]
        return ["SREM", self.key()] + self.set_members(self.pick([1, 3, 30]))

    def set_combine(self):
        operation = self.pick(["UNION", "INTER", "DIFF"])
        keys = [self.key() for _ in range(self.random.randint(1, 4))]
        if self.chance(0.2):
            count = len(keys) if self.chance(0.95) else self.small()
            return ["SINTERCARD", count] + keys + self.pick([[], [], [self.case("LIMIT"), self.small()], ["FOO"]])
        if self.chance(0.5):
            return ["S%sSTORE" % operation, self.key()] + keys
        return ["S" + operation] + keys, "unordered"

    def set_walk(self):
        if self.chance(0.5):
            return ["SSCAN", self.key(), 0] + self.pick([[], ["MATCH", "m*"], ["MATCH", "[0-3]"], ["COUNT", "x"], ["FOO"]]) + ["COUNT", 100000], "scan_members"
        if self.chance(0.5):  # all of them, in any order
            return self.pick([["SMEMBERS", self.key()], ["SRANDMEMBER", self.key(), 100000]]), "unordered"
        return ["SRANDMEMBER", self.key()] + ([self.random.randint(-10, 10)] if self.chance(0.6) else []), "shape"

    def set_pop(self):
        """What chance takes would part the two servers: all members, none of them, or some of a set that ends with that."""
        if self.chance(0.5):
            return ["SPOP", self.key(), self.pick([100000, 100000, 0, -1, b"x", 2**63 - 1])], "unordered"
        members, count = self.set_members(40), [self.random.randint(1, 45)] if self.chance(0.7) else []
        return [(["DEL", "spop"], "exact"), (["SADD", "spop"] + members, "exact"), (["SPOP", "spop"] + count, "shape"),
                (["SCARD", "spop"], "exact"), (["DEL", "spop"], "exact")]

    def set_limits(self):
        return ["CONFIG", "SET", "set-max-intset-entries", self.pick([0, 3, 8, 20, 512])]
