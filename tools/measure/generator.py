"""Runs tools/load_generator from the load core, to its end or beside something else."""
import json
import signal
import subprocess

from measure.cores import set_up_child
from measure.failure import Failure


def generator_command(options, server, arguments):
    return [options.generator, '--json', '--port', str(server.port), '--protocol', server.protocol,
            '--server-pid', str(server.process.pid), *arguments]


def generate(options, server, arguments):
    """Runs the load generator once and returns what it measured."""
    return Generating(options, server, arguments).result()


class Generating:
    """A load generator that runs meanwhile."""

    def __init__(self, options, server, arguments):
        self.server = server
        try:
            self.process = subprocess.Popen(
                generator_command(options, server, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, preexec_fn=lambda: set_up_child(options.load_core))
        except OSError as error:
            raise Failure(f'cannot run the load generator {options.generator}: {error.strerror}') from None

    def end(self):
        """It measures no longer and answers what it has."""
        self.process.send_signal(signal.SIGINT)
        return self.result()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def result(self):
        try:
            output, errors = self.process.communicate()
        except BaseException:
            self.kill()
            raise
        if self.process.returncode not in (0, 1):
            raise Failure(f'load generator, status {self.process.returncode}: {errors.strip()}')
        result = json.loads(output)
        if result['failure']:
            raise Failure(self.server.story(f'under load: {result["failure"]}'))
        return result


def check_load(parser, options, arguments):
    """Lets the generator judge arguments before a server is started."""
    command = [options.generator, '--check', '--port', '1', *arguments]
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise Failure(f'cannot run the load generator {options.generator}: {error.strerror}') from None
    if done.returncode == 2:
        parser.error(done.stderr.splitlines()[0].removeprefix('load-generator: '))
