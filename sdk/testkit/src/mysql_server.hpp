#pragma once

#include <sys/types.h>

#include <cstdlib>

#include <filesystem>
#include <string>
#include <vector>

namespace qiao::testkit {

/// Whether this run of the tests is the one on MySQL (QIAO_TEST_STORE=mysql in the environment).
inline bool tests_run_on_mysql() {
  const char* store = std::getenv("QIAO_TEST_STORE");
  return store != nullptr && std::string(store) == "mysql";
}

/// A MariaDB server of a test's own: a fresh data folder in a temporary one, a Unix socket, the user root without a
/// password. It runs as an unprivileged user, also in tests that run as root, and dies with this process.
class MysqlServer {
 public:
  /// More words of the command line, e.g. "--sync-binlog=1". Throws std::runtime_error with the server's log when it
  /// does not come up.
  explicit MysqlServer(std::vector<std::string> arguments = {});
  ~MysqlServer();
  MysqlServer(const MysqlServer&) = delete;
  MysqlServer& operator=(const MysqlServer&) = delete;

  /// The one that all tests of this process share; started when it is first asked for.
  static MysqlServer& shared();

  [[nodiscard]] std::string socket() const { return (folder_ / "socket").string(); }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Ends it at once, as a crash does; or starts it again on the same data, and waits until it answers.
  void kill();
  void start();
  /// Runs statements with the command-line client, which needs no library here. Throws when one fails; what they print.
  std::string run(const std::string& sql) const;

 private:
  void install();
  void spawn();
  void wait_until_ready();
  [[nodiscard]] std::string log() const;

  std::filesystem::path folder_;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
};

}  // namespace qiao::testkit
