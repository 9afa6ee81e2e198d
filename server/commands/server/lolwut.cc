// A small herd in its corral.
#include "server/commands/server/lolwut.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "storage/base/random.h"

namespace corral::commands {

std::string DrawCorral(int columns, int rows, int animals, uint64_t seed) {
  constexpr std::string_view kHorse[] = {"  ,~~", "/)__/", "  /\\ "};
  constexpr int kHorseWidth = 5, kHorseHeight = 3;
  constexpr std::string_view kGrass = ".,'`";
  storage::Random random(seed);
  std::vector<std::string> field(static_cast<size_t>(rows), std::string(static_cast<size_t>(columns), ' '));
  for (std::string& row : field) {
    for (char& c : row) {
      if (random.Below(40) == 0) c = kGrass[random.Below(kGrass.size())];
    }
  }
  if (columns > kHorseWidth && rows > kHorseHeight) {
    for (int i = 0; i < animals; ++i) {
      const size_t x = random.Below(static_cast<uint64_t>(columns - kHorseWidth + 1));
      const size_t y = random.Below(static_cast<uint64_t>(rows - kHorseHeight + 1));
      for (size_t line = 0; line < kHorseHeight; ++line)
        field[y + line].replace(x, kHorseWidth, kHorse[line]);
    }
  }
  // A post every six columns; the gate is where the rail is missing.
  std::string rail = "+";
  for (int i = 0; i < columns; ++i) rail += i % 6 == 5 ? '+' : '=';
  rail += '+';
  std::string lower = rail;
  const size_t gate = 1 + random.Below(static_cast<uint64_t>(std::max(1, columns - 6)));
  for (size_t i = gate; i < gate + 5 && i + 1 < lower.size(); ++i) lower[i] = ' ';
  std::string picture = rail + "\n";
  for (const std::string& row : field) picture += "|" + row + "|\n";
  return picture + lower + "\n";
}

}  // namespace corral::commands
