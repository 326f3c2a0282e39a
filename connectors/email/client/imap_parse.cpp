#include "connectors/email/client/imap_parse.hpp"

#include <fmt/format.h>
#include <unicode/ucnv.h>

#include <charconv>

#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr int kMostDepth = 20;

class Reader {
 public:
  explicit Reader(const ImapLine& line) : line_(line), s_(line.text) {}

  std::vector<ImapValue> values(int depth) {
    std::vector<ImapValue> list;
    while (at_ < s_.size()) {
      const char c = s_[at_];
      if (c == ' ') {
        ++at_;
      } else if (c == ')') {
        if (depth > 0) return list;
        ++at_;
      } else if (c == '(') {
        ++at_;
        if (depth >= kMostDepth) {
          at_ = s_.size();
          return list;
        }
        ImapValue value{ImapValue::Kind::list, {}, values(depth + 1)};
        if (at_ < s_.size()) ++at_;
        list.push_back(std::move(value));
      } else if (c == '"') {
        list.push_back(quoted());
      } else if (c == '{') {
        list.push_back(literal());
      } else {
        list.push_back(atom());
      }
    }
    return list;
  }

 private:
  ImapValue quoted() {
    ImapValue value{ImapValue::Kind::text, {}, {}};
    for (++at_; at_ < s_.size() && s_[at_] != '"'; ++at_) {
      if (s_[at_] == '\\' && at_ + 1 < s_.size()) ++at_;
      value.text += s_[at_];
    }
    if (at_ < s_.size()) ++at_;
    return value;
  }

  ImapValue literal() {
    const auto end = s_.find('}', at_);
    at_ = end == std::string_view::npos ? s_.size() : end + 1;
    if (next_literal_ >= line_.literals.size()) return {ImapValue::Kind::nil, {}, {}};
    return {ImapValue::Kind::text, line_.literals[next_literal_++], {}};
  }

  /// Blanks and brackets inside […] belong to it: BODY[HEADER.FIELDS (DATE)].
  ImapValue atom() {
    ImapValue value;
    int brackets = 0;
    for (; at_ < s_.size(); ++at_) {
      const char c = s_[at_];
      if (brackets == 0 && (c == ' ' || c == '(' || c == ')' || c == '"' || c == '{')) break;
      brackets += c == '[' ? 1 : c == ']' && brackets > 0 ? -1 : 0;
      value.text += c;
    }
    if (same_word(value.text, "NIL")) value.kind = ImapValue::Kind::nil;
    return value;
  }

  const ImapLine& line_;
  std::string_view s_;
  std::size_t at_ = 0;
  std::size_t next_literal_ = 0;
};

template <class T>
T number(std::string_view text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::vector<ImapValue> parse_imap(const ImapLine& line) { return Reader(line).values(0); }

std::int64_t literal_size(std::string_view line) {
  if (!line.ends_with('}')) return -1;
  const auto open = line.rfind('{');
  if (open == std::string_view::npos) return -1;
  std::string_view digits = line.substr(open + 1, line.size() - open - 2);
  if (digits.ends_with('+')) digits.remove_suffix(1);
  if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return -1;
  return number<std::int64_t>(digits);
}

std::uint32_t response_code(std::string_view line, std::string_view name) {
  const auto at = find_word(line, "[" + lower(name) + " ");
  return at == std::string_view::npos ? 0 : number<std::uint32_t>(line.substr(at + name.size() + 2));
}

Fetched read_fetch(const ImapLine& line) {
  std::vector<ImapValue> words = parse_imap(line);
  Fetched fetched;
  if (words.size() < 4 || words[0].text != "*" || !same_word(words[2].text, "FETCH")) return fetched;
  std::vector<ImapValue>& items = words[3].items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const std::string name = lower(items[i].text);
    if (name == "uid") fetched.uid = number<std::uint32_t>(items[i + 1].text);
    if (name == "rfc822.size") fetched.size = number<std::uint64_t>(items[i + 1].text);
    if (name.starts_with("body[")) {
      fetched.body = std::move(items[i + 1].text);
      fetched.has_body = items[i + 1].kind != ImapValue::Kind::nil;
    }
  }
  return fetched;
}

std::string mailbox_name(std::string_view utf8) {
  UErrorCode error = U_ZERO_ERROR;
  std::string out(utf8.size() * 4 + 16, '\0');
  const std::int32_t size =
      ucnv_convert("IMAP-mailbox-name", "UTF-8", out.data(), static_cast<std::int32_t>(out.size()), utf8.data(),
                   static_cast<std::int32_t>(utf8.size()), &error);
  if (U_FAILURE(error)) return std::string(utf8);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string imap_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  return out + "\"";
}

}  // namespace qiao::email
