#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::core {

/// How a command ends, by the numbers of sysexits.h, so that scripts and service managers can tell why.
namespace exit_code {
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;        ///< it was done, and the answer is no
inline constexpr int kUsage = 64;        ///< the command line is wrong
inline constexpr int kUnavailable = 69;  ///< something that is needed is not there: the hub, a port, the data folder
inline constexpr int kInternal = 70;     ///< a broken promise of ours
inline constexpr int kTemporary = 75;    ///< try again later
inline constexpr int kConfig = 78;       ///< the configuration is wrong
}  // namespace exit_code

struct OptionSpec {
  std::string_view name;   ///< without the dashes
  std::string_view value;  ///< what stands for the value in the help; empty: a switch
  std::string_view doc;
};

/// A command's line, taken apart: `--name value`, `--name=value`, switches, and the rest in order. `--` ends the
/// options.
class Arguments {
 public:
  /// Errors: `usage.unknown_option`, `usage.missing_value`, `usage.unexpected_value`.
  static Result<Arguments> parse(std::span<const std::string> line, std::span<const OptionSpec> known);

  [[nodiscard]] bool has(std::string_view name) const { return options_.find(name) != options_.end(); }
  [[nodiscard]] std::string value(std::string_view name, std::string fallback = {}) const;
  [[nodiscard]] const std::vector<std::string>& rest() const noexcept { return rest_; }

 private:
  std::map<std::string, std::string, std::less<>> options_;
  std::vector<std::string> rest_;
};

}  // namespace qiao::core
