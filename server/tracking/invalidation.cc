// The bytes of invalidation messages.
#include "server/tracking/invalidation.h"

namespace corral::tracking {
namespace {

void AppendHeader(std::string* out, char type, size_t count) {
  *out += type;
  *out += std::to_string(count);
  *out += "\r\n";
}

}  // namespace

Invalidation::Invalidation(std::span<const std::string_view> keys) {
  AppendHeader(&keys_, '*', keys.size());
  for (std::string_view key : keys) {
    AppendHeader(&keys_, '$', key.size());
    keys_ += key;
    keys_ += "\r\n";
  }
}

client::PushedMessage Invalidation::For(bool resp3, bool common) {
  std::string& form = forms_[resp3];
  if (form.empty()) {
    form = resp3 ? ">2\r\n$10\r\ninvalidate\r\n" : "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
    form += !keys_.empty() ? keys_ : resp3 ? "_\r\n" : "$-1\r\n";
  }
  if (common && !common_[resp3]) common_[resp3] = storage::SharedBytes::CopyOf(form);
  return {.head = form, .common_head = common ? &common_[resp3] : nullptr};
}

std::string RedirectBroken(uint64_t redirect_id) {
  return ">2\r\n$21\r\ntracking-redir-broken\r\n:" + std::to_string(redirect_id) + "\r\n";
}

}  // namespace corral::tracking
