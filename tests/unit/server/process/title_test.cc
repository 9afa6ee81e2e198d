// Process title: template and memory.
#include "server/process/title.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>

namespace corral::process {
namespace {

TEST_CASE("title: variables") {
  const TitleVariables variables = {.title = "corral-server",
                                    .listen_addr = "*:6379",
                                    .server_mode = "",
                                    .port = 6379,
                                    .tls_port = 0,
                                    .unixsocket = "/s",
                                    .config_file = "/c"};
  std::string title;
  REQUIRE(ExpandTitle("{title} {listen-addr} {server-mode}", variables, &title));
  CHECK(title == "corral-server *:6379");
  REQUIRE(ExpandTitle("{port}|{tls-port}|{unixsocket}|{config-file}|{{x}", variables, &title));
  CHECK(title == "6379|0|/s|/c|{x}");
  REQUIRE(ExpandTitle("plain", variables, &title));
  CHECK(title == "plain");
}

TEST_CASE("title: templates that are wrong") {
  CHECK(IsValidTitleTemplate("{listen-addr}"));
  CHECK(IsValidTitleTemplate("{config-file}"));
  CHECK(IsValidTitleTemplate("{tls-port}"));
  CHECK(IsValidTitleTemplate("{title}}"));
  for (const char* wrong :
       {"{foo}", "{title", "{", "{}", "{Title}", "", "  ", "{title}", "{server-mode} {unixsocket}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(IsValidTitleTemplate(wrong));
  }
}

TEST_CASE("title: takes the memory of arguments and environment, which moves") {
  char memory[] = "prog\0--port\0001\0A=b\0C=d\0behind";
  char* arguments[] = {memory, memory + 5, memory + 12, nullptr};
  char* variables[] = {memory + 14, memory + 18, nullptr};
  char** environment = variables;
  ProcessTitle title(3, arguments, &environment);
  CHECK(title.capacity() == 21);
  title.Set("a title that is much longer than the room there is");
  CHECK(std::string(memory) == "a title that is much ");
  CHECK(std::string(memory + 22) == "behind");
  title.Set("short");
  CHECK(std::string(memory) == "short");
  REQUIRE(environment[0] != nullptr);
  CHECK(std::string(environment[0]) == "A=b");
  CHECK(std::string(environment[1]) == "C=d");
  CHECK(environment[2] == nullptr);
  // A process never gives its environment back; a test does.
  free(environment[0]);
  free(environment[1]);
  delete[] environment;
}

}  // namespace
}  // namespace corral::process
