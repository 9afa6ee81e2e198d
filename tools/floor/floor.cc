// What the kernel alone costs: a server that reads, answers fixed replies and does nothing else.
//
// tools/bench runs it beside the others as `floor`. It looks at nothing but the '*' of each request and the
// digit behind it, and so serves the requests of tools/load_generator only: *2 is a GET and gets a value,
// more are a SET and get OK. Each thread has an epoll of its own; connections go to them in turn.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Options {
  uint16_t port = 0;
  size_t threads = 1;
  size_t value_bytes = 32;
};

// Of the whole argument, and 1 to `most`.
template <class Number>
bool Parse(const char* text, uint64_t most, Number* number) {
  uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [parsed, error] = std::from_chars(text, end, value);
  if (error != std::errc() || parsed != end || value == 0 || value > most) return false;
  *number = static_cast<Number>(value);
  return true;
}

bool Parse(int argc, char** argv, Options* options) {
  if (argc % 2 == 0) return false;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--port"          ? !Parse(value, 65535, &options->port)
        : name == "--threads"     ? !Parse(value, 128, &options->threads)
        : name == "--value-bytes" ? !Parse(value, 65536, &options->value_bytes)
                                  : true) {
      return false;
    }
  }
  return options->port != 0;
}

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  _exit(1);
}

int Listen(uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Fail("bind");
  if (listen(listener, 511) != 0) Fail("listen");
  return listener;
}

class Floor {
 public:
  explicit Floor(const Options& options) : listener_(Listen(options.port)), polls_(options.threads) {
    value_ = fmt::format("${}\r\n{:v>{}}\r\n", options.value_bytes, "", options.value_bytes);
    for (int& poll : polls_) {
      poll = epoll_create1(EPOLL_CLOEXEC);
      if (poll < 0) Fail("epoll_create1");
    }
    Watch(polls_[0], listener_);
  }

  void Run() {
    for (size_t i = 1; i < polls_.size(); ++i) std::thread([this, i] { Serve(polls_[i]); }).detach();
    Serve(polls_[0]);
  }

 private:
  static constexpr size_t kReadBytes = 64 * 1024;
  static constexpr size_t kEvents = 1024;

  static void Watch(int poll, int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) Fail("epoll_ctl");
  }

  // What a thread works with.
  struct Bench {
    std::vector<char> input = std::vector<char>(kReadBytes);
    std::string output;
    std::vector<bool> cut;  // by descriptor: its last byte was a '*', whose digit is still to come
  };

  [[noreturn]] void Serve(int poll) {
    Bench bench;
    epoll_event events[kEvents];
    for (;;) {
      const int count = epoll_wait(poll, events, kEvents, -1);
      for (int i = 0; i < count; ++i) {
        const int descriptor = events[i].data.fd;
        if (descriptor == listener_) {
          Accept();
        } else if (!Answer(descriptor, &bench)) {
          close(descriptor);
        }
      }
    }
  }

  void Accept() {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Watch(polls_[accepted_++ % polls_.size()], descriptor);
  }

  // False when the connection is to be closed.
  bool Answer(int descriptor, Bench* bench) const {
    const auto index = static_cast<size_t>(descriptor);
    if (index >= bench->cut.size()) bench->cut.resize(index + 1);
    char* input = bench->input.data();
    const ssize_t bytes = read(descriptor, input, kReadBytes);
    if (bytes <= 0) {
      bench->cut[index] = false;
      return false;
    }
    std::string& output = bench->output;
    output.clear();
    if (bench->cut[index]) AppendReply(input[0], &output);
    const char* last = input + bytes - 1;
    for (const char* at = input; at < last; ++at) {
      at = static_cast<const char*>(std::memchr(at, '*', static_cast<size_t>(last - at)));
      if (at == nullptr) break;
      AppendReply(at[1], &output);
    }
    bench->cut[index] = *last == '*';
    return output.empty() ||
           write(descriptor, output.data(), output.size()) == static_cast<ssize_t>(output.size());
  }

  void AppendReply(char words, std::string* output) const { *output += words == '2' ? value_ : kOk; }

  static inline const std::string kOk = "+OK\r\n";

  int listener_;
  std::vector<int> polls_;
  size_t accepted_ = 0;
  std::string value_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!Parse(argc, argv, &options)) {
    std::fprintf(stderr, "usage: floor --port PORT [--threads 1-128] [--value-bytes 1-65536]\n");
    return 2;
  }
  Floor(options).Run();
}
