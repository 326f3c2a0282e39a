#include "core/app/control.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace qiao::core {
namespace {

class Control : public ::testing::Test {
 protected:
  Control() {
    std::string pattern = ::testing::TempDir() + "/qiao-control-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~Control() override { std::filesystem::remove_all(folder); }

  void listen() {
    auto made = ControlServer::listen(control_socket(folder), [this](const ControlRequest& request) {
      ++asked;
      return ControlReply{true, {}, request.command + " " + request.argument};
    });
    ASSERT_TRUE(made) << made.error().message;
    server = std::move(*made);
  }
  /// Sends raw bytes and reads what comes until the other side closes.
  std::string talk(const std::string& bytes) const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, control_socket(folder).c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    ::shutdown(fd, SHUT_WR);
    std::string in(4096, '\0');
    const ssize_t got = ::recv(fd, in.data(), in.size(), MSG_WAITALL);
    in.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    ::close(fd);
    return in;
  }

  std::filesystem::path folder;
  std::atomic<int> asked{0};
  std::unique_ptr<ControlServer> server;
};

TEST_F(Control, AnswersRequestsOneAfterTheOther) {
  listen();
  for (int i = 0; i < 3; ++i) {
    auto reply = ask_hub(folder, {"reload", std::to_string(i)});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "reload " + std::to_string(i));
  }
  EXPECT_EQ(asked, 3);
}

TEST_F(Control, NoHubIsSaidSo) { EXPECT_EQ(ask_hub(folder, {}).error().name(), "control.no_hub"); }

TEST_F(Control, ASocketThatADeadHubLeftBehindIsReplaced) {
  std::filesystem::create_directory(folder / "x");
  listen();
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(control_socket(folder)));
  listen();
  EXPECT_TRUE(ask_hub(folder, {"plugins", {}}));
}

TEST_F(Control, GarbageNeverReachesTheHandler) {
  listen();
  EXPECT_NE(talk("garbage\n").find("control.bad_request"), std::string::npos);
  EXPECT_EQ(talk("no line end"), "");
  EXPECT_EQ(asked, 0);
}

TEST_F(Control, AFolderTooDeepForASocketIsNamed) {
  auto made = ControlServer::listen(folder / std::string(120, 'x') / "control.sock", {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().name(), "control.path_too_long");
}

}  // namespace
}  // namespace qiao::core
