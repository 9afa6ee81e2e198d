"""Bounds: clients, idle time, query and output buffers, memory, of idle connections too, wake-ups of an idle daemon."""
import contextlib
import os
import re
import resource
import signal
import socket
import struct
import threading
import time

from cases import Skip, case, stopped, until, until_left_alone
from harness import resp
from harness.resp import Closed, Connection
from harness.server import Server


@case()
def test_maxclients_refuses_with_redis_words(server):
    with Server(server, maxclients=5) as s:
        held = [s.connect() for _ in range(5)]
        for c in held:
            c.call("PING")
        with Connection(s.address) as c:
            assert c.wait_closed() == b"-ERR max number of clients reached\r\n"
        assert held[0].call("PING") == ("+", b"PONG")
        assert s_info(held[0], "rejected_connections") == "1"
        held.pop().close()

        def again():
            with Connection(s.address) as c:
                try:
                    return c.call("PING") == ("+", b"PONG")
                except (Closed, OSError):
                    return False

        until(again, what="a free place")
        for c in held:
            c.close()


@case(ours=True)  # Redis counts them
def test_a_peer_that_has_reset_is_not_counted_as_refused(server):
    with Server(server, maxclients=1) as s, s.connect() as held:
        held.call("PING")
        stopped(s.pid)
        for _ in range(5):
            with socket.create_connection(s.address) as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.kill(s.pid, signal.SIGCONT)
        with Connection(s.address) as c:
            assert c.wait_closed() == b"-ERR max number of clients reached\r\n"
        assert s_info(held, "rejected_connections") == "1"


@case(ours=True)  # Redis has no loop for each of its threads
def test_with_many_threads_and_few_descriptors_whoever_is_too_many_is_told(server):
    with Server("prlimit --nofile=140:140 " + server, threads=16) as s, contextlib.ExitStack() as held, s.connect() as c:
        most = int(c.call("CONFIG", "GET", "maxclients")[1][1][1])
        assert 0 < most < 140, most
        for _ in range(most - 1):
            assert held.enter_context(s.connect()).call("PING") == ("+", b"PONG")
        for _ in range(5):
            with Connection(s.address) as one_too_many:
                assert one_too_many.wait_closed() == b"-ERR max number of clients reached\r\n"
        assert c.call("PING") == ("+", b"PONG")


def s_info(connection, name):
    return dict(line.split(":", 1) for line in connection.text("INFO").split("\r\n") if ":" in line)[name]


@case()
def test_timeout_closes_idle_clients(server):
    with Server(server, timeout=3) as s, s.connect() as idle, s.connect() as busy:
        started = time.monotonic()
        idle.call("PING")
        while idle.silent(0.05):
            assert busy.call("PING") == ("+", b"PONG")
            assert time.monotonic() - started < 60, "the idle connection is still there"
        idle.wait_closed()
        closed = time.monotonic() - started
        assert closed > 2, "closed after %.1f s" % closed
        assert busy.call("PING") == ("+", b"PONG")


@case()
def test_slow_reader_is_cut_and_others_are_served(server):
    with Server(server, client_output_buffer_limit=["normal", "4mb", "0", "0"]) as s, s.connect() as control:
        control.call("SET", "big", b"x" * 1000000)
        slow = Connection(s.address)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.send_raw(resp.encode(["GET", "big"]) * 64)
        deadline = time.monotonic() + 30
        while len(control.text("CLIENT", "LIST").splitlines()) > 1:
            assert control.call("GET", "nothing") == ("nil", None)
            assert time.monotonic() < deadline, "the slow reader is still connected"
        slow.close()


@case()
def test_slow_reader_without_limit_gets_everything_later(server):
    with Server(server) as s, s.connect() as control:
        control.call("SET", "big", b"x" * 1000000)
        with Connection(s.address) as slow:
            slow.send_raw(resp.encode(["GET", "big"]) * 20)
            time.sleep(0.3)
            assert control.call("PING") == ("+", b"PONG")
            for _ in range(20):
                assert len(slow.read_frame()[0][1]) == 1000000


@case()
def test_soft_output_limit_cuts_after_its_seconds(server):
    with Server(server, client_output_buffer_limit=["normal", "0", "1mb", "4"]) as s, s.connect() as control:
        control.call("SET", "big", b"x" * 1000000)
        slow = Connection(s.address)
        slow.send_raw(resp.encode(["GET", "big"]) * 20)
        time.sleep(0.3)
        assert len(control.text("CLIENT", "LIST").splitlines()) == 2
        until(lambda: len(control.text("CLIENT", "LIST").splitlines()) == 1, 40, "the cut")
        slow.close()


@case()
def test_query_buffer_limit(server):
    with Server(server, client_query_buffer_limit="1mb") as s, s.connect() as other:
        with Connection(s.address) as c:
            try:
                c.send_raw(b"*2\r\n$4\r\nECHO\r\n$100000000\r\n")
                for _ in range(40):
                    c.send_raw(b"x" * 100000)
                    time.sleep(0.005)
            except OSError:
                pass
            c.wait_closed()
        assert other.call("PING") == ("+", b"PONG")


@case()
def test_a_deep_pipeline_starves_nobody(server):
    with Server(server) as s, s.connect() as other, Connection(s.address, 60) as deep:
        deep.socket.setblocking(True)
        deep.send_raw(resp.encode(["PING"]) * 50000)
        assert other.call("PING") == ("+", b"PONG")
        deep.read_until(b"+PONG\r\n" * 10)


@case(measures=True)
def test_a_million_commands_in_one_pipeline(server):
    with Server(server) as s, Connection(s.address, 60) as c:
        total, chunk = 1000000, 1000
        data = resp.encode(["INCR", "n"]) * chunk
        writer = threading.Thread(target=lambda: [c.send_raw(data) for _ in range(total // chunk)])
        writer.start()
        seen = 0
        c.socket.settimeout(60)
        while seen < total:
            received = c.socket.recv(1 << 18)
            assert received
            seen += received.count(b"\n")
        writer.join()
        assert received.endswith(b":%d\r\n" % total)


@case(ours=True)
def test_more_connections_than_one_poll_reports(server):
    """Over 1,024 are readable at once, and the first ones send more while the rest is read: every request is answered, in its place."""
    count, talkative, rounds = 1200, 30, 4
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count + 200:
        raise Skip("the hard limit of open files is %d" % hard)
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    with Server(server + " --threads 1", tcp_backlog=1024) as s, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(s.connect()) for _ in range(count)]
        for c in connections:
            c.call("PING")
        for round_ in range(rounds):
            stopped(s.pid)
            try:
                for c in connections:
                    c.send("ECHO", "first")
            finally:
                os.kill(s.pid, signal.SIGCONT)
            for more in range(6):
                for c in connections[:talkative]:
                    c.send("ECHO", more)
                time.sleep(0.0005)
            for number, c in enumerate(connections):
                due = [b"first"] + ([b"%d" % more for more in range(6)] if number < talkative else [])
                assert [c.read_frame()[0][1] for _ in due] == due, (round_, number)


@case(measures=True)
def test_ten_thousand_idle_connections_cost_little(server):
    count = 10000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count + 200:
        raise Skip("the hard limit of open files is %d" % hard)
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    with Server(server, maxclients=count + 50, tcp_backlog=1024) as s:
        limit = 4096 if s.is_corral() else 1 << 20  # redis-server keeps a 16 KB reply buffer for each
        warm = [s.connect() for _ in range(50)]
        for c in warm:
            c.call("PING")
        before = s.rss_bytes()
        idle = []
        try:
            for _ in range(count - 50):
                idle.append(s.connect())
            for c in idle:
                c.send("PING")
            for c in idle:
                assert c.read_frame(20)[0] == ("+", b"PONG")
            each = (s.rss_bytes() - before) / len(idle)
            time.sleep(3)  # time to give back what the PING needed
            each = min(each, (s.rss_bytes() - before) / len(idle))
            print("    %d connections, %.0f bytes of resident memory each" % (len(idle), each))
            assert each < limit, "%.0f bytes for each idle connection" % each
            assert warm[0].call("PING") == ("+", b"PONG")
        finally:
            for c in idle + warm:
                c.close()


@case()
def test_a_limit_lowered_by_far(server):
    """More is to be evicted than one turn has time for: the rest follows, though nobody sends anything, and meanwhile all is served."""
    with Server(server, maxmemory_policy="allkeys-lru") as s, s.connect() as c:
        c.call("DEBUG", "POPULATE", 300000, "key", 100)
        limit = 12_000_000
        assert c.call("CONFIG", "SET", "maxmemory", limit) == ("+", b"OK")
        for i in range(100):
            assert c.call("SET", "new:%d" % i, "v" * 1000) == ("+", b"OK")
        until_left_alone(lambda: int(c.call("DBSIZE")[1]) < 150000, "the eviction")
        assert int(c.call("DBSIZE")[1]) > 1000
        until(lambda: int(s.info("memory")["used_memory"]) < limit * 1.01, seconds=20, what="the limit")


def wakeups(pid):
    """Voluntary context switches of all threads of a process."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task)) as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    return total


@case(measures=True)
def test_an_idle_daemon_sleeps(server):
    with Server(server) as s:
        limit = 10 if s.is_corral() else 30  # redis-server ticks ten times a second, and its helpers as well
        with s.connect() as c:
            for _ in range(100):
                c.send_raw(b"".join(resp.encode(["SET", "ttl:%d" % (int(time.time() * 1e6) % 10**9 * 1000 + i), "v", "EX", 100000 + i]) for i in range(1000)))
                for _ in range(1000):
                    c.read_frame()

        def rate():
            first, started = wakeups(s.pid), time.monotonic()
            time.sleep(3)
            found = (wakeups(s.pid) - first) / (time.monotonic() - started)
            print("    %.1f wake-ups a second" % found)
            return found

        time.sleep(1.5)
        # Helpers may have something to clear away at first.
        assert any(rate() <= limit for _ in range(4)), "more than %d wake-ups a second" % limit


@case(ours=True)
def test_a_stranger_that_reads_nothing_is_closed_early(server):
    for request in (b"PING\r\n", b"HELLO\r\n", b"*1\r\n$4\r\nQUUX\r\n"):
        with Server(server, requirepass="secret", maxmemory="20mb", maxmemory_policy="allkeys-lru") as s:
            with Connection(s.address) as control:
                control.call("AUTH", "secret")
                control.call("DEBUG", "POPULATE", 20000)
                before = int(s_info(control, "used_memory"))
                with socket.create_connection(s.address, timeout=20) as stranger:
                    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    block, sent = request * 10000, 0
                    try:
                        while sent < 40000000:
                            sent += stranger.send(block)
                    except OSError:
                        pass
                    assert sent < 40000000, "%r: all was taken" % request
                    assert int(s_info(control, "used_memory")) < before + 1000000, request
                assert control.call("DBSIZE") == (":", b"20000")
                assert s_info(control, "client_output_buffer_limit_disconnections") == "1"


@case(measures=True)
def test_replies_that_are_not_wanted_hold_no_memory(server):
    for mode in ("OFF", "SKIP"):
        with Server(server) as s, s.connect() as control, s.connect() as c:
            control.call("SET", "k", b"v" * 1000000)
            before = int(s_info(control, "used_memory"))
            if mode == "OFF":
                c.send("CLIENT", "REPLY", "OFF")
            for i in range(100):
                if mode == "SKIP":
                    c.send("CLIENT", "REPLY", "SKIP")
                c.send("SET", "k", b"%d" % (i % 10) * 1000000)
                if mode == "SKIP":
                    c.send("CLIENT", "REPLY", "SKIP")
                c.send("GET", "k")
            c.send("CLIENT", "REPLY", "ON")
            assert c.read_frame()[0] == ("+", b"OK")
            assert int(s_info(control, "used_memory")) < before + 8000000


@case(ours=True)
def test_an_announced_length_claims_no_memory(server):
    with Server(server, maxmemory="30mb", maxmemory_policy="allkeys-lru") as s, s.connect() as control:
        control.call("DEBUG", "POPULATE", 50000)
        before = int(s_info(control, "used_memory"))
        held = [s.connect() for _ in range(20)]
        for c in held:
            c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n" + b"v" * 100000)
        until(lambda: sum(line.count("qbuf=100000") for line in control.text("CLIENT", "LIST").splitlines()) == 20)
        assert int(s_info(control, "used_memory")) < before + 20 * 300000
        assert control.call("DBSIZE") == (":", b"50000")
        assert control.call("SET", "other", "v") == ("+", b"OK")
        for c in held:
            c.close()


@case()
def test_bytes_count_against_timeout(server):
    with Server(server, timeout=1) as s, s.connect() as idle, s.connect() as control, s.connect() as upload:
        idle.call("PING")
        upload.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60\r\n")
        control.call("CLIENT", "SETNAME", "control")
        deadline = time.monotonic() + 3.5
        sent = 0
        while time.monotonic() < deadline:  # a byte now and then is enough
            upload.send_raw(b"v")
            sent += 1
            control.call("PING")
            time.sleep(0.2)
        upload.send_raw(b"v" * (60 - sent) + b"\r\n")
        assert upload.read_frame()[0] == ("+", b"OK")
        assert idle.wait_closed() == b""


@case()
def test_who_only_receives_is_not_idle(server):
    """A monitor, whoever is told of changes, itself or for another, and a slow download; what is told nothing is idle."""
    with Server(server, timeout=1) as s, contextlib.ExitStack() as stack:
        def connect(name, protocol):
            connection = stack.enter_context(s.connect(protocol))
            connection.call("CLIENT", "SETNAME", name)
            return connection

        control, monitor, subscriber = connect("control", 2), connect("monitor", 2), connect("subscriber", 2)
        told, told_nothing, target, tracker = (connect(name, 3) for name in ("told", "told-nothing", "target", "tracker"))
        download = connect("download", 2)
        control.call("SET", "large", b"v" * 20_000_000)
        target_id = target.call("CLIENT", "ID")[1]
        told.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "t:")
        told_nothing.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "n:")
        tracker.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "r:", "REDIRECT", target_id)
        subscriber.call("SUBSCRIBE", "__redis__:invalidate")
        assert monitor.call("MONITOR") == ("+", b"OK")
        download.send("GET", "large")
        read = 0
        deadline = time.monotonic() + 3.5
        while time.monotonic() < deadline:
            for key in ("t:k", "r:k"):
                control.call("SET", key, "v")
            tracker.call("PING")
            read += len(download.socket.recv(1 << 19))
            time.sleep(0.1)
        idle = dict(re.search(r"name=(\S+) .* idle=(\d+) ", line).groups() for line in control.text("CLIENT", "LIST").splitlines())
        assert set(idle) == {"control", "monitor", "subscriber", "told", "target", "tracker", "download"}, idle
        assert all(int(idle[name]) <= 1 for name in ("monitor", "told", "target", "download")), idle
        assert int(idle["subscriber"]) >= 2, idle
        assert told_nothing.wait_closed() == b""
        while read < 20_000_000 + len(b"$20000000\r\n\r\n"):
            read += len(download.socket.recv(1 << 20))


@case(ours=True, measures=True)
def test_the_clock_goes_on_while_a_worker_stands_still(server):
    with Server(server, threads=2) as s, s.connect() as sleeper, s.connect() as reader:
        reader.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)  # nobody else takes it away
        reader.call("MSET", "a", b"ab" * 4000, "b", b"ba" * 4000)
        started = time.monotonic()
        reader.call("LCS", "a", "b", "LEN")
        comparison_s = time.monotonic() - started
        # While one worker compares, the other asks everybody to stand still, and sleeps: the key is due before GET runs.
        reader.call("CONFIG", "SET", "slowlog-log-slower-than", 500000)
        reader.send_raw(resp.encode(["SET", "k", "v", "PX", int(comparison_s * 1000) + 400])
                        + resp.encode(["LCS", "a", "b", "LEN"]) + resp.encode(["GET", "k"]))
        time.sleep(comparison_s / 4)
        sleeper.send("DEBUG", "SLEEP", "0.8")
        assert [reader.read_frame()[0] for _ in range(3)][2] == ("nil", None)
        sleeper.read_frame()
        assert "get" not in reader.text("SLOWLOG", "GET"), "the stop is no command's time"


@case()
def test_expiry_rests_while_clients_pause(server):
    with Server(server) as s, s.connect() as c, s.connect() as control:
        c.call("SET", "due", "v", "PX", "30")
        c.call("SET", "later", "v", "PX", "30")
        assert control.call("CLIENT", "PAUSE", 100000, "WRITE") == ("+", b"OK")
        time.sleep(0.5)
        assert c.call("GET", "due")[1] is None
        assert c.call("EXISTS", "due") == (":", b"0")
        assert c.call("DBSIZE") == (":", b"2")
        assert s_info(control, "expired_keys") == "0"
        assert control.call("CLIENT", "UNPAUSE") == ("+", b"OK")
        until(lambda: s_info(control, "expired_keys") == "2")
        assert c.call("DBSIZE") == (":", b"0")


@case()
def test_a_paused_client_is_listed_with_what_it_asked_for(server):
    with Server(server) as s, s.connect() as control, s.connect() as c:
        c.call("CLIENT", "SETNAME", "writer")
        assert control.call("CLIENT", "PAUSE", 100000, "WRITE") == ("+", b"OK")
        c.send("SET", "k", "v")
        until(lambda: any("name=writer" in line and "cmd=set " in line for line in control.text("CLIENT", "LIST").splitlines()))
        control.call("CLIENT", "UNPAUSE")
        assert c.read_frame()[0] == ("+", b"OK")


@case()
def test_many_prefixes_are_checked_at_once(server):
    with Server(server) as s, s.connect() as control, s.connect() as c:
        count = 3000 if "redis" in server else 30000  # there the check is quadratic
        names = ["p%05d:" % (i * 7919 % count) for i in range(count)]
        c.hello(3)
        request = ["CLIENT", "TRACKING", "ON", "BCAST"]
        for name in names:
            request += ["PREFIX", name]
        c.send(*(request + ["PREFIX", "p00077:longer"]))
        assert control.call("PING", timeout=3) == ("+", b"PONG")
        assert c.read_frame()[0] == ("-", b"ERR Prefix 'p00077:' overlaps with another provided prefix 'p00077:longer'. "
                                          b"Prefixes for a single client must not overlap.")
        assert c.call(*request) == ("+", b"OK")
        control.call("SET", "p00077:key", "v")
        assert c.read_frame()[0][0] == ">"


@case(ours=True)
def test_a_value_that_many_do_not_read_counts_once(server):
    size, replies, readers = 1000000, 30, 8
    with Server(server) as s, s.connect() as control, contextlib.ExitStack() as open_connections:
        control.call("SET", "k", b"v" * size)
        before = int(s_info(control, "mem_clients_normal"))
        slow = [open_connections.enter_context(s.connect()) for _ in range(readers)]
        for c in slow:
            c.send_raw(resp.encode(["GET", "k"]) * replies)

        def most_of_it_waits():
            listed = control.text("CLIENT", "LIST", "TYPE", "normal").split("\n")
            held = [int(line.split(" omem=")[1].split(" ")[0]) for line in listed if " cmd=get " in line]
            return len(held) == readers and min(held) > (replies - 10) * size

        until(most_of_it_waits, what="replies that nobody reads")
        clients, used = int(s_info(control, "mem_clients_normal")), int(s_info(control, "used_memory"))
        assert clients < used, (clients, used)
        assert clients - before < size / 2, "the value is the key's: %d" % clients
        assert int(s_info(control, "used_memory_dataset")) >= size
        # Without the key, the value is held by those who are to get it, and still once.
        control.call("DEL", "k")
        clients, used = int(s_info(control, "mem_clients_normal")), int(s_info(control, "used_memory"))
        assert size < clients - before < 1.5 * size, clients
        assert clients < used, (clients, used)


@case()
def test_what_a_pause_held_back_runs_in_order_of_arrival(server):
    with Server(server, threads=3) as s, s.connect() as control, contextlib.ExitStack() as stack:
        writers = [stack.enter_context(s.connect()) for _ in range(30)]  # on every worker
        order = [writers[i * 7 % 30] for i in range(30)]
        for pause_ms in (100_000, 1000):  # ended by CLIENT UNPAUSE, or by its time
            control.call("DEL", "k")
            control.call("CLIENT", "PAUSE", pause_ms, "WRITE")
            for number, writer in enumerate(order):
                writer.send("APPEND", "k", f"{number:02}")
                until(lambda number=number: control.text("CLIENT", "LIST").count("cmd=append ") == number + 1)
            if pause_ms > 1000:
                control.call("CLIENT", "UNPAUSE")
            assert [writer.read_frame()[0] for writer in order] == [(":", str(2 * i + 2).encode()) for i in range(30)]
            assert control.call("GET", "k") == ("$", "".join(f"{i:02}" for i in range(30)).encode())
            for writer in order:
                writer.call("PING")  # APPEND is the last command of none
