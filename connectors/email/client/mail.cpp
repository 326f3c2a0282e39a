#include "connectors/email/client/mail.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/html_text.hpp"
#include "connectors/email/client/quote.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kMostFiles = 50;
constexpr std::size_t kMostText = 4u << 20;
constexpr std::size_t kSmallPicture = 150;  // pictures of one point, by which senders count readers

/// Sorts the parts of a mail into what is read and what is kept as a file.
class Sorter {
 public:
  explicit Sorter(Mail& mail) : mail_(mail) {}

  void take(const MimePart& part) {
    if (part.type == "multipart/alternative") {
      take_alternative(part);
    } else if (!part.parts.empty()) {
      for (const MimePart& child : part.parts) take(child);
    } else if (part.attached() || !is_text(part)) {
      file(part);
    } else if (part.type == "text/html") {
      html(part);
    } else {
      plain(part);
    }
  }

  void finish() {
    Reply reply = new_text(text_);
    mail_.text = std::move(reply.text);
    mail_.whole = whole_;
    mail_.changed = mail_.changed || reply.cut || mail_.text.size() < std::string_view(trim(whole_)).size();
    for (const MimePart* picture : pictures_) {
      const std::string id = id_of(*picture);
      const bool used = std::find(shown_.begin(), shown_.end(), id) != shown_.end();
      // Without HTML nobody says which of them belong to the new part.
      if (used || !saw_html_) {
        keep(*picture);
      } else {
        mail_.changed = true;
      }
    }
  }

 private:
  static bool is_text(const MimePart& part) {
    return (part.type == "text/plain" || part.type == "text/html" || part.type == "text/enriched") &&
           part.file_name().empty();
  }
  static std::string id_of(const MimePart& part) {
    const auto ids = part.header.ids("content-id");
    return ids.empty() ? std::string{} : ids.front();
  }

  /// The plain form when it says something, else the last one that can be shown. The pictures of the HTML form count
  /// in any case.
  void take_alternative(const MimePart& part) {
    const MimePart* plain_form = nullptr;
    const MimePart* html_form = nullptr;
    const MimePart* around = nullptr;
    for (const MimePart& child : part.parts) {
      if (child.type == "text/plain" && plain_form == nullptr) {
        plain_form = &child;
      } else if (child.type == "text/html") {
        html_form = &child;
      } else if (child.type.starts_with("multipart/")) {
        around = &child;
      } else if (!is_text(child)) {
        file(child);  // an invitation, for instance
      }
    }
    if (around != nullptr && html_form == nullptr) {
      const std::string before_text = text_;
      const std::string before_whole = whole_;
      take(*around);
      if (plain_form != nullptr && !trim(plain_form->text()).empty()) {
        text_ = before_text;
        whole_ = before_whole;
        plain(*plain_form);
      }
      return;
    }
    const bool says = plain_form != nullptr && !trim(plain_form->text()).empty();
    if (html_form != nullptr && says) shown_pictures(*html_form);
    if (says) {
      plain(*plain_form);
    } else if (html_form != nullptr) {
      html(*html_form);
    }
  }

  void shown_pictures(const MimePart& part) {
    saw_html_ = true;
    HtmlText read = read_html(part.text());
    for (std::string& id : read.pictures) shown_.push_back(std::move(id));
  }

  void plain(const MimePart& part) {
    std::string text = part.text();
    // format=flowed: a blank at the end of a line says that the paragraph goes on.
    if (same_word(part.content_type.get("format"), "flowed")) text = unfolded(text, part);
    add(text, text);
  }

  static std::string unfolded(std::string_view text, const MimePart& part) {
    const bool drop = same_word(part.content_type.get("delsp"), "yes");
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      std::string_view line = text.substr(at, end - at);
      const bool goes_on = line.ends_with(' ') && line != "-- " && !line.starts_with('>');
      if (goes_on && drop) line.remove_suffix(1);
      out += line;
      if (!goes_on && end < text.size()) out += '\n';
      at = end + 1;
    }
    return out;
  }

  void html(const MimePart& part) {
    saw_html_ = true;
    HtmlText read = read_html(part.text());
    for (std::string& id : read.pictures) shown_.push_back(std::move(id));
    if (read.text.empty()) read.text = read.whole;  // written inside the quotation
    mail_.changed = true;
    add(read.text, read.whole);
  }

  void add(std::string_view text, std::string_view whole) {
    if (text_.size() + text.size() > kMostText || whole_.size() + whole.size() > kMostText) {
      mail_.changed = true;
      return;
    }
    if (!text_.empty() && !trim(text).empty()) text_ += "\n\n";
    text_ += text;
    if (!whole_.empty()) whole_ += "\n\n";
    whole_ += whole;
  }

  void file(const MimePart& part) {
    const bool picture = part.type.starts_with("image/") && !part.attached() && !id_of(part).empty();
    if (picture) {
      pictures_.push_back(&part);
    } else {
      keep(part);
    }
  }

  void keep(const MimePart& part) {
    if (mail_.files.size() >= kMostFiles) {
      mail_.changed = true;
      return;
    }
    MailFile file{part.file_name(), part.type, part.bytes()};
    if (file.bytes.empty()) return;
    if (part.type.starts_with("image/") && !part.attached() && file.bytes.size() < kSmallPicture) return;
    if (file.name.empty()) file.name = name_for(part.type);
    if (part.type.starts_with("text/")) file.bytes = to_utf8(file.bytes, part.content_type.get("charset"));
    mail_.files.push_back(std::move(file));
  }

  [[nodiscard]] std::string name_for(const std::string& type) const {
    static constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
        {"image/jpeg", "jpg"},      {"image/png", "png"},  {"image/gif", "gif"},     {"image/webp", "webp"},
        {"application/pdf", "pdf"}, {"text/plain", "txt"}, {"text/calendar", "ics"}, {"message/rfc822", "eml"},
        {"application/zip", "zip"}, {"text/csv", "csv"},   {"text/html", "html"},
    };
    std::string_view ending = "bin";
    for (const auto& [known, name] : kEndings) {
      if (type == known) ending = name;
    }
    return fmt::format("{}-{}.{}", type.starts_with("image/") ? "picture" : "file", mail_.files.size() + 1, ending);
  }

  Mail& mail_;
  std::string text_;
  std::string whole_;
  bool saw_html_ = false;
  std::vector<std::string> shown_;
  std::vector<const MimePart*> pictures_;
};

void add_addresses(const Header& header, const char* name, std::vector<std::string>& list) {
  for (const std::string_view value : header.all(name)) {
    for (Address& one : read_addresses(value)) {
      if (!one.address.empty() && list.size() < 200) list.push_back(std::move(one.address));
    }
  }
}

}  // namespace

Mail read_mail(std::string_view bytes, const std::vector<std::string>& own) {
  Mail mail;
  MimePart tree = read_mime(bytes);
  mail.header = tree.header;
  const Header& header = mail.header;
  if (auto ids = header.ids("message-id"); !ids.empty()) mail.id = ids.front();
  mail.subject = header.text("subject");
  for (Address& one : read_addresses(header.raw("from"))) {
    if (mail.from.address.empty()) mail.from = std::move(one);
  }
  for (Address& one : read_addresses(header.raw("reply-to"))) {
    if (!one.address.empty() && !mail.reply_to && one.address != mail.from.address) mail.reply_to = std::move(one);
  }
  for (const char* name : {"delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc"}) {
    add_addresses(header, name, mail.recipients);
  }
  mail.references = header.ids("in-reply-to");
  auto more = header.ids("references");
  std::reverse(more.begin(), more.end());
  mail.references.insert(mail.references.end(), more.begin(), more.end());
  mail.at = read_date(header.raw("date"));
  mail.nature = classify(header, own);
  mail.report = read_report(tree);
  Sorter sorter(mail);
  sorter.take(tree);
  sorter.finish();
  return mail;
}

}  // namespace qiao::email
