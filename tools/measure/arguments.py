"""Arguments that several measuring programs take."""
import argparse
import functools
import math
import pathlib

from measure.cores import parse_cores
from measure.programs import ROOT
from measure.server import CACHES, parse_server


def number_of(kind, low, high, suffix=''):
    """An argument type: a number within bounds; one that ends in the suffix stays text."""
    def parse(text):
        try:
            number = kind(text.removesuffix(suffix))
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number from {low:g} to {high:g}")
        return text if suffix else number
    return parse


def make_parser(name, description, epilog='', built_ins=CACHES):
    """A parser that knows the servers and how to run them."""
    parser = argparse.ArgumentParser(
        prog=f'tools/{name}', usage=f'tools/{name} [--help] [option ...] SERVER ...', description=description,
        epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('servers', nargs='+', type=functools.partial(parse_server, built_ins=built_ins), metavar='SERVER')
    return parser


def add_running(parser):
    """Where and with what it runs; after the program's own arguments."""
    add = parser.add_argument
    add('--server-cores', type=parse_cores, metavar='LIST', help='for example 0,1')
    add('--load-core', type=parse_cores, metavar='CORE', help='(the next one)')
    add('--json', action='store_true', help='print everything measured as JSON instead of tables')
    add('--build', type=pathlib.Path, default=ROOT / 'build', help='the build folder (build)')
    add('--generator', type=pathlib.Path, help='a load generator that is built already')
