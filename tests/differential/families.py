"""The families of random commands: a new one is a class in a file of its own, and its name in FAMILIES.

A family is mixed into Generator, whose choices it uses, and names its methods, each of which makes a command, in WEIGHTS (how often). PLAIN are
those whose commands are compared byte for byte and may stand inside of others (COMMAND GETKEYS); KNOWN are names for COMMAND INFO.
"""
from geo import GeoCommands
from hashes import HashCommands
from lists import ListCommands
from sets import SetCommands
from sort import SortCommands
from streams import StreamCommands
from transactions import TransactionCommands
from zsets import ZsetCommands

FAMILIES = [
    GeoCommands,
    HashCommands,
    ListCommands,
    SetCommands,
    SortCommands,
    StreamCommands,
    TransactionCommands,
    ZsetCommands,
]


def of_all(attribute):
    """What all families have under that name, one after the other."""
    return [item for family in FAMILIES for item in getattr(family, attribute)]
