// Tells the service manager that started the daemon (systemd or upstart) how it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace corral::process {

enum class Supervision : uint8_t { kNone, kUpstart, kSystemd, kAutomatic };

// Speaks systemd's notification protocol by hand: one datagram to the socket named by NOTIFY_SOCKET.
class Supervisor {
 public:
  // Made before Daemonize and before there are threads: it reads the environment, and for upstart clears
  // UPSTART_JOB. kAutomatic takes what the environment offers. What was asked for and is not there is logged
  // and means none.
  explicit Supervisor(Supervision wanted);

  // A supervised daemon must not fork away from its supervisor.
  bool active() const { return supervision_ != Supervision::kNone; }

  // "no", "upstart" or "systemd".
  std::string_view name() const;

  void Starting();
  void Ready();  // under upstart this stops the process until upstart lets it go on
  void Stopping();

 private:
  void Notify(std::string_view message);

  Supervision supervision_ = Supervision::kNone;
  std::string socket_path_;  // NOTIFY_SOCKET: a path, or '@' and an abstract name
};

}  // namespace corral::process
