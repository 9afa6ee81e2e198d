"""A blocking connection that speaks RESP2: requests, pipelines of prepared bytes, and what a channel says."""
import socket

from measure.failure import Failure


def encode(*arguments):
    parts = [b'*%d\r\n' % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b'$%d\r\n%s\r\n' % (len(data), data))
    return b''.join(parts)


class Connection:
    """Errors of the server and of the network are Failures that name the server."""

    def __init__(self, server, timeout_s=60, receive_bytes=None):
        self.server = server
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(timeout_s)
        self.buffer = bytearray()
        try:
            self.socket.connect(('127.0.0.1', server.port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise self.failure(error) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def failure(self, error):
        return Failure(self.server.story(f'does not answer: {error}'))

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise self.failure(error) from None

    def fill(self):
        try:
            data = self.socket.recv(1 << 16)
        except OSError as error:
            raise self.failure(error) from None
        if not data:
            raise self.failure('it closed the connection')
        self.buffer += data

    def line(self):
        while (end := self.buffer.find(b'\r\n')) < 0:
            self.fill()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 2]
        return line

    def reply(self):
        """bytes, int, None or a list; an error reply is a Failure."""
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b'-':
            raise Failure(f'{self.server.name}: {rest.decode(errors="replace")}')
        if kind == b'+':
            return rest
        if kind == b':':
            return int(rest)
        if kind == b'*':
            return [self.reply() for _ in range(int(rest))]
        return self.bulk(int(rest))

    def bulk(self, size):
        if size < 0:
            return None
        while len(self.buffer) < size + 2:
            self.fill()
        data = bytes(self.buffer[:size])
        del self.buffer[:size + 2]
        return data

    def call(self, *arguments):
        self.send(encode(*arguments))
        return self.reply()

    def skip(self, count, size):
        """Waits for `count` replies of `size` bytes each, all alike ("+OK"), and forgets them."""
        left = count * size
        while True:
            if (at := self.buffer.find(b'-')) >= 0:
                del self.buffer[:at]
                self.reply()
            left -= len(self.buffer)
            self.buffer.clear()
            if left <= 0:
                return
            self.fill()

    def store(self, commands, batch=1000, reply_bytes=5):
        """Sends requests that "+OK" answers (or replies of another size, all alike), one batch at a time, so that
        neither side holds many."""
        waiting = []
        for command in commands:
            waiting.append(command)
            if len(waiting) == batch:
                self.send(b''.join(waiting))
                self.skip(len(waiting), reply_bytes)
                waiting.clear()
        self.send(b''.join(waiting))
        self.skip(len(waiting), reply_bytes)

    def info(self, section):
        """INFO of a section as a dictionary of text."""
        lines = self.call('INFO', section).decode().splitlines()
        return dict(line.split(':', 1) for line in lines if ':' in line)
