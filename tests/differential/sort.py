"""SORT for the random commands: numbers and texts of few values in all three types, weights in strings and hashes."""

# As bytes where it names other keys.
PATTERNS = [b"w_*", b"h_*->f", b"h_*->g", "#", "nosort", b"w_*->f", b"*", b"h_*->", b"none_*", b"w_*x"]
# SORT of redis-server takes the errno that an earlier command left for its own: reading this score sets it to 0, and changes nothing.
NO_ERROR_BEFORE = ["ZADD", "no such key", "XX", 1, "m"]


class SortCommands:
    """A part of Generator: uses its pick, chance, case, key, small and value."""

    WEIGHTS = {"sort": 7, "sort_fill": 4, "sort_weigh": 3}
    PLAIN = ["sort_elements"]
    KNOWN = ["sort", "sort_ro"]
    sort_keys = [b"sort:%s:%d" % (kind, number) for kind in (b"list", b"set", b"zset") for number in range(2)]
    sort_targets = [b"sorted:%d" % number for number in range(3)]

    def sort_key(self):
        """Seldom a string or a hash; no other sorted sets, which redis-server unpacks where it sorts them."""
        return self.pick(self.sort_keys) if self.chance(0.95) else self.pick([b"w_1", b"h_1", b"absent"])

    def sort_element(self):
        return self.pick([b"%d" % self.random.randint(-5, 15), b"%d" % self.random.randint(-5, 15), b"1.50", b"-2e3"]) if self.chance(0.995) else self.value()

    def sort_fill(self):
        key = self.pick(self.sort_keys)
        elements = [self.sort_element() for _ in range(self.pick([1, 3, 10, 30]))]
        if key.startswith(b"sort:set"):
            elements = list(dict.fromkeys(elements))  # what a new set is follows from their number in Redis from 7.2 on
        if key.startswith(b"sort:zset"):
            return ["ZADD", key] + [word for element in elements for word in (self.random.randint(0, 5), element)]
        if self.chance(0.15):
            return ["DEL", key]
        return [{b"sort:list": "RPUSH", b"sort:set:": "SADD"}[key[:9]], key] + elements

    def sort_weigh(self):
        weight = self.pick([b"%d" % self.random.randint(-5, 5), b"0.5", b" 7", b""]) if self.chance(0.99) else self.value()
        if self.chance(0.15):
            return ["DEL", b"w_" + self.sort_element()]
        if self.chance(0.5):
            return ["SET", b"w_" + self.sort_element(), weight]
        return ["HSET", b"h_" + self.sort_element(), self.pick(["f", "g"]), weight]

    def sort_elements(self):
        options = []
        if self.chance(0.4):
            options.append([self.case("BY"), self.pick(PATTERNS)])
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            options.append([self.case("GET"), self.pick(PATTERNS)])
        if self.chance(0.3):
            options.append([self.case("LIMIT"), self.small(), self.small()])
        for word, chance in (("ASC", 0.2), ("DESC", 0.4), ("ALPHA", 0.4), ("FOO", 0.005)):
            if self.chance(chance):
                options.append([self.case(word)])
        name = self.pick(["SORT", "SORT", "SORT_RO"])
        if self.chance(0.25):
            options += [[self.case("STORE"), self.pick(self.sort_targets)] for _ in range(self.pick([1, 1, 1, 2]))]
        self.random.shuffle(options)
        if self.chance(0.01):
            options.append([self.pick(["STORE", "BY", "GET", "LIMIT"])])  # without its argument
        key = self.sort_key()
        return [name, key] + [word for words in self.repeatable(key, options) for word in words]

    @staticmethod
    def repeatable(key, options):
        """Without what leaves the order to a server: equal texts by BY, where they do not lie in a list that is returned whole."""
        names = [words[0].upper() for words in options]
        by_key = any(words[0].upper() == "BY" and isinstance(words[-1], bytes) for words in options)
        if by_key and "ALPHA" in names and (not key.startswith(b"sort:list") or "LIMIT" in names):
            options = [words for words in options if words[0].upper() != "ALPHA"]
        return options

    def sort(self):
        args = self.sort_elements()
        words = [word.upper() for word in args[2:] if isinstance(word, str)]
        in_order = args[1].startswith((b"sort:list", b"sort:zset")) or "STORE" in words or not ("NOSORT" in words or "#" in words)
        command = (args, "exact") if in_order else (args[:2] + ["BY", "nosort"], "unordered")
        return [(NO_ERROR_BEFORE, "exact"), command]
