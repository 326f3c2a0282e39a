#include "connectors/email/client/wording.hpp"

#include <fmt/format.h>

namespace qiao::email {

Wording Wording::of(std::string_view language, std::string_view sample) {
  if (!language.empty()) return Wording(language.starts_with("zh"));
  for (std::size_t i = 0; i + 2 < sample.size(); ++i) {
    const auto c = static_cast<unsigned char>(sample[i]);
    if (c >= 0xE4 && c <= 0xE9) return Wording(true);  // U+4000 to U+9FFF
  }
  return Wording(false);
}

std::string Wording::subject(std::string_view s) const {
  return fmt::format(fmt::runtime(chinese_ ? "主题：{}" : "Subject: {}"), s);
}
std::string Wording::automatic(std::string_view s) const {
  return fmt::format(fmt::runtime(chinese_ ? "自动邮件：{}" : "Automatic mail: {}"), s);
}
std::string Wording::too_many() const {
  return chinese_ ? "该发件人一小时内来信过多，机器人不再自动回复。"
                  : "Too many mails of this sender within an hour; the bot does not answer them.";
}
std::string Wording::no_text() const { return chinese_ ? "（邮件没有正文）" : "(The mail has no text.)"; }
std::string Wording::shortened(bool kept) const {
  if (!kept) return chinese_ ? "…（正文过长，已截断）" : "… (The text was too long and is cut here.)";
  return chinese_ ? "…（正文过长，全文见附件）" : "… (The text is too long; all of it is in the attachment.)";
}
std::string Wording::too_large(std::uint64_t bytes) const {
  const double mb = static_cast<double>(bytes) / (1 << 20);
  return fmt::format(
      fmt::runtime(chinese_ ? "（邮件有 {:.1f} MB，超过上限，没有读取；请在邮箱中查看）"
                            : "(The mail has {:.1f} MB, more than the limit, and was not read; see the mailbox.)"),
      mb);
}
std::string Wording::file_not_kept(std::string_view name, std::string_view why) const {
  return fmt::format(fmt::runtime(chinese_ ? "（附件未保存：{}，{}）" : "(Attachment not kept: {}, {})"), name, why);
}
std::string Wording::other_sender(std::string_view address) const {
  return fmt::format(fmt::runtime(chinese_ ? "（来自另一个地址 {} 的回复）" : "(Answered from another address: {})"),
                     address);
}
std::string Wording::others_thread() const {
  return chinese_ ? "（这封邮件引用了与另一位客户的往来邮件）"
                  : "(This mail answers one that was sent to another customer.)";
}
std::string Wording::undelivered(std::string_view says) const {
  return fmt::format(fmt::runtime(chinese_ ? "邮件无法送达：{}" : "The mail could not be delivered: {}"), says);
}
std::string Wording::complaint() const {
  return chinese_ ? "收件方把我们的邮件报告为垃圾邮件，请不要再写信到这个地址。"
                  : "The recipient reported our mail as spam; do not write to this address any more.";
}

}  // namespace qiao::email
