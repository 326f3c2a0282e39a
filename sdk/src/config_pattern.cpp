#include <regex>

#include "config_text.hpp"

namespace qiao::detail {

bool matches(const std::string& pattern, const std::string& text) {
  constexpr std::size_t kLongest = 2048;
  return text.size() <= kLongest && std::regex_match(text, std::regex(pattern));
}

}  // namespace qiao::detail
