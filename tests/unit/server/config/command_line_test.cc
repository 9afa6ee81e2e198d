// The command line, as Redis 7 takes it apart.
#include "server/config/command_line.h"

#include <doctest/doctest.h>

namespace corral::config {
namespace {

TEST_CASE("command line: file, standard input and options") {
  const CommandLine line = ParseCommandLine({"my.conf", "--port", "7777", "--bind", "127.0.0.1", "::1", "-"});
  CHECK(line.action == CommandLine::Action::kRun);
  CHECK(line.file == "my.conf");
  CHECK(line.from_stdin);
  CHECK(line.options == "port \"7777\" \nbind \"127.0.0.1\" \"::1\" ");
  CHECK(ParseCommandLine({"-"}).from_stdin);
  CHECK_FALSE(ParseCommandLine({"--requirepass", "-", "--port", "1"}).from_stdin);
  CHECK(ParseCommandLine({}).options.empty());
}

TEST_CASE("command line: one argument may hold a name and its value") {
  CHECK(ParseCommandLine({"--port 1", "--timeout", "2"}).options == "port 1 \ntimeout \"2\" ");
}

TEST_CASE("command line: a value may start with two dashes, except after --save") {
  CHECK(ParseCommandLine({"--requirepass", "--x"}).options == "requirepass \"--x\" ");
  CHECK(ParseCommandLine({"--save", "--port", "1"}).options == "save \"\"\nport \"1\" ");
  CHECK(ParseCommandLine({"--port", "1", "--SAVE"}).options == "port \"1\" \nSAVE \"\"");
  CHECK(ParseCommandLine({"--save", "", "--port", "1"}).options == "save \"\" \nport \"1\" ");
}

TEST_CASE("command line: version and help") {
  CHECK(ParseCommandLine({"--version"}).action == CommandLine::Action::kPrintVersion);
  CHECK(ParseCommandLine({"-v", "--port", "1"}).action == CommandLine::Action::kPrintVersion);
  CHECK(ParseCommandLine({"-h"}).action == CommandLine::Action::kPrintHelp);
  CHECK(ParseCommandLine({"--help"}).action == CommandLine::Action::kPrintHelp);
  CHECK(VersionText().starts_with("Corral server v="));
  CHECK(HelpText().ends_with("\n"));
}

TEST_CASE("command line: what redis-server does beside serving is refused with one sentence") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--check-system"}, {"--test-memory", "64"}, {"a.conf", "--sentinel"}}) {
    const CommandLine line = ParseCommandLine(arguments);
    CHECK(line.action == CommandLine::Action::kRefuse);
    CHECK(line.refusal.find(arguments.back().starts_with("--") ? arguments.back() : arguments[0]) !=
          std::string::npos);
    CHECK(line.refusal.ends_with("\n"));
  }
}

}  // namespace
}  // namespace corral::config
