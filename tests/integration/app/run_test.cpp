#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>

#include "tests/integration/app/fixture_hub.hpp"
#include "tests/integration/support/http_connection.hpp"

namespace qiao::testing {
namespace {

class Run : public ::testing::Test {
 protected:
  Run() {
    folder.put("echo-1", "fixture-echo");
    folder.put("crime", "fixture-crime");
    folder.configure_echo();
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
  FixtureFolder folder;
};

TEST_F(Run, AnswersAboutItsHealthAndStopsCleanly) {
  HubProcess process(folder.config(), folder.data());
  HttpConnection hub(process.port());
  EXPECT_EQ(hub.request("GET", "/healthz").status, 200);
  const HttpAnswer ready = hub.request("GET", "/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(has(ready.body, R"("name":"echo","state":"running")")) << ready.body;
  const HttpAnswer metrics = hub.request("GET", "/metrics");
  EXPECT_TRUE(has(metrics.body, "qiao_lane_handled_total")) << metrics.body;
  EXPECT_EQ(hub.request("GET", "/metrics", {}, "X-Forwarded-For: 203.0.113.7\r\n").status, 403);
  EXPECT_EQ(hub.request("GET", "/api/openapi.json").status, 200);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_TRUE(has(process.output(), "stopped echo")) << process.output();
}

TEST_F(Run, ASecondHubOnTheSameDataIsRefused) {
  const HubProcess process(folder.config(), folder.data());
  const CommandResult second =
      run_qiao({"run", "--config", folder.config(), "--data", folder.data(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit_code, 69) << second.err;
  EXPECT_TRUE(has(second.err, "store.locked")) << second.err;
  EXPECT_EQ(process.command({"plugins"}).exit_code, 0);
}

TEST_F(Run, APortThatIsTakenIsNamed) {
  const HubProcess process(folder.config(), folder.data());
  const CommandResult second = run_qiao({"run", "--config", folder.config(), "--data", folder.path() / "other",
                                         "--listen", "127.0.0.1:" + std::to_string(process.port())});
  EXPECT_EQ(second.exit_code, 69) << second.err;
  EXPECT_TRUE(has(second.err, std::to_string(process.port()))) << second.err;
}

TEST_F(Run, AWrongConfigurationEndsWith78BeforeAnythingOpens) {
  folder.configure_echo("{sufix: x}");
  const CommandResult run =
      run_qiao({"run", "--config", folder.config(), "--data", folder.data(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(run.exit_code, 78);
  EXPECT_TRUE(has(run.err, "error[config.unknown_key]")) << run.err;
  EXPECT_FALSE(std::filesystem::exists(folder.data() / "qiao.db"));
}

TEST_F(Run, ARequiredInstanceThatFailsStopsTheHubAndAnOptionalOneDoesNot) {
  folder.configure("  bad:\n    use: fixture-crime\n    config: {crime: throw_in_start}\n");
  const CommandResult run =
      run_qiao({"run", "--config", folder.config(), "--data", folder.data(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_TRUE(has(run.err, "error[plugin.threw]: plugins.bad: start threw: crime in start")) << run.err;

  folder.configure("  bad:\n    use: fixture-crime\n    required: false\n    config: {crime: throw_in_start}\n");
  HubProcess process(folder.config(), folder.data());
  HttpConnection hub(process.port());
  const HttpAnswer ready = hub.request("GET", "/readyz");
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_TRUE(has(ready.body, R"("state":"failed","required":false)")) << ready.body;

  const CommandResult again = process.command({"reload"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(has(again.out, "not started: bad: start threw: crime in start")) << again.out;
  folder.configure("  bad:\n    use: fixture-crime\n    required: false\n    config: {crime: none}\n");
  EXPECT_EQ(process.command({"reload"}).out, "started: bad\n");
}

TEST_F(Run, ALibraryThatIsRefusedKeepsOnlyRequiredInstancesFromRunning) {
  folder.put("foreign", "fixture-foreign");
  folder.configure("  echo:\n    use: fixture-echo\n  bad:\n    use: fixture-foreign\n    required: false\n");
  HubProcess process(folder.config(), folder.data());
  EXPECT_TRUE(has(process.output(), "qiao-abi-0/gcc-9")) << process.output();
  EXPECT_EQ(HttpConnection(process.port()).request("GET", "/readyz").status, 200);
}

TEST_F(Run, HupReloadsAndReloadOfOneInstanceBringsAFreshGeneration) {
  HubProcess process(folder.config(), folder.data());
  HttpConnection hub(process.port());
  folder.put("echo-2", "fixture-echo");
  process.signal(SIGHUP);
  while (hub.request("GET", "/fixture/version").body != "\"2.0.0\"") {
  }
  EXPECT_EQ(process.command({"reload"}).out, "nothing changed\n");
  EXPECT_EQ(process.command({"reload", "--plugin", "echo"}).out, "new generation: echo\n");
  const CommandResult unknown = process.command({"reload", "--plugin", "ecko"});
  EXPECT_EQ(unknown.exit_code, 78);
  EXPECT_TRUE(has(unknown.err, "plugin.unknown_instance")) << unknown.err;
}

TEST_F(Run, InstancesComeAndGoWithTheConfiguration) {
  HubProcess process(folder.config(), folder.data());
  folder.configure("  second:\n    use: fixture-crime\n");
  const CommandResult reload = process.command({"reload"});
  EXPECT_EQ(reload.out, "started: second\nstopped: echo\n") << reload.err;
  const CommandResult list = process.command({"plugins"});
  EXPECT_TRUE(has(list.out, "second")) << list.out;
  EXPECT_FALSE(has(list.out, "fixture-echo")) << list.out;
}

TEST_F(Run, DeadLettersCanBeListedShownReplayedAndDropped) {
  folder.configure(
      "  echo:\n    use: fixture-echo\n  bad:\n    use: fixture-crime\n    config: {crime: throw_in_handler}\n"
      "bindings:\n  fixture.echo: echo\n");
  {
    HubProcess process(folder.config(), folder.data());
    HttpConnection hub(process.port());
    ASSERT_EQ(hub.request("POST", "/fixture/tick", R"({"number":7,"line":"1"})").status, 204);
    std::string list;
    while (!has(list, "fixture.tick")) list = process.command({"dead-letters"}).out;
    EXPECT_TRUE(has(list, "plugin.threw")) << list;
    const std::string id = list.substr(0, list.find(' '));
    EXPECT_TRUE(has(process.command({"dead-letters", "show", id}).out, R"("number":7)"));
    const CommandResult replay = process.command({"dead-letters", "replay", "all"});
    EXPECT_EQ(replay.exit_code, 0) << replay.err;
    EXPECT_TRUE(has(replay.out, id + " handed to bad")) << replay.out;
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0);
  }
  const CommandResult kept = run_qiao({"dead-letters", "--data", folder.data()});
  EXPECT_TRUE(has(kept.out, "fixture.tick")) << "the replayed message failed again, and outlives the hub: " << kept.out;
  EXPECT_EQ(run_qiao({"dead-letters", "drop", "all", "--data", folder.data()}).out, "dropped 1\n");
}

TEST_F(Run, ABackupOfTheRunningHubCanBeRestored) {
  const std::string backup = folder.path() / "backup";
  {
    HubProcess process(folder.config(), folder.data());
    HttpConnection hub(process.port());
    ASSERT_EQ(hub.request("POST", "/fixture/tick", R"({"number":7,"line":"1"})").status, 204);
    while (!has(hub.request("GET", "/fixture/ticks").body, R"("stored":1)")) {
    }
    const CommandResult done = process.command({"backup", backup});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(process.command({"restore", backup}).exit_code, 69) << "not while the hub runs";
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0);
  }
  const std::string restored = folder.path() / "restored";
  const CommandResult done = run_qiao({"restore", backup, "--data", restored});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  // The master key is in no backup.
  std::filesystem::create_directories(restored + "/keys");
  std::filesystem::copy_file(folder.data() / "keys/master.key", restored + "/keys/master.key");
  HubProcess process(folder.config(), restored);
  HttpConnection hub(process.port());
  EXPECT_TRUE(has(hub.request("GET", "/fixture/ticks").body, R"("stored":1)"));
}

TEST_F(Run, TheDataFolderAndTheControlSocketBelongToTheUserAlone) {
  const HubProcess process(folder.config(), folder.data());
  struct stat info {};
  ASSERT_EQ(::stat((folder.data() / "control.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(folder.data().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(Run, SafeModeLeavesForeignPluginsOut) {
  const HubProcess process(folder.config(), folder.data(), {"--safe-mode"});
  EXPECT_FALSE(has(process.command({"plugins"}).out, "fixture-echo"));
}

TEST_F(Run, ThePidFileIsThereWhileTheHubRuns) {
  const std::filesystem::path file = folder.path() / "qiao.pid";
  HubProcess process(folder.config(), folder.data(), {"--pid-file", file});
  EXPECT_TRUE(std::filesystem::exists(file));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Run, AnInstanceThatHangsDoesNotKeepTheHubFromStopping) {
  write_file(folder.config(),
             "hub: {drain: 200ms}\nplugin_dirs: [plugins]\nplugins:\n  bad:\n    use: fixture-crime\n"
             "    config: {crime: hang_in_drain, until: /nonexistent/file}\n");
  HubProcess process(folder.config(), folder.data());
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_TRUE(has(process.output(), "parked: drain has not returned in time")) << process.output();
}

TEST_F(Run, AHandlerThatHangsIsReportedUntilItReturns) {
  const std::filesystem::path until = folder.path() / "until";
  write_file(folder.config(),
             "hub: {handler_watchdog: 100ms}\nplugin_dirs: [plugins]\nplugins:\n  echo:\n    use: fixture-echo\n"
             "  bad:\n    use: fixture-crime\n    config: {crime: hang_in_handler, until: " +
                 until.string() + "}\nbindings:\n  fixture.echo: echo\n");
  HubProcess process(folder.config(), folder.data());
  HttpConnection hub(process.port());
  ASSERT_EQ(hub.request("POST", "/fixture/tick", R"({"number":1,"line":"1"})").status, 204);
  while (!has(hub.request("GET", "/readyz").body, "a handler of fixture.tick has been running for")) {
  }
  EXPECT_TRUE(has(hub.request("GET", "/metrics").body, "qiao_handlers_overdue_total{instance=\"bad\"} 1"));
  EXPECT_EQ(hub.request("POST", "/fixture/echo", R"({"number":1})").status, 200) << "others are served";
  write_file(until, "");
  while (has(hub.request("GET", "/readyz").body, "degraded")) {
  }
}

TEST_F(Run, TheServiceManagerHearsOfTheHub) {
  const std::string name = folder.path() / "notify.sock";
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  HubProcess process(folder.config(), folder.data());
  ::unsetenv("NOTIFY_SOCKET");
  const auto next = [fd] {
    char buffer[256];
    const ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
    return std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  };
  EXPECT_EQ(next(), "READY=1");
  EXPECT_EQ(process.command({"reload"}).exit_code, 0);
  EXPECT_TRUE(next().starts_with("RELOADING=1"));
  EXPECT_EQ(next(), "READY=1");
  process.signal(SIGTERM);
  EXPECT_EQ(next(), "STOPPING=1");
  EXPECT_EQ(process.wait(), 0);
  ::close(fd);
}

}  // namespace
}  // namespace qiao::testing
