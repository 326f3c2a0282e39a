#include "connectors/email/client/compose.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/quote.hpp"
#include "qiao/markup.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kLine = 76;

std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return std::string(trim(out));
}

std::string base64_lines(std::string_view bytes) {
  const std::string all = channel::base64(bytes);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += kLine) {
    out.append(all, at, kLine);
    out += "\r\n";
  }
  return out;
}

/// Quoted-printable of a text with LF.
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::string line;
  const auto end_line = [&] {
    // A blank at the end of a line would be lost on the way.
    if (line.ends_with(' ') || line.ends_with('\t')) {
      const char c = line.back();
      line.pop_back();
      line += c == ' ' ? "=20" : "=09";
    }
    out += line + "\r\n";
    line.clear();
  };
  for (const char c : text) {
    if (c == '\n') {
      end_line();
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 0x20 && byte < 0x7F && c != '=') || c == '\t';
    const std::string piece = plain ? std::string(1, c) : fmt::format("={:02X}", byte);
    if (line.size() + piece.size() > kLine - 1) {
      out += line + "=\r\n";
      line.clear();
    }
    line += piece;
  }
  if (!line.empty()) end_line();
  return out;
}

std::string text_part(const char* type, const std::string& text) {
  const auto wide =
      std::count_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const bool base64 = static_cast<std::size_t>(wide) * 6 > text.size();
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{}", type,
                     base64 ? "base64" : "quoted-printable", base64 ? base64_lines(text) : quoted_printable(text));
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() < 60 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

/// `name=value` in the forms that old and new readers understand.
std::string parameter(std::string_view name, const std::string& value) {
  if (is_token(value)) return fmt::format(";\r\n {}=\"{}\"", name, value);
  std::string coded;
  std::string out;
  int number = 0;
  const auto flush = [&](bool more) {
    const bool first = number == 0;
    if (first && !more) {
      out += fmt::format(";\r\n {}*=utf-8''{}", name, coded);
    } else {
      out += fmt::format(";\r\n {}*{}*={}{}", name, number, first ? "utf-8''" : "", coded);
    }
    ++number;
    coded.clear();
  };
  for (const char c : value) {
    coded += is_token({&c, 1}) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    if (coded.size() > 48) flush(true);
  }
  if (!coded.empty() || number == 0) flush(number > 0);
  return out;
}

std::string type_of(const MailFile& file) {
  const auto slash = file.type.find('/');
  const bool good = slash != std::string::npos && is_token(file.type.substr(0, slash)) && file.type.size() < 100 &&
                    file.type.find_first_of(" \r\n;\"") == std::string::npos;
  return good ? file.type : "application/octet-stream";
}

std::string file_part(const MailFile& file) {
  const std::string name = one_line(file.name);
  return fmt::format(
      "Content-Type: {}{}\r\nContent-Disposition: attachment{}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
      type_of(file), parameter("name", name), parameter("filename", name), base64_lines(file.bytes));
}

std::string address_header(const char* name, const Address& who) {
  if (who.name.empty()) return fmt::format("{}: <{}>\r\n", name, one_line(who.address));
  std::string shown = one_line(who.name);
  const bool plain = std::all_of(shown.begin(), shown.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (plain) {
    std::erase_if(shown, [](char c) { return c == '"' || c == '\\'; });
    shown = "\"" + shown + "\"";
  } else {
    shown = encode_words(shown, std::string_view(name).size() + 2);
  }
  return fmt::format("{}: {}\r\n <{}>\r\n", name, shown, one_line(who.address));
}

std::string ids_header(const char* name, const std::vector<std::string>& ids) {
  std::string out = std::string(name) + ":";
  for (const std::string& id : ids)
    out += (out.size() > std::string_view(name).size() + 1 ? "\r\n <" : " <") + one_line(id) + ">";
  return out + "\r\n";
}

/// Escaped, with web addresses as links.
std::string linked(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const auto at = std::min(line.find("https://"), line.find("http://"));
    out += escape_markup(line.substr(0, at));
    if (at == std::string_view::npos) break;
    line.remove_prefix(at);
    auto end = std::min(line.find_first_of(" \t<>\"'"), line.size());
    // Chinese text follows an address without a blank.
    for (std::size_t i = 0; i < end; ++i) {
      if (static_cast<unsigned char>(line[i]) >= 0x80) end = i;
    }
    while (end > 0 && std::string_view(".,;:!?)").find(line[end - 1]) != std::string_view::npos) --end;
    const std::string address = escape_markup(line.substr(0, end));
    out += fmt::format("<a href=\"{0}\">{0}</a>", address);
    line.remove_prefix(end);
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out = "<p>";
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (at > 0) out += line.empty() ? "" : out.ends_with("<p>") ? "" : "<br>\n";
    if (line.empty() && !out.ends_with("<p>")) {
      out += "</p>\n<p>";
    } else {
      out += linked(line);
    }
    at = end + 1;
  }
  return out + "</p>\n";
}

}  // namespace

std::string html_of(const std::string& text, const std::string& signature) {
  std::string out = "<!DOCTYPE html>\n<html><body>\n" + paragraphs(trim(text));
  if (!signature.empty()) out += "<div style=\"color:#666\">-- <br>\n" + paragraphs(trim(signature)) + "</div>\n";
  return out + "</body></html>\n";
}

std::string reply_subject(std::string_view subject) {
  const std::string_view base = base_subject(subject);
  return base.empty() ? std::string{} : "Re: " + std::string(utf8_head(base, 400));
}

ThreadHeaders answer_to(const std::string& parent_id, std::vector<std::string> references,
                        const std::vector<std::string>& in_reply_to) {
  if (references.empty() && in_reply_to.size() == 1) references = in_reply_to;
  if (!parent_id.empty()) {
    std::erase(references, parent_id);
    references.push_back(parent_id);
  }
  constexpr std::size_t kMost = 11;
  if (references.size() > kMost) {
    references.erase(references.begin() + 1, references.end() - static_cast<std::ptrdiff_t>(kMost - 1));
  }
  return {parent_id, std::move(references)};
}

std::string compose(const Draft& draft) {
  std::string out = address_header("From", draft.from) + address_header("To", draft.to);
  if (!draft.reply_to.empty()) out += fmt::format("Reply-To: <{}>\r\n", one_line(draft.reply_to));
  out += fmt::format("Subject: {}\r\nDate: {}\r\nMessage-ID: <{}>\r\n", encode_words(one_line(draft.subject), 9),
                     write_date(draft.at), one_line(draft.id));
  if (!draft.in_reply_to.empty()) out += ids_header("In-Reply-To", {draft.in_reply_to});
  if (!draft.references.empty()) out += ids_header("References", draft.references);
  out += fmt::format("X-Qiao-Hub: {}\r\n", draft.automatic ? "automatic" : "person");
  if (draft.automatic) {
    out += "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nPrecedence: auto_reply\r\n";
  }
  out += "MIME-Version: 1.0\r\n";
  const std::string text = draft.signature.empty() ? draft.text : draft.text + "\n\n-- \n" + draft.signature + "\n";
  // Base64 and quoted-printable never write "=_", so no line of a body can be a boundary.
  const std::string mark = channel::hex(channel::sha256(draft.id)).substr(0, 24);
  const std::string inner = "=_a" + mark;
  const std::string outer = "=_m" + mark;
  std::string body = fmt::format(
      "Content-Type: multipart/alternative; boundary=\"{0}\"\r\n\r\n--{0}\r\n{1}\r\n--{0}\r\n{2}\r\n--{0}--\r\n", inner,
      text_part("text/plain", text), text_part("text/html", html_of(draft.text, draft.signature)));
  if (draft.files.empty()) return out + body;
  out += fmt::format("Content-Type: multipart/mixed; boundary=\"{0}\"\r\n\r\n--{0}\r\n{1}", outer, body);
  for (const MailFile& file : draft.files) out += fmt::format("\r\n--{}\r\n{}", outer, file_part(file));
  return out + fmt::format("\r\n--{}--\r\n", outer);
}

}  // namespace qiao::email
