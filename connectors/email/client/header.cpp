#include "connectors/email/client/header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "connectors/channel/signing.hpp"
#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kMostHeader = 256 * 1024;
constexpr std::size_t kMostFields = 2000;
constexpr std::size_t kMostWord = 4000;  // 75 are allowed; some mailers write whole subjects into one
constexpr std::size_t kMostAddresses = 200;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct EncodedWord {
  std::string_view charset;
  char encoding = 'q';
  std::string_view text;
  std::size_t size = 0;  ///< 0: it is none
};

EncodedWord encoded_word(std::string_view s) {
  if (!s.starts_with("=?")) return {};
  s = s.substr(0, kMostWord);
  const auto first = s.find('?', 2);
  if (first == std::string_view::npos || first == 2 || first + 3 >= s.size() || s[first + 2] != '?') return {};
  const char encoding = static_cast<char>(s[first + 1] | 0x20);
  if (encoding != 'b' && encoding != 'q') return {};
  const auto end = s.find("?=", first + 3);
  if (end == std::string_view::npos) return {};
  const std::string_view charset = s.substr(2, first - 2);
  if (charset.find_first_of(" \t\r\n") != std::string_view::npos) return {};
  return {charset, encoding, s.substr(first + 3, end - first - 3), end + 2};
}

std::string bytes_of(const EncodedWord& word) {
  return word.encoding == 'b' ? decode_base64(word.text) : decode_quoted(word.text, true);
}

/// Reads a quoted string or a token of a structured header from `at`.
std::string read_value(std::string_view s, std::size_t& at) {
  std::string out;
  if (at < s.size() && s[at] == '"') {
    for (++at; at < s.size() && s[at] != '"'; ++at) {
      if (s[at] == '\\' && at + 1 < s.size()) ++at;
      out += s[at];
    }
    if (at < s.size()) ++at;
    return out;
  }
  while (at < s.size() && s[at] != ';') out += s[at++];
  return std::string(trim(out));
}

}  // namespace

Header Header::read(std::string_view bytes, std::size_t& at) {
  Header header;
  const std::size_t start = at;
  std::string line;
  const auto keep = [&] {
    const auto colon = line.find(':');
    if (colon != std::string::npos && colon > 0 && header.fields_.size() < kMostFields) {
      header.add(lower(trim(std::string_view(line).substr(0, colon))),
                 std::string(trim(std::string_view(line).substr(colon + 1))));
    }
    line.clear();
  };
  while (at < bytes.size()) {
    auto end = bytes.find('\n', at);
    if (end == std::string_view::npos) end = bytes.size();
    std::string_view one = bytes.substr(at, end - at);
    at = std::min(end + 1, bytes.size());
    if (one.ends_with('\r')) one.remove_suffix(1);
    if (one.empty()) break;
    if (at - start > kMostHeader) continue;
    if (one.front() == ' ' || one.front() == '\t') {
      line += one;
    } else {
      keep();
      line = one;
    }
  }
  keep();
  return header;
}

void Header::add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

std::string_view Header::raw(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

bool Header::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) { return field.first == name; });
}

std::vector<std::string_view> Header::all(std::string_view name) const {
  std::vector<std::string_view> list;
  for (const auto& [key, value] : fields_) {
    if (key == name) list.push_back(value);
  }
  return list;
}

std::string Header::text(std::string_view name) const { return decode_words(raw(name)); }
std::vector<Address> Header::addresses(std::string_view name) const { return read_addresses(raw(name)); }
std::vector<std::string> Header::ids(std::string_view name) const { return read_ids(raw(name)); }

std::string Parameters::get(const std::string& name) const {
  const auto found = named.find(name);
  return found == named.end() ? std::string{} : found->second;
}

Parameters read_parameters(std::string_view s) {
  Parameters out;
  std::size_t at = 0;
  out.value = lower(read_value(s, at));
  struct Piece {
    std::string text;
    bool coded = false;
  };
  std::map<std::string, std::map<int, Piece>> continued;
  for (int count = 0; at < s.size() && count < 100; ++count) {
    at = s.find_first_not_of("; \t", at);
    if (at == std::string_view::npos) break;
    const auto equals = s.find_first_of("=;", at);
    if (equals == std::string_view::npos) break;
    if (s[equals] == ';') {
      at = equals;
      continue;
    }
    std::string name = lower(trim(s.substr(at, equals - at)));
    at = std::min(s.find_first_not_of(" \t", equals + 1), s.size());
    std::string value = read_value(s, at);
    at = std::min(s.find(';', at), s.size());
    const auto star = name.find('*');
    if (star == std::string::npos) {
      out.named.emplace(std::move(name), decode_words(value));
      continue;
    }
    const bool coded = name.ends_with('*');
    int number = 0;
    std::from_chars(name.data() + star + 1, name.data() + name.size(), number);
    continued[name.substr(0, star)].emplace(number, Piece{std::move(value), coded});
  }
  for (const auto& [name, pieces] : continued) {
    std::string charset = "utf-8";
    std::string bytes;
    for (const auto& [number, piece] : pieces) {
      std::string_view text = piece.text;
      if (piece.coded && bytes.empty() && number == 0) {
        const auto first = text.find('\'');
        const auto second = first == std::string_view::npos ? first : text.find('\'', first + 1);
        if (second != std::string_view::npos) {
          charset = text.substr(0, first);
          text.remove_prefix(second + 1);
        }
      }
      bytes += piece.coded ? decode_percent(text) : std::string(text);
    }
    out.named[name] = to_utf8(bytes, charset);
  }
  return out;
}

std::string decode_words(std::string_view s) {
  std::string out;
  std::string plain;
  std::string bytes;  // of words that are being joined
  std::string charset;
  const auto flush_plain = [&] {
    out += to_utf8(plain, "");
    plain.clear();
  };
  const auto flush_words = [&] {
    out += to_utf8(bytes, charset);
    bytes.clear();
    charset.clear();
  };
  for (std::size_t i = 0; i < s.size();) {
    const EncodedWord word = s[i] == '=' ? encoded_word(s.substr(i)) : EncodedWord{};
    if (word.size == 0) {
      plain += s[i++];
      continue;
    }
    const bool between_words = !bytes.empty() && trim(plain).empty();
    if (between_words) {
      plain.clear();
    } else {
      flush_words();
      flush_plain();
    }
    if (!charset.empty() && !same_word(charset, word.charset)) flush_words();
    charset = word.charset;
    bytes += bytes_of(word);
    i += word.size;
    // What follows decides whether the word goes on; text ends it.
    const auto next = s.find_first_not_of(" \t", i);
    if (next == std::string_view::npos || !s.substr(next).starts_with("=?")) flush_words();
  }
  flush_words();
  flush_plain();
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return std::string(trim(out));
}

std::string encode_words(std::string_view text, std::size_t column) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; }) &&
                     text.find("=?") == std::string_view::npos && text.size() + column < 900;
  if (plain) return std::string(text);
  std::string out;
  constexpr std::size_t kMostBytes = 45;  // 60 characters of base64, 72 with what is around them
  while (!text.empty()) {
    const std::size_t room = out.empty() && column > 16 ? 30 : kMostBytes;
    std::string_view piece = utf8_head(text, room);
    if (piece.empty()) piece = text.substr(0, 1);
    if (!out.empty()) out += "\r\n ";
    out += fmt::format("=?utf-8?B?{}?=", channel::base64(piece));
    text.remove_prefix(piece.size());
  }
  return out;
}

std::vector<Address> read_addresses(std::string_view s) {
  std::vector<Address> list;
  std::string phrase;  // what stands before <…>
  std::string angle;   // between < and >
  std::string comment;
  bool had_angle = false;
  const auto finish = [&] {
    Address one;
    std::string found = had_angle ? angle : std::string(trim(phrase));
    std::erase_if(found,
                  [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '<' || c == '>'; });
    if (const auto colon = found.rfind(':'); had_angle && found.starts_with('@') && colon != std::string::npos) {
      found.erase(0, colon + 1);  // an obsolete route
    }
    const auto at = found.rfind('@');
    if (at != std::string::npos && at > 0 && at + 1 < found.size() && found.size() <= 320 && is_utf8(found)) {
      one.address = lower(found);
    }
    one.name = decode_words(had_angle ? trim(phrase) : trim(comment));
    if (!one.address.empty() || !one.name.empty()) list.push_back(std::move(one));
    phrase.clear();
    angle.clear();
    comment.clear();
    had_angle = false;
  };
  for (std::size_t i = 0; i < s.size() && list.size() < kMostAddresses; ++i) {
    const char c = s[i];
    if (c == '"') {
      for (++i; i < s.size() && s[i] != '"'; ++i) {
        if (s[i] == '\\' && i + 1 < s.size()) ++i;
        phrase += s[i];
      }
    } else if (c == '(') {
      int depth = 1;
      for (++i; i < s.size() && depth > 0; ++i) {
        depth += s[i] == '(' ? 1 : s[i] == ')' ? -1 : 0;
        if (depth > 0) comment += s[i];
      }
      --i;
    } else if (c == '<') {
      had_angle = true;
      for (++i; i < s.size() && s[i] != '>'; ++i) angle += s[i];
    } else if (c == ',' || c == ';') {
      finish();
    } else if (c == ':' && !had_angle && phrase.find('@') == std::string::npos) {
      phrase.clear();  // the name of a group
    } else {
      phrase += c;
    }
  }
  finish();
  return list;
}

std::vector<std::string> read_ids(std::string_view s) {
  std::vector<std::string> ids;
  const auto keep = [&](std::string_view id) {
    std::string one(id);
    std::erase_if(one, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>'; });
    if (!one.empty() && one.size() <= 900 && ids.size() < 1000) ids.push_back(std::move(one));
  };
  std::size_t at = 0;
  while (at < s.size()) {
    const auto open = s.find('<', at);
    if (open == std::string_view::npos) {
      // Brackets are missing: words that look like an id.
      for (std::size_t from = at; from < s.size();) {
        from = s.find_first_not_of(" \t,", from);
        if (from == std::string_view::npos) break;
        const auto to = std::min(s.find_first_of(" \t,", from), s.size());
        if (const auto word = s.substr(from, to - from); word.find('@') != std::string_view::npos) keep(word);
        from = to;
      }
      break;
    }
    const auto close = s.find('>', open);
    const auto next = s.find('<', open + 1);
    if (close == std::string_view::npos || next < close) {
      keep(s.substr(open + 1, std::min(next, s.size()) - open - 1));
      at = std::min(next, s.size());
    } else {
      keep(s.substr(open + 1, close - open - 1));
      at = close + 1;
    }
  }
  return ids;
}

std::string decode_base64(std::string_view text) {
  static const auto kValues = [] {
    std::array<std::int8_t, 256> values;
    values.fill(-1);
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return values;
  }();
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') {
      // Padding ends a piece; mailers that encode in pieces put it into the middle.
      count = 0;
      bits = 0;
      continue;
    }
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    ++count;
    if (count == 2) out += static_cast<char>(bits >> 4 & 0xFF);
    if (count == 3) out += static_cast<char>(bits >> 2 & 0xFF);
    if (count == 4) {
      out += static_cast<char>(bits & 0xFF);
      count = 0;
      bits = 0;
    }
  }
  return out;
}

std::string decode_quoted(std::string_view text, bool underscore_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '_' && underscore_is_blank) {
      out += ' ';
    } else if (c != '=') {
      out += c;
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      // A soft line break, with blanks that a server added behind it.
      const auto end = text.find_first_not_of(" \t\r", i + 1);
      if (end == std::string_view::npos) break;
      if (text[end] == '\n') {
        i = end;
      } else {
        out += c;
      }
    }
  }
  return out;
}

}  // namespace qiao::email
