// The load generator's entry: arguments in, one run, its result out.
#include <csignal>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "tools/load_generator/load_run.h"
#include "tools/load_generator/options.h"
#include "tools/load_generator/result.h"

// Exit status: 0 when every reply was as it must be, 1 when not or when the run failed, 2 for wrong
// arguments.
int main(int argc, char** argv) {
  using namespace corral::load_generator;
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    fmt::print("load-generator --port N [option ...]: loads a server on 127.0.0.1 and measures it.\n\n{}",
               OptionsHelp());
    return 0;
  }
  Options options;
  const std::string problem = ParseOptions({argv + 1, static_cast<std::size_t>(argc - 1)}, &options);
  if (!problem.empty()) {
    fmt::print(stderr, "load-generator: {}\n(load-generator --help lists the options)\n", problem);
    return 2;
  }
  if (options.check_only) return 0;
  std::signal(SIGPIPE, SIG_IGN);
  const Result result = LoadRun(options).Run();
  fmt::print("{}", options.json ? ToJson(result, options) : ToText(result, options));
  return result.IsGood(options.allow_misses) ? 0 : 1;
}
