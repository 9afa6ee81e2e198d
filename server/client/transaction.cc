#include "server/client/transaction.h"

#include "server/command/table.h"

namespace corral::client {

void CommandQueue::Add(const command::Command& command, std::span<const std::string_view> arguments) {
  for (std::string_view argument : arguments) {
    bytes_.append(argument);
    argument_ends_.push_back(bytes_.size());
  }
  commands_.push_back({&command, argument_ends_.size()});
  flags_ |= command.spec->flags;
}

size_t CommandQueue::allocated_bytes() const {
  return commands_.capacity() * sizeof(Entry) + argument_ends_.capacity() * sizeof(size_t) +
         bytes_.capacity();
}

std::vector<CommandQueue::Queued> CommandQueue::Commands(std::vector<std::string_view>* views) const {
  views->clear();
  views->reserve(argument_ends_.size());
  size_t begin = 0;
  for (size_t end : argument_ends_) {
    views->push_back(std::string_view(bytes_).substr(begin, end - begin));
    begin = end;
  }
  std::vector<Queued> queued;
  queued.reserve(commands_.size());
  size_t first = 0;
  for (const Entry& entry : commands_) {
    queued.push_back({entry.command, std::span(*views).subspan(first, entry.arguments_end - first)});
    first = entry.arguments_end;
  }
  return queued;
}

}  // namespace corral::client
