// How long it takes to wake those who wait for a key: GETLEASE and SETLEASE, or BLPOP and RPUSH to compare.
//
//   microbench-wake PORT lease|blpop [WAITERS=1] [ROUNDS=1000] [BYTES=1024]
//   microbench-wake PORT bystander [WAITERS=10000] [ROUNDS=5] [BYTES=1024]
//
// The time is taken from before the write of the one who wakes to the arrival of each waiter's reply, at one
// thread that reads them all, by epoll. `bystander` times unrelated GETs of a further thread, one each half
// millisecond, while WAITERS wake, and beside that in the same number of quiet ones; the waiters' replies are
// only read afterwards, so that it is the server that is measured and not the reading.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/microbench/arguments.h"

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double Microseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

int Connect(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Die("connect");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

std::string Request(const std::vector<std::string_view>& arguments) {
  std::string request = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string_view argument : arguments) {
    request.append("$").append(std::to_string(argument.size())).append("\r\n");
    request.append(argument).append("\r\n");
  }
  return request;
}

void Send(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) Die("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// At least `bytes` bytes of reply.
std::string Read(int descriptor, size_t bytes) {
  std::string reply;
  char buffer[16384];
  while (reply.size() < bytes) {
    const ssize_t got = recv(descriptor, buffer, sizeof buffer, 0);
    if (got <= 0) Die("recv");
    reply.append(buffer, static_cast<size_t>(got));
  }
  return reply;
}

std::string Ask(int descriptor, const std::vector<std::string_view>& arguments) {
  Send(descriptor, Request(arguments));
  return Read(descriptor, 1);
}

void Print(const char* name, std::vector<double>& samples) {
  if (samples.empty()) return;
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    return samples[static_cast<size_t>(share * static_cast<double>(samples.size() - 1))];
  };
  std::printf("%-12s %8zu samples   p50 %9.1f us   p90 %9.1f us   p99 %9.1f us   max %9.1f us\n", name,
              samples.size(), at(0.5), at(0.9), at(0.99), samples.back());
}

// Waiters of one key and the one who wakes them.
class Wait {
 public:
  Wait(int port, bool lease, size_t waiters, size_t bytes)
      : lease_(lease), value_(bytes, 'v'), waker_(Connect(port)) {
    for (size_t i = 0; i < waiters; ++i) {
      waiters_.push_back(Connect(port));
      epoll_event event{.events = EPOLLIN, .data = {.fd = waiters_.back()}};
      epoll_ctl(poll_, EPOLL_CTL_ADD, waiters_.back(), &event);
    }
  }

  // Lets all wait; returns when the server has them all.
  void Begin(size_t round) {
    key_ = "wake:" + std::to_string(round);
    if (lease_) {
      const std::string reply = Ask(waker_, {"GETLEASE", key_, "LEASE", "60000"});
      token_ = reply.substr(reply.find("$24\r\n") + 5, 24);
    }
    const std::string request =
        lease_ ? Request({"GETLEASE", key_, "WAIT", "60000"}) : Request({"BLPOP", key_, "60"});
    for (const int waiter : waiters_) Send(waiter, request);
    const std::string blocked = "blocked_clients:" + std::to_string(waiters_.size()) + "\r\n";
    while (Ask(waker_, {"INFO", "clients"}).find(blocked) == std::string::npos) usleep(200);
    usleep(300);
  }

  Clock::time_point Wake() {
    std::vector<std::string_view> arguments = {"SETLEASE", key_, token_, value_};
    if (!lease_) {
      arguments = {"RPUSH", key_};
      arguments.resize(2 + waiters_.size(), value_);
    }
    const std::string request = Request(arguments);
    const auto began = Clock::now();
    Send(waker_, request);
    return began;
  }

  // The time of each waiter's reply since `began`, as it comes.
  void Collect(Clock::time_point began, std::vector<double>* samples) {
    for (size_t left = waiters_.size(); left > 0;) {
      epoll_event events[256];
      const int count = epoll_wait(poll_, events, 256, 30000);
      if (count <= 0) Die("epoll_wait");
      for (int i = 0; i < count; ++i) {
        Read(events[i].data.fd, value_.size());
        samples->push_back(Microseconds(Clock::now() - began));
        --left;
      }
    }
  }

  void End() {
    Read(waker_, 1);
    Ask(waker_, {"DEL", key_});
  }

 private:
  const bool lease_;
  const std::string value_;
  const int waker_;
  const int poll_ = epoll_create1(0);
  std::vector<int> waiters_;
  std::string key_, token_;
};

void TimeWaking(int port, bool lease, size_t waiters, size_t rounds, size_t bytes) {
  Wait wait(port, lease, waiters, bytes);
  std::vector<double> samples;
  for (size_t round = 0; round < rounds; ++round) {
    wait.Begin(round);
    wait.Collect(wait.Wake(), &samples);
    wait.End();
  }
  Print(lease ? "lease" : "blpop", samples);
}

void TimeBystander(int port, size_t waiters, size_t rounds, size_t bytes) {
  enum Phase { kQuiet, kWaking, kOther, kDone };
  std::atomic<Phase> phase{kOther};
  std::vector<double> samples[2];
  std::thread bystander([&] {
    const int connection = Connect(port);
    Ask(connection, {"SET", "bystander", "value"});
    const std::string request = Request({"GET", "bystander"});
    for (Phase now; (now = phase.load()) != kDone; usleep(500)) {
      const auto began = Clock::now();
      Send(connection, request);
      Read(connection, 1);
      if (now != kOther && phase.load() == now) samples[now].push_back(Microseconds(Clock::now() - began));
    }
  });
  Wait wait(port, true, waiters, bytes);
  std::vector<double> ignored;
  for (size_t round = 0; round < rounds; ++round) {
    wait.Begin(round);
    phase = kQuiet;
    usleep(150'000);
    phase = kWaking;
    const auto began = wait.Wake();
    usleep(150'000);  // about what 10,000 take
    phase = kOther;
    wait.Collect(began, &ignored);
    wait.End();
  }
  phase = kDone;
  bystander.join();
  Print("quiet", samples[kQuiet]);
  Print("waking", samples[kWaking]);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr const char* kUsage = "microbench-wake PORT lease|blpop|bystander [WAITERS [ROUNDS [BYTES]]]";
  const std::string_view mode = argc > 2 ? argv[2] : "";
  const bool bystander = mode == "bystander";
  if (argc > 6 || (!bystander && mode != "lease" && mode != "blpop"))
    corral::microbench::EndWithUsage(kUsage);
  const auto number = [&](int at, size_t otherwise) {
    return corral::microbench::CountArgument(argc, argv, at, otherwise, 1'000'000, kUsage);
  };
  const int port = static_cast<int>(corral::microbench::CountArgument(argc, argv, 1, 0, 65535, kUsage));
  const size_t waiters = number(3, bystander ? 10'000 : 1);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, waiters + 64);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (bystander) {
    TimeBystander(port, waiters, number(4, 5), number(5, 1024));
  } else {
    TimeWaking(port, mode == "lease", waiters, number(4, 1000), number(5, 1024));
  }
  return 0;
}
