// What each write gives to the log of effects: redis-server 7.0.15's own words, as its append-only file has
// them, and those of the commands that it does not know.
#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "server/dispatch/invoker.h"
#include "tests/unit/server/dispatch/effect_world.h"

namespace corral::dispatch {
namespace {

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// "0 set a 1", effects of a group with " | " between them, groups with " ; ".
std::string Text(const std::vector<KeptGroup>& groups) {
  std::string text;
  for (const KeptGroup& group : groups) {
    if (!text.empty()) text += " ; ";
    for (size_t i = 0; i < group.size(); ++i) {
      text += (i == 0 ? "" : " | ") + std::to_string(group[i].database);
      for (const std::string& argument : group[i].arguments) text += " " + argument;
    }
  }
  return text;
}

// "@100" stands for any time that is 100 ms behind the present one, which lay between the two given.
bool Matches(const std::string& text, const std::string& expected, int64_t from_ms, int64_t to_ms) {
  const std::vector<std::string> have = Words(text), want = Words(expected);
  if (have.size() != want.size()) return false;
  for (size_t i = 0; i < have.size(); ++i) {
    if (!want[i].starts_with("@")) {
      if (have[i] != want[i]) return false;
      continue;
    }
    const int64_t time_ms = std::stoll(have[i]) - std::stoll(want[i].substr(1));
    if (time_ms < from_ms || time_ms > to_ms) return false;
  }
  return true;
}

struct Case {
  const char* command;
  const char* propagated;  // "": nothing
  // What runs before it on an empty dataset beside the keys a = 1, b = 2 (with an expiry) and gone (expired).
  const char* before = "";
};

constexpr Case kCases[] = {
    {"set n v", "0 set n v"},
    {"SET n v EX 100", "0 SET n v PXAT @100000"},
    {"set n v px 5000 nx get", "0 SET n v PXAT @5000"},
    {"set n v EXAT 9999999999", "0 SET n v PXAT 9999999999000"},
    {"set n v PXAT 1", "0 SET n v PXAT 1"},
    {"set a get GET XX keepttl", "0 set a get XX keepttl"},
    {"set a v NX", ""},
    {"set n v XX", ""},
    {"set n v EX 0", ""},
    {"set n v EX 100 SWR 10", "0 SET n v PXAT @100000 PSWR 10000"},
    {"set a get IFEQ 1 GET", "0 SET a get"},
    {"set b 3 IFEQ 2 KEEPTTL", "0 SET b 3 KEEPTTL"},
    {"set gone v", "0 DEL gone ; 0 set gone v"},
    {"setnx n v", "0 setnx n v"},
    {"setnx gone v", "0 DEL gone ; 0 setnx gone v"},
    {"setnx a v", ""},
    {"setex n 100 v", "0 SET n v PXAT @100000"},
    {"psetex n 100 v", "0 SET n v PXAT @100"},
    {"getset a v", "0 SET a v"},
    {"getset n v", "0 SET n v"},
    {"getdel a", "0 DEL a"},
    {"getdel n", ""},
    {"getdel a", "0 UNLINK a", "config set lazyfree-lazy-user-del yes"},
    {"getex a", ""},
    {"getex a EX 100", "0 PEXPIREAT a @100000"},
    {"getex a PXAT 9999999999999", "0 PEXPIREAT a 9999999999999"},
    {"getex a PXAT 1", "0 DEL a"},
    {"getex a PXAT 1", "0 UNLINK a", "config set lazyfree-lazy-expire yes"},
    {"getex a PERSIST", ""},
    {"getex b PERSIST", "0 PERSIST b"},
    {"mset a 2 n 3", "0 mset a 2 n 3"},
    {"mset a 2 gone 3", "0 DEL gone ; 0 mset a 2 gone 3"},
    {"msetnx n 2 m 3", "0 msetnx n 2 m 3"},
    {"msetnx n 2 a 3", ""},
    {"msetex 2 n 2 m 3", "0 SET n 2 | 0 SET m 3"},
    {"msetex 2 n 2 m 3 EX 100", "0 SET n 2 PXAT @100000 | 0 SET m 3 PXAT @100000"},
    {"msetex 1 b 2 KEEPTTL XX", "0 SET b 2 KEEPTTL"},
    {"msetex 1 b 2 NX", ""},
    {"setrange a 3 x", "0 setrange a 3 x"},
    {"append n x", "0 append n x"},
    {"append gone x", "0 DEL gone ; 0 append gone x"},
    {"incr a", "0 incr a"},
    {"incr gone", "0 DEL gone ; 0 incr gone"},
    {"decr a", "0 decr a"},
    {"incrby a 5", "0 incrby a 5"},
    {"incrby a x", ""},
    {"decrby a 5", "0 decrby a 5"},
    {"incrbyfloat a 0.5", "0 SET a 1.5 KEEPTTL"},
    {"setbit a 0 1", "0 setbit a 0 1"},
    {"bitop NOT n a", "0 bitop NOT n a"},
    {"bitfield a SET u8 0 7", "0 bitfield a SET u8 0 7"},
    {"bitfield a GET u8 0", ""},
    {"pfadd n x", "0 pfadd n x"},
    {"pfadd n x", "", "pfadd n x"},
    {"pfmerge n", "0 pfmerge n"},
    {"pfcount n", "0 pfcount n", "pfadd n x"},
    {"pfdebug TODENSE n", "0 pfdebug TODENSE n", "pfadd n x"},
    {"xadd s 1-1 f v", "0 xadd s 1-1 f v"},
    {"xadd s NOMKSTREAM MAXLEN = 5 1-1 f v", ""},
    {"xadd s NOMKSTREAM MAXLEN 1 2-* f v", "0 xadd s NOMKSTREAM MAXLEN 1 2-0 f v", "xadd s 1-1 f v"},
    {"xadd s MAXLEN ~ 1 2-2 f v", "0 xadd s MAXLEN = 2 2-2 f v", "xadd s 1-1 f v"},
    {"xadd s MINID 1 2-* f v", "0 xadd s MINID 1 2-0 f v", "xadd s 1-1 f v"},
    {"xadd s MINID ~ 2 NOMKSTREAM LIMIT 5 2-* f v", "0 xadd s MINID = 1-1 NOMKSTREAM 2-0 f v",
     "xadd s 1-1 f v"},
    {"xadd s LIMIT 5 MINID ~ 9 1-* f v", "0 xadd s MINID = 18446744073709551615-18446744073709551615 1-2 f v",
     "xadd s 1-1 f v"},
    {"xdel s 1-1 3-3", "0 xdel s 1-1 3-3", "xadd s 1-1 f v"},
    {"xdel s 3-3", "", "xadd s 1-1 f v"},
    {"xtrim s MAXLEN 0", "0 xtrim s MAXLEN 0", "xadd s 1-1 f v"},
    {"xtrim s MAXLEN ~ 0", "0 xtrim s MAXLEN = 0", "xadd s 1-1 f v"},
    {"xtrim s MAXLEN ~ 1 LIMIT 2", "0 xtrim s MAXLEN = 1",
     "config set stream-node-max-entries 2 ; xadd s 1-1 f v ; xadd s 2-1 f v ; xadd s 3-1 f v"},
    {"xtrim s MINID ~ 3", "0 xtrim s MINID = 3-1",
     "config set stream-node-max-entries 2 ; xadd s 1-1 f v ; xadd s 2-1 f v ; xadd s 3-1 f v"},
    {"xtrim s MAXLEN 1", "", "xadd s 1-1 f v"},
    {"xsetid s 5-5", "0 xsetid s 5-5", "xadd s 1-1 f v"},
    {"xgroup create s g $ MKSTREAM", "0 xgroup create s g $ MKSTREAM"},
    {"xgroup create s g $", "", "xgroup create s g 0 MKSTREAM"},
    {"xgroup setid s g 1-1 ENTRIESREAD 1", "0 xgroup setid s g 1-1 ENTRIESREAD 1",
     "xgroup create s g 0 MKSTREAM"},
    {"xgroup createconsumer s g c", "0 xgroup createconsumer s g c", "xgroup create s g 0 MKSTREAM"},
    {"xgroup createconsumer s g c", "", "xgroup create s g 0 MKSTREAM ; xgroup createconsumer s g c"},
    {"xgroup delconsumer s g c", "0 xgroup delconsumer s g c",
     "xgroup create s g 0 MKSTREAM ; xgroup createconsumer s g c"},
    {"xgroup delconsumer s g c", "", "xgroup create s g 0 MKSTREAM"},
    {"xgroup destroy s g", "0 xgroup destroy s g", "xgroup create s g 0 MKSTREAM"},
    {"xgroup destroy s g", "", "xadd s 1-1 f v"},
    {"xreadgroup GROUP g c STREAMS s >",
     "0 XCLAIM s g c 0 1-1 TIME @0 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1 | 0 XCLAIM s g c 0 2-1 TIME @0 "
     "RETRYCOUNT 1 FORCE JUSTID LASTID 2-1 | 0 XGROUP SETID s g 2-1 ENTRIESREAD 2",
     "xadd s 1-1 f v ; xadd s 2-1 f v ; xgroup create s g 0"},
    {"xreadgroup GROUP g c NOACK COUNT 1 STREAMS s >",
     "0 XGROUP CREATECONSUMER s g c | 0 XGROUP SETID s g 1-1 ENTRIESREAD 1",
     "xadd s 1-1 f v ; xadd s 2-1 f v ; xgroup create s g 0"},
    {"xreadgroup GROUP g c STREAMS s >", "0 XGROUP CREATECONSUMER s g c", "xgroup create s g 0 MKSTREAM"},
    {"xreadgroup GROUP g c STREAMS s 0", "",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s >"},
    {"xack s g 1-1 9-9", "0 xack s g 1-1 9-9",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s >"},
    {"xack s g 1-1", "", "xadd s 1-1 f v ; xgroup create s g 0"},
    {"xclaim s g d 0 1-1 2-2", "0 XCLAIM s g d 0 1-1 TIME @0 RETRYCOUNT 2 FORCE JUSTID LASTID 1-1",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s >"},
    {"xclaim s g d 0 1-1 2-2 FORCE LASTID 2-2 RETRYCOUNT 7 TIME 1000 JUSTID",
     "0 XCLAIM s g d 0 1-1 TIME 1000 RETRYCOUNT 7 FORCE JUSTID LASTID 2-2 | 0 XCLAIM s g d 0 2-2 TIME 1000 "
     "RETRYCOUNT 7 FORCE JUSTID LASTID 2-2",
     "xadd s 1-1 f v ; xadd s 2-2 f v ; xgroup create s g 0"},
    {"xclaim s g d 0 1-1 JUSTID", "0 XCLAIM s g c 0 1-1 TIME @0 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s > ; xdel s 1-1"},
    {"xclaim s g d 0 9-9 LASTID 3-3", "0 XGROUP SETID s g 3-3 ENTRIESREAD 0",
     "xgroup create s g 0 MKSTREAM ENTRIESREAD 0"},
    {"xclaim s g d 100000 1-1 LASTID 1-1", "",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s >"},
    {"xautoclaim s g d 0 0 COUNT 2 JUSTID",
     "0 XCLAIM s g c 0 1-1 TIME @0 RETRYCOUNT 1 FORCE JUSTID LASTID 3-1 | 0 XCLAIM s g d 0 2-1 TIME @0 "
     "RETRYCOUNT 1 FORCE JUSTID LASTID 3-1",
     "xadd s 1-1 f v ; xadd s 2-1 f v ; xadd s 3-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s "
     "> ; xdel s 1-1"},
    {"xautoclaim s g d 100000 0", "",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s >"},
    {"xdelex s DELREF IDS 2 1-1 2-2", "0 xdelex s DELREF IDS 2 1-1 2-2", "xadd s 1-1 f v"},
    {"xdelex s DELREF IDS 1 1-1", "0 xdelex s DELREF IDS 1 1-1",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xreadgroup GROUP g c STREAMS s > ; xdel s 1-1"},
    {"xdelex s ACKED IDS 1 1-1", "", "xadd s 1-1 f v ; xgroup create s g 0"},
    {"xackdel s g ACKED IDS 1 1-1", "0 xackdel s g ACKED IDS 1 1-1",
     "xadd s 1-1 f v ; xgroup create s g 0 ; xgroup create s h 0 ; xreadgroup GROUP g c STREAMS s >"},
    {"xackdel s g IDS 1 1-1", "", "xadd s 1-1 f v ; xgroup create s g 0"},
    {"xtrim s ACKED MINID ~ 3", "0 xtrim s ACKED MAXLEN = 2",
     "config set stream-node-max-entries 2 ; xadd s 1-1 f v ; xadd s 2-1 f v ; xadd s 3-1 f v ; xgroup create "
     "s g 0 ; xreadgroup GROUP g c COUNT 2 STREAMS s > ; xack s g 2-1"},
    {"xadd s DELREF MINID ~ 3 4-* f v", "0 xadd s DELREF MINID = 3-1 4-0 f v",
     "config set stream-node-max-entries 2 ; xadd s 1-1 f v ; xadd s 2-1 f v ; xadd s 3-1 f v"},
    {"lpush l x", "0 lpush l x"},
    {"rpush l x", "0 rpush l x"},
    {"lpushx l x", "0 lpushx l x", "rpush l 1"},
    {"lpushx l x", ""},
    {"rpushx l x", "0 rpushx l x", "rpush l 1"},
    {"lpop l", "0 lpop l", "rpush l 1"},
    {"rpop l 5", "0 rpop l 5", "rpush l 1"},
    {"lmpop 2 m l LEFT COUNT 5", "0 LPOP l 2", "rpush l 1 2"},
    {"lmpop 1 l RIGHT", "0 RPOP l 1", "rpush l 1 2"},
    {"lmove l m LEFT LEFT", "0 lmove l m LEFT LEFT", "rpush l 1 2"},
    {"rpoplpush l m", "0 rpoplpush l m", "rpush l 1 2"},
    {"linsert l BEFORE 1 x", "0 linsert l BEFORE 1 x", "rpush l 1"},
    {"lset l 0 x", "0 lset l 0 x", "rpush l 1"},
    {"lrem l 0 1", "0 lrem l 0 1", "rpush l 1"},
    {"lrem l 0 2", "", "rpush l 1"},
    {"ltrim l 0 0", "0 ltrim l 0 0", "rpush l 1 2"},
    {"hset h f 1", "0 hset h f 1"},
    {"hmset h f 1", "0 hmset h f 1"},
    {"hsetnx h f 1", "0 hsetnx h f 1"},
    {"hsetnx h f 2", "", "hset h f 1"},
    {"hdel h f g", "0 hdel h f g", "hset h f 1"},
    {"hdel h g", "", "hset h f 1"},
    {"hincrby h f 2", "0 hincrby h f 2"},
    {"hincrbyfloat h f 0.5", "0 HSET h f 1.5", "hset h f 1"},
    {"hincrbyfloat h f 0.5", "0 HSET h f 1.5 | 0 HPEXPIREAT h 9999999999000 FIELDS 1 f",
     "hset h f 1 ; hexpireat h 9999999999 FIELDS 1 f"},
    {"hexpire h 100 fields 3 f x g", "0 HPEXPIREAT h @100000 FIELDS 2 f g", "hset h f 1 g 2"},
    {"hpexpire h 100 xx fields 2 f g", "0 HPEXPIREAT h @100 xx FIELDS 1 g",
     "hset h f 1 g 2 ; hexpire h 9 FIELDS 1 g"},
    {"hexpireat h 9999999999 NX FIELDS 1 f", "0 HPEXPIREAT h 9999999999000 NX FIELDS 1 f", "hset h f 1"},
    {"hpexpireat h 9999999999999 FIELDS 1 f", "0 HPEXPIREAT h 9999999999999 FIELDS 1 f", "hset h f 1"},
    {"hpexpireat h 1 FIELDS 3 f x g", "0 HDEL h f g", "hset h f 1 g 2"},
    {"hexpire h 0 FIELDS 1 f", "0 HDEL h f", "hset h f 1"},
    {"hexpire h 100 GT FIELDS 1 f", "", "hset h f 1"},
    {"hexpire n 100 FIELDS 1 f", ""},
    {"hpersist h FIELDS 2 f g", "0 hpersist h FIELDS 2 f g", "hset h f 1 ; hexpire h 9 FIELDS 1 f"},
    {"hpersist h FIELDS 1 f", "", "hset h f 1"},
    {"hgetdel h FIELDS 2 f g", "0 HDEL h f g", "hset h f 1"},
    {"hgetdel h FIELDS 1 g", "", "hset h f 1"},
    {"hgetex h FIELDS 1 f", "", "hset h f 1"},
    {"hgetex h EX 100 FIELDS 2 f g", "0 HPEXPIREAT h @100000 FIELDS 2 f g", "hset h f 1"},
    {"hgetex h PXAT 9999999999999 FIELDS 1 f", "0 HPEXPIREAT h 9999999999999 FIELDS 1 f", "hset h f 1"},
    {"hgetex h PXAT 1 FIELDS 2 f g", "0 HDEL h f g", "hset h f 1 g 2 i 3"},
    {"hgetex h PXAT 1 FIELDS 1 x", "", "hset h f 1"},
    {"hgetex h PERSIST FIELDS 1 f", "", "hset h f 1"},
    {"hgetex h PERSIST FIELDS 2 f x", "0 HPERSIST h FIELDS 2 f x", "hsetex h EX 100 FIELDS 1 f 1"},
    {"hsetex h FIELDS 1 f 1", "0 hsetex h FIELDS 1 f 1"},
    {"hsetex h FNX EX 100 FIELDS 1 f 1", "0 hsetex h FNX PXAT @100000 FIELDS 1 f 1"},
    {"hsetex h pxat 9999999999999 FIELDS 1 f 1", "0 hsetex h pxat 9999999999999 FIELDS 1 f 1"},
    {"hsetex h KEEPTTL FIELDS 1 f 1", "0 hsetex h KEEPTTL FIELDS 1 f 1"},
    {"hsetex h PXAT 1 FIELDS 2 f 1 g 2", "0 HDEL h f g"},
    {"hsetex h FXX FIELDS 1 f 1", ""},
    {"hsetex h FNX FIELDS 1 f 1", "", "hset h f 1"},
    {"sadd s x", "0 sadd s x"},
    {"sadd s x", "", "sadd s x"},
    {"srem s x y", "0 srem s x y", "sadd s x"},
    {"srem s y", "", "sadd s x"},
    {"smove s t x", "0 smove s t x", "sadd s x"},
    {"spop s", "0 SREM s x", "sadd s x"},
    {"spop s 2", "0 DEL s", "sadd s x y"},
    {"spop s 2", "0 UNLINK s", "config set lazyfree-lazy-server-del yes ; sadd s x y"},
    {"spop s 0", "", "sadd s x"},
    {"sunionstore t s", "0 sunionstore t s", "sadd s x"},
    {"sinterstore a s", "0 sinterstore a s"},
    {"sdiffstore t s", ""},
    {"zadd z 1 x", "0 zadd z 1 x"},
    {"zadd z 1 x", "", "zadd z 1 x"},
    {"zincrby z 1 x", "0 zincrby z 1 x"},
    {"zrem z x", "0 zrem z x", "zadd z 1 x"},
    {"zremrangebyrank z 0 0", "0 zremrangebyrank z 0 0", "zadd z 1 x"},
    {"zremrangebyscore z 2 3", "", "zadd z 1 x"},
    {"zremrangebylex z - +", "0 zremrangebylex z - +", "zadd z 1 x"},
    {"zpopmin z", "0 zpopmin z", "zadd z 1 x"},
    {"zpopmax z 2", "0 zpopmax z 2", "zadd z 1 x"},
    {"zmpop 2 y z MIN COUNT 5", "0 ZPOPMIN z 2", "zadd z 1 x 2 y"},
    {"zmpop 1 z MAX", "0 ZPOPMAX z 1", "zadd z 1 x 2 y"},
    {"zrangestore t z 0 -1", "0 zrangestore t z 0 -1", "zadd z 1 x"},
    {"zunionstore t 1 z", "0 zunionstore t 1 z", "zadd z 1 x"},
    {"zinterstore t 1 z", "0 zinterstore t 1 z", "zadd z 1 x"},
    {"zdiffstore t 1 z", ""},
    {"geoadd g XX CH 1 1 x 2 2 y", "0 zadd g XX CH 3377822707026402 x 3378191666521995 y", "geoadd g 0 0 x"},
    {"geoadd g 1 1 x", "", "geoadd g 1 1 x"},
    {"geosearchstore t g fromlonlat 1 1 byradius 1 km", "0 geosearchstore t g fromlonlat 1 1 byradius 1 km",
     "geoadd g 1 1 x"},
    {"geosearchstore a g fromlonlat 1 1 byradius 1 km", "0 geosearchstore a g fromlonlat 1 1 byradius 1 km"},
    {"georadius g 1 1 1 km", "", "geoadd g 1 1 x"},
    {"georadius g 1 1 1 km STORE t", "0 georadius g 1 1 1 km STORE t", "geoadd g 1 1 x"},
    {"georadiusbymember g x 1 km STOREDIST t", "0 georadiusbymember g x 1 km STOREDIST t", "geoadd g 1 1 x"},
    {"sort l", "", "rpush l 2 1"},
    {"sort l BY gone* STORE t", "0 sort l BY gone* STORE t", "rpush l 2 1"},
    {"sort n STORE a", "0 sort n STORE a"},
    {"sort n STORE t", ""},
    {"expire a 100", "0 PEXPIREAT a @100000"},
    {"expire a 100 NX", "0 PEXPIREAT a @100000 NX"},
    {"expire b 1 GT", ""},
    {"expire n 100", ""},
    {"expire a -1", "0 DEL a"},
    {"expire a -1", "0 UNLINK a", "config set lazyfree-lazy-expire yes"},
    {"pexpire a 100", "0 PEXPIREAT a @100"},
    {"expireat a 9999999999", "0 PEXPIREAT a 9999999999000"},
    {"pexpireat a 9999999999999 nx", "0 pexpireat a 9999999999999 nx"},
    {"pexpireat a 1", "0 DEL a"},
    {"persist b", "0 persist b"},
    {"restore n 0 PAYLOAD", "0 restore n 0 PAYLOAD"},
    {"Restore n 100000 PAYLOAD FREQ 5", "0 Restore n @100000 PAYLOAD FREQ 5 ABSTTL"},
    {"restore a 9999999999999 PAYLOAD absttl REPLACE", "0 restore a 9999999999999 PAYLOAD absttl REPLACE"},
    {"restore a 1 PAYLOAD ABSTTL REPLACE", "0 DEL a"},
    {"restore a 1 PAYLOAD ABSTTL REPLACE", "0 UNLINK a", "config set lazyfree-lazy-server-del yes"},
    {"restore n 1 PAYLOAD ABSTTL", ""},
    {"restore a 0 PAYLOAD", ""},
    {"persist a", ""},
    {"del a n b", "0 del a n b"},
    {"del n", ""},
    {"del gone", "0 DEL gone"},
    {"unlink a", "0 unlink a"},
    {"delex a", "0 DEL a"},
    {"delex a IFEQ 2", ""},
    {"delifeq a 1", "0 DEL a"},
    {"delifeq a 1", "0 UNLINK a", "config set lazyfree-lazy-user-del yes"},
    {"rename a n", "0 rename a n"},
    {"rename a a", ""},
    {"renamenx a n", "0 renamenx a n"},
    {"renamenx a b", ""},
    {"copy a n", "0 copy a n"},
    {"copy a n db 1 replace", "0 copy a n db 1 replace"},
    {"copy a b", ""},
    {"copy a gone", "0 DEL gone ; 0 copy a gone"},
    {"move a 1", "0 move a 1"},
    {"move n 1", ""},
    {"move a 1", "3 move a 1", "select 3 ; set a 1"},
    {"swapdb 0 1", "0 swapdb 0 1"},
    {"swapdb 1 1", "0 swapdb 1 1"},
    {"flushdb", "1 flushdb", "select 1"},
    {"flushall async", "0 flushall async"},
    {"setlease n TOKEN v", "0 SET n v", "getlease n"},
    {"setlease n TOKEN v PX 100", "0 SET n v PXAT @100", "getlease n"},
    {"setlease n TOKEN v EX 100 PSWR 7", "0 SET n v PXAT @100000 PSWR 7", "getlease n"},
    {"setlease n 00000000ffffffffffffffff v", ""},
    {"dellease n TOKEN", "", "getlease n"},
    {"touchlease n TOKEN 100", "", "getlease n"},
    {"softdel a n", "0 softdel a n"},
    {"softdel n", ""},
    // No writes, but they meet what expired.
    {"get gone", "0 DEL gone"},
    {"mget a gone", "0 UNLINK gone", "config set lazyfree-lazy-expire yes"},
    {"touch a", ""},
};

// DUMP of the string "v" (redis-server 7.0.15).
constexpr std::string_view kPayload(
    "\x00\x01v\n\x00\x91\x08\xce\xb2\x19"
    "8\x8a\xce",
    13);

// The token in the reply of GETLEASE; empty: there is none.
std::string TokenIn(const std::string& reply) {
  const size_t at = reply.find("$24\r\n");
  return at == std::string::npos ? "" : reply.substr(at + 5, 24);
}

TEST_CASE("what each write propagates") {
  for (const Case& row : kCases) {
    CAPTURE(row.command);
    EffectWorld world(1);
    EffectWorld::Lane lane(world, 0);
    lane.Bind();
    for (const char* line : {"set a 1", "set b 2 EX 1000", "set gone 3 PXAT 1"}) lane.Run(Words(line));
    std::string token;
    std::vector<std::string> words;
    for (const std::string& word : Words(std::string(row.before) + " ;")) {
      if (word != ";") {
        words.push_back(word);
      } else if (words.size() == 4 && words[0] == "config") {
        world.Configure(words[2], words[3]);
        words.clear();
      } else if (!words.empty()) {
        token = TokenIn(lane.Run(words));
        words.clear();
      }
    }
    world.log.groups.clear();
    words = Words(row.command);
    for (std::string& word : words) {
      if (word == "TOKEN") word = token;
      if (word == "PAYLOAD") word = kPayload;
    }
    const int64_t from_ms = storage::SystemClock().unix_ms();
    const std::string reply = lane.Run(words);
    CAPTURE(reply);
    std::string text = Text(world.log.groups);
    if (const size_t at = text.find(kPayload); at != std::string::npos) {
      text.replace(at, kPayload.size(), "PAYLOAD");
    }
    INFO(text);
    CHECK(Matches(text, row.propagated, from_ms, storage::SystemClock().unix_ms()));
  }
}

TEST_CASE("every write command has a case") {
  std::set<std::string> told;
  for (const Case& row : kCases) {
    const std::vector<std::string> words = Words(row.command);
    told.insert(words[0]);
    if (words.size() > 1) told.insert(words[0] + "|" + words[1]);
  }
  const std::unique_ptr<command::CommandTable> table = BuildCommandTable();
  for (const command::Command& command : table->all()) {
    CAPTURE(command.name);
    if (command.Is(command::kWrite)) CHECK(told.contains(command.name));
  }
}

TEST_CASE("the command that expiry deletes with, and eviction") {
  for (const char* lazy : {"no", "yes"}) {
    EffectWorld world(1);
    EffectWorld::Lane lane(world, 0);
    lane.Bind();
    world.Configure("lazyfree-lazy-expire", lazy);
    lane.Run({"set", "gone", "1", "PXAT", "1"});
    world.log.groups.clear();
    lane.ExpireDue(1000);  // the tick of the wheel in which the key lies is over
    CHECK(Text(world.log.groups) == (lazy == std::string("yes") ? "0 UNLINK gone" : "0 DEL gone"));
    world.Configure("lazyfree-lazy-expire", "no");
    world.Configure("lazyfree-lazy-eviction", lazy);
    lane.Run({"set", "victim", "1"});
    world.log.groups.clear();
    world.keyspace.SetEvictionPolicy(storage::EvictionPolicy::kAllKeysRandom);
    CHECK(!world.keyspace.MakeRoom(1, 1'000'000, lane.now_ms()));
    CHECK(Text(world.log.groups) == (lazy == std::string("yes") ? "0 UNLINK victim" : "0 DEL victim"));
  }
}

TEST_CASE("the fields of hashes that end are deleted one by one") {
  EffectWorld world(1);
  EffectWorld::Lane lane(world, 0);
  lane.Bind();
  lane.Run({"hsetex", "h", "PX", "100", "FIELDS", "2", "a", "1", "b", "2"});
  lane.Run({"hset", "h", "c", "3"});
  world.log.groups.clear();
  lane.ExpireDue(1000);
  const std::string text = Text(world.log.groups);
  CHECK((text == "0 HDEL h a ; 0 HDEL h b" || text == "0 HDEL h b ; 0 HDEL h a"));
  CHECK(lane.Run({"hgetall", "h"}) == "*2\r\n$1\r\nc\r\n$1\r\n3\r\n");
  lane.Run({"hgetex", "h", "PX", "100", "FIELDS", "1", "c"});
  world.log.groups.clear();
  lane.ExpireDue(3000);  // the wheel is ahead of the clock already
  CHECK(Text(world.log.groups) == "0 HDEL h c");
  CHECK(lane.Run({"exists", "h"}) == ":0\r\n");
}

// ---- Groups ----

Invoker* inner = nullptr;

void RunInner(command::Context& ctx, const std::vector<std::string_view>& arguments) {
  Request request;
  request.client = &ctx.client;
  request.command = ctx.services.commands.Find(arguments[0]);
  request.arguments = arguments;
  inner->Run(request);
}

// As EXEC does, with an expired key in the middle.
void RunFour(command::Context& ctx) {
  RunInner(ctx, {"get", "gone1"});
  RunInner(ctx, {"incrbyfloat", "a", "1"});
  RunInner(ctx, {"get", "gone2"});
  RunInner(ctx, {"append", "a", "x"});
}
void RunOne(command::Context& ctx) { RunInner(ctx, {"append", "a", "x"}); }

struct NoMonitors final : MonitorFeed {
  void Feed(const std::string&) override {}
};

TEST_CASE("commands that run as one reach the log as one") {
  EffectWorld world(1);
  EffectWorld::Lane lane(world, 0);
  lane.Bind();
  NoMonitors monitors;
  telemetry::WorkerStats stats(world.table->all().size());
  const storage::TickCounter ticks;
  CommandClock clock(ticks);
  clock.Refresh();
  Invoker invoker(world.services, stats, clock, monitors);
  inner = &invoker;
  for (const char* key : {"gone1", "gone2"}) lane.Run({"set", key, "1", "PXAT", "1"});
  world.log.groups.clear();
  command::CommandSpec spec = Row("together", 1, command::kExclusive, {}, RunFour);
  command::Command together;
  together.spec = &spec;
  together.name = "together";
  lane.Run(together, {"together"});
  // What expired before the group had an effect is none of it.
  CHECK(Text(world.log.groups) == "0 DEL gone1 ; 0 SET a 1 KEEPTTL | 0 DEL gone2 | 0 append a x");
  world.log.groups.clear();
  spec.handler = RunOne;
  lane.Run(together, {"together"});
  CHECK(Text(world.log.groups) == "0 append a x");
}

TEST_CASE("a handler may propagate nothing, or several commands") {
  EffectWorld world(1);
  EffectWorld::Lane lane(world, 0);
  lane.Bind();
  command::CommandSpec spec = Row("mine", 2, 0, command::kReadKey, [](command::Context& ctx) {
    ctx.Changed(ctx.Key(1), command::events::kSet);
    ctx.PropagateAs({});
  });
  command::Command mine;
  mine.spec = &spec;
  mine.name = "mine";
  lane.Run(mine, {"mine", "k"});
  CHECK(Text(world.log.groups).empty());
  spec.handler = [](command::Context& ctx) {
    ctx.PropagateAs({"DEL", ctx[1]});
    ctx.Changed(ctx.Key(1), command::events::kSet);
    ctx.PropagateAs({"SET", ctx[1], int64_t{-7}});
  };
  lane.Run(mine, {"mine", "k"});
  CHECK(Text(world.log.groups) == "0 DEL k | 0 SET k -7");
  world.log.groups.clear();
  world.services.effect_log = nullptr;
  lane.Run(mine, {"mine", "k"});
  CHECK(Text(world.log.groups).empty());
}

}  // namespace
}  // namespace corral::dispatch
