#include "connectors/email/client/quote.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

bool ends_with_any(std::string_view line, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view e) { return line.ends_with(e); });
}
bool has(std::string_view line, std::string_view piece) { return line.find(piece) != std::string_view::npos; }
bool has_digit(std::string_view line) { return line.find_first_of("0123456789") != std::string_view::npos; }
bool quoted(std::string_view line) { return trim(line).starts_with('>'); }

/// Without the stars and blanks that mark bold text around the name of a field.
std::string_view bare(std::string_view line) {
  const auto first = line.find_first_not_of("* \t");
  return first == std::string_view::npos ? std::string_view{} : line.substr(first);
}

/// "From:" and its translations, as the field `names` of a block.
bool is_field(std::string_view line, std::initializer_list<std::string_view> names) {
  line = bare(line);
  for (const std::string_view name : names) {
    if (!line.starts_with(name)) continue;
    std::string_view rest = line.substr(name.size());
    while (!rest.empty() && (rest.front() == '*' || rest.front() == ' ')) rest.remove_prefix(1);
    if (rest.starts_with(":") || rest.starts_with("：")) return true;
  }
  return false;
}

bool begins_block(const Lines& lines, std::size_t at) {
  if (!is_field(lines[at], {"发件人", "寄件者", "From", "Von", "De", "差出人"})) return false;
  int fields = 0;
  const std::size_t end = std::min(at + 8, lines.size());
  for (std::size_t i = at + 1; i < end; ++i) {
    if (is_field(lines[i], {"发送时间", "发送日期", "日期", "时间",    "收件人", "抄送", "主题",
                            "寄件日期", "收件者",   "主旨", "Sent",    "Date",   "To",   "Cc",
                            "Subject",  "Gesendet", "An",   "Betreff", "Envoyé", "À",    "Objet"})) {
      ++fields;
    }
  }
  return fields >= 2;
}

bool is_original_line(std::string_view line) {
  if (!line.starts_with("--")) return false;
  for (const std::string_view said :
       {"原始邮件", "原始郵件", "Original Message", "Original message", "Original-Nachricht", "Ursprüngliche Nachricht",
        "Message d'origine", "Original Email"}) {
    if (has(line, said)) return true;
  }
  return false;
}

/// The number of lines that say who wrote what follows, 0 when this is no such place.
std::size_t attribution(const Lines& lines, std::size_t at) {
  std::string joined;
  for (std::size_t count = 1; count <= 3 && at + count <= lines.size(); ++count) {
    const std::string_view line = trim(lines[at + count - 1]);
    if (line.empty() || quoted(line)) return 0;
    joined += (count > 1 ? " " : "") + std::string(line);
    if (joined.size() > 500) return 0;
    const bool chinese = ends_with_any(joined, {"写道：", "写道:", "寫道：", "寫道:", "写道 :"});
    if (chinese && (joined.starts_with("在") || has(joined, "@") || has_digit(joined))) return count;
    const bool english = ends_with_any(joined, {"wrote:", "wrote :"});
    if (english && (joined.starts_with("On ") || has(joined, "@"))) return count;
    if (joined.starts_with("Am ") && has(joined, "schrieb") && joined.ends_with(':')) return count;
    if (joined.starts_with("Le ") && has(joined, "a écrit") && joined.ends_with(':')) return count;
    const bool may_go_on = joined.starts_with("On ") || joined.starts_with("在") || joined.starts_with("Am ") ||
                           joined.starts_with("Le ") || (count == 1 && has(joined, "@") && has_digit(joined));
    if (!may_go_on) return 0;
  }
  return 0;
}

/// Text that is not quoted stands below quoted lines.
bool answers_inside(const Lines& lines, std::size_t from) {
  bool seen_quote = false;
  for (std::size_t i = from; i < lines.size(); ++i) {
    const std::string_view line = trim(lines[i]);
    if (line.empty()) continue;
    if (quoted(line)) {
      seen_quote = true;
    } else if (!seen_quote) {
      return false;
    } else {
      return line != "--";
    }
  }
  return false;
}

std::string join(const Lines& lines, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += lines[i];
    out += '\n';
  }
  return std::string(trim(out));
}

bool is_rule(std::string_view line) {
  line = trim(line);
  return line.size() >= 5 && line.find_first_not_of("_-=*") == std::string_view::npos;
}

/// Where the quotation begins; the number of lines when there is none.
std::size_t quotation(const Lines& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = trim(lines[i]);
    if (line.empty() || quoted(line)) continue;
    if (find_word(line, "please reply above this line") != std::string_view::npos || has(line, "请在此行以上回复"))
      return i;
    if (is_original_line(line) || begins_block(lines, i)) return i;
    if (const std::size_t said = attribution(lines, i); said > 0) {
      return answers_inside(lines, i + said) ? lines.size() : i;
    }
  }
  std::size_t run = lines.size();
  while (run > 0 && (trim(lines[run - 1]).empty() || quoted(lines[run - 1]))) --run;
  const bool any = std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(run), lines.end(), quoted);
  return any ? run : lines.size();
}

bool is_device_line(std::string_view line) {
  for (const std::string_view said : {"发自我的", "來自我的", "Sent from my ", "Von meinem ", "Envoyé de mon ",
                                      "来自我的", "Get Outlook for ", "获取 Outlook", "发送自 "}) {
    if (line.starts_with(said) && line.size() < 120) return true;
  }
  return false;
}

/// Where a signature begins within the first `count` lines; `count` when there is none.
std::size_t signature(const Lines& lines, std::size_t count) {
  std::size_t end = count;
  for (std::size_t i = count; i-- > 0;) {
    if (lines[i] == "-- " || lines[i] == "--") {
      end = i;
      break;
    }
  }
  std::size_t last = end;
  while (last > 0 && trim(lines[last - 1]).empty()) --last;
  if (last > 0 && is_device_line(trim(lines[last - 1]))) end = last - 1;
  return end;
}

}  // namespace

Reply new_text(std::string_view text) {
  const Lines lines = lines_of(text);
  std::size_t count = quotation(lines);
  while (count > 0 && count < lines.size() && (trim(lines[count - 1]).empty() || is_rule(lines[count - 1]))) --count;
  if (join(lines, count).empty()) count = lines.size();
  const std::size_t signed_at = signature(lines, count);
  if (!join(lines, signed_at).empty()) count = signed_at;
  Reply reply{join(lines, count), false};
  reply.cut = reply.text != join(lines, lines.size());
  return reply;
}

std::string_view base_subject(std::string_view subject) {
  static constexpr std::string_view kPrefixes[] = {"re", "aw", "sv", "antw", "回复", "回覆", "答复", "答覆"};
  for (;;) {
    subject = trim(subject);
    bool found = false;
    for (const std::string_view prefix : kPrefixes) {
      if (subject.size() <= prefix.size() || !same_word(subject.substr(0, prefix.size()), prefix)) continue;
      std::string_view rest = subject.substr(prefix.size());
      if (rest.starts_with('[')) {  // Re[2]:
        const auto close = rest.find(']');
        if (close == std::string_view::npos || close > 4) continue;
        rest.remove_prefix(close + 1);
      }
      if (rest.starts_with(':')) {
        subject = rest.substr(1);
        found = true;
      } else if (rest.starts_with("：")) {
        subject = rest.substr(std::string_view("：").size());
        found = true;
      }
      if (found) break;
    }
    if (!found) return subject;
  }
}

}  // namespace qiao::email
