#include "tools/load_generator/load_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <ctime>
#include <numeric>

#include <fmt/format.h>

namespace corral::load_generator {
namespace {

constexpr std::size_t kReadBufferBytes = 256 * 1024;
constexpr std::size_t kFillBatchBytes = 32 * 1024;
constexpr double kProgressSeconds = 30;
constexpr std::size_t kMostUnsentBytes = 256 << 20;  // of one connection
constexpr std::size_t kMostUnanswered = 20'000'000;  // of all connections

std::uint64_t CpuNs(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Steps through all the keys once in an order far from sequential.
std::uint64_t StrideFor(std::uint64_t keys) {
  auto stride = static_cast<std::uint64_t>(static_cast<double>(keys) * 0.6180339887) | 1;
  while (std::gcd(stride, keys) != 1) ++stride;
  return stride;
}

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

LoadRun::LoadRun(const Options& options)
    : options_(options),
      writer_(options),
      arrivals_(options.seed + 1),
      read_buffer_(kReadBufferBytes),
      bystanders_(
          &loop_, options,
          [this] {
            for (Connection& connection : connections_) connection.Connect(options_.port);
          },
          [this](const std::string& reason) { OnFailed(reason); }),
      still_connecting_(options.connections) {
  uv_loop_init(&loop_);
  uv_timer_init(&loop_, &phase_timer_);
  uv_timer_init(&loop_, &progress_timer_);
  uv_idle_init(&loop_, &schedule_);
  uv_signal_init(&loop_, &interrupt_);
  for (std::uint64_t count = 0; count < options.connections; ++count) {
    connections_.emplace_back(&loop_, options.protocol, read_buffer_, this);
  }
}

LoadRun::~LoadRun() {
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

Result LoadRun::Run() {
  RaiseFileLimit();
  StartTimer<&LoadRun::CheckProgress>(&progress_timer_, kProgressSeconds, kProgressSeconds);
  interrupt_.data = this;
  uv_signal_start(
      &interrupt_, [](uv_signal_t* handle, int) { static_cast<LoadRun*>(handle->data)->HandleInterrupt(); },
      SIGINT);
  bystanders_.Start();
  if (phase_ != Phase::kDone) uv_run(&loop_, UV_RUN_DEFAULT);
  return std::move(result_);
}

void LoadRun::OnConnected(Connection&) {
  if (--still_connecting_ > 0 || phase_ == Phase::kDone) return;
  if (options_.prefill) {
    BeginFill();
  } else {
    BeginLoad();
  }
}

void LoadRun::BeginFill() {
  phase_ = Phase::kFill;
  measure_from_ns_ = uv_hrtime();
  fill_stride_ = StrideFor(options_.keys);
  for (Connection& connection : connections_) SendFill(connection);
}

void LoadRun::SendFill(Connection& connection) {
  if (filled_ == options_.keys) {
    if (Unanswered() > 0) return;
    result_.prefill_seconds = static_cast<double>(uv_hrtime() - measure_from_ns_) / 1e9;
    BeginLoad();
    return;
  }
  batch_.clear();
  operations_.clear();
  for (; filled_ < options_.keys && batch_.size() < kFillBatchBytes; ++filled_) {
    const auto key = static_cast<unsigned __int128>(filled_) * fill_stride_ % options_.keys;
    operations_.push_back(writer_.AppendSet(static_cast<std::uint64_t>(key), &batch_));
  }
  asked_ += operations_.size();
  connection.Send(batch_, operations_, 0);
}

void LoadRun::BeginLoad() {
  measure_from_ns_ = UINT64_MAX;
  if (options_.seconds == 0) return Finish();
  phase_ = Phase::kWarmUp;
  StartTimer<&LoadRun::BeginMeasure>(&phase_timer_, options_.warmup_seconds);
  if (options_.rate > 0) {
    next_due_ns_ = static_cast<double>(uv_hrtime());
    schedule_.data = this;
    uv_idle_start(&schedule_, [](uv_idle_t* handle) { static_cast<LoadRun*>(handle->data)->SendDue(); });
  } else {
    for (Connection& connection : connections_) SendBatch(connection, 0);
  }
}

// Due now when `due_ns` is 0.
void LoadRun::SendBatch(Connection& connection, std::uint64_t due_ns) {
  batch_.clear();
  operations_.clear();
  for (std::uint64_t count = 0; count < options_.pipeline; ++count) {
    operations_.push_back(writer_.AppendNext(&batch_));
  }
  const std::uint64_t now_ns = uv_hrtime();
  if (due_ns == 0) {
    due_ns = now_ns;
  } else if (due_ns >= measure_from_ns_) {
    result_.lateness.Record(now_ns - due_ns);
  }
  asked_ += operations_.size();
  connection.Send(batch_, operations_, due_ns);
}

void LoadRun::SendDue() {
  const double batch_ns = static_cast<double>(options_.pipeline) * 1e9 / options_.rate;
  const auto now_ns = static_cast<double>(std::min(uv_hrtime(), measure_to_ns_));
  // A bounded number per turn: the replies must be read even when the schedule cannot be kept.
  for (std::size_t sent = 0; sent < connections_.size() && next_due_ns_ <= now_ns; ++sent) {
    Connection& connection = connections_[next_connection_];
    next_connection_ = (next_connection_ + 1) % connections_.size();
    if (connection.unsent_bytes() > kMostUnsentBytes ||
        connection.unanswered() > kMostUnanswered / connections_.size() + options_.pipeline) {
      return OnFailed("the server is too far behind the schedule: --rate is over what it can do");
    }
    SendBatch(connection, static_cast<std::uint64_t>(next_due_ns_));
    next_due_ns_ += options_.poisson ? -std::log(1 - arrivals_.Fraction()) * batch_ns : batch_ns;
  }
  if (phase_ == Phase::kDrain && next_due_ns_ > now_ns) {
    uv_idle_stop(&schedule_);
    if (Unanswered() == 0) Finish();
  }
}

void LoadRun::BeginMeasure() {
  phase_ = Phase::kMeasure;
  StartTimer<&LoadRun::EndMeasure>(&phase_timer_, options_.seconds);
  measure_from_ns_ = uv_hrtime();
  result_.commands = replies_;
  result_.generator_cpu_ns = CpuNs(CLOCK_PROCESS_CPUTIME_ID);
  if (options_.server_pid > 0) result_.server_cpu_ns = ServerCpuNs();
}

void LoadRun::EndMeasure() {
  phase_ = Phase::kDrain;
  measure_to_ns_ = uv_hrtime();
  result_.seconds = static_cast<double>(measure_to_ns_ - measure_from_ns_) / 1e9;
  result_.commands = replies_ - result_.commands;
  result_.generator_cpu_ns = CpuNs(CLOCK_PROCESS_CPUTIME_ID) - result_.generator_cpu_ns;
  if (options_.server_pid > 0) result_.server_cpu_ns = ServerCpuNs() - *result_.server_cpu_ns;
  if (options_.rate > 0) {
    SendDue();
  } else if (Unanswered() == 0) {
    Finish();
  }
}

void LoadRun::HandleInterrupt() {
  if (phase_ != Phase::kMeasure) return OnFailed("interrupted");
  uv_timer_stop(&phase_timer_);
  EndMeasure();
}

void LoadRun::OnReply(const Operation& operation, std::uint64_t due_ns, const Reply& reply,
                      std::uint64_t now_ns) {
  ++replies_;
  if (due_ns >= measure_from_ns_ && due_ns < measure_to_ns_) result_.latency.Record(now_ns - due_ns);
  if (IsExpected(operation, reply)) return;
  if (++result_.wrong_replies == 1) {
    result_.first_wrong_reply = reply.text.empty()
                                    ? fmt::format("{} values of {} bytes", reply.found, reply.value_bytes)
                                    : std::string(reply.text);
  }
}

bool LoadRun::IsExpected(const Operation& operation, const Reply& reply) {
  if (operation.kind == OperationKind::kSet || operation.kind == OperationKind::kSetEx) {
    return reply.kind == Reply::Kind::kStored;
  }
  if (operation.kind == OperationKind::kGetLease) return IsLeaseAnswer(reply);
  if (reply.kind != Reply::Kind::kValues || reply.found > operation.keys) return false;
  result_.misses += operation.keys - reply.found;
  return reply.value_bytes >= reply.found * options_.values.Smallest() &&
         reply.value_bytes <= reply.found * options_.values.Largest();
}

// Two texts in any case: the status, and a value or a token. Nobody fills the leases, so a value is a hit.
bool LoadRun::IsLeaseAnswer(const Reply& reply) {
  if (reply.kind != Reply::Kind::kValues) return false;
  constexpr std::uint64_t kStatusBytes = std::string_view("HIT").size();
  const bool hit = reply.found == 2 && reply.value_bytes >= kStatusBytes + options_.values.Smallest() &&
                   reply.value_bytes <= kStatusBytes + options_.values.Largest();
  result_.misses += !hit;
  return true;
}

void LoadRun::OnAnswered(Connection& connection) {
  switch (phase_) {
    case Phase::kFill:
      return SendFill(connection);
    case Phase::kWarmUp:
    case Phase::kMeasure:
      if (options_.rate == 0) SendBatch(connection, 0);
      return;
    case Phase::kDrain:
      if (Unanswered() == 0 && !uv_is_active(reinterpret_cast<uv_handle_t*>(&schedule_))) Finish();
      return;
    case Phase::kConnect:
    case Phase::kDone:
      return;
  }
}

void LoadRun::OnFailed(const std::string& reason) {
  if (phase_ == Phase::kDone) return;
  result_.failure = reason;
  Finish();
}

void LoadRun::CheckProgress() {
  const std::uint64_t signs = replies_ + (options_.connections - still_connecting_);
  const bool is_waiting = phase_ == Phase::kConnect || Unanswered() > 0;
  if (is_waiting && signs == signs_seen_) {
    return OnFailed(fmt::format("no reply for {} s, {} requests unanswered", kProgressSeconds, Unanswered()));
  }
  signs_seen_ = signs;
}

void LoadRun::Finish() {
  phase_ = Phase::kDone;
  uv_stop(&loop_);
}

// The process CPU clock: user and system time of all threads, ended ones too, in nanoseconds. It is the sum
// that /proc/PID/task/*/schedstat shows, brought up to date by the kernel when it is read.
std::uint64_t LoadRun::ServerCpuNs() {
  clockid_t clock{};
  if (clock_getcpuclockid(options_.server_pid, &clock) != 0) {
    OnFailed(fmt::format("no process {} to measure", options_.server_pid));
    return 0;
  }
  return CpuNs(clock);
}

template <void (LoadRun::*handler)()>
void LoadRun::StartTimer(uv_timer_t* timer, double seconds, double repeat_seconds) {
  timer->data = this;
  uv_update_time(&loop_);
  uv_timer_start(
      timer, [](uv_timer_t* handle) { (static_cast<LoadRun*>(handle->data)->*handler)(); },
      static_cast<std::uint64_t>(seconds * 1000), static_cast<std::uint64_t>(repeat_seconds * 1000));
}

}  // namespace corral::load_generator
