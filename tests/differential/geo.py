"""Points on the earth for the random commands: dense places, poles, the antimeridian, and radii up to the whole world."""

UNITS = ["m", "km", "ft", "mi", "M", "Km"]
SPECIAL = [(180, 0), (-180, 0), (0, 0), (179.9999, 85.05112878), (-179.9999, -85.05112878), (0, 85.05), (0, -85.05), (180, 66), (-180, 80.5)]
BAD_COORDINATES = [b"180.1", b"-181", b"85.06", b"x", b"", b"nan", b"inf", b"1e400"]
RADII = [0, 1, 1000, 20000, 500000, 5e6, 1e7, 1.5e7, 2.1e7, 1e9]  # meters


class GeoCommands:
    """A part of Generator: uses its pick, chance, case, key and small."""

    WEIGHTS = {"geo_add": 5, "geo_ask": 4, "geo_search": 6, "geo_radius": 4}
    PLAIN = []
    KNOWN = ["geoadd", "geodist", "geosearch", "geosearchstore", "georadius", "georadiusbymember_ro"]

    def coordinates(self):
        if self.chance(0.01):
            return [self.pick(BAD_COORDINATES), b"1"]
        if self.chance(0.03):
            return [b"%.8f" % part for part in self.pick(SPECIAL)]
        place = self.pick([None, (13.4, 52.5), (179.99, -17), (-179.99, 70), (10, 84.9), (-60, -84.9)])
        if place is None:
            longitude, latitude = self.random.uniform(-180, 180), self.random.uniform(-85, 85)
        else:
            longitude, latitude = place[0] + self.random.uniform(-0.01, 0.01), place[1] + self.random.uniform(-0.05, 0.05)
        return [repr(longitude).encode(), repr(latitude).encode()]

    def geo_key(self):
        return self.pick(self.geo_keys) if self.chance(0.95) else self.key()

    def geo_member(self):
        return b"p%d" % self.random.randint(0, 150)

    def unit(self):
        return self.pick(UNITS) if self.chance(0.98) else self.pick(["", "yd", "mm"])

    def length(self):
        """In the unit that follows it: never near the distance of two points by chance."""
        if self.chance(0.03):
            return [self.pick([b"-1", b"x", b"nan", b""]), self.unit()]
        unit = self.unit()
        meters = {"km": 1000, "mi": 1609.34, "ft": 0.3048}.get(unit.lower(), 1)
        return [b"%.3f" % (self.pick(RADII) * self.random.uniform(0.5, 1) / meters), unit]

    def geo_add(self):
        options = [self.case(o) for o in self.random.sample(["NX", "XX", "CH"], self.pick([0, 0, 0, 1, 1, 2]))]
        points = [part for _ in range(self.random.randint(1, 12)) for part in self.coordinates() + [self.geo_member()]]
        return ["GEOADD", self.geo_key()] + options + (points if self.chance(0.98) else points[:-1])

    def geo_ask(self):
        name = self.pick(["GEOPOS", "GEOHASH", "GEODIST", "GEODIST"])
        if name == "GEODIST":
            return [name, self.geo_key(), self.geo_member(), self.geo_member()] + ([self.unit()] if self.chance(0.6) else [])
        return [name, self.geo_key()] + [self.geo_member() for _ in range(self.random.randint(0, 4))]

    def geo_options(self, stores):
        options = [["COUNT", self.random.randint(1, 30)]] if self.chance(0.3) else []
        if options and (stores or self.chance(0.4)):
            options[0].append("ANY")
        for words, chance in ((["ASC"], 0.3), (["DESC"], 0.3), (["COUNT", self.pick([0, -1, b"x"])], 0.02), (["ANY"], 0.01), (["FOO"], 0.01)):
            if self.chance(chance):
                options.append(words)
        for word in ("WITHCOORD", "WITHDIST", "WITHHASH"):
            if self.chance(0.01 if stores else 0.4):
                options.append([word])
        self.random.shuffle(options)
        return [word if not isinstance(word, str) else self.case(word) for words in options for word in words]

    def geo_search(self):
        place = ["FROMMEMBER", self.geo_member()] if self.chance(0.4) else ["FROMLONLAT"] + self.coordinates()
        shape = ["BYRADIUS"] + self.length() if self.chance(0.5) else ["BYBOX", self.length()[0]] + self.length()
        stores = self.chance(0.25)
        words = place + shape if self.chance(0.8) else shape + place
        if self.chance(0.02):
            words = self.pick([place + place, shape + shape, place, shape, words + place, words + ["BYBOX", 1, 1, "m"]])
        words = words + self.geo_options(stores)
        if stores:
            return ["GEOSEARCHSTORE", self.geo_key(), self.geo_key()] + words + self.pick([[], ["STOREDIST"]])
        return self.compared(["GEOSEARCH", self.geo_key()] + words)

    def geo_radius(self):
        by_member = self.chance(0.5)
        suffix = self.pick(["", "", "_RO"])
        stores = self.chance(0.3)
        store = [part for _ in range(self.pick([1, 1, 1, 2])) for part in (self.case(self.pick(["STORE", "STOREDIST"])), self.geo_key())] if stores else []
        place = [self.geo_member()] if by_member else self.coordinates()
        name = ("GEORADIUSBYMEMBER" if by_member else "GEORADIUS") + suffix
        return self.compared([name, self.geo_key()] + place + self.length() + self.geo_options(stores) + store)

    @staticmethod
    def compared(args):
        """Which of equally distant points the nearest are is chance: with COUNT alone only the shape of the reply is compared."""
        words = [word.upper() for word in args if isinstance(word, str)]
        return args, "shape" if "COUNT" in words and "ANY" not in words else "exact"
