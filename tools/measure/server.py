"""The servers that are measured: how they are named, started, watched and stopped."""
import argparse
import os
import pathlib
import re
import shlex
import socket
import subprocess
import tempfile
import time

from measure.cores import set_up_child
from measure.failure import Failure, say

CACHES = {
    'corral': 'resp:{build}/corral-server --port {port} --bind 127.0.0.1 --threads {threads} --save ""',
    'redis': 'resp:redis-server --port {port} --bind 127.0.0.1 --io-threads {threads} --save "" --appendonly no',
    'memcached': 'memcached:memcached -u nobody -l 127.0.0.1 -p {port} -U 0 -t {threads} -m 16384',
}
# Answers, and does nothing else: for programs that take it for what it is.
FLOOR = {'floor': 'resp:{build}/tools/floor --port {port} --threads {threads} --value-bytes {values}'}
NAMES_HELP = '''corral, redis or memcached (corral-2: with two threads), or NAME=PROTOCOL:COMMAND with {port} and, if
           wanted, {threads} in the command; the protocol is resp or memcached.'''
PACKAGES = {'redis-server': 'redis-server', 'memcached': 'memcached'}  # of Debian, by program
START_SECONDS = 20
STOP_SECONDS = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    """One server process: its command line, its output in a file, its life."""

    def __init__(self, name, protocol, command, threads=None):
        self.name, self.protocol, self.command, self.threads = name, protocol, command, threads
        self.environment = {}  # beside this process's own
        self.process = self.port = self.output = None

    def target(self):
        """What of the build it needs, if anything."""
        found = re.match(r'{build}/(?:tools/)?([\w-]+)', self.command)
        return found and found[1]

    def start(self, options, folder):
        """Returns once it accepts connections; options has build, threads and server_cores."""
        self.port = free_port()
        values = {'{port}': self.port, '{threads}': self.threads or options.threads, '{build}': options.build,
                  '{values}': getattr(options, 'values', 32)}
        words = shlex.split(self.command)
        for placeholder, value in values.items():
            words = [word.replace(placeholder, str(value)) for word in words]
        self.output = pathlib.Path(folder, self.name + '.log')
        self.shown_command = shlex.join(words)
        try:
            with self.output.open('wb') as output:
                self.process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                    env=os.environ | self.environment, start_new_session=True, preexec_fn=lambda: set_up_child(options.server_cores))
        except OSError as error:
            package = PACKAGES.get(words[0])
            advice = f' (it is in the package {package})' if package else ''
            raise Failure(f'{self.name}: cannot start {words[0]}: {error.strerror}{advice}') from None
        deadline = time.monotonic() + START_SECONDS
        while not self.accepts():
            if self.process.poll() is not None:
                raise Failure(self.story(f'ended with status {self.process.returncode} instead of listening'))
            if time.monotonic() > deadline:
                raise Failure(self.story(f'does not listen on port {self.port} after {START_SECONDS} s'))
            time.sleep(0.02)

    def accepts(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def story(self, problem):
        """The problem, with the command and the last lines that the server wrote."""
        lines = self.output.read_text(errors='replace').strip().splitlines()[-20:]
        return '\n'.join([f'{self.name} {problem}', f'  command: {self.shown_command}', '  its output:'] +
                         [f'    {line}' for line in lines or ['(nothing)']])

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Started:
    """`with Started(servers, options):` they run inside of the block, in a folder that goes with it."""

    def __init__(self, servers, options):
        self.servers, self.options = servers, options
        self.folder = tempfile.TemporaryDirectory(prefix='corral-measure-', ignore_cleanup_errors=True)

    def __enter__(self):
        try:
            for server in self.servers:
                say(f'starting {server.name}')
                server.start(self.options, self.folder.name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        self.folder.cleanup()


def parse_server(text, built_ins=CACHES):
    """An argument type: a Server, not started; by one of these names, or by NAME=PROTOCOL:COMMAND."""
    name, equals, rest = text.partition('=')
    threads = None
    if not equals:
        built_in, _, count = name.partition('-')
        if built_in not in built_ins or (count and not re.fullmatch('[1-9][0-9]?', count)):
            raise argparse.ArgumentTypeError(
                f"unknown server '{name}': it must be {', '.join(built_ins)} or NAME=PROTOCOL:COMMAND")
        rest, threads = built_ins[built_in], int(count) if count else None
    protocol, _, command = rest.partition(':')
    if protocol not in ('resp', 'memcached') or not name.replace('-', '').replace('.', '').isalnum():
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=resp:COMMAND or NAME=memcached:COMMAND")
    if '{port}' not in command:
        raise argparse.ArgumentTypeError(f"the command of '{name}' does not say {{port}} where its port belongs")
    try:
        shlex.split(command)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"the command of '{name}': {error}") from None
    return Server(name, protocol, command, threads)


def check_names(parser, servers):
    names = [server.name for server in servers]
    if len(set(names)) < len(names):
        parser.error('two servers have the same name: give one as NAME=PROTOCOL:COMMAND')
