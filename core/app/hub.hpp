#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/app/control.hpp"
#include "core/app/dead_letter_store.hpp"
#include "core/app/setup.hpp"
#include "core/loader/plugin_host.hpp"

namespace qiao::core {

/// What the command line says about a run.
struct HubStart {
  std::filesystem::path config;
  std::optional<std::filesystem::path> data;
  std::optional<std::string> listen;
  std::optional<LogFormat> log_format;
  std::vector<std::filesystem::path> plugin_dirs;
  bool demo = false;
  bool safe_mode = false;
};

/// Why a command ends: its exit code, and what is printed.
struct Failure {
  int exit_code;
  std::string text;
};

/// The whole hub in one process: the kernel's parts in the order in which they need each other, and the plugins.
/// Controller thread only, except where told otherwise.
class Hub {
 public:
  explicit Hub(HubStart start);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Reads the configuration, opens the database, starts the plugins, then listens. Nullopt: it runs. `fatal` is called
  /// on any thread when the process has to end, because what is on disk is no longer known.
  std::optional<Failure> start(std::function<void()> fatal);
  /// Takes up changed settings and libraries; all or nothing. The text is for the operator.
  ControlReply reload(const std::string& only);
  /// What a command asked over the control socket. "key", "audit" and "connector" on any thread.
  ControlReply control(const ControlRequest& request);
  /// Watches over handlers and old generations. About every second.
  void tick();
  /// True when the bus answers and the store writes: what the service manager's watchdog is fed with.
  bool alive();
  /// Takes nothing new, finishes what was accepted, closes everything.
  void stop();

  /// "http://127.0.0.1:8080" of each listener.
  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] const std::filesystem::path& data_dir() const noexcept { return data_dir_; }
  /// An instance that did not let go: destructors must not run, the process is left with `_exit`.
  [[nodiscard]] bool must_leave_at_once() const;

 private:
  struct Parts;

  std::optional<Failure> open_parts(std::function<void()> fatal);
  std::optional<Failure> open_vault();
  /// Key rotation and the end of the audit log, in the background. About every second.
  void keep_vault();
  /// An entry of the hub itself, or of the operator's command.
  void audit_own(std::string action, std::string object, std::string detail = {});
  void start_backups();
  void add_kernel_routes();
  void add_collectors();
  std::string readiness(bool& ready, bool with_reasons) const;
  std::string instances_text() const;
  std::string instances_json() const;

  const HubStart start_;
  std::filesystem::path data_dir_;
  Setup setup_;
  std::unique_ptr<Parts> parts_;
  std::atomic<bool> started_{false};
};

/// `list`, `show ID…`, `replay ID…` or `drop ID…`, where `all` stands for every id; to replay needs the running hub's
/// bus.
ControlReply dead_letters_command(DeadLetterStore& store, const std::vector<std::string>& words, LocalBus* bus);

}  // namespace qiao::core
