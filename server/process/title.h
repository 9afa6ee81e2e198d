// The process title, as ps and top show it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace corral::process {

// What the variables of proc-title-template stand for.
struct TitleVariables {
  std::string title = {};        // {title}: the program's name as it was started
  std::string listen_addr = {};  // {listen-addr}: "127.0.0.1:6379", "*:6379" or the unix socket
  std::string server_mode = {};  // {server-mode}: empty, or "[cluster]"
  int port = 0;                  // {port}
  int tls_port = 0;              // {tls-port}
  std::string unixsocket = {};   // {unixsocket}
  std::string config_file = {};  // {config-file}
};

// "{{" stands for a brace. False for a brace that is not closed and for an unknown variable.
bool ExpandTitle(std::string_view title_template, const TitleVariables& variables, std::string* title);
// Nor is a template valid that may expand to nothing, having only variables that can be empty.
bool IsValidTitleTemplate(std::string_view title_template);

// Owns the memory that the kernel shows as the command line: the program's arguments and, behind them, its
// environment, which moves to the heap. Made once, in main, before there are threads; arguments must have
// been copied before, Set overwrites them.
class ProcessTitle {
 public:
  // `environment` is environ; the strings it points to are copied and the pointer replaced.
  ProcessTitle(int argc, char** argv, char*** environment);

  // Cut to the room there is.
  void Set(std::string_view title);

  size_t capacity() const { return size_ == 0 ? 0 : size_ - 1; }

 private:
  char* area_ = nullptr;
  size_t size_ = 0;
};

}  // namespace corral::process
