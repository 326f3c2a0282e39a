#include "core/app/tools.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

class Tools : public testing::Test {
 protected:
  Tools() : folder_(fs::temp_directory_path() / ("qiao-tools-" + std::to_string(::getpid()))) {
    fs::create_directory(folder_);
  }
  ~Tools() override { fs::remove_all(folder_); }
  void put(const std::string& name, const std::string& content, fs::perms mode) const {
    std::ofstream(folder_ / name) << content;
    fs::permissions(folder_ / name, mode);
  }
  const fs::path folder_;
};

TEST_F(Tools, AreTheProgramsOfTheFolderWithWhatTheySayOfThemselves) {
  put("qiao-weigh", "#!/bin/sh\n", fs::perms::owner_all);
  put("qiao-weigh.txt", "weigh parcels\nand more that nobody asked for\n", fs::perms::owner_read);
  put("qiao-count", "#!/bin/sh\n", fs::perms::owner_all);
  put("qiao-notes", "no program\n", fs::perms::owner_read);
  put("other", "#!/bin/sh\n", fs::perms::owner_all);
  fs::create_directory(folder_ / "qiao-folder");
  const auto tools = tools_in(folder_);
  ASSERT_EQ(tools.size(), 2u);
  EXPECT_EQ(tools[0].name, "count");
  EXPECT_EQ(tools[0].summary, "");
  EXPECT_EQ(tools[1].name, "weigh");
  EXPECT_EQ(tools[1].summary, "weigh parcels");
  EXPECT_EQ(tools[1].program, folder_ / "qiao-weigh");
}

TEST_F(Tools, AreNoneWhereThereIsNoFolder) { EXPECT_TRUE(tools_in(folder_ / "nowhere").empty()); }

TEST_F(Tools, ThatCannotBeRunSayWhy) {
  put("qiao-broken", "", fs::perms::owner_all);
  fs::remove(folder_ / "qiao-broken");
  testing::internal::CaptureStderr();
  EXPECT_EQ(become_tool({"broken", "", folder_ / "qiao-broken"}, {}), 69);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("qiao broken: cannot run"), std::string::npos);
}

}  // namespace
}  // namespace qiao::core
