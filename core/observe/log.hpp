#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "qiao/log.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

enum class LogFormat : std::uint8_t {
  text,  ///< `2026-11-22T07:04:05.123Z warn  [inbox] sentence, key=value trace=17`
  json,  ///< one object a line: time, level, instance, message, trace, message_id
};

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::filesystem::path file;                 ///< empty: standard error
  std::size_t max_bytes = 64u * 1024 * 1024;  ///< a file is rotated at this size
  std::size_t keep = 5;                       ///< rotated files that are kept
};

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

/// Where all log lines go: one sink for the hub, one logger an instance. Lines are written by the thread that logs, so
/// that none is lost in a crash; a standard error that nobody reads loses lines instead of holding up the hub; what a
/// level suppresses costs one atomic read. Any thread.
class Logs {
 public:
  /// Receives finished lines (with the line end) instead of a file; called by one thread at a time.
  using Sink = std::function<void(std::string_view line)>;

  /// Fails when the file cannot be opened.
  static Result<std::unique_ptr<Logs>> open(const LogSettings& settings);
  /// For tests and tools.
  Logs(const LogSettings& settings, Sink sink);
  ~Logs();
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  /// The logger of an instance; the same one for the same name. Lives as long as this object.
  Logger& logger(std::string_view instance);
  /// For all instances that have no level of their own.
  void set_level(LogLevel level);
  /// For one instance, also one that has not logged yet; nullopt: that of the others.
  void set_level(std::string_view instance, std::optional<LogLevel> level);
  void flush();
  /// Lines that a standard error that nobody reads did not take.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  struct Impl;
  explicit Logs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::core
