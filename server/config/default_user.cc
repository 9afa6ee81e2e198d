#include "server/config/default_user.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "server/config/sha256.h"

namespace corral::config {
namespace {

// The rights that the line must grant, each with all its spellings.
struct Rule {
  std::string_view name, other;
};
constexpr Rule kRules[] = {{"on", "on"}, {"~*", "allkeys"}, {"&*", "allchannels"}, {"+@all", "allcommands"}};

bool NamesPassword(const std::string& word, const Settings& settings) {
  if (settings.requirepass.empty()) return word == "nopass";
  const std::string_view password = word.empty() ? std::string_view() : std::string_view(word).substr(1);
  return word.starts_with('>') ? password == settings.requirepass
                               : word.starts_with('#') && password == Sha256Hex(settings.requirepass);
}

}  // namespace

Result CheckUser(const std::vector<std::string>& words, const Settings& settings) {
  const auto says = [&](auto matches) { return std::any_of(words.begin() + 1, words.end(), matches); };
  bool holds = !words.empty() && words[0] == "default";
  for (const Rule& rule : kRules) {
    holds = holds && says([&](const std::string& word) { return word == rule.name || word == rule.other; });
  }
  holds = holds && says([&](const std::string& word) { return NamesPassword(word, settings); });
  // Any other word would restrict or extend the user.
  holds = holds && std::all_of(words.begin() + 1, words.end(), [&](const std::string& word) {
            return word == "sanitize-payload" || NamesPassword(word, settings) ||
                   std::any_of(std::begin(kRules), std::end(kRules),
                               [&](const Rule& rule) { return word == rule.name || word == rule.other; });
          });
  if (holds) return Result::Ok();
  return Result::Error(
      "this version of Corral has no users and access control lists yet; use requirepass. Of `user` lines it takes the one that says what holds anyway: 'user default on nopass ~* &* +@all', or with the hash of requirepass instead of nopass");
}

std::string DescribeUser(const Settings& settings) {
  if (settings.requirepass.empty()) return "default on nopass ~* &* +@all";
  return fmt::format("default on #{} ~* &* +@all", Sha256Hex(settings.requirepass));
}

}  // namespace corral::config
