// Consumer groups: what is pending against a map of deliveries, and how far they have read against what
// redis-server 7.0.15 says.
#include "storage/types/stream/stream_group.h"

#include <doctest/doctest.h>

#include <map>
#include <sstream>
#include <string>

#include "storage/base/random.h"
#include "storage/types/stream/stream_object.h"
#include "storage/types/stream/stream_range.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

struct Delivery {
  std::string consumer;
  int64_t ms;
  uint64_t count;
  bool operator==(const Delivery&) const = default;
};
using Deliveries = std::map<StreamId, Delivery>;

Deliveries DeliveriesOf(const StreamGroup& group) {
  Deliveries all;
  for (const StreamPending* pending : group.pending()) {
    all[pending->id] = {pending->consumer->name(), pending->delivery_ms, pending->deliveries};
  }
  return all;
}

class RandomRun {
 public:
  explicit RandomRun(uint64_t seed) : random_(seed) {}

  void Step(int64_t now_ms) {
    const std::string group_name = "group" + std::to_string(random_.Below(3));
    StreamGroup* group = stream_->FindGroup(group_name);
    CHECK((group != nullptr) == model_.contains(group_name));
    if (group == nullptr) {
      const StreamId last_delivered{random_.Below(60) << 9, 2};
      CHECK(stream_->CreateGroup(group_name, last_delivered, std::nullopt) != nullptr);
      CHECK(stream_->CreateGroup(group_name, {}, 0) == nullptr);
      model_[group_name];
      return;
    }
    Deliveries& model = model_[group_name];
    const std::string name = "a consumer with the number " + std::to_string(random_.Below(5));
    StreamConsumer* consumer = group->FindConsumer(name);
    if (consumer == nullptr) {
      consumer = group->CreateConsumer(name, now_ms);
      CHECK(group->CreateConsumer(name, now_ms) == nullptr);
      CHECK(consumer->seen_ms == now_ms);
      CHECK_FALSE(consumer->active_ms);
    }
    const StreamId id{random_.Below(40) << 9, random_.Below(8)};
    const auto known = model.find(id);
    StreamPending* pending = group->pending().Find(id);
    REQUIRE((pending != nullptr) == (known != model.end()));
    switch (const uint64_t choice = random_.Below(200); choice) {
      case 0:
        CHECK(stream_->DestroyGroup(group_name));
        CHECK_FALSE(stream_->DestroyGroup(group_name));
        model_.erase(group_name);
        return;
      case 1: {
        const size_t owed = consumer->pending().size();
        CHECK(group->DestroyConsumer(name) == owed);
        CHECK_FALSE(group->DestroyConsumer(name));
        CHECK(std::erase_if(model, [&](const auto& item) { return item.second.consumer == name; }) == owed);
        return;
      }
      case 2:
        stream_.reset(static_cast<StreamObject*>(stream_->Clone().release()));
        return;
      default:
        if (choice < 4) {
          size_t dropped = 0;
          bool expected = false;
          for (auto& [other, deliveries] : model_) {
            expected |= id > stream_->FindGroup(other)->last_delivered || deliveries.contains(id);
          }
          CHECK(stream_->IsReferenced(id) == expected);
          for (auto& [other, deliveries] : model_) dropped += deliveries.erase(id);
          CHECK(stream_->DropReferences(id) == dropped);
        } else if (choice < 50 && pending != nullptr) {
          group->Assign(*pending, *consumer);
          known->second.consumer = name;
        } else if (choice < 100) {
          CHECK(group->Acknowledge(id) == (model.erase(id) == 1));
        } else {
          CHECK(group->Deliver(id, *consumer, now_ms)->id == id);
          model[id] = {name, now_ms, 1};
        }
    }
  }

  void Check() const {
    stream_->CheckInvariants();
    CHECK(stream_->groups().size() == model_.size());
    for (const auto& [name, deliveries] : model_) {
      const StreamGroup* group = stream_->FindGroup(name);
      REQUIRE(group != nullptr);
      CHECK(DeliveriesOf(*group) == deliveries);
      const auto from = deliveries.lower_bound({20 << 9, 4});
      const auto at = group->pending().From({20 << 9, 4});
      CHECK((at == group->pending().end()) == (from == deliveries.end()));
      if (from != deliveries.end()) CHECK((*at)->id == from->first);
    }
  }

  void End() {
    while (!model_.empty()) {
      CHECK(stream_->DestroyGroup(model_.begin()->first));
      model_.erase(model_.begin());
    }
    stream_->CheckInvariants();
    CHECK(stream_->allocated_bytes() == StreamObject().allocated_bytes());
    CHECK(stream_->effort_to_free() == StreamObject().effort_to_free());
  }

 private:
  Random random_;
  std::unique_ptr<StreamObject> stream_ = std::make_unique<StreamObject>();
  std::map<std::string, Deliveries> model_;
};

TEST_CASE("random deliveries to consumers") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  for (uint32_t run = 0; run < 6; ++run) {
    RandomRun random_run(seed + run);
    for (int step = 0; step < 4000; ++step) {
      random_run.Step(step);
      if (step % 200 == 0) random_run.Check();
    }
    random_run.Check();
    random_run.End();
  }
}

// Steps, and behind each what XINFO GROUPS says of entries-read and lag, "-" being nil.
//   aN XADD N-0   r XREADGROUP COUNT 1 >   dN XDEL N-0   tN XTRIM MAXLEN N   sN XGROUP SETID N-0
constexpr const char* kRecorded[] = {
    "r:-:0 r:-:0 r:-:0 r:-:0 r:-:0 a1:-:1 r:1:0 d1:1:0 a2:1:1 a3:1:2 a4:1:3 t0:1:3 r:1:3 r:1:3 r:1:3 "
    "d2:1:3 d1:1:3 a5:1:4 a6:1:5 a7:1:6 a8:1:7 r:2:6 r:3:5 t4:3:5 a9:3:6 a10:3:7 a11:3:8 a12:3:9 "
    "d10:3:- t2:3:9 a13:3:10 a14:3:11 a15:3:12 a16:3:13 d14:3:- a17:3:- a18:3:- a19:3:- a20:3:- "
    "d15:3:- a21:3:- s18:-:- r:-:- d19:-:- a22:-:- d18:-:- a23:-:- a24:-:- a25:-:- r:-:- a26:-:- "
    "d18:-:- a27:-:- t1:-:1 d22:-:1 r:27:0 a28:27:1 d22:27:1 r:28:0 r:28:0 r:28:0 a29:28:1 s29:-:0 "
    "r:-:0 a30:-:- a31:-:- r:-:- r:31:0 a32:31:1 a33:31:2 r:32:1 a34:32:2 r:33:1 t3:33:1 a35:33:2 "
    "a36:33:3 r:34:2 a37:34:3 r:35:2 r:36:1 r:37:0 r:37:0 r:37:0 s32:-:5 d33:-:- s37:-:0 r:-:0 "
    "d31:-:0 d37:-:0 a38:-:- s36:-:- a39:-:- a40:-:- a41:-:- r:-:- a42:-:- d40:-:- a43:-:- t4:-:- "
    "r:-:- r:-:- ",

    "a1:-:1 t0:-:0 a2:-:1 r:2:0 r:2:0 d1:2:0 a3:2:1 a4:2:2 t3:2:2 r:3:1 d4:3:- a5:3:- t4:3:- s1:-:- "
    "a6:-:- d1:-:- r:-:- a7:-:- r:-:- a8:-:- a9:-:- r:-:- r:-:- a10:-:- a11:-:- a12:-:- r:-:- "
    "a13:-:- a14:-:- t4:-:4 a15:-:5 d11:-:4 a16:-:5 a17:-:6 d17:-:- r:-:- t1:-:- a18:-:- r:-:- "
    "s18:-:0 r:-:0 s15:-:- a19:-:- t3:-:- d16:-:2 r:18:1 d16:18:1 a20:18:2 d13:18:2 d20:18:- t2:18:- "
    "r:-:- a21:-:- a22:-:- d20:-:- d16:-:- r:-:- d22:-:- r:-:- r:-:- a23:-:- t2:-:- r:23:0 a24:23:1 "
    "r:24:0 a25:24:1 t4:24:1 t4:24:1 d20:24:1 r:25:0 a26:25:1 s24:-:- r:-:- r:26:0 t3:26:0 a27:26:1 "
    "r:27:0 d24:27:0 r:27:0 a28:27:1 a29:27:2 a30:27:3 r:28:2 s30:-:0 r:-:0 s26:-:- a31:-:- a32:-:- "
    "s29:-:- a33:-:- d28:-:- a34:-:- t1:-:1 a35:-:2 a36:-:3 a37:-:4 r:34:3 a38:34:4 a39:34:5 "
    "d38:34:- ",

    "a1:-:1 a2:-:2 t2:-:2 a3:-:3 a4:-:4 a5:-:5 d4:-:- d5:-:- r:-:- r:-:- a6:-:- a7:-:- a8:-:- r:-:- "
    "a9:-:- r:-:- s7:-:- a10:-:- a11:-:- a12:-:- a13:-:- a14:-:- r:-:- r:-:- r:-:- r:-:- r:-:- r:-:- "
    "r:14:0 s10:-:- t2:-:2 r:13:1 s11:-:2 a15:-:3 d14:-:- d10:-:- r:-:- r:15:0 t2:15:0 d14:15:0 "
    "s12:-:- r:-:- d15:-:- d14:-:- d12:-:- t1:-:- s13:-:- a16:-:- s12:-:- a17:-:- t4:-:- r:-:- r:-:- "
    "r:17:0 r:17:0 d16:17:0 r:17:0 d10:17:0 t2:17:0 d12:17:0 a18:17:1 r:18:0 a19:18:1 r:19:0 "
    "d12:19:0 d13:19:0 s14:-:3 t0:-:0 r:-:0 d11:-:0 a20:-:1 r:20:0 a21:20:1 a22:20:2 a23:20:3 "
    "a24:20:4 a25:20:5 s21:-:- a26:-:- t1:-:1 d26:-:0 d24:-:0 r:-:0 t1:-:0 a27:-:1 a28:-:2 a29:-:3 "
    "r:27:2 d22:27:2 a30:27:3 r:28:2 a31:28:3 r:29:2 r:30:1 a32:30:2 a33:30:3 r:31:2 d27:31:2 r:32:1 "
    "a34:32:2 d31:32:2 t0:32:2 r:32:2 ",

    "a1:-:1 r:1:0 r:1:0 r:1:0 d1:1:0 r:1:0 s1:-:0 a2:-:1 a3:-:2 r:2:1 t3:2:1 r:3:0 s1:-:2 d3:-:- "
    "r:-:- a4:-:- d2:-:1 d1:-:1 a5:-:2 a6:-:3 s4:-:2 r:-:- r:6:0 t3:6:0 r:6:0 t3:6:0 a7:6:1 r:7:0 "
    "a8:7:1 r:8:0 a9:8:1 d5:8:1 r:9:0 t4:9:0 r:9:0 r:9:0 r:9:0 s8:-:- s3:-:4 s7:-:- d3:-:- d6:-:2 "
    "s7:-:2 a10:-:3 d6:-:3 a11:-:4 a12:-:5 s9:-:- a13:-:- t3:-:3 s7:-:3 a14:-:4 d7:-:4 a15:-:5 "
    "r:11:4 a16:11:5 d13:11:- r:-:- a17:-:- a18:-:- a19:-:- a20:-:- a21:-:- r:-:- a22:-:- a23:-:- "
    "d20:-:- a24:-:- s21:-:- r:-:- s21:-:- d24:-:- a25:-:- t2:-:- r:-:- d20:-:- r:25:0 a26:25:1 "
    "a27:25:2 a28:25:3 t4:25:3 a29:25:4 r:26:3 r:27:2 a30:27:3 d27:27:- r:28:2 d27:28:2 r:29:1 "
    "a31:29:2 r:30:1 r:31:0 a32:31:1 r:32:0 d28:32:0 r:32:0 a33:32:1 r:33:0 a34:33:1 "};

std::string Text(std::optional<uint64_t> number) { return number ? std::to_string(*number) : "-"; }

TEST_CASE("how far a group has read") {
  const std::string_view entry[] = {"f", "v"};
  for (const char* recorded : kRecorded) {
    StreamObject stream;
    StreamGroup* group = stream.CreateGroup("g", {}, std::nullopt);
    std::istringstream steps(recorded);
    for (std::string step; steps >> step;) {
      CAPTURE(step);
      const uint64_t number = step[0] == 'r' ? 0 : std::stoull(step.substr(1));
      switch (step[0]) {
        case 'a':
          CHECK(stream.Append({number, 0}, entry, {}) == StreamObject::AppendResult::kAppended);
          break;
        case 'r':
          if (StreamRange range(stream, *group->last_delivered.Next(), kMaxStreamId); range.Next()) {
            stream.Advance(*group, range.id());
          }
          break;
        case 'd':
          stream.Delete({number, 0});
          break;
        case 't':
          stream.Trim({.max_length = number, .min_id = {}});
          break;
        default:
          group->last_delivered = {number, 0};
          group->entries_read = std::nullopt;
      }
      const std::string said = step.substr(step.find(':') + 1);
      CHECK(Text(group->entries_read) + ":" + Text(stream.Lag(*group)) == said);
    }
  }
}

}  // namespace
}  // namespace corral::storage
