// Syntax lines as trees of arguments.
#include "server/commands/command/command_syntax.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace corral::commands {
namespace {

// "name:type:TOKEN?+*(...)": ? optional, + multiple, * with its token.
std::string Text(const std::vector<SyntaxArgument>& arguments) {
  std::string text;
  for (const SyntaxArgument& argument : arguments) {
    if (!text.empty()) text += ' ';
    text += argument.name;
    text += ':';
    text += ArgumentTypeName(argument.type);
    if (!argument.token.empty()) text += ":" + argument.token;
    if (argument.optional) text += '?';
    if (argument.multiple) text += '+';
    if (argument.multiple_token) text += '*';
    if (!argument.arguments.empty()) {
      text += '(';
      text += Text(argument.arguments);
      text += ')';
    }
  }
  return text;
}

std::string Parsed(std::string_view command, std::string_view syntax) {
  return Text(ParseSyntax(command, syntax));
}

TEST_CASE("plain arguments and their types") {
  CHECK(Parsed("get", "key") == "key:key");
  CHECK(Parsed("time", "").empty());
  CHECK(Parsed("incrby", "key increment") == "key:key increment:integer");
  CHECK(Parsed("incrbyfloat", "key increment") == "key:key increment:double");
  CHECK(Parsed("keys", "pattern") == "pattern:pattern");
}

TEST_CASE("repetition") {
  CHECK(Parsed("del", "key [key ...]") == "key:key+");
  CHECK(Parsed("mset", "key value [key value ...]") == "key_value:block+(key:key value:string)");
  CHECK(Parsed("info", "[section [section ...]]") == "section:string?+");
  CHECK(Parsed("x", "[PREFIX prefix [PREFIX prefix ...]]") == "prefix:string:PREFIX?+*");
  CHECK(Parsed("x", "[ID client-id [client-id ...]]") == "client-id:integer:ID?+");
  CHECK(Parsed("x", "<[ID client-id] | [USER username]> [...]") ==
        "client-id_username:oneof+(client-id:integer:ID? username:string:USER?)");
}

TEST_CASE("options, choices and blocks") {
  CHECK(Parsed("set", "key value [NX | XX] [GET] [EX seconds | EXAT unix-time-seconds | KEEPTTL]") ==
        "key:key value:string nx_xx:oneof?(nx:pure-token:NX xx:pure-token:XX) get:pure-token:GET? "
        "seconds_unix-time-seconds_keepttl:oneof?(seconds:integer:EX unix-time-seconds:unix-time:EXAT "
        "keepttl:pure-token:KEEPTTL)");
  CHECK(Parsed("x", "[LIMIT offset count]") == "offset_count:block:LIMIT?(offset:integer count:integer)");
  CHECK(Parsed("client|list", "[TYPE <NORMAL | PUBSUB>]") ==
        "normal_pubsub:oneof:TYPE?(normal:pure-token:NORMAL pubsub:pure-token:PUBSUB)");
  CHECK(Parsed("hello", "[protover [AUTH username password] [SETNAME clientname]]") ==
        "protover_username_password_clientname:block?(protover:integer "
        "username_password:block:AUTH?(username:string password:string) clientname:string:SETNAME?)");
}

TEST_CASE("what a line calls its choices, groups and literals") {
  CHECK(Parsed("lmove", "wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT>") ==
        "wherefrom:oneof(left:pure-token:LEFT right:pure-token:RIGHT) "
        "whereto:oneof(left:pure-token:LEFT right:pure-token:RIGHT)");
  CHECK(Parsed("x", "options=[count [WITHVALUES]] [change=CH] [aggregate=AGGREGATE <SUM | MIN>]") ==
        "options:block?(count:integer withvalues:pure-token:WITHVALUES?) change:pure-token:CH? "
        "aggregate:oneof:AGGREGATE?(sum:pure-token:SUM min:pure-token:MIN)");
  CHECK(Parsed("xadd", "operator=[equal== | approximately=~] id_or_auto=<auto_id=* | id>") ==
        "operator:oneof?(equal:pure-token:= approximately:pure-token:~) "
        "id_or_auto:oneof(auto_id:pure-token:* id:string)");
  CHECK(Parsed("x", "box=<<BYBOX width> height>") == "box:block(width:double:BYBOX height:double)");
  CHECK(Parsed("x", "key operation=[GET offset | SET offset ...]") ==
        "key:key operation:oneof?+(offset:integer:GET offset:integer:SET)");
}

TEST_CASE("a line that is cut off neither loops nor crashes") {
  for (std::string_view line : {"[", "<", "key [", "[key ...", "A |", "| |", "] >", "[...]", "[[[[",
                                "x [...] ]", "x=", "x=[", "x=[...]", "=", "x==", "x=<"}) {
    CAPTURE(line);
    CHECK(ParseSyntax("x", line).size() <= 2);
  }
}

}  // namespace
}  // namespace corral::commands
