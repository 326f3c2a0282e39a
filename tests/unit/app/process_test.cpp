#include "core/app/process.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

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

}  // namespace
}  // namespace qiao::core
