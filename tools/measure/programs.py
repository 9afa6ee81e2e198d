"""Builds the load generator and the server, quietly unless it fails."""
import pathlib
import subprocess

from measure.failure import Failure, say

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_programs(options, *further):
    """What the run needs, in options.build, and `further` targets; fills in options.generator."""
    targets = [*further] + (['load-generator'] if not options.generator else [])
    targets += sorted({server.target() for server in options.servers} - {None})
    if targets:
        commands = [['cmake', '--build', options.build, '--parallel', '--target', *targets]]
        if not (options.build / 'CMakeCache.txt').exists():
            commands.insert(0, ['cmake', '-S', ROOT, '-B', options.build, '-DCMAKE_BUILD_TYPE=Release'])
        for command in commands:
            say('building ' + ' '.join(targets))
            run_build(command)
    options.generator = options.generator or options.build / 'tools' / 'load-generator'


def run_build(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:
        raise Failure(f'cannot run {command[0]}: {error.strerror}') from None
    if done.returncode != 0:
        raise Failure(f'the build failed:\n{done.stdout[-4000:]}')
