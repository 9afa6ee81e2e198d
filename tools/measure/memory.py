"""What a server has in memory."""
import pathlib

from measure.failure import Failure


def resident_bytes(server):
    """Of its process, as the kernel counts it."""
    try:
        for line in pathlib.Path(f'/proc/{server.process.pid}/status').read_text().splitlines():
            if line.startswith('VmRSS:'):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    raise Failure(server.story('is gone'))
