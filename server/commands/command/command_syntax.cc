// A recursive descent parser for syntax lines, and the types of argument names.
#include "server/commands/command/command_syntax.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/base/ascii.h"

namespace corral::commands {
namespace {

using Arguments = std::vector<SyntaxArgument>;

bool IsLiteral(std::string_view word) {
  return std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// Sorted by name; what is not here is a string.
struct NamedType {
  std::string_view name;
  ArgumentType type;
};

constexpr NamedType kTypes[] = {
    {"bit", ArgumentType::kInteger},
    {"bits", ArgumentType::kInteger},
    {"client-id", ArgumentType::kInteger},
    {"cluster_bus_port", ArgumentType::kInteger},
    {"config-epoch", ArgumentType::kInteger},
    {"count", ArgumentType::kInteger},
    {"cursor", ArgumentType::kInteger},
    {"db", ArgumentType::kInteger},
    {"decrement", ArgumentType::kInteger},
    {"destination", ArgumentType::kKey},
    {"destination-db", ArgumentType::kInteger},
    {"destkey", ArgumentType::kKey},
    {"dst", ArgumentType::kKey},
    {"end", ArgumentType::kInteger},
    {"end-slot", ArgumentType::kInteger},
    {"entries-added", ArgumentType::kInteger},
    {"entries-read", ArgumentType::kInteger},
    {"frequency", ArgumentType::kInteger},
    {"height", ArgumentType::kDouble},
    {"increment", ArgumentType::kInteger},
    {"index", ArgumentType::kInteger},
    {"index1", ArgumentType::kInteger},
    {"index2", ArgumentType::kInteger},
    {"key", ArgumentType::kKey},
    {"key1", ArgumentType::kKey},
    {"key2", ArgumentType::kKey},
    {"latitude", ArgumentType::kDouble},
    {"len", ArgumentType::kInteger},
    {"limit", ArgumentType::kInteger},
    {"longitude", ArgumentType::kDouble},
    {"maxage", ArgumentType::kInteger},
    {"milliseconds", ArgumentType::kInteger},
    {"min-match-len", ArgumentType::kInteger},
    {"ms", ArgumentType::kInteger},
    {"newkey", ArgumentType::kKey},
    {"num-matches", ArgumentType::kInteger},
    {"numfields", ArgumentType::kInteger},
    {"numids", ArgumentType::kInteger},
    {"numkeys", ArgumentType::kInteger},
    {"numlocal", ArgumentType::kInteger},
    {"numreplicas", ArgumentType::kInteger},
    {"offset", ArgumentType::kInteger},
    {"pattern", ArgumentType::kPattern},
    {"port", ArgumentType::kInteger},
    {"protover", ArgumentType::kInteger},
    {"radius", ArgumentType::kDouble},
    {"rank", ArgumentType::kInteger},
    {"score", ArgumentType::kDouble},
    {"seconds", ArgumentType::kInteger},
    {"slot", ArgumentType::kInteger},
    {"source", ArgumentType::kKey},
    {"sourcekey", ArgumentType::kKey},
    {"src", ArgumentType::kKey},
    {"start", ArgumentType::kInteger},
    {"start-slot", ArgumentType::kInteger},
    {"stop", ArgumentType::kInteger},
    {"timeout", ArgumentType::kDouble},
    {"ttl", ArgumentType::kInteger},
    {"unix-time-milliseconds", ArgumentType::kUnixTime},
    {"unix-time-seconds", ArgumentType::kUnixTime},
    {"version", ArgumentType::kInteger},
    {"weight", ArgumentType::kInteger},
    {"width", ArgumentType::kDouble},
};
static_assert(std::ranges::is_sorted(kTypes, {}, &NamedType::name));

// The same name with another type.
struct Exception {
  std::string_view command, name;
  ArgumentType type;
};

constexpr Exception kExceptions[] = {
    {"bitfield", "value", ArgumentType::kInteger},
    {"client|pause", "timeout", ArgumentType::kInteger},
    {"cluster|keyslot", "key", ArgumentType::kString},
    {"hincrbyfloat", "increment", ArgumentType::kDouble},
    {"incrbyfloat", "increment", ArgumentType::kDouble},
    {"setbit", "value", ArgumentType::kInteger},
    {"wait", "timeout", ArgumentType::kInteger},
    {"waitaof", "timeout", ArgumentType::kInteger},
    {"xautoclaim", "start", ArgumentType::kString},
    {"xpending", "end", ArgumentType::kString},
    {"xpending", "min-idle-time", ArgumentType::kInteger},
    {"xpending", "start", ArgumentType::kString},
    {"xrange", "end", ArgumentType::kString},
    {"xrange", "start", ArgumentType::kString},
    {"xrevrange", "end", ArgumentType::kString},
    {"xrevrange", "start", ArgumentType::kString},
    {"zcount", "max", ArgumentType::kDouble},
    {"zcount", "min", ArgumentType::kDouble},
    {"zrange", "start", ArgumentType::kString},
    {"zrange", "stop", ArgumentType::kString},
    {"zrangebyscore", "max", ArgumentType::kDouble},
    {"zrangebyscore", "min", ArgumentType::kDouble},
    {"zremrangebyscore", "max", ArgumentType::kDouble},
    {"zremrangebyscore", "min", ArgumentType::kDouble},
    {"zrevrangebyscore", "max", ArgumentType::kDouble},
    {"zrevrangebyscore", "min", ArgumentType::kDouble},
};

ArgumentType TypeOf(std::string_view command, std::string_view name) {
  for (const Exception& exception : kExceptions) {
    if (exception.command == command && exception.name == name) return exception.type;
  }
  const auto* found = std::ranges::lower_bound(kTypes, name, {}, &NamedType::name);
  return found != std::end(kTypes) && found->name == name ? found->type : ArgumentType::kString;
}

// Further names are left out where the name would grow long.
std::string JoinedNames(const Arguments& arguments) {
  constexpr size_t kLongest = 60;
  std::string name;
  for (const SyntaxArgument& argument : arguments) {
    if (!name.empty() && name.size() + argument.name.size() >= kLongest) break;
    if (!name.empty()) name += '_';
    name += argument.name;
  }
  return name;
}

// One argument that stands for several: itself if it is one.
SyntaxArgument Together(Arguments arguments, ArgumentType type) {
  if (arguments.size() == 1) return std::move(arguments[0]);
  SyntaxArgument group;
  group.name = JoinedNames(arguments);
  group.type = type;
  group.arguments = std::move(arguments);
  return group;
}

// What brackets hold: one argument, and whether it ended in an ellipsis, of how many arguments.
struct Group {
  Arguments arguments;
  bool repeats = false;
};

// A mark, a word or a literal, and the name that the line gives it.
struct Word {
  std::string_view text;
  std::string_view name = {};
};

class Parser {
 public:
  Parser(std::string_view command, std::string_view syntax) : command_(command) { Split(syntax); }

  Arguments Parse() { return Alternatives().arguments; }

 private:
  void Split(std::string_view syntax) {
    constexpr std::string_view kMarks = "[]<>|";
    std::string_view name;
    for (size_t i = 0; i < syntax.size();) {
      if (syntax[i] == ' ') {
        ++i;
      } else if (kMarks.find(syntax[i]) != std::string_view::npos) {
        words_.push_back({syntax.substr(i++, 1), std::exchange(name, {})});
      } else {
        const size_t end = std::min(syntax.find_first_of(" []<>|", i), syntax.size());
        std::string_view text = syntax.substr(i, end - i);
        // A mark of equality that stands at the beginning is the literal of XADD.
        if (const size_t equals = text.find('='); equals != std::string_view::npos && equals > 0) {
          name = text.substr(0, equals);
          text.remove_prefix(equals + 1);
        }
        if (!text.empty()) words_.push_back({text, std::exchange(name, {})});
        i = end;
      }
    }
  }

  bool At(std::string_view text) const { return next_ < words_.size() && words_[next_].text == text; }
  bool AtEnd() const { return next_ >= words_.size() || At("]") || At(">") || At("|"); }

  // a b | c | d e
  Group Alternatives() {
    Group group = Sequence();
    if (!At("|")) return group;
    Arguments choices;
    choices.push_back(Together(std::move(group.arguments), ArgumentType::kBlock));
    while (At("|")) {
      ++next_;
      Group choice = Sequence();
      group.repeats |= choice.repeats;
      choices.push_back(Together(std::move(choice.arguments), ArgumentType::kBlock));
    }
    group.arguments.clear();
    group.arguments.push_back(Together(std::move(choices), ArgumentType::kOneOf));
    return group;
  }

  Group Sequence() {
    Group group;
    while (!AtEnd()) {
      if (At("...")) {
        group.repeats = true;
        ++next_;
      } else if (IsLiteral(words_[next_].text) && !At("[") && !At("<")) {
        group.arguments.push_back(Literal());
      } else {
        Value(&group.arguments);
      }
    }
    return group;
  }

  // A word in upper case with the values that belong to it.
  SyntaxArgument Literal() {
    const Word token = words_[next_++];
    Arguments values;
    while (!AtEnd() && !At("...")) {
      const bool name = !IsLiteral(words_[next_].text);
      const bool repetition = At("[") && !values.empty() && RepeatsValue();
      const bool choice = At("<");
      if (!name && !repetition && !choice) break;
      Value(&values);
    }
    if (values.empty()) {
      SyntaxArgument pure;
      pure.name = token.name.empty() ? storage::LowerCase(token.text) : token.name;
      pure.type = ArgumentType::kPureToken;
      pure.token = token.text;
      return pure;
    }
    SyntaxArgument argument = Together(std::move(values), ArgumentType::kBlock);
    argument.token = token.text;
    if (!token.name.empty()) argument.name = token.name;
    return argument;
  }

  // "[name ...]" or "[...]" at the bracket: it repeats a value, not a literal.
  bool RepeatsValue() const {
    if (next_ + 1 >= words_.size()) return false;
    if (words_[next_ + 1].text == "...") return true;
    if (IsLiteral(words_[next_ + 1].text)) return false;
    for (size_t i = next_ + 1; i < words_.size() && words_[i].text != "]"; ++i) {
      if (words_[i].text == "...") return true;
    }
    return false;
  }

  // A name, a choice, or something in brackets: a further argument, or the repetition of those before it.
  void Value(Arguments* before) {
    const Word word = words_[next_++];
    if (word.text == "<") {
      Add(Together(Alternatives().arguments, ArgumentType::kBlock), word, before);
      ++next_;
    } else if (word.text == "[") {
      Group group = Alternatives();
      ++next_;
      if (group.repeats && word.name.empty()) return Repeat(group.arguments, before);
      SyntaxArgument argument = Together(std::move(group.arguments), ArgumentType::kBlock);
      argument.optional = true;
      argument.multiple |= group.repeats;
      Add(std::move(argument), word, before);
    } else {
      SyntaxArgument argument;
      argument.name = word.text;
      argument.type = TypeOf(command_, word.text);
      before->push_back(std::move(argument));
    }
  }

  static void Add(SyntaxArgument argument, const Word& word, Arguments* arguments) {
    if (!word.name.empty()) argument.name = word.name;
    arguments->push_back(std::move(argument));
  }

  static void Repeat(const Arguments& repeated, Arguments* before) {
    const size_t count = std::min(std::max<size_t>(repeated.size(), 1), before->size());
    if (count == 0) return;
    Arguments last(std::make_move_iterator(before->end() - static_cast<std::ptrdiff_t>(count)),
                   std::make_move_iterator(before->end()));
    before->resize(before->size() - count);
    SyntaxArgument argument = Together(std::move(last), ArgumentType::kBlock);
    argument.multiple = true;
    argument.multiple_token = count == 1 && !repeated.empty() && !repeated[0].token.empty() &&
                              argument.type != ArgumentType::kPureToken;
    before->push_back(std::move(argument));
  }

  std::string_view command_;
  std::vector<Word> words_;
  size_t next_ = 0;
};

}  // namespace

std::string_view ArgumentTypeName(ArgumentType type) {
  switch (type) {
    case ArgumentType::kString:
      return "string";
    case ArgumentType::kInteger:
      return "integer";
    case ArgumentType::kDouble:
      return "double";
    case ArgumentType::kKey:
      return "key";
    case ArgumentType::kPattern:
      return "pattern";
    case ArgumentType::kUnixTime:
      return "unix-time";
    case ArgumentType::kPureToken:
      return "pure-token";
    case ArgumentType::kOneOf:
      return "oneof";
    case ArgumentType::kBlock:
      return "block";
  }
  return {};
}

std::vector<SyntaxArgument> ParseSyntax(std::string_view command, std::string_view syntax) {
  return Parser(command, syntax).Parse();
}

}  // namespace corral::commands
