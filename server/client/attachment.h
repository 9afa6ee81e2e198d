// What a feature keeps with a connection and the connection only owns.
#pragma once

namespace corral::client {

class Attachment {
 public:
  virtual ~Attachment() = default;
};

}  // namespace corral::client
