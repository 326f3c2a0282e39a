#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace qiao::testing {

struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs the hub's binary with these arguments until it ends.
CommandResult run_qiao(const std::vector<std::string>& arguments);
/// Runs any program until it ends; both outputs together in `out`.
CommandResult run_program(const std::vector<std::string>& line, const std::filesystem::path& folder = ".");

/// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_file(const std::filesystem::path& file, const std::string& text);
/// Puts a file in place whole, by renaming, as an operator should.
void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to);

/// The real binary, running on a folder of its own and a free port.
class HubProcess {
 public:
  /// `binary`: another one than that of this build. Waits until it listens; throws with its output when it ends before.
  HubProcess(const std::filesystem::path& config, const std::filesystem::path& data,
             const std::vector<std::string>& more = {}, const std::string& binary = {});
  ~HubProcess();  ///< kills it, should it still run
  HubProcess(const HubProcess&) = delete;
  HubProcess& operator=(const HubProcess&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Runs a command of the same binary against this hub's folder.
  [[nodiscard]] CommandResult command(std::vector<std::string> arguments) const;
  void signal(int number) const;
  /// Waits for its end; the exit code, or 128 and the signal.
  int wait();
  /// Everything that it printed.
  [[nodiscard]] std::string output() const;

 private:
  std::filesystem::path data_;
  std::filesystem::path log_;
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace qiao::testing
