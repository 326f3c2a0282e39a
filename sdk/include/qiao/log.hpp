#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "qiao/export.hpp"

namespace qiao {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

/// A named logger. A sentence, then `key=value` for what one would search by; never secrets or contact data.
/// `error`: somebody should look. `warn`: the hub coped. `info`: the world changed. `debug`: for us. Any thread.
class QIAO_API Logger {
 public:
  virtual ~Logger() = default;

  template <class... A>
  void debug(fmt::format_string<A...> text, A&&... args) {
    log(LogLevel::debug, text, std::forward<A>(args)...);
  }
  template <class... A>
  void info(fmt::format_string<A...> text, A&&... args) {
    log(LogLevel::info, text, std::forward<A>(args)...);
  }
  template <class... A>
  void warn(fmt::format_string<A...> text, A&&... args) {
    log(LogLevel::warn, text, std::forward<A>(args)...);
  }
  template <class... A>
  void error(fmt::format_string<A...> text, A&&... args) {
    log(LogLevel::error, text, std::forward<A>(args)...);
  }

  template <class... A>
  void log(LogLevel level, fmt::format_string<A...> text, A&&... args) {
    if (enabled(level)) write(level, fmt::format(text, std::forward<A>(args)...));
  }

  [[nodiscard]] virtual bool enabled(LogLevel level) const noexcept = 0;
  virtual void write(LogLevel level, std::string_view line) = 0;
};

}  // namespace qiao
