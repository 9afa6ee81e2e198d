// SHA-256, and the line of the only user.
#include "server/config/default_user.h"

#include <doctest/doctest.h>

#include "server/config/directive.h"
#include "server/config/rewrite.h"
#include "server/config/sha256.h"

namespace corral::config {
namespace {

TEST_CASE("sha256: lengths around the ends of blocks") {
  const std::pair<size_t, const char*> digests[] = {
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
      {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
      {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
      {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
      {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
      {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
      {1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
  };
  for (const auto& [length, digest] : digests) CHECK(Sha256Hex(std::string(length, 'a')) == digest);
}

TEST_CASE("default user: CONFIG REWRITE writes the line that is true now") {
  const Settings defaults = DefaultSettings();
  Settings settings = defaults;
  const std::string old_text = "user default on nopass ~* &* +@all\n";
  CHECK(RewriteText(old_text, settings, defaults).starts_with(old_text));
  settings.requirepass = "secret";
  const std::string line = "user " + DescribeUser(settings) + "\n";
  CHECK(line == "user default on #" + Sha256Hex("secret") + " ~* &* +@all\n");
  CHECK(RewriteText(old_text, settings, defaults).starts_with(line));
}

}  // namespace
}  // namespace corral::config
