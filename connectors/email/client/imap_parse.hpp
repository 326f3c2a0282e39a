#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qiao::email {

/// A response of an IMAP server: its text, in which each "{n}" at the end of a line was followed by a literal.
struct ImapLine {
  std::string text;
  std::vector<std::string> literals;
};

struct ImapValue {
  enum class Kind { atom, text, nil, list };
  Kind kind = Kind::atom;
  std::string text;
  std::vector<ImapValue> items;
};

/// The words of a response; nesting past 20 levels and nonsense end the reading where they stand.
std::vector<ImapValue> parse_imap(const ImapLine& line);

/// How many bytes of a literal follow this line; -1 for none.
std::int64_t literal_size(std::string_view line);

/// The number behind NAME in "[NAME 123]"; 0 when it is not there.
std::uint32_t response_code(std::string_view line, std::string_view name);

/// What one FETCH response tells.
struct Fetched {
  std::uint32_t uid = 0;
  std::uint64_t size = 0;
  std::string body;
  bool has_body = false;
};
/// uid 0 when the line is no FETCH response.
Fetched read_fetch(const ImapLine& line);

/// A mailbox's name as IMAP writes it (modified UTF-7), from UTF-8.
std::string mailbox_name(std::string_view utf8);

/// "text" with what has to be escaped; for values without line breaks.
std::string imap_quoted(std::string_view text);

}  // namespace qiao::email
