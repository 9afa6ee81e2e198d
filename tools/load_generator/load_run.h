// One run against a server: connect, fill, warm up, measure, wait for the last replies.
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tools/load_generator/bystanders.h"
#include "tools/load_generator/connection.h"
#include "tools/load_generator/options.h"
#include "tools/load_generator/random.h"
#include "tools/load_generator/request_writer.h"
#include "tools/load_generator/result.h"

namespace corral::load_generator {

// Closed loop: every connection sends a batch (--pipeline requests), waits for all its replies and sends the
// next; a request is timed from its write. This finds the greatest throughput, and hides a server's pause:
// while it lasts nothing is asked, and it counts once per connection.
//
// Open loop: batches are due at fixed or random times, whatever the server does, on the connections in turn;
// a request is timed from when it was due. The loop then polls without sleeping, because a timer's error
// would count as the server's. A request that is due within the measurement is recorded whenever it is
// answered.
//
// Runs on the calling thread and its own loop.
class LoadRun : public ConnectionListener {
 public:
  explicit LoadRun(const Options& options);
  ~LoadRun();
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  // Once. Takes as long as the options say, plus at most a minute without a sign of the server. SIGINT ends
  // the measurement early: what was due until then is the result.
  Result Run();

 private:
  enum class Phase { kConnect, kFill, kWarmUp, kMeasure, kDrain, kDone };

  void OnConnected(Connection& connection) override;
  void OnReply(const Operation& operation, std::uint64_t due_ns, const Reply& reply,
               std::uint64_t now_ns) override;
  void OnAnswered(Connection& connection) override;
  void OnFailed(const std::string& reason) override;

  void BeginFill();
  void SendFill(Connection& connection);
  void BeginLoad();
  void SendBatch(Connection& connection, std::uint64_t due_ns);
  void SendDue();
  void BeginMeasure();
  void EndMeasure();
  void HandleInterrupt();
  void CheckProgress();
  void Finish();

  std::uint64_t Unanswered() const { return asked_ - replies_; }
  std::uint64_t ServerCpuNs();
  bool IsExpected(const Operation& operation, const Reply& reply);
  bool IsLeaseAnswer(const Reply& reply);

  template <void (LoadRun::*handler)()>
  void StartTimer(uv_timer_t* timer, double seconds, double repeat_seconds = 0);

  Options options_;
  RequestWriter writer_;
  Random arrivals_;
  Result result_;
  uv_loop_t loop_;
  uv_timer_t phase_timer_;
  uv_timer_t progress_timer_;
  uv_idle_t schedule_;
  uv_signal_t interrupt_;
  std::vector<char> read_buffer_;
  std::deque<Connection> connections_;
  Bystanders bystanders_;
  std::uint64_t still_connecting_;
  Phase phase_ = Phase::kConnect;

  std::string batch_;
  std::vector<Operation> operations_;
  std::uint64_t fill_stride_ = 1;
  std::uint64_t filled_ = 0;  // keys for which a SET was sent

  double next_due_ns_ = 0;
  std::size_t next_connection_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t replies_ = 0;
  std::uint64_t signs_seen_ = 0;  // replies and connections, at the last CheckProgress
  std::uint64_t measure_from_ns_ = UINT64_MAX;
  std::uint64_t measure_to_ns_ = UINT64_MAX;
};

}  // namespace corral::load_generator
