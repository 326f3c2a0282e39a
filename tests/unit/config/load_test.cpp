#include "core/config/load.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/config/merge.hpp"
#include "core/config/yaml_reader.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class LoadConfig : public ::testing::Test {
 protected:
  LoadConfig() {
    std::string name = (fs::temp_directory_path() / "qiao-config-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~LoadConfig() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  LoadedConfig load() {
    return load_config(folder_ / "qiao.yaml", {[this](const std::string& name) -> std::optional<std::string> {
                         const auto found = environment_.find(name);
                         return found == environment_.end() ? std::nullopt : std::optional(found->second);
                       }});
  }
  fs::path folder_;
  std::map<std::string, std::string> environment_;
};

TEST_F(LoadConfig, TakesAnEmptyFileForAllDefaults) {
  write("qiao.yaml", "");
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << problems_text(loaded.problems);
  EXPECT_EQ(loaded.config.hub.listen, "127.0.0.1:8080");
  EXPECT_EQ(loaded.config.hub.drain, 10s);
  EXPECT_EQ(loaded.config.hub.log.level, LogLevel::info);
  EXPECT_EQ(loaded.config.hub.limits.header, 16_KB);
  EXPECT_FALSE(loaded.config.hub.tls);
  EXPECT_TRUE(loaded.config.plugins.empty());
}

TEST_F(LoadConfig, MergesFragmentsInTheOrderOfTheirNames) {
  write("qiao.yaml", "hub: {drain: 5s}\nplugins:\n  bot: {use: bot, config: {language: zh}}\n");
  write("conf.d/20-b.yaml", "plugins:\n  bot: {config: {name: Qiao}}\n");
  write("conf.d/10-a.yaml", "hub: {log: {format: json}}\nplugins:\n  web: {use: web, enabled: false}\n");
  write("conf.d/notes.txt", "not yaml: [");
  write("conf.d/.hidden.yaml", "not yaml: [");
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << problems_text(loaded.problems);
  EXPECT_EQ(loaded.config.hub.drain, 5s);
  EXPECT_EQ(loaded.config.hub.log.format, LogFormat::json);
  EXPECT_FALSE(loaded.config.plugins.at("web").enabled);
  EXPECT_EQ(loaded.config.plugins.at("bot").config.node().find("name")->text, "Qiao");
  EXPECT_EQ(loaded.config.plugins.at("bot").config.path(), "plugins.bot.config");
  ASSERT_EQ(loaded.files.size(), 3U);
  EXPECT_EQ(loaded.files[1].filename(), "10-a.yaml");
}

TEST_F(LoadConfig, FillsInReferencesAndKeepsThemSecret) {
  write("qiao.yaml",
        "hub:\n  data: \"${env:BASE}/data\"\n  io_threads: ${env:THREADS}\n"
        "plugins:\n  a: {use: \"$${env:BASE}\", config: {token: \"Bearer ${file:token}\"}}\n");
  write("token", "s3cret\r\n");
  environment_ = {{"BASE", "/srv"}, {"THREADS", "4"}};
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << problems_text(loaded.problems);
  EXPECT_EQ(loaded.config.hub.data, "/srv/data");
  EXPECT_EQ(loaded.config.hub.io_threads, 4U);
  EXPECT_EQ(loaded.config.plugins.at("a").use, "${env:BASE}");
  const ConfigNode* token = loaded.config.plugins.at("a").config.node().find("token");
  EXPECT_EQ(token->text, "Bearer s3cret");
  EXPECT_TRUE(token->secret);
  EXPECT_FALSE(loaded.tree->find("plugins")->find("a")->find("use")->secret);
}

TEST_F(LoadConfig, NeverPrintsASecretInADiagnostic) {
  write("qiao.yaml",
        "hub: {drain: '${env:S}', io_threads: '${env:S}', log: {level: '${env:S}', keep: '${env:N}'}, listen: "
        "'${env:S}'}\n");
  environment_ = {{"S", "canary-5123"}, {"N", "5123000000"}};
  const LoadedConfig loaded = load();
  EXPECT_EQ(loaded.problems.size(), 5U);
  EXPECT_EQ(problems_text(loaded.problems).find("5123"), std::string::npos) << problems_text(loaded.problems);
  EXPECT_EQ(problems_json(loaded.problems).find("5123"), std::string::npos);
}

TEST_F(LoadConfig, KeepsWhatIsRightForFurtherChecks) {
  write("qiao.yaml", "hub: {drain: never, workers: 3}\nplugin_dirs: [more]\nplugins:\n  a: {use: x, enabled: yes}\n");
  const LoadedConfig loaded = load();
  EXPECT_EQ(loaded.problems.size(), 2U);
  EXPECT_EQ(loaded.config.hub.workers, 3U);
  EXPECT_EQ(loaded.config.hub.drain, 10s);
  EXPECT_EQ(loaded.config.plugin_dirs, std::vector<std::string>{"more"});
  EXPECT_EQ(loaded.config.plugins.at("a").use, "x");
}

TEST_F(LoadConfig, ReportsAMissingFile) {
  EXPECT_EQ(problems_text(load().problems),
            (folder_ / "qiao.yaml").string() + ": error[config.unreadable]: there is no such file\n");
  const LoadedConfig of_folder = load_config(folder_);
  EXPECT_NE(problems_text(of_folder.problems).find("this is a folder"), std::string::npos);
}

TEST_F(LoadConfig, RefusesSecretsThatAreNoText) {
  write("qiao.yaml", "hub: {data: \"${file:blob}\", listen: \"${file:large}\", log: {file: \"${file:.}\"}}\n");
  write("blob", std::string_view("a\0b", 3));
  write("large", std::string(70'000, 'x'));
  const std::string text = problems_text(load().problems);
  EXPECT_NE(text.find("is not printable UTF-8"), std::string::npos);
  EXPECT_NE(text.find("is larger than 64KB"), std::string::npos);
  EXPECT_NE(text.find("is not a regular file"), std::string::npos);
}

TEST_F(LoadConfig, SpeaksJsonToMachines) {
  write("qiao.yaml", "hub: {wrokers: 2}\n");
  EXPECT_EQ(problems_json(load().problems),
            R"({"ok":false,"problems":[{"file":")" + (folder_ / "qiao.yaml").string() +
                R"(","line":1,"column":7,"id":"config.unknown_key","path":"hub.wrokers",)"
                R"("message":"unknown key","suggestion":"workers"}]})");
  EXPECT_EQ(problems_json({}), R"({"ok":true,"problems":[]})");
}

TEST(Merge, LetsAKeyWithoutAValueGiveWay) {
  Problems problems;
  ConfigNode into = *read_yaml("a:\nb: {c: 1}\n", "1", problems);
  merge(into, *read_yaml("a: {x: 1}\nb:\nd: 2\n", "2", problems), problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(into.find("a")->find("x")->text, "1");
  EXPECT_EQ(into.find("b")->find("c")->text, "1");
  EXPECT_EQ(into.find("d")->text, "2");
}

}  // namespace
}  // namespace qiao::core
