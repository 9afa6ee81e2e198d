"""The longest turn of a server's event loops, by the library tools/turn_watch which is built beside the load generator and preloaded."""
import pathlib
import struct
import tempfile

from measure.failure import Failure

FIGURES = struct.Struct('=QQQ')  # as turn_watch.cc has them


class TurnWatch:
    """`with TurnWatch(options, server) as turns:` a server that is started inside of the block is watched."""

    def __init__(self, options, server):
        self.server, self.library = server, options.generator.absolute().with_name('libturn-watch.so')
        self.folder = tempfile.TemporaryDirectory(prefix='corral-turns-', ignore_cleanup_errors=True)
        self.file = pathlib.Path(self.folder.name, 'figures')

    def __enter__(self):
        if not self.library.exists():
            raise Failure(f'{self.library} is not built')
        self.restart()
        self.server.environment = {'LD_PRELOAD': str(self.library), 'TURN_WATCH_FILE': str(self.file)}
        return self

    def __exit__(self, *_):
        self.server.environment = {}
        self.folder.cleanup()

    def restart(self):
        with self.file.open('r+b' if self.file.exists() else 'wb') as figures:
            figures.write(bytes(FIGURES.size))

    def read(self):
        longest_ns, longest_cpu_ns, over_1ms = FIGURES.unpack(self.file.read_bytes())
        return {'longest_us': longest_ns / 1000, 'longest_cpu_us': longest_cpu_ns / 1000, 'over_1ms': over_1ms}
