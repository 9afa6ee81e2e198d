"""Random commands on hashes, for the generator: few fields, so that commands meet, and thresholds that change on the way."""


class HashCommands:
    """A part of Generator: uses its pick, chance, case, key, small, value, integer and floating."""

    WEIGHTS = {"hash_set": 12, "hash_get": 8, "hash_remove": 4, "hash_count": 5, "hash_whole": 4, "hash_walk": 3, "hash_limits": 0.5}
    PLAIN = ["hash_set", "hash_get", "hash_remove", "hash_count"]
    KNOWN = ["hset", "hmset", "hgetall", "hincrbyfloat", "hrandfield", "hscan"]

    def field(self):
        if self.chance(0.02):
            return self.pick([b"", b"\x00\xff", b"f" * 64, b"f" * 65, b"long" * 30, b"007", b"-9223372036854775808"])
        return self.pick([b"f%d", b"%d"]) % self.random.randint(0, 25)

    def field_value(self):
        return b"%d" % self.random.randint(-1000, 1000) if self.chance(0.4) else self.value()

    def hash_set(self):
        name = self.pick(["HSET", "HSET", "HSET", "HMSET", "HSETNX"])
        if name == "HSETNX":
            return [name, self.key(), self.field(), self.field_value()]
        pairs = [part for _ in range(self.pick([1, 1, 1, 2, 3, 8, 30])) for part in (self.field(), self.field_value())]
        return [name, self.key()] + (pairs if self.chance(0.98) else pairs[:-1])

    def hash_get(self):
        name = self.pick(["HGET", "HGET", "HMGET", "HEXISTS", "HSTRLEN", "HLEN"])
        if name == "HLEN":
            return [name, self.key()]
        return [name, self.key()] + [self.field() for _ in range(self.random.randint(1, 6) if name == "HMGET" else 1)]

    def hash_remove(self):
        return ["HDEL", self.key()] + [self.field() for _ in range(self.pick([1, 1, 2, 5, 30]))]

    def hash_count(self):
        if self.chance(0.5):
            return ["HINCRBY", self.key(), self.field(), self.integer()]
        return ["HINCRBYFLOAT", self.key(), self.field(), self.floating()]

    def hash_whole(self):
        name = self.pick(["HGETALL", "HKEYS", "HVALS"])
        return [name, self.key()], "pairs" if name == "HGETALL" else "unordered"

    def hash_walk(self):
        if self.chance(0.5):
            return ["HSCAN", self.key(), 0] + self.pick([[], ["MATCH", "f*"], ["MATCH", "[0-3]"], ["COUNT", "x"], ["FOO"]]) + ["COUNT", 100000], "scan"
        if self.chance(0.3):  # all of them, in any order
            return ["HRANDFIELD", self.key(), 100000], "unordered"
        count = [self.random.randint(-10, 10)] if self.chance(0.6) else []
        return ["HRANDFIELD", self.key()] + count + ([self.case("WITHVALUES")] if count and self.chance(0.5) else []), "shape"

    def hash_limits(self):
        return ["CONFIG", "SET", "hash-max-listpack-entries", self.pick([0, 3, 8, 20, 512]), "hash-max-listpack-value", self.pick([0, 2, 64, 64])]
