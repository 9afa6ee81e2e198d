#include "server/process/title.h"

#include <errno.h>  // program_invocation_name
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace corral::process {
namespace {

std::optional<std::string> ValueOf(std::string_view name, const TitleVariables& variables) {
  if (name == "title") return variables.title;
  if (name == "listen-addr") return variables.listen_addr;
  if (name == "server-mode") return variables.server_mode;
  if (name == "port") return fmt::format("{}", variables.port);
  if (name == "tls-port") return fmt::format("{}", variables.tls_port);
  if (name == "unixsocket") return variables.unixsocket;
  if (name == "config-file") return variables.config_file;
  return std::nullopt;
}

// Gives the environment a home on the heap; it lives as long as the process.
void MoveEnvironment(char*** environment) {
  size_t count = 0;
  while ((*environment)[count] != nullptr) ++count;
  char** moved = new char*[count + 1];
  for (size_t i = 0; i < count; ++i) moved[i] = strdup((*environment)[i]);
  moved[count] = nullptr;
  *environment = moved;
}

}  // namespace

bool ExpandTitle(std::string_view title_template, const TitleVariables& variables, std::string* title) {
  title->clear();
  while (!title_template.empty()) {
    const size_t brace = title_template.find('{');
    title->append(title_template.substr(0, brace));
    if (brace == std::string_view::npos) break;
    title_template.remove_prefix(brace + 1);
    if (title_template.starts_with('{')) {
      title->push_back('{');
      title_template.remove_prefix(1);
      continue;
    }
    const size_t end = title_template.find('}');
    if (end == std::string_view::npos) return false;
    const auto value = ValueOf(title_template.substr(0, end), variables);
    if (!value) return false;
    title->append(*value);
    title_template.remove_prefix(end + 1);
  }
  while (title->ends_with(' ')) title->pop_back();
  return true;
}

bool IsValidTitleTemplate(std::string_view title_template) {
  std::string title;
  return ExpandTitle(title_template, {.listen_addr = "*", .config_file = "-"}, &title) && !title.empty();
}

ProcessTitle::ProcessTitle(int argc, char** argv, char*** environment) {
  if (argc < 1 || argv[0] == nullptr) return;
  // The kernel lays the strings one behind the other; what does not follow on is not ours.
  area_ = argv[0];
  char* end = area_;
  for (int i = 0; i < argc && argv[i] == end; ++i) end = argv[i] + strlen(argv[i]) + 1;
  for (char** variable = *environment; *variable != nullptr && *variable == end; ++variable) {
    end = *variable + strlen(*variable) + 1;
  }
  size_ = static_cast<size_t>(end - area_);
  MoveEnvironment(environment);
  if (program_invocation_name == argv[0]) program_invocation_name = strdup(argv[0]);
  program_invocation_short_name = basename(program_invocation_name);
}

void ProcessTitle::Set(std::string_view title) {
  if (size_ == 0) return;
  const size_t length = std::min(title.size(), capacity());
  memcpy(area_, title.data(), length);
  memset(area_ + length, 0, size_ - length);
}

}  // namespace corral::process
