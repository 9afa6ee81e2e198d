"""Random commands on lists, for the generator."""


class ListCommands:
    """Mixed into Generator, whose choices it uses. Elements come from few values, so that searches find some."""

    WEIGHTS = {"list_push": 9, "list_pop": 5, "list_read": 7, "list_change": 6, "list_move": 3, "list_large": 0.5}
    PLAIN = ["list_push", "list_pop", "list_read", "list_change", "list_move"]
    KNOWN = ["lpush", "rpushx", "lpop", "llen", "lindex", "lset", "lrange", "ltrim", "lrem", "linsert", "lpos", "lmove", "rpoplpush", "lmpop"]

    def element(self):
        return self.pick([b"a", b"b", b"c", b"", b"1", b"2", b"17", b"-5", b"007", b"-0", b"9223372036854775807"]) if self.chance(0.6) else self.value()

    def list_push(self):
        name = self.pick(["LPUSH", "RPUSH", "LPUSH", "RPUSH", "LPUSHX", "RPUSHX"])
        return [name, self.key()] + [self.element() for _ in range(self.pick([1, 1, 1, 2, 3, 10, 40]))]

    def list_pop(self):
        if self.chance(0.25):
            keys = [self.key() for _ in range(self.random.randint(1, 4))]
            count = [self.case("COUNT"), self.small()] if self.chance(0.5) else []
            return ["LMPOP", len(keys) if self.chance(0.95) else self.small()] + keys + [self.end()] + count
        return [self.pick(["LPOP", "RPOP"]), self.key()] + ([self.small()] if self.chance(0.3) else [])

    def end(self):
        return self.case(self.pick(["LEFT", "RIGHT"])) if self.chance(0.97) else "UP"

    def list_read(self):
        name = self.pick(["LLEN", "LINDEX", "LINDEX", "LRANGE", "LRANGE", "LRANGE", "LPOS", "LPOS"])
        if name == "LLEN":
            return [name, self.key()]
        if name == "LINDEX":
            return [name, self.key(), self.small()]
        if name == "LRANGE":
            return [name, self.key(), self.small(), self.small()]
        options = self.random.sample([["RANK", self.small()], ["COUNT", self.small()], ["MAXLEN", self.small()], ["FOO", 1], ["RANK"]],
                                     self.random.choices([0, 1, 2, 3], [3, 4, 2, 1])[0])
        return [name, self.key(), self.element()] + [self.case(o) if isinstance(o, str) else o for group in options for o in group]

    def list_change(self):
        name = self.pick(["LSET", "LINSERT", "LINSERT", "LREM", "LREM", "LTRIM"])
        if name == "LSET":
            return [name, self.key(), self.small(), self.element()]
        if name == "LINSERT":
            return [name, self.key(), self.case(self.pick(["BEFORE", "AFTER"])) if self.chance(0.97) else "AT", self.element(), self.element()]
        if name == "LREM":
            return [name, self.key(), self.pick([0, 1, 2, -1, -2, self.small()]), self.element()]
        return [name, self.key(), self.pick([0, 0, 1, self.small()]), self.pick([-1, -1, -2, self.small()])]

    def list_move(self):
        if self.chance(0.3):
            return ["RPOPLPUSH", self.key(), self.key()]
        return ["LMOVE", self.key(), self.key(), self.end(), self.end()]

    def list_large(self):
        """A list of several nodes, at a limit of its own, and changes in its midst."""
        key = self.pick(self.keys[:3])
        made = [(["CONFIG", "SET", "list-max-listpack-size", self.pick(["-2", "-1", "-5", "1", "3", "16", "0"])], "exact"), (["DEL", key], "exact")]
        made += [(["RPUSH", key] + [self.element() for _ in range(100)], "exact") for _ in range(self.random.randint(1, 6))]
        for _ in range(self.random.randint(0, 10)):
            args = self.pick([self.list_read, self.list_change, self.list_push])()
            made.append(([args[0], key] + args[2:], "exact"))
        return made + [(["LRANGE", key, 0, -1], "exact")]
