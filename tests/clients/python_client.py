#!/usr/bin/python3
"""python3-redis of Debian against a server: python_client.py HOST PORT check|reconnect (see run.py)."""
import sys
import time

import redis


def check(host, port):
    r = redis.Redis(host, port, db=4, client_name="worker", health_check_interval=1)
    assert r.ping() and r.client_getname() == "worker"
    r.flushdb()
    assert r.set("k", b"\x00\xff\r\n") and r.get("k") == b"\x00\xff\r\n"
    assert r.set(b"\x00key\xff", 1) and r.incr(b"\x00key\xff") == 2
    assert r.set("k", "v", nx=True) is None and r.set("k", "w", xx=True, get=True) == b"\x00\xff\r\n"
    assert r.get("missing") is None and r.mget("k", "missing") == [b"w", None]
    assert r.setex("t", 100, "v") and 0 < r.ttl("t") <= 100 and r.persist("t") and r.ttl("t") == -1
    assert r.expire("t", 50, nx=True) and not r.expire("t", 60, nx=True) and r.expire("t", 70, gt=True)
    assert r.psetex("short", 30, "v") and time.sleep(0.06) is None and r.get("short") is None
    assert r.getex("t", persist=True) == b"v" and r.getdel("t") == b"v" and r.exists("t") == 0
    assert r.incrbyfloat("f", 0.1) == 0.1 and r.append("k", "x") == 2 and r.getrange("k", 0, 0) == b"w"
    assert r.info()["redis_version"].startswith("7.") and r.info("replication")["role"] == "master"
    assert r.config_get("maxmemory")["maxmemory"] == "0" and r.config_set("timeout", 0)
    assert any(c["name"] == "worker" and c["db"] == "4" for c in r.client_list()) and isinstance(r.client_id(), int)
    assert r.object("encoding", "k") in (b"raw", b"embstr") and r.memory_usage("k") > 0 and len(r.time()) == 2
    assert r.command_count() > 60 and "get" in r.command() and r.slowlog_get() is not None and r.dbsize() == 3
    try:
        r.execute_command("NOSUCH", "a")
        raise AssertionError("no error")
    except redis.ResponseError as error:
        assert str(error).startswith("unknown command 'NOSUCH'"), error
    check_scan_and_pipeline(r)
    check_many_and_killed(host, port)
    print("python3-redis: all is well")


def check_scan_and_pipeline(r):
    with r.pipeline(transaction=False) as p:
        for i in range(10000):
            p.set("key:%d" % i, i).incr("n")
        replies = p.execute()
    assert replies[-1] == 10000 and len(replies) == 20000
    assert {k for k in r.scan_iter("key:*", count=100)} == {b"key:%d" % i for i in range(10000)}
    assert set(r.scan_iter("key:*", _type="list")) == set()
    assert len(r.keys("key:99*")) == 111
    assert r.unlink(*["key:%d" % i for i in range(5000)]) == 5000
    assert r.rename("n", "m") and r.copy("m", "o") and r.move("o", 5) and r.type("m") == b"string"


def check_many_and_killed(host, port):
    clients = [redis.Redis(host, port, single_connection_client=True) for _ in range(300)]
    assert all(c.ping() for c in clients)
    control = redis.Redis(host, port)
    victim = clients[0].client_id()
    assert control.client_kill_filter(_id=str(victim)) == 1
    try:
        clients[0].ping()
    except redis.ConnectionError:
        pass
    assert clients[0].ping() and clients[0].client_id() != victim
    for c in clients:
        c.close()


def reconnect(host, port):
    r = redis.Redis(host, port, socket_timeout=5)
    r.ping()
    print("ready", flush=True)
    lost = False
    for _ in range(2000):
        try:
            r.ping()
            if lost:
                print("back", flush=True)
                return
        except redis.ConnectionError:
            if not lost:
                print("lost", flush=True)
            lost = True
        time.sleep(0.01)
    sys.exit(1)


if __name__ == "__main__":
    {"check": check, "reconnect": reconnect}[sys.argv[3]](sys.argv[1], int(sys.argv[2]))
