#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/config_tree.hpp"

namespace qiao::core {

using Problems = std::vector<ConfigProblem>;

/// The text of one configuration file and where its lines begin. Borrowed text; one thread.
class SourceText {
 public:
  SourceText(std::string_view text, std::shared_ptr<const std::string> file);

  /// Refuses what no YAML reader should be bothered with: too large, not UTF-8, control characters, tabs as
  /// indentation.
  [[nodiscard]] bool acceptable(std::size_t max_bytes, Problems& problems) const;

  /// The place of a byte, counted from zero as yaml-cpp does, as a person counts: from one, columns in characters.
  [[nodiscard]] ConfigMark mark(int line, int column) const;
  [[nodiscard]] std::size_t offset(int line, int column) const;
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  /// From a byte onwards; empty beyond the end.
  [[nodiscard]] std::string_view from(std::size_t offset) const noexcept {
    return offset < text_.size() ? text_.substr(offset) : std::string_view();
  }

 private:
  [[nodiscard]] ConfigMark mark_at(std::size_t offset) const;

  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  std::vector<std::size_t> lines_;
};

/// The length of the UTF-8 sequence that starts `text`; 0 when there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;
/// UTF-8 without control characters other than tab, line feed and carriage return.
[[nodiscard]] bool printable_utf8(std::string_view text) noexcept;

}  // namespace qiao::core
