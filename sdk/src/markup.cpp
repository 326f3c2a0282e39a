#include "qiao/markup.hpp"

namespace qiao {

std::string escape_markup(std::string_view text, std::string_view line_break) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += line_break;
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace qiao
