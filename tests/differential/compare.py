"""When are two replies to the same command the same? The kinds of replies, and the named differences that are meant."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import resp  # noqa: E402

TOLERANCE_MS = 3000  # two servers run one command this much apart at most, on a busy machine


def number(node):
    return int(node[1]) if node[0] == ":" else None


def near(mine, theirs, tolerance):
    a, b = number(mine), number(theirs)
    if a is None or b is None or a < 0 or b < 0:
        return mine == theirs
    return abs(a - b) <= tolerance


def ordered(node):
    kind, value = node
    if not isinstance(value, list):
        return node
    return pairs(node) if kind == "%" else (kind, sorted(map(resp.render, value)))


def pairs(node):
    """Names and values, the pairs in any order; as a map, or flat as RESP2 has it."""
    kind, value = node
    if not isinstance(value, list):
        return node
    return kind, sorted(zip(map(resp.render, value[::2]), map(resp.render, value[1::2])))


def shape(node):
    kind, value = node
    if kind == "-":
        return node
    return kind, [shape(item)[0] for item in value] if isinstance(value, list) else None


def without_identity(node):
    """HELLO without what names the server's build and the connection."""
    if node[0] not in "*%":
        return node
    items = list(node[1])
    for at in range(0, len(items) - 1, 2):
        if items[at] in (("$", b"version"), ("$", b"id")):
            items[at + 1] = None
    return node[0], items


def scanned(node, items):
    """The reply of a scan: its cursor, and its items as they compare."""
    if node[0] != "*" or node[1][1][0] != "*":
        return node
    return node[1][0], items(node[1][1])


NEW_IN_7_2 = {b"active-time", b"inactive"}
OF_THE_CLOCK = {b"seen-time", b"idle"}


def is_time(node):
    """A Unix time of these years in milliseconds."""
    return node[0] == ":" and 15 * 10**11 < int(node[1]) < 25 * 10**11


def stream_info(node):
    """The reply of XINFO without times, and without what redis-server 7.0.15 does not know."""
    kind, value = node
    if not isinstance(value, list):
        return (kind, b"a time") if is_time(node) else node
    items, at = [], 0
    while at < len(value):
        name = value[at][1] if value[at][0] == "$" and at + 1 < len(value) and value[at + 1][0] == ":" else None
        if name in OF_THE_CLOCK:
            items.append(value[at])
        elif name not in NEW_IN_7_2:
            items.append(stream_info(value[at]))
            at += 1
            continue
        at += 2
    return kind, items


def same_pending(mine, theirs):
    """What XPENDING lists: entries with their milliseconds since the delivery, or the summary."""
    if mine[0] != "*" or theirs[0] != "*" or not all(item[0] == "*" and len(item[1]) == 4 for item in mine[1] + theirs[1]):
        return mine == theirs
    rest = lambda node: [item[1][:2] + item[1][3:] for item in node[1]]
    return rest(mine) == rest(theirs) and all(near(a[1][2], b[1][2], TOLERANCE_MS) for a, b in zip(mine[1], theirs[1]))


KINDS = {
    "exact": lambda mine, theirs: mine == theirs,
    "milliseconds": lambda mine, theirs: near(mine, theirs, TOLERANCE_MS),
    "seconds": lambda mine, theirs: near(mine, theirs, TOLERANCE_MS // 1000),
    "unordered": lambda mine, theirs: ordered(mine) == ordered(theirs),
    "shape": lambda mine, theirs: shape(mine) == shape(theirs),
    "pairs": lambda mine, theirs: pairs(mine) == pairs(theirs),
    "scan": lambda mine, theirs: scanned(mine, pairs) == scanned(theirs, pairs),
    "scan_members": lambda mine, theirs: scanned(mine, ordered) == scanned(theirs, ordered),
    "stream_info": lambda mine, theirs: stream_info(mine) == stream_info(theirs),
    "pending": same_pending,
    "hello": lambda mine, theirs: without_identity(mine) == without_identity(theirs),
}


class Difference:
    """A difference that is meant: its name, why, and when it applies to (args, reply under test, reply of 7.0.15)."""

    def __init__(self, name, why, applies):
        self.name, self.why, self.applies, self.seen = name, why, applies, 0


def is_command(args, *names):
    return [str(a if not isinstance(a, bytes) else a.decode("latin-1")).lower() for a in args[: len(names)]] == list(names)


DIFFERENCES = [
    Difference(
        "connection ids",
        "both servers count their connections, and the runner opens more of them to one than to the other",
        lambda args, mine, theirs: is_command(args, "client", "id") and mine[0] == ":" and theirs[0] == ":",
    ),
    Difference(
        "packed lists",
        "Redis says listpack for a small list from 7.2 on",
        lambda args, mine, theirs: is_command(args, "object", "encoding") and mine == ("$", b"listpack") and theirs == ("$", b"quicklist"),
    ),
    Difference(
        "packed sets",
        "Redis packs a small set that is not all integers from 7.2 on",
        lambda args, mine, theirs: is_command(args, "object", "encoding") and mine == ("$", b"listpack") and theirs == ("$", b"hashtable"),
    ),
    Difference(
        "sorted sets that were sorted",
        "SORT of Redis unpacks the sorted set that it reads, for good; ours leaves it as it is",
        lambda args, mine, theirs: is_command(args, "object", "encoding") and mine == ("$", b"listpack") and theirs == ("$", b"skiplist")
        and args[2].startswith(b"sort:zset:"),
    ),
    Difference(
        "shared integers",
        "Redis says 2147483647 references where it happens to share the object of a small integer; we say it for every small integer",
        lambda args, mine, theirs: is_command(args, "object", "refcount") and theirs[0] == ":" and mine[0] == ":",
    ),
    Difference(
        "command tips of 7.4",
        "COMMAND INFO describes 7.4: tips, key-spec notes and flags may have grown; names, arity and key positions must agree",
        lambda args, mine, theirs: is_command(args, "command", "info") and same_command_table(mine, theirs),
    ),
    Difference(
        "unbalanced lists of streams of 7.2",
        "XREAD and XREADGROUP with an odd number of keys and ids: the text has the command in small letters and quotes",
        lambda args, mine, theirs: mine[0] == theirs[0] == "-" and mine[1].startswith(b"ERR Unbalanced 'x") and theirs[1].startswith(b"ERR Unbalanced X"),
    ),
    Difference(
        "event classes of 7.4",
        "notify-keyspace-events: the text of a refused class lists the classes of the version",
        lambda args, mine, theirs: b"Invalid event class character" in (mine[1] or b"") and b"Invalid event class character" in (theirs[1] or b"")
        if mine[0] == theirs[0] == "-" else False,
    ),
]


def same_command_table(mine, theirs):
    if mine[0] != "*" or theirs[0] != "*" or len(mine[1]) != len(theirs[1]):
        return False
    for a, b in zip(mine[1], theirs[1]):
        if a[0] != b[0] or (a[0] == "*" and (a[1][:2] != b[1][:2] or a[1][3:6] != b[1][3:6])):
            return False
    return True


def same(args, kind, mine, theirs):
    """True if the replies agree, or differ in a way that DIFFERENCES names."""
    if mine == theirs or KINDS[kind](mine, theirs):
        return True
    for difference in DIFFERENCES:
        if difference.applies(args, mine, theirs):
            difference.seen += 1
            return True
    return False
