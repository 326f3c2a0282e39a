// Mails and what mail servers say: whatever comes, the readers end, and what they give is UTF-8.
#include <cstdlib>

#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/html_text.hpp"
#include "connectors/email/client/imap_parse.hpp"
#include "connectors/email/client/keys.hpp"
#include "connectors/email/client/mail.hpp"
#include "connectors/email/client/quote.hpp"
#include "connectors/email/client/smtp.hpp"

using namespace qiao::email;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void read_as_mail(std::string_view bytes) {
  const Mail mail = read_mail(bytes, {"support@shop.test"});
  must(is_utf8(mail.text) && is_utf8(mail.whole) && is_utf8(mail.subject) && is_utf8(mail.from.name) &&
       is_utf8(mail.from.address));
  must(mail.text.find('\0') == std::string::npos);
  must(mail.from.address.find_first_of("\r\n<>") == std::string::npos);
  for (const MailFile& file : mail.files) {
    must(is_utf8(file.name) && !file.name.empty() && file.name.find('/') == std::string::npos &&
         file.name.size() <= 150);
  }
  (void)proves_sender(mail.header, "mx.shop.test");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.starts_with("* ") || bytes.starts_with("+")) {
    const std::string_view literal = bytes.substr(bytes.size() / 2);
    const ImapLine line{std::string(bytes), {std::string(literal)}};
    (void)parse_imap(line);
    (void)read_fetch(line);
    (void)literal_size(bytes);
    (void)response_code(bytes, "UIDVALIDITY");
    return 0;
  }
  read_as_mail(bytes);
  must(is_utf8(to_utf8(bytes, bytes.substr(0, bytes.find('\n')))));
  const HtmlText html = read_html(to_utf8(bytes, ""));
  must(is_utf8(html.text) && is_utf8(html.whole));
  must(new_text(html.whole).text.size() <= html.whole.size());
  must(is_utf8(decode_words(bytes)));
  must(smtp_data(bytes).find("\r\n.\r\n") == smtp_data(bytes).size() - 5 || smtp_data(bytes) == ".\r\n");
  static const Keys keys("secret", "support@shop.test");
  must(!keys.read_address(bytes) && !keys.read_message_id(bytes));
  return 0;
}
