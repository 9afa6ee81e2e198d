"""Transactions for the random commands: whole ones, with keys that are watched before, and broken between."""

# Whose order is a server's own.
NOT_QUEUED = {"sort_elements"}


class TransactionCommands:
    """A part of Generator: uses its pick, chance, case, key and plain."""

    WEIGHTS = {"transaction": 4, "watch": 2, "transaction_mistake": 0.5}
    PLAIN = []
    KNOWN = ["multi", "exec", "discard", "watch", "unwatch"]

    def queued(self):
        while True:
            name = self.pick(self.plain_names)
            if name not in NOT_QUEUED:
                return getattr(self, name)()

    def watch(self):
        """What it watches lasts for the connection's later transactions."""
        return ["UNWATCH"] if self.chance(0.1) else ["WATCH"] + [self.key() for _ in range(self.pick([1, 1, 2, 5]))]

    def transaction(self):
        between = [self.queued() for _ in range(self.pick([0, 0, 1]))]
        inside = [self.queued() for _ in range(self.pick([0, 1, 2, 3, 5, 10]))]
        if self.chance(0.05):
            inside.append(self.pick([["NOSUCH"], ["GET"], ["MULTI"], ["WATCH", self.key()], ["SHUTDOWN", "NOSAVE"], ["UNWATCH"], ["SELECT", "0"], ["DBSIZE"], ["FLUSHDB"]]))
        watched = [self.watch()] if self.chance(0.4) else []
        end = [self.case("EXEC" if self.chance(0.93) else "DISCARD")]
        return [(args, "exact") for args in watched + between + [[self.case("MULTI")]] + inside + [end]]

    def transaction_mistake(self):
        return self.pick([["EXEC"], ["DISCARD"], ["EXEC", "x"], ["DISCARD", "x"], ["WATCH"], ["UNWATCH", "x"]])
