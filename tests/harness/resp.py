"""RESP2 and RESP3 on the wire: requests to bytes, reply bytes to nodes, and a readable notation for both.

A node is a tuple (kind, value). Kinds are the RESP3 type bytes, and two more for the nulls of RESP2:
  '+' '-' ':' ',' '(' '$' '='  value is bytes ('=' without its "txt:" prefix)
  '#'                          value is bool
  '*' '~' '>'                  value is a list of nodes
  '%' '|'                      value is a flat list of nodes: key, value, key, value ...
  'nil', 'nil*'                null: "$-1" and "*-1" in RESP2, both "_" in RESP3

The notation (one line, the same text for both protocols; a RESP2 connection expects the RESP2 form):
  +OK   -ERR text   :5   ,1.5   (12345678901234567890   "bulk \\r\\n \\x00"   txt:"verbatim"   #t   #f   nil   nil*
  [a list]   {"key" => "value"}   ~[a set]   >[a push]   |{an attribute}       (elements are separated by commas;
  a line reply inside of them that holds their punctuation is quoted: [+"one, two"])
"""
import re
import select
import socket

INCOMPLETE = object()


class ProtocolError(Exception):
    """Bytes that are no RESP reply."""


class Closed(Exception):
    """The other side closed the connection."""


class Timeout(Exception):
    """No complete reply came in time."""


def encode(args):
    """A request as a multibulk; args are bytes, str or numbers."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        if not isinstance(arg, bytes):
            arg = str(arg).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(arg), arg))
    return b"".join(parts)


def decode(buffer, at=0):
    """(node, end) of the reply at buffer[at:], or (INCOMPLETE, at)."""
    stop = buffer.find(b"\r\n", at)
    if stop < 0:
        return INCOMPLETE, at
    kind, line, end = chr(buffer[at]), bytes(buffer[at + 1 : stop]), stop + 2
    if kind in "+-:,(":
        return (kind, line), end
    if kind == "_":
        return ("nil", None), end
    if kind == "#":
        return ("#", line == b"t"), end
    if kind not in "$=!*~>%|":
        raise ProtocolError("no RESP type byte: %r" % bytes(buffer[at : at + 60]))
    count = int(line)
    if count < 0:
        return ("nil" if kind == "$" else "nil*", None), end
    if kind in "$=!":
        if len(buffer) < end + count + 2:
            return INCOMPLETE, at
        data = bytes(buffer[end : end + count])
        if buffer[end + count : end + count + 2] != b"\r\n":
            raise ProtocolError("bulk without its CRLF: %r" % data[:60])
        return (kind, data[4:] if kind == "=" else data), end + count + 2
    items = []
    for _ in range(count * 2 if kind in "%|" else count):
        item, end = decode(buffer, end)
        if item is INCOMPLETE:
            return INCOMPLETE, at
        items.append(item)
    return (kind, items), end


def frames(data):
    """The single replies of a byte string that holds only whole replies."""
    at, found = 0, []
    while at < len(data):
        node, end = decode(data, at)
        if node is INCOMPLETE:
            raise ProtocolError("half a reply: %r" % bytes(data[at : at + 60]))
        found.append((node, data[at:end]))
        at = end
    return found


def to_bytes(node, protocol):
    """The reply bytes that a server sends for node on a connection of this protocol."""
    kind, value = node
    if protocol == 2:
        if kind in ("nil", "nil*"):
            return b"$-1\r\n" if kind == "nil" else b"*-1\r\n"
        if kind == "#":
            return b":1\r\n" if value else b":0\r\n"
        if kind in ",(=":
            kind = "$"
        elif kind in "~>%|":
            kind = "*"
    if kind in ("nil", "nil*"):
        return b"_\r\n"
    if kind == "#":
        return b"#t\r\n" if value else b"#f\r\n"
    if kind in "+-:,(":
        return kind.encode() + value + b"\r\n"
    if kind == "=":
        value = b"txt:" + value
    if kind in "$=!":
        return b"%s%d\r\n%s\r\n" % (kind.encode(), len(value), value)
    count = len(value) // 2 if kind in "%|" else len(value)
    return b"%s%d\r\n%s" % (kind.encode(), count, b"".join(to_bytes(item, protocol) for item in value))


def quote(data):
    """bytes as a double-quoted text with escapes."""
    text = data.decode("latin-1")
    special = {"\\": "\\\\", '"': '\\"', "\r": "\\r", "\n": "\\n", "\t": "\\t"}
    return '"%s"' % "".join(special.get(c) or (c if " " <= c < "\x7f" else "\\x%02x" % ord(c)) for c in text)


def render(node, top=True):
    """The notation of a node; a line inside of an aggregate is quoted if it holds the aggregate's punctuation."""
    kind, value = node
    if kind in ("nil", "nil*"):
        return kind
    if kind == "#":
        return "#t" if value else "#f"
    if kind in "+-:,(":
        quoted = quote(value)
        return kind + (quoted if not top and PUNCTUATION.search(quoted[1:-1]) else quoted[1:-1].replace('\\"', '"'))
    if kind in "$=!":
        return {"$": "", "=": "txt:", "!": "!"}[kind] + quote(value)
    if kind in "%|":
        pairs = zip(value[::2], value[1::2])
        return ("|" if kind == "|" else "") + "{%s}" % ", ".join("%s => %s" % (render(k, False), render(v, False)) for k, v in pairs)
    return {"*": "", "~": "~", ">": ">"}[kind] + "[%s]" % ", ".join(render(item, False) for item in value)


PUNCTUATION = re.compile(r'[,\]}"]|=>|^ | $')
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")


def unquote(text):
    """The bytes of the inside of a double-quoted text."""
    letters = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b"}
    one = lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" and len(m[1]) == 3 else letters.get(m[1], m[1])
    return ESCAPE.sub(one, text).encode("latin-1")


def words(text):
    """A request line cut into arguments: bare words, or "..." with escapes ("x"*1000 repeats)."""
    found, at = [], 0
    token = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"(?:\*(\d+))?|(\S+))')
    text = text.rstrip()
    while at < len(text):
        match = token.match(text, at)
        if match[3] is not None:
            found.append(match[3].encode())
        else:
            found.append(unquote(match[1]) * int(match[2] or 1))
        at = match.end()
    return found


def parse_notation(text):
    """The node of a notation text; a lone line reply (+, -) reaches to the end of the text."""
    try:
        node, end = _parse(text, 0, top=True)
    except (IndexError, TypeError, re.error) as error:
        raise ValueError("not the notation of a reply: %s" % text) from error
    if text[end:].strip():
        raise ValueError("text after the reply: %r" % text[end:])
    return node


def _parse(text, at, top=False):
    while text[at] in " \n":
        at += 1
    string = STRING.match(text, at)
    if string:
        data, end = unquote(string[1]), string.end()
        repeat = re.compile(r"\*(\d+)").match(text, end)
        return (("$", data * int(repeat[1])), repeat.end()) if repeat else (("$", data), end)
    if text.startswith("txt:", at):
        string = STRING.match(text, at + 4)
        return ("=", unquote(string[1])), string.end()
    for word, node in (("nil*", ("nil*", None)), ("nil", ("nil", None)), ("#t", ("#", True)), ("#f", ("#", False))):
        if text.startswith(word, at):
            return node, at + len(word)
    if text[at] in "+-:,(":
        string = None if top else STRING.match(text, at + 1)
        if string:
            return (text[at], unquote(string[1])), string.end()
        end = len(text) if top else re.compile(r"[,\]}]|\s=>|$").search(text, at + 1).start()
        body = text[at + 1 : end]
        return (text[at], unquote(body if top else body.strip())), end
    kind = {"[": "*", "{": "%"}.get(text[at]) or text[at]
    at += 1 if text[at] in "[{" else 2
    close, items = "}" if kind in "%|" else "]", []
    separated = True  # a comma behind a separator begins a double
    while True:
        while text[at] in " \n":
            at += 1
        if text[at] == close:
            return (kind, items), at + 1
        if not separated:
            separated = True
            at += 2 if text.startswith("=>", at) else text[at] == ","
            continue
        separated = False
        item, at = _parse(text, at)
        items.append(item)


class Connection:
    """One client connection; replies come back as the exact bytes of one frame."""

    def __init__(self, address, timeout=20.0):
        """address: (host, port), or the path of a unix socket."""
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.timeout = timeout
        self.protocol = 2

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, *args):
        self.socket.sendall(encode(args))

    def receive_more(self, timeout=None):
        """Adds what the socket has; Closed at its end."""
        self.socket.settimeout(self.timeout if timeout is None else timeout)
        try:
            data = self.socket.recv(1 << 18)
        except (socket.timeout, BlockingIOError):
            raise Timeout("no reply within %s s; half a reply: %r" % (timeout or self.timeout, bytes(self.buffer[:80])))
        except ConnectionError as error:
            raise Closed(str(error))
        if not data:
            raise Closed("end of stream; half a reply: %r" % bytes(self.buffer[:80]))
        self.buffer += data

    def read_frame(self, timeout=None):
        """(node, bytes) of the next reply."""
        while True:
            if self.buffer:
                node, end = decode(self.buffer)
                if node is not INCOMPLETE:
                    frame = bytes(self.buffer[:end])
                    del self.buffer[:end]
                    return node, frame
            self.receive_more(timeout)

    def read_until(self, ending):
        """Every byte up to and with `ending`, which must be the last thing that the server sends."""
        while not self.buffer.endswith(ending):
            self.receive_more()
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    def call(self, *args, timeout=None):
        """The node of the reply to one request."""
        self.send(*args)
        return self.read_frame(timeout)[0]

    def text(self, *args):
        """The reply to one request as text: the value of a line, bulk or verbatim reply."""
        value = self.call(*args)[1]
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def hello(self, protocol):
        node = self.call("HELLO", protocol)
        if node[0] not in "*%":
            raise ProtocolError("HELLO %s: %s" % (protocol, render(node)))
        self.protocol = protocol

    def silent(self, seconds):
        """True if nothing, not even an end of stream, comes for that long."""
        return not self.buffer and not select.select([self.socket], [], [], seconds)[0]

    def wait_closed(self, timeout=5.0):
        """What still came before the end of the stream; Timeout if it stays open."""
        try:
            while True:
                self.receive_more(timeout)
        except Closed:
            return bytes(self.buffer)
