#include "core/observe/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>

#include "core/observe/descriptor_sink.hpp"
#include "core/observe/trace.hpp"
#include "qiao/time.hpp"

namespace qiao::core {
namespace {

using Buffer = spdlog::memory_buf_t;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

void append(Buffer& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }

std::string_view view(spdlog::string_view_t text) { return {text.data(), text.size()}; }

std::string time_of(const spdlog::details::log_msg& line) {
  return to_iso8601(std::chrono::time_point_cast<std::chrono::microseconds>(line.time));
}

/// A line break inside a message would let whoever caused it forge log lines; control characters could drive a
/// terminal.
void append_one_line(Buffer& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      append(out, "\\n");
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
}

void append_json(Buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

class TextFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line, Buffer& out) override {
    fmt::format_to(std::back_inserter(out), "{} {:<5} [{}] ", time_of(line), level_name(line.level),
                   view(line.logger_name));
    append_one_line(out, view(line.payload));
    if (const Trace& trace = current_trace(); trace.trace || trace.message) {
      if (trace.trace) fmt::format_to(std::back_inserter(out), " trace={}", trace.trace.value);
      if (trace.message) fmt::format_to(std::back_inserter(out), " message={}", trace.message.value);
    }
    out.push_back('\n');
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextFormatter>(); }
};

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line, Buffer& out) override {
    fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","instance":)", time_of(line),
                   level_name(line.level));
    append_json(out, view(line.logger_name));
    append(out, R"(,"message":)");
    append_json(out, view(line.payload));
    const Trace& trace = current_trace();
    if (trace.trace) fmt::format_to(std::back_inserter(out), R"(,"trace":"{}")", trace.trace.value);
    if (trace.message) fmt::format_to(std::back_inserter(out), R"(,"message_id":"{}")", trace.message.value);
    append(out, "}\n");
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(Logs::Sink target) : sink_(std::move(target)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    Buffer text;
    formatter_->format(line, text);
    sink_({text.data(), text.size()});
  }
  void flush_() override {}
  Logs::Sink sink_;
};

class InstanceLogger final : public Logger {
 public:
  InstanceLogger(std::string instance, std::shared_ptr<spdlog::sinks::sink> sink, LogLevel level)
      : instance_(std::move(instance)), sink_(std::move(sink)), level_(level) {}

  [[nodiscard]] bool enabled(LogLevel level) const noexcept override {
    return level >= level_.load(std::memory_order_relaxed);
  }
  void write(LogLevel level, std::string_view line) override {
    const spdlog::details::log_msg message(spdlog::source_loc{}, instance_, spdlog_level(level),
                                           spdlog::string_view_t(line.data(), line.size()));
    // A full disk or a closed pipe must not turn a log line into a failure of the caller.
    try {
      sink_->log(message);
      sink_->flush();
    } catch (const std::exception&) {
    }
  }
  void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

 private:
  const std::string instance_;
  const std::shared_ptr<spdlog::sinks::sink> sink_;
  std::atomic<LogLevel> level_;
};

}  // namespace

std::string_view to_string(LogLevel level) noexcept { return level_name(spdlog_level(level)); }

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

struct Logs::Impl {
  std::shared_ptr<spdlog::sinks::sink> sink;
  std::shared_ptr<DescriptorSink> descriptor;  // the same one, where it is of this kind
  std::mutex mutex;
  LogLevel level;
  std::map<std::string, LogLevel, std::less<>> own_levels;
  std::map<std::string, std::unique_ptr<InstanceLogger>, std::less<>> loggers;

  Impl(const LogSettings& settings, std::shared_ptr<spdlog::sinks::sink> target)
      : sink(std::move(target)), level(settings.level) {
    if (settings.format == LogFormat::json) {
      sink->set_formatter(std::make_unique<JsonFormatter>());
    } else {
      sink->set_formatter(std::make_unique<TextFormatter>());
    }
  }
  [[nodiscard]] LogLevel level_of(std::string_view instance) const {
    const auto own = own_levels.find(instance);
    return own == own_levels.end() ? level : own->second;
  }
};

Logs::Logs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Logs::Logs(const LogSettings& settings, Sink sink)
    : impl_(std::make_unique<Impl>(settings, std::make_shared<FunctionSink>(std::move(sink)))) {}
Logs::~Logs() { flush(); }

Result<std::unique_ptr<Logs>> Logs::open(const LogSettings& settings) {
  if (settings.file.empty()) {
    auto sink = std::make_shared<DescriptorSink>(STDERR_FILENO);
    auto impl = std::make_unique<Impl>(settings, sink);
    impl->descriptor = std::move(sink);
    return std::unique_ptr<Logs>(new Logs(std::move(impl)));
  }
  try {
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(settings.file.string(), settings.max_bytes,
                                                                       settings.keep);
    return std::unique_ptr<Logs>(new Logs(std::make_unique<Impl>(settings, std::move(sink))));
  } catch (const spdlog::spdlog_ex& problem) {
    return Error{Errc::unavailable, "log.cannot_open",
                 fmt::format("cannot write the log to {}: {}; check the folder and its permissions",
                             settings.file.string(), problem.what())};
  }
}

Logger& Logs::logger(std::string_view instance) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->loggers.find(instance);
  if (found != impl_->loggers.end()) return *found->second;
  std::string name(instance);
  auto made = std::make_unique<InstanceLogger>(name, impl_->sink, impl_->level_of(instance));
  return *impl_->loggers.emplace(std::move(name), std::move(made)).first->second;
}

void Logs::set_level(LogLevel level) {
  const std::lock_guard lock(impl_->mutex);
  impl_->level = level;
  for (auto& [name, logger] : impl_->loggers) logger->set_level(impl_->level_of(name));
}

void Logs::set_level(std::string_view instance, std::optional<LogLevel> level) {
  const std::lock_guard lock(impl_->mutex);
  if (level) {
    impl_->own_levels.insert_or_assign(std::string(instance), *level);
  } else if (const auto own = impl_->own_levels.find(instance); own != impl_->own_levels.end()) {
    impl_->own_levels.erase(own);
  }
  if (const auto found = impl_->loggers.find(instance); found != impl_->loggers.end()) {
    found->second->set_level(impl_->level_of(instance));
  }
}

std::uint64_t Logs::dropped() const noexcept { return impl_->descriptor ? impl_->descriptor->dropped() : 0; }

void Logs::flush() {
  try {
    impl_->sink->flush();
  } catch (const std::exception&) {
    // Nowhere left to say so.
  }
}

}  // namespace qiao::core
