// Replays a trace through a redis-server that it starts on a free loopback port.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tools/hit_ratio/replay.h"

extern char** environ;

namespace corral::hit_ratio {

namespace {

// Reads each key and stores it when it is missing; returns the hits. Redis evicts before the script: the
// batch is small enough for that not to matter.
constexpr const char* kScript =
    "local hits = 0 for i = 1, #KEYS do if redis.call('GET', KEYS[i]) then hits = hits + 1 else redis.call('SET', KEYS[i], ARGV[1]) end end return hits";
constexpr size_t kBatch = 16;
constexpr size_t kSteerRequests = 4096;  // how often maxmemory is set again to hold the number of keys

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

uint16_t FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(listener);
  return bound ? ntohs(address.sin_port) : 0;
}

// A server and one connection to it; both end with it.
class RedisServer {
 public:
  ~RedisServer() {
    if (socket_ >= 0) close(socket_);
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
  }

  bool Start(const std::string& program) {
    const uint16_t port = FreePort();
    std::vector<std::string> arguments = {
        program,        "--port", std::to_string(port), "--bind", "127.0.0.1", "--save",   "",
        "--appendonly", "no",     "--daemonize",        "no",     "--logfile", "/dev/null"};
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    if (posix_spawnp(&process_, program.c_str(), nullptr, nullptr, raw.data(), environ) != 0)
      return process_ = 0, false;
    for (int attempt = 0; attempt < 100; ++attempt) {
      if (waitpid(process_, nullptr, WNOHANG) != 0) return process_ = 0, false;
      if (Connect(port) && Ask({"PING"}) == "+PONG") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  // The first line of the reply, or a bulk string's text; empty when the connection broke.
  std::string Ask(const std::vector<std::string>& arguments) {
    std::string request = fmt::format("*{}\r\n", arguments.size());
    for (const std::string& argument : arguments)
      request += fmt::format("${}\r\n{}\r\n", argument.size(), argument);
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      return {};
    const std::string line = ReadLine();
    return !line.empty() && line[0] == '$' ? ReadLine() : line;
  }

  int64_t AskNumber(const std::vector<std::string>& arguments) {
    const std::string reply = Ask(arguments);
    return reply.size() > 1 && reply[0] == ':' ? std::atoll(reply.c_str() + 1) : -1;
  }

 private:
  bool Connect(uint16_t port) {
    if (socket_ >= 0) close(socket_);
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const sockaddr_in address = Loopback(port);
    return connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }

  std::string ReadLine() {
    for (;;) {
      if (const size_t end = input_.find("\r\n"); end != std::string::npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        return line;
      }
      char bytes[4096];
      const ssize_t size = recv(socket_, bytes, sizeof(bytes), 0);
      if (size <= 0) return {};
      input_.append(bytes, static_cast<size_t>(size));
    }
  }

  pid_t process_ = 0;
  int socket_ = -1;
  std::string input_;
};

}  // namespace

bool ReplayRedis(const std::string& program, const Trace& trace, size_t objects, const std::string& policy,
                 int samples, Score* score, std::string* error) {
  RedisServer server;
  if (!server.Start(program)) return *error = program + ": does not start, or does not answer", false;
  constexpr int64_t kBytesPerKey = 110;  // a first guess; steering corrects it
  int64_t limit_bytes = 1'100'000 + static_cast<int64_t>(objects) * kBytesPerKey;
  const auto set_limit = [&] { server.Ask({"CONFIG", "SET", "maxmemory", std::to_string(limit_bytes)}); };
  set_limit();
  server.Ask({"CONFIG", "SET", "maxmemory-policy", policy});
  server.Ask({"CONFIG", "SET", "maxmemory-samples", std::to_string(samples)});
  const std::string script = server.Ask({"SCRIPT", "LOAD", kScript});
  int64_t hits = 0;
  double held = 0;
  size_t held_count = 0;
  int64_t keys_before = 0;
  int64_t misses = 0;  // since then
  for (size_t at = 0, steered = 0; at < trace.requests.size();) {
    const size_t begin = at;
    const size_t end = std::min(at + kBatch, trace.requests.size());
    std::vector<std::string> command = {"EVALSHA", script, std::to_string(end - begin)};
    for (; at < end; ++at) command.push_back(fmt::format("{:016x}", trace.requests[at].key));
    command.emplace_back(32, 'v');
    const int64_t reply = server.AskNumber(command);
    if (reply < 0) return *error = program + ": the connection broke, or the script failed", false;
    hits += reply;
    misses += static_cast<int64_t>(end - begin) - reply;
    if (at - steered < kSteerRequests) continue;
    steered = at;
    const int64_t keys = server.AskNumber({"DBSIZE"});
    // Upward only while the limit is what holds it back: while fewer keys were added than missed.
    const bool evicts = keys - keys_before < misses;
    const int64_t missing = static_cast<int64_t>(objects) - keys;
    if (missing < 0 || evicts) limit_bytes += missing * kBytesPerKey / 2;
    keys_before = keys;
    misses = 0;
    set_limit();
    if (2 * at <= trace.requests.size()) continue;
    held += static_cast<double>(keys);
    ++held_count;
  }
  score->hit_ratio = static_cast<double>(hits) / static_cast<double>(trace.requests.size());
  score->mean_objects = held_count != 0 ? held / static_cast<double>(held_count) : 0;
  return true;
}

}  // namespace corral::hit_ratio
