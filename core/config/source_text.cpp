#include "core/config/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::core {
namespace {

bool continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }
bool control(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && c != '\t' && c != '\n' && c != '\r') || u == 0x7F;
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continuation(text[i])) return 0;
  }
  // Overlong forms, surrogates, and beyond U+10FFFF.
  const unsigned second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
      (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

bool printable_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0 || control(text.front())) return false;
    text.remove_prefix(length);
  }
  return true;
}

SourceText::SourceText(std::string_view text, std::shared_ptr<const std::string> file)
    : text_(text), file_(std::move(file)), lines_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') lines_.push_back(i + 1);
  }
}

bool SourceText::acceptable(std::size_t max_bytes, Problems& problems) const {
  const auto refuse = [&](const char* id, std::size_t at, std::string message) {
    problems.push_back(config_problem(id, mark_at(at), {}, std::move(message)));
    return false;
  };
  if (text_.size() > max_bytes) {
    return refuse("config.too_large", 0,
                  fmt::format("the file has {} bytes; at most {} are read", text_.size(), max_bytes));
  }
  bool indentation = true;
  for (std::size_t i = 0; i < text_.size();) {
    const std::size_t length = utf8_length(text_.substr(i));
    if (length == 0) return refuse("config.bad_encoding", i, "this byte is not UTF-8; save the file as UTF-8");
    const char c = text_[i];
    if (control(c)) {
      return refuse("config.bad_encoding", i,
                    fmt::format("control character 0x{:02X}; remove it", static_cast<unsigned char>(c)));
    }
    if (c == '\t' && indentation) return refuse("config.tab", i, "a tab indents this line; YAML takes only spaces");
    indentation = c == '\n' || (indentation && c == ' ');
    i += length;
  }
  return true;
}

ConfigMark SourceText::mark_at(std::size_t offset) const {
  const auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
  const auto line = static_cast<std::size_t>(after - lines_.begin()) - 1;
  return mark(static_cast<int>(line), static_cast<int>(offset - lines_[line]));
}

ConfigMark SourceText::mark(int line, int column) const {
  const std::size_t begin = offset(line, 0);
  const std::string_view before = text_.substr(begin, offset(line, column) - begin);
  const auto characters =
      static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) { return !continuation(c); }));
  return {file_, static_cast<std::uint32_t>(std::max(line, 0) + 1), static_cast<std::uint32_t>(characters + 1)};
}

std::size_t SourceText::offset(int line, int column) const {
  const std::size_t begin = lines_[std::min(static_cast<std::size_t>(std::max(line, 0)), lines_.size() - 1)];
  return std::min(begin + static_cast<std::size_t>(std::max(column, 0)), text_.size());
}

}  // namespace qiao::core
