// Random commands on hashes whose fields end, against a map: each reply is exact to the millisecond, whatever
// expiry has removed by then.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "server/commands/server/dataset_digest.h"
#include "storage/base/random.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/commands/command_run.h"

namespace corral::commands {
namespace {

using Arguments = std::vector<std::string>;
constexpr int64_t kNever = -1;

std::string Integer(int64_t number) { return ":" + std::to_string(number) + "\r\n"; }
std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string Array(const std::vector<std::string>& replies) {
  std::string text = "*" + std::to_string(replies.size()) + "\r\n";
  for (const std::string& reply : replies) text += reply;
  return text;
}
const std::string kNull = "$-1\r\n";

// The payload of a bulk reply.
std::string BytesOf(const std::string& reply) {
  const size_t begin = reply.find("\r\n") + 2;
  return reply.substr(begin, reply.size() - begin - 2);
}

class Play {
 public:
  explicit Play(uint64_t seed) : random_(seed) {}

  void Step() {
    now_ms_ = run_.now_ms += random_.Below(3) == 0 ? static_cast<int64_t>(random_.Below(9)) : 0;
    name_ = "hash" + std::to_string(random_.Below(5));
    switch (random_.Below(16)) {
      case 0:
      case 1:
        return Set();
      case 2:
        return SetIfAbsent();
      case 3:
      case 4:
        return SetWithEnd();
      case 5:
      case 6:
        return Expire();
      case 7:
        return Persist();
      case 8:
        return GetAndExpire();
      case 9:
        return GetAndDelete();
      case 10:
        return Delete();
      case 11:
        return Add();
      case 12:
        return Copy();
      case 13:
        return DumpAndRestore();
      case 14:
        return RunDue();
      default:
        return Rename();
    }
  }

  // All fields of all hashes.
  void Compare() {
    for (int i = 0; i < 5; ++i) {
      name_ = "hash" + std::to_string(i);
      std::vector<std::string> names, ends;
      for (const auto& [name, field] : Live()) {
        REQUIRE(Run({"HGET", name_, name}) == Bulk(field.value));
        names.push_back(name);
        ends.push_back(Integer(field.end_ms));
      }
      REQUIRE(Run({"HLEN", name_}) == Integer(static_cast<int64_t>(names.size())));
      std::vector<std::string> pairs{"HPEXPIRETIME", name_, "FIELDS", std::to_string(names.size())};
      pairs.insert(pairs.end(), names.begin(), names.end());
      if (!names.empty()) REQUIRE(Run(pairs) == Array(ends));
      const std::string keys = Run({"HKEYS", name_});
      REQUIRE(std::count(keys.begin(), keys.end(), '$') == static_cast<ptrdiff_t>(names.size()));
    }
  }

 private:
  struct Field {
    std::string value;
    int64_t end_ms = kNever;
  };
  using Fields = std::map<std::string, Field>;

  std::string Run(const Arguments& arguments) {
    return run_(std::vector<std::string_view>(arguments.begin(), arguments.end()));
  }
  Fields& Live() {
    Fields& fields = hashes_[name_];
    std::erase_if(fields, [&](const auto& field) {
      return field.second.end_ms != kNever && field.second.end_ms < now_ms_;
    });
    return fields;
  }
  std::string Name() { return "f" + std::to_string(random_.Below(8)); }
  std::string Value() {
    // A long value makes the hash a large one.
    const std::string number = std::to_string(random_.Below(100));
    return random_.Below(100) == 0 ? std::string(70, 'x') + number : number;
  }
  int64_t Soon() { return now_ms_ + 1 + static_cast<int64_t>(random_.Below(1 + random_.Below(60))); }

  void Set() {
    const std::string name = Name(), value = Value();
    const bool added = !Live().contains(name);
    REQUIRE(Run({"HSET", name_, name, value}) == Integer(added));
    Live()[name] = {value, kNever};
  }
  void SetIfAbsent() {
    const std::string name = Name(), value = Value();
    const bool added = !Live().contains(name);
    REQUIRE(Run({"HSETNX", name_, name, value}) == Integer(added));
    if (added) Live()[name] = {value, kNever};
  }
  void SetWithEnd() {
    const std::string first = Name(), second = Name(), value = Value();
    const uint64_t condition = random_.Below(3), time = random_.Below(4);
    Arguments arguments{"HSETEX", name_};
    if (condition != 0) arguments.emplace_back(condition == 1 ? "FNX" : "FXX");
    const int64_t end_ms = Soon();
    if (time == 0) arguments.emplace_back("KEEPTTL");
    if (time == 1) arguments.insert(arguments.end(), {"PX", std::to_string(end_ms - now_ms_)});
    if (time == 2) arguments.insert(arguments.end(), {"PXAT", std::to_string(now_ms_ - 1)});
    arguments.insert(arguments.end(), {"FIELDS", "2", first, value, second, value});
    Fields& fields = Live();
    const int present = fields.contains(first) + fields.contains(second);
    const bool allowed = condition == 0 || present == (condition == 1 ? 0 : 2);
    REQUIRE(Run(arguments) == Integer(allowed));
    if (!allowed) return;
    for (const std::string& name : {first, second}) {
      const int64_t kept_ms = fields.contains(name) ? fields[name].end_ms : kNever;
      fields[name] = {value, time == 0 ? kept_ms : time == 1 ? end_ms : kNever};
    }
    if (time != 2) return;
    fields.erase(first);
    fields.erase(second);
  }
  void Expire() {
    const std::string name = Name();
    const int64_t end_ms = random_.Below(6) == 0 ? now_ms_ : Soon();
    Fields& fields = Live();
    int64_t answer = -2;
    if (fields.contains(name)) {
      answer = end_ms <= now_ms_ ? 2 : 1;
      fields[name].end_ms = end_ms;
      if (answer == 2) fields.erase(name);
    }
    REQUIRE(Run({"HPEXPIREAT", name_, std::to_string(end_ms), "FIELDS", "1", name}) ==
            Array({Integer(answer)}));
  }
  void Persist() {
    const std::string name = Name();
    Fields& fields = Live();
    const bool present = fields.contains(name);
    const int64_t answer = !present ? -2 : fields[name].end_ms == kNever ? -1 : 1;
    if (present) fields[name].end_ms = kNever;
    REQUIRE(Run({"HPERSIST", name_, "FIELDS", "1", name}) == Array({Integer(answer)}));
  }
  void GetAndExpire() {
    const std::string name = Name();
    Fields& fields = Live();
    const std::string answer = fields.contains(name) ? Bulk(fields[name].value) : kNull;
    const uint64_t kind = random_.Below(4);
    const int64_t end_ms = Soon();
    Arguments arguments{"HGETEX", name_};
    if (kind == 0) arguments.emplace_back("PERSIST");
    if (kind == 1) arguments.insert(arguments.end(), {"PXAT", std::to_string(end_ms)});
    if (kind == 2) arguments.insert(arguments.end(), {"PX", "0"});
    arguments.insert(arguments.end(), {"FIELDS", "1", name});
    REQUIRE(Run(arguments) == Array({answer}));
    if (!fields.contains(name)) return;
    if (kind == 0) fields[name].end_ms = kNever;
    if (kind == 1) fields[name].end_ms = end_ms;
    if (kind == 2) fields.erase(name);
  }
  void GetAndDelete() {
    const std::string first = Name(), second = Name();
    Fields& fields = Live();
    std::vector<std::string> answers;
    for (const std::string& name : {first, second}) {
      answers.push_back(fields.contains(name) ? Bulk(fields[name].value) : kNull);
      fields.erase(name);
    }
    REQUIRE(Run({"HGETDEL", name_, "FIELDS", "2", first, second}) == Array(answers));
  }
  void Delete() {
    const std::string name = Name();
    REQUIRE(Run({"HDEL", name_, name}) == Integer(static_cast<int64_t>(Live().erase(name))));
  }
  void Add() {
    const std::string name = Name();
    Fields& fields = Live();
    if (fields.contains(name) && fields[name].value.size() > 20) return;
    const int64_t sum = (fields.contains(name) ? std::stoll(fields[name].value) : 0) + 7;
    REQUIRE(Run({"HINCRBY", name_, name, "7"}) == Integer(sum));
    fields[name].value = std::to_string(sum);  // and ends when it did
  }
  void Copy() {
    const std::string from = name_, to = "hash" + std::to_string(random_.Below(5));
    if (from == to || Live().empty()) return;
    REQUIRE(Run({"COPY", from, to, "REPLACE"}) == Integer(1));
    hashes_[to] = hashes_[from];
  }
  void Rename() {
    const std::string from = name_, to = "hash" + std::to_string(random_.Below(5));
    if (from == to || Live().empty()) return;
    REQUIRE(Run({"RENAME", from, to}) == "+OK\r\n");
    hashes_[to] = hashes_[from];
    hashes_[from].clear();
  }
  void DumpAndRestore() {
    if (Live().empty()) return;
    const auto digest = [&] { return DigestOfDataset(run_.keyspace(), now_ms_); };
    const auto before = digest();
    const std::string payload = BytesOf(Run({"DUMP", name_}));
    REQUIRE(Run({"RESTORE", name_, "0", payload, "REPLACE"}) == "+OK\r\n");
    REQUIRE(digest() == before);
  }
  void RunDue() {
    const bool all = random_.Below(10) == 0;  // that may end
    if (all) now_ms_ = run_.now_ms += 200;
    run_.keyspace().ExpireDue(0, 1, now_ms_, 1'000'000);
    run_.keyspace().CheckInvariants();
    if (!all) return;
    size_t keys = 0;
    for (auto& [name, fields] : hashes_) {
      name_ = name;
      keys += !Live().empty();
    }
    REQUIRE(run_.keyspace().database(0, now_ms_).size() == keys);
    REQUIRE(run_.keyspace().database(0, now_ms_).value_expiring_size() == 0);
  }

  storage::Random random_;
  CommandRun run_;
  int64_t now_ms_ = 0;
  std::string name_;
  std::map<std::string, Fields> hashes_;
};

TEST_CASE("random commands on hashes whose fields end, against a map") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  for (uint64_t round = 0; round < 8; ++round) {
    Play play(seed + round);
    for (int step = 0; step < 8'000; ++step) {
      play.Step();
      if (step % 50 == 0) play.Compare();
    }
    play.Compare();
  }
}

}  // namespace
}  // namespace corral::commands
