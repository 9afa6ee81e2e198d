// Connections that put a burden on the server without being measured: idle ones and ones that never read.
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "tools/load_generator/options.h"

namespace corral::load_generator {

// An idle connection sends nothing. A slow reader sets one value of 512 KiB, asks for it 128 times and reads
// no byte of the 64 MiB. Belongs to one loop and must outlive its last turn after uv_close.
class Bystanders {
 public:
  // `on_ready` runs once when all are connected; `on_failed` when one could not connect or an idle one was
  // closed.
  Bystanders(uv_loop_t* loop, const Options& options, std::function<void()> on_ready,
             std::function<void(std::string)> on_failed);
  Bystanders(const Bystanders&) = delete;
  Bystanders& operator=(const Bystanders&) = delete;

  void Start();

 private:
  struct Bystander {
    Bystanders* owner;
    bool is_slow_reader;
    uv_tcp_t socket;
    uv_connect_t connect;
    uv_write_t write;
  };

  void ConnectNext();
  void HandleConnected(Bystander* bystander, int status);
  void AskAndNeverRead(Bystander* bystander);
  void WatchForClose(Bystander* bystander);

  uv_loop_t* loop_;
  int port_;
  std::uint64_t slow_readers_;
  std::uint64_t count_;
  std::uint64_t connected_ = 0;
  std::string slow_reader_requests_;
  std::function<void()> on_ready_;
  std::function<void(std::string)> on_failed_;
  std::deque<Bystander> bystanders_;
};

}  // namespace corral::load_generator
