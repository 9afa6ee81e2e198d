#include "tests/unit/server/net/record_stream.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace corral::net {
namespace {

constexpr char kKey = 0x5a;

std::string Pattern(size_t bytes) {
  std::string pattern;
  for (size_t i = 0; i < bytes; ++i) pattern.push_back(static_cast<char>('a' + i * 7 % 26));
  return pattern;
}

// Owns streams as a worker does: one read of each in a turn, into little memory.
class Owner final : public LoopHooks, public StreamHandler {
 public:
  struct Connection {
    Stream::Handle stream;
    std::string received;
    size_t most_in_turn = 0, reads = 0, read_in_turn = 0;
    bool ended = false;
    size_t written = 0, tellings = 0;
    bool all_ok = true;
    int peer = -1;
  };

  Owner() : loop(this) {}
  ~Owner() {
    for (auto& connection : connections) {
      connection->stream.reset();
      if (connection->peer >= 0) close(connection->peer);
    }
  }

  Connection& Connect(bool records = true) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    Connection& connection = *connections.emplace_back(std::make_unique<Connection>());
    connection.peer = ends[1];
    connection.stream.reset(records ? new RecordStream(loop, ends[0], *this)
                                    : new Stream(loop, ends[0], Transport::kUnix, *this));
    connection.stream->context = &connection;
    connection.stream->StartReading();
    return connection;
  }

  void Turn() { uv_run(loop.handle(), UV_RUN_NOWAIT); }
  // Whether the last turn would have waited in the kernel.
  bool Sleeps() { return uv_backend_timeout(loop.handle()) != 0; }

  void AfterPoll() override {
    for (auto& connection : connections) {
      connection->most_in_turn = std::max(connection->most_in_turn, connection->read_in_turn);
      connection->read_in_turn = 0;
    }
  }
  void BeforeSleep() override {}
  void OnWakeup() override {}

  std::span<char> ReadBuffer(Stream& stream) override {
    auto& connection = *static_cast<Connection*>(stream.context);
    if (refuses || connection.read_in_turn != 0) return {};
    return memory_;
  }
  void OnRead(Stream& stream, size_t bytes) override {
    auto& connection = *static_cast<Connection*>(stream.context);
    CHECK_FALSE(connection.ended);
    connection.received.append(memory_, bytes);
    ++connection.reads;
    ++connection.read_in_turn;
    if (on_read) on_read(connection);
  }
  void OnEnd(Stream& stream) override {
    auto& connection = *static_cast<Connection*>(stream.context);
    connection.ended = true;
    connection.stream.reset();
  }
  void OnWritten(Stream& stream, size_t bytes, bool ok) override {
    auto& connection = *static_cast<Connection*>(stream.context);
    CHECK(stream.writing());
    connection.written += bytes;
    ++connection.tellings;
    connection.all_ok = connection.all_ok && ok;
  }

  EventLoop loop;
  std::vector<std::unique_ptr<Connection>> connections;
  bool refuses = false;
  std::function<void(Connection&)> on_read;

 private:
  char memory_[100];
};

void Give(Owner::Connection& connection, std::string_view bytes) {
  REQUIRE(write(connection.peer, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

// What is on the peer's side now, without the records around it.
std::string Opened(Owner::Connection& connection, std::string* wire) {
  char buffer[65536];
  for (ssize_t bytes; (bytes = read(connection.peer, buffer, sizeof buffer)) > 0;) {
    wire->append(buffer, static_cast<size_t>(bytes));
  }
  std::string opened;
  size_t at = 0;
  for (uint32_t length; at + sizeof length <= wire->size(); at += sizeof length + length) {
    std::memcpy(&length, wire->data() + at, sizeof length);
    if (at + sizeof length + length > wire->size()) break;
    for (char c : wire->substr(at + sizeof length, length)) opened.push_back(static_cast<char>(c ^ kKey));
  }
  wire->erase(0, at);
  return opened;
}

TEST_CASE("a record that is more than the memory for it arrives in later turns, and the end after it") {
  Owner owner;
  auto& connection = owner.Connect();
  const std::string sent = Pattern(1050);
  Give(connection, kKey + RecordStream::Seal(sent, kKey));
  shutdown(connection.peer, SHUT_WR);
  owner.Turn();
  CHECK(connection.received == sent.substr(0, 100));
  CHECK(connection.stream->HasBuffered());
  for (int turn = 1; turn <= 10; ++turn) {
    CHECK_FALSE(connection.ended);
    owner.Turn();
    CHECK_FALSE(owner.Sleeps());
  }
  CHECK(connection.received == sent);
  CHECK(connection.reads == 11);
  CHECK(connection.most_in_turn == 1);
  owner.Turn();
  CHECK(connection.ended);
  owner.Turn();
  CHECK(owner.Sleeps());
}

TEST_CASE("half a record keeps nobody awake") {
  Owner owner;
  auto& connection = owner.Connect();
  const std::string sent = Pattern(50), wire = kKey + RecordStream::Seal(sent, kKey);
  for (size_t i = 0; i + 1 < wire.size(); ++i) {
    Give(connection, wire.substr(i, 1));
    owner.Turn();
    CHECK(connection.received.empty());
    CHECK(owner.Sleeps());
  }
  Give(connection, wire.substr(wire.size() - 1));
  owner.Turn();
  CHECK(connection.received == sent);
  CHECK(owner.Sleeps());
}

TEST_CASE("what its owner has no memory for is offered until it has") {
  Owner owner;
  auto& connection = owner.Connect();
  Give(connection, kKey + RecordStream::Seal(Pattern(250), kKey));
  owner.refuses = true;
  for (int turn = 0; turn < 5; ++turn) owner.Turn();
  CHECK(connection.received.empty());
  CHECK(connection.stream->HasBuffered());
  SUBCASE("it takes it later") {
    owner.refuses = false;
    for (int turn = 0; turn < 3; ++turn) owner.Turn();
    CHECK(connection.received == Pattern(250));
    CHECK_FALSE(connection.stream->HasBuffered());
  }
  SUBCASE("it stops reading, and the loop sleeps until it starts again") {
    owner.refuses = false;
    connection.stream->StopReading();
    owner.Turn();
    owner.Turn();
    CHECK(owner.Sleeps());
    CHECK(connection.received.empty());
    connection.stream->StartReading();
    for (int turn = 0; turn < 4; ++turn) owner.Turn();
    CHECK(connection.received == Pattern(250));
  }
  owner.Turn();
  CHECK(owner.Sleeps());
}

TEST_CASE("streams that hold bytes take turns, and may close each other and themselves") {
  Owner owner;
  for (int i = 0; i < 6; ++i) Give(owner.Connect(), kKey + RecordStream::Seal(Pattern(1000), kKey));
  owner.Turn();
  for (auto& connection : owner.connections) CHECK(connection->received.size() == 100);
  owner.on_read = [&](Owner::Connection& connection) {
    if (&connection == owner.connections[1].get()) {
      owner.connections[0]->stream.reset();  // it had its turn
      owner.connections[2]->stream.reset();  // its turn is to come
    }
    if (&connection == owner.connections[4].get()) connection.stream.reset();
  };
  for (int turn = 0; turn < 12; ++turn) owner.Turn();
  const size_t expected[] = {200, 1000, 100, 1000, 200, 1000};
  for (size_t i = 0; i < 6; ++i) {
    CHECK(owner.connections[i]->received == Pattern(expected[i]));
    CHECK(owner.connections[i]->most_in_turn == 1);
  }
  CHECK(owner.Sleeps());
}

TEST_CASE(
    "a stream is writing as long as sealed bytes wait for the socket, though all of its bytes were taken") {
  Owner owner;
  auto& connection = owner.Connect();
  Give(connection, std::string(1, kKey));
  owner.Turn();
  const std::string sent = Pattern(RecordStream::kMostInRecord);
  const Slice slice{sent.data(), sent.size()};
  size_t taken = 0;
  while (!connection.stream->writing()) {
    const ssize_t bytes = connection.stream->TryWrite({&slice, 1});
    REQUIRE(bytes == static_cast<ssize_t>(sent.size()));
    taken += sent.size();
  }
  CHECK(connection.stream->TryWrite({&slice, 1}) == 0);  // bounded
  owner.Turn();
  CHECK(connection.tellings == 0);
  std::string wire;
  size_t arrived = Opened(connection, &wire).size();
  CHECK(arrived < taken);
  while (connection.stream->writing()) owner.Turn();
  CHECK(connection.tellings == 1);
  CHECK(connection.written == 0);  // Write was given nothing
  CHECK(arrived + Opened(connection, &wire).size() == taken);

  SUBCASE("after it, what Write is given goes in order and is told of once") {
    std::string all;
    std::string more = Pattern(3 * RecordStream::kMostInRecord + 10);
    while (!connection.stream->writing()) {
      REQUIRE(connection.stream->TryWrite({&slice, 1}) > 0);
      all += sent;
    }
    const Slice rest{more.data(), more.size()};
    REQUIRE(connection.stream->Write({&rest, 1}));
    all += more;
    std::string got;
    while (connection.stream->writing()) {
      got += Opened(connection, &wire);
      owner.Turn();
    }
    got += Opened(connection, &wire);
    CHECK(got == all);
    CHECK(connection.written == more.size());
    CHECK(connection.tellings == 2);
  }
  SUBCASE("a peer that is gone is told") {
    while (!connection.stream->writing()) REQUIRE(connection.stream->TryWrite({&slice, 1}) > 0);
    close(std::exchange(connection.peer, -1));
    for (int turn = 0; turn < 3; ++turn) owner.Turn();
    CHECK((connection.ended || !connection.all_ok));
  }
  CHECK(connection.all_ok == (connection.peer >= 0 || connection.ended));
}

TEST_CASE("bytes that cannot be sealed yet are held, and the stream is writing") {
  Owner owner;
  auto& connection = owner.Connect();
  const std::string sent = Pattern(2 * RecordStream::kMostInRecord);
  const Slice slice{sent.data(), sent.size()};
  CHECK(connection.stream->TryWrite({&slice, 1}) == 0);
  CHECK_FALSE(connection.stream->writing());
  REQUIRE(connection.stream->Write({&slice, 1}));
  CHECK(connection.stream->writing());
  CHECK(connection.stream->allocated_bytes() >= sizeof(RecordStream) + sent.size());
  owner.Turn();
  CHECK(connection.stream->writing());
  Give(connection, std::string(1, kKey));
  for (int turn = 0; turn < 4; ++turn) owner.Turn();
  CHECK_FALSE(connection.stream->writing());
  CHECK(connection.written == sent.size());
  std::string wire;
  CHECK(Opened(connection, &wire) == sent);
}

TEST_CASE("a plain socket holds nothing") {
  Owner owner;
  auto& connection = owner.Connect(/*records=*/false);
  Give(connection, Pattern(250));
  owner.Turn();
  CHECK(connection.received == Pattern(250).substr(0, 100));
  CHECK_FALSE(connection.stream->HasBuffered());
  CHECK(owner.loop.rereads().empty());
  CHECK(owner.Sleeps());  // the socket stays readable
  owner.Turn();
  owner.Turn();
  CHECK(connection.received == Pattern(250));
  CHECK(connection.stream->allocated_bytes() == sizeof(Stream));
}

}  // namespace
}  // namespace corral::net
