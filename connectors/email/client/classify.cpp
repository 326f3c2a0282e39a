#include "connectors/email/client/classify.hpp"

#include <algorithm>

#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) { return same_word(word, one); });
}

std::string first_word(std::string_view value) {
  value = trim(value);
  return lower(trim(value.substr(0, value.find_first_of("; \t("))));
}

bool from_a_machine(const std::string& address) {
  const std::string local = address.substr(0, address.find('@'));
  std::string plain = local.substr(0, local.find('+'));
  std::erase_if(plain, [](char c) { return c == '-' || c == '_' || c == '.'; });
  return one_of(plain, {"mailerdaemon", "postmaster", "noreply", "donotreply", "autoreply", "bounce", "bounces"});
}

bool suppressed(std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (one_of(trim(value.substr(0, comma)), {"all", "autoreply"})) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

bool from_mailer_daemon(const Header& header) {
  const auto from = header.addresses("from");
  if (from.empty()) return false;
  const std::string local = from[0].address.substr(0, from[0].address.find('@'));
  return local == "mailer-daemon" || local == "postmaster";
}

/// Words with an @ between angle brackets, anywhere in a text.
void collect_ids(std::string_view text, std::vector<std::string>& ids) {
  for (std::size_t at = text.find('<'); at != std::string_view::npos && ids.size() < 50; at = text.find('<', at + 1)) {
    const auto end = text.substr(at, 320).find_first_of("> \t\r\n", 1);
    if (end == std::string_view::npos || text[at + end] != '>') continue;
    const std::string_view id = text.substr(at + 1, end - 1);
    if (id.find('@') != std::string_view::npos) ids.emplace_back(id);
  }
}

void collect_parts(const MimePart& part, std::vector<const MimePart*>& list) {
  list.push_back(&part);
  for (const MimePart& child : part.parts) collect_parts(child, list);
}

std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20;
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  return std::string(trim(out));
}

/// The line of a report's prose that begins with the code of a refusal; "" when there is none.
std::string diagnosis(const std::vector<const MimePart*>& parts) {
  for (const MimePart* part : parts) {
    if (part->type != "text/plain") continue;
    const std::string text = part->text();
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      const std::string_view line = trim(std::string_view(text).substr(at, end - at));
      const auto digit = [&](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
      if (line.size() > 5 && (line[0] == '5' || line[0] == '4') && digit(1) && digit(2) && line[3] == ' ') {
        return std::string(utf8_head(line, 300));
      }
      at = end + 1;
    }
  }
  return {};
}

/// The groups of a message/delivery-status: header blocks with empty lines between them.
void read_status(const MimePart& part, Report& report) {
  const std::string bytes = part.bytes();
  std::size_t at = 0;
  for (int group = 0; at < bytes.size() && group < 100; ++group) {
    const Header fields = Header::read(bytes, at);
    if (group == 0 && !fields.has("action")) continue;
    const std::string action = first_word(fields.raw("action"));
    const std::string status(trim(fields.raw("status")));
    if (action.empty() && status.empty()) continue;
    report.kind = action == "delayed" || (action.empty() && status.starts_with('4')) ? Report::Kind::delayed
                  : one_of(action, {"delivered", "relayed", "expanded"})             ? Report::Kind::delivered
                                                                                     : Report::Kind::failed;
    std::string_view why = fields.raw("diagnostic-code");
    if (const auto semicolon = why.find(';'); semicolon != std::string_view::npos) why.remove_prefix(semicolon + 1);
    report.says = squeezed(to_utf8(status + " " + std::string(trim(why)), ""));
    if (report.kind == Report::Kind::failed) return;
  }
}

}  // namespace

Nature classify(const Header& header, const std::vector<std::string>& own) {
  Nature nature;
  const auto automatic = [&] {
    const std::string submitted = first_word(header.raw("auto-submitted"));
    if (!submitted.empty() && submitted != "no") return true;
    for (const char* name : {"precedence", "x-precedence"}) {
      if (one_of(first_word(header.raw(name)), {"bulk", "junk", "list", "auto_reply"})) return true;
    }
    for (const char* name : {"x-autoreply", "x-autorespond", "x-autoresponder", "list-id", "list-unsubscribe",
                             "list-post", "x-auto-reply-from"}) {
      if (header.has(name) && !same_word(trim(header.raw(name)), "no")) return true;
    }
    if (suppressed(header.raw("x-auto-response-suppress"))) return true;
    if (find_word(header.raw("feedback-id"), "bulk") != std::string_view::npos) return true;
    if (header.has("return-path") && trim(header.raw("return-path")) == "<>") return true;
    return read_parameters(header.raw("content-type")).value == "multipart/report";
  };
  nature.automatic = automatic() || same_word(trim(header.raw(kHubHeader)), "automatic");
  for (const Address& from : header.addresses("from")) {
    if (from_a_machine(from.address)) nature.automatic = true;
    if (std::find(own.begin(), own.end(), from.address) != own.end()) nature.own = true;
  }
  if (nature.own) nature.automatic = true;
  nature.send_auto_reply = !nature.automatic;
  return nature;
}

std::optional<Report> read_report(const MimePart& mail) {
  const bool multipart = mail.type == "multipart/report";
  const std::string kind = lower(mail.content_type.get("report-type"));
  std::vector<const MimePart*> parts;
  collect_parts(mail, parts);
  Report report;
  bool found = false;
  if (multipart) {
    for (const MimePart* part : parts) {
      if (part->type == "message/delivery-status" || part->type == "message/global-delivery-status") {
        read_status(*part, report);
        found = true;
      } else if (part->type == "message/disposition-notification") {
        std::size_t at = 0;
        const std::string bytes = part->bytes();
        const Header fields = Header::read(bytes, at);
        report.kind = Report::Kind::read;
        report.about = fields.ids("original-message-id");
        found = find_word(fields.raw("disposition"), "displayed") != std::string_view::npos;
      } else if (part->type == "message/feedback-report") {
        report.kind = Report::Kind::complaint;
        found = true;
      }
    }
  }
  // Many servers write prose only.
  if (!found && kind != "disposition-notification") {
    const bool empty_sender = trim(mail.header.raw("return-path")) == "<>";
    if (!from_mailer_daemon(mail.header) || !(empty_sender || multipart || !mail.header.has("in-reply-to")))
      return std::nullopt;
    if (find_word(mail.header.text("subject"), "delay") != std::string_view::npos) report.kind = Report::Kind::delayed;
    found = report.prose = true;
  }
  if (!found) return std::nullopt;
  for (const MimePart* part : parts) {
    if (part->type != "message/rfc822" && part->type != "text/rfc822-headers" && part->type != "message/global")
      continue;
    const std::string bytes = part->bytes();
    std::size_t at = 0;
    for (std::string& id : Header::read(bytes, at).ids("message-id")) report.about.push_back(std::move(id));
  }
  for (std::string& id : mail.header.ids("in-reply-to")) report.about.push_back(std::move(id));
  for (std::string& id : mail.header.ids("references")) report.about.push_back(std::move(id));
  for (const MimePart* part : parts) {
    if (part->type.starts_with("text/") || part->type.starts_with("message/")) collect_ids(part->bytes(), report.about);
  }
  if (report.says.find(' ') == std::string::npos) {
    if (const std::string line = diagnosis(parts); !line.empty()) report.says = squeezed(report.says + " " + line);
  }
  if (report.says.empty()) report.says = mail.header.text("subject");
  return report;
}

bool proves_sender(const Header& header, const std::string& server) {
  const auto from = header.addresses("from");
  if (server.empty() || from.size() != 1 || header.all("from").size() != 1) return false;
  const std::string domain = from[0].address.substr(from[0].address.find('@') + 1);
  std::string results = lower(header.raw("authentication-results"));
  int depth = 0;
  std::erase_if(results, [&](char c) {
    depth += c == '(' ? 1 : 0;
    const bool inside = depth > 0;
    depth -= c == ')' && depth > 0 ? 1 : 0;
    return inside;
  });
  const auto first = std::min(results.find(';'), results.size());
  if (first_word(std::string_view(results).substr(0, first)) != lower(server)) return false;
  std::string_view rest = std::string_view(results).substr(std::min(first + 1, results.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    const std::string_view method = trim(rest.substr(0, end));
    const auto value_of = [&](std::string_view key) {
      const auto at = method.find(key);
      if (at == std::string_view::npos) return std::string{};
      std::string value(method.substr(at + key.size()));
      value.resize(std::min(value.find_first_of(" \t"), value.size()));
      return value.starts_with('@') ? value.substr(1) : value;
    };
    const auto aligned = [&](const std::string& signer) {
      return signer.find('.') != std::string::npos && (signer == domain || domain.ends_with("." + signer));
    };
    if (method.starts_with("dmarc=pass") && value_of("header.from=") == domain) return true;
    if (method.starts_with("dkim=pass") && (aligned(value_of("header.d=")) || aligned(value_of("header.i="))))
      return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace qiao::email
