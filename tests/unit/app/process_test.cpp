#include "core/app/process.hpp"

#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace qiao::core {
namespace {

using ::testing::ElementsAre;

TEST(Controller, DoesWhatItIsAskedInOrderAndEndsAfterWhatIsQueued) {
  Controller controller;
  std::vector<int> done;
  controller.post([&] {
    done.push_back(1);
    controller.post([&] { done.push_back(3); });
  });
  controller.post([&] {
    done.push_back(2);
    controller.stop();
  });
  controller.run(std::chrono::hours(1), [] {});
  EXPECT_THAT(done, ElementsAre(1, 2, 3));
}

TEST(Controller, TicksBetweenTasks) {
  Controller controller;
  int ticks = 0;
  controller.run(std::chrono::milliseconds(1), [&] {
    if (++ticks == 3) controller.stop();
  });
  EXPECT_EQ(ticks, 3);
}

TEST(PidFile, IsGoneWithItsObject) {
  const std::filesystem::path file = ::testing::TempDir() + "/qiao-pid-" + std::to_string(::getpid());
  {
    auto written = PidFile::write(file);
    ASSERT_TRUE(written);
    EXPECT_TRUE(std::filesystem::exists(file));
  }
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(PidFile::write("/nonexistent/folder/pid").error().name(), "app.pid_file");
}

/// Sets variables of the environment until it goes.
class Environment {
 public:
  Environment(std::initializer_list<std::pair<const char*, std::string>> variables) {
    for (const auto& [name, value] : variables) {
      ::setenv(name, value.c_str(), 1);
      names_.push_back(name);
    }
  }
  ~Environment() {
    for (const char* name : names_) ::unsetenv(name);
  }

 private:
  std::vector<const char*> names_;
};

TEST(ServiceManager, IsToldOnASocketThatIsInNoFolder) {
  const std::string name = "@qiao-notify-" + std::to_string(::getpid());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  const Environment environment{{"NOTIFY_SOCKET", name}};
  notify_service_manager("READY=1");
  char buffer[64];
  const ssize_t got = ::recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))), "READY=1");
  ::close(fd);
}

TEST(ServiceManager, ThatDoesNotListenIsNoTrouble) {
  notify_service_manager("READY=1");
  for (const std::string& name :
       {std::string("/nonexistent/notify"), std::string("relative"), std::string("@"), "/" + std::string(200, 'x')}) {
    const Environment environment{{"NOTIFY_SOCKET", name}};
    notify_service_manager("READY=1");
  }
}

TEST(ServiceManager, FeedsItsWatchdogOnlyWhenItIsMeantForThisProcess) {
  EXPECT_EQ(watchdog_period().count(), 0);
  const Environment period{{"WATCHDOG_USEC", "30000000"}};
  EXPECT_EQ(watchdog_period(), std::chrono::seconds(30));
  {
    const Environment other{{"WATCHDOG_PID", "1"}};
    EXPECT_EQ(watchdog_period().count(), 0);
  }
  const Environment own{{"WATCHDOG_PID", std::to_string(::getpid())}};
  EXPECT_EQ(watchdog_period(), std::chrono::seconds(30));
}

}  // namespace
}  // namespace qiao::core
