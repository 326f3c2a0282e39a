#include "connectors/email/client/intake.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/quote.hpp"

namespace qiao::email {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostText = 8 * 1024;
constexpr std::size_t kMostNotes = 2000;
constexpr std::size_t kMostReferences = 40;

/// It may succeed when it is offered again.
bool passing(const Error& error) {
  if (error.id == "bus.no_server") return false;
  return error.code == Errc::overloaded || error.code == Errc::unavailable || error.code == Errc::timeout ||
         error.code == Errc::cancelled || error.code == Errc::rate_limited;
}

std::vector<std::string> own_addresses(const EmailConfig& config) {
  std::vector<std::string> own{lower(config.address)};
  for (const std::string& address : config.own_addresses) own.push_back(lower(address));
  return own;
}

/// The same mail gives the same id, in whichever mailbox it lies; another sender cannot take it away.
std::string external_id_of(const Mail& mail, const std::string& user, const std::string& place) {
  const std::string what = mail.id.empty() ? place : mail.id + "\n" + user;
  return channel::hex(channel::sha256(what)).substr(0, 48);
}

void add_line(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty()) text += '\n';
  text += line;
}

}  // namespace

Intake::Intake(Context& host, channel::Channel& channel, Correspondences& known, const EmailConfig& config)
    : host_(host),
      channel_(channel),
      known_(known),
      config_(config),
      own_(own_addresses(config)),
      per_sender_(host.clock(), 1h),
      taken_count_(host.metrics().counter("qiao_email_mails_total", "Mails that were taken into the inbox")),
      ignored_count_(host.metrics().counter("qiao_email_ignored_total",
                                            "Mails that need not be there: our own, reports, what was taken before")) {}

bool Intake::from_form(const Mail& mail) const {
  if (!mail.reply_to || std::find(own_.begin(), own_.end(), mail.reply_to->address) != own_.end()) return false;
  return std::any_of(config_.form_senders.begin(), config_.form_senders.end(),
                     [&](const std::string& one) { return lower(one) == mail.from.address; });
}

Result<Intake::Sender> Intake::sender_of(const Mail& mail, const Keys& keys) {
  Sender sender;
  const Address& from = from_form(mail) ? *mail.reply_to : mail.from;
  sender.address = from.address;
  sender.name = utf8_head(from.name, 100);
  sender.user = from.address.empty() ? "unknown" : Correspondences::user_for(from.address);
  for (const std::string& recipient : mail.recipients) {
    const auto place = keys.read_address(recipient);
    if (!place) continue;
    auto user = known_.user_of(place->thread);
    if (!user) return user.error();
    if (user->empty() || *user == sender.user) continue;
    sender.participant = true;
    sender.user = *user;
    return sender;
  }
  for (const std::string& id : mail.references) {
    const auto place = keys.read_message_id(id);
    if (!place) continue;
    auto user = known_.user_of(place->thread);
    if (!user) return user.error();
    sender.others_thread = !user->empty() && *user != sender.user;
    break;
  }
  return sender;
}

Result<void> Intake::note(const std::string& user, const std::string& name, const std::string& key, std::string text,
                          Time at) {
  contract::RecordEvent event;
  event.external_id = key;
  event.user = user;
  event.user_name = name;
  event.content.text = utf8_head(text, kMostText);
  event.at = at;
  auto stored = channel_.record_and_wait(std::move(event));
  return stored ? Result<void>{} : stored.error();
}

Result<Intake::Reported> Intake::take_report(const Mail& mail, const Keys& keys) {
  if (!mail.report) return Reported::no;
  const Report& report = *mail.report;
  const Wording words = Wording::of(config_.language, mail.text);
  for (const std::string& id : report.about) {
    const auto place = keys.read_message_id(id);
    if (!place) continue;
    switch (report.kind) {
      case Report::Kind::failed:
        channel_.receipt(lower(id), contract::Delivery::failed, words.undelivered(utf8_head(report.says, 300)));
        break;
      case Report::Kind::delivered:
        channel_.receipt(lower(id), contract::Delivery::delivered);
        break;
      case Report::Kind::read:
        channel_.receipt(lower(id), contract::Delivery::read);
        break;
      case Report::Kind::complaint: {
        auto user = known_.user_of(place->thread);
        if (!user) return user.error();
        if (user->empty()) break;
        auto done = note(*user, {}, external_id_of(mail, *user, id), words.complaint(), host_.clock().now());
        if (!done) return done.error();
        break;
      }
      case Report::Kind::delayed:
        break;
    }
    return Reported::ours;
  }
  // Prose may have been written by a person whose name is postmaster.
  if (mail.report->prose) return Reported::no;
  host_.log().info("a delivery report is about no mail of ours; it stays in the mailbox");
  return Reported::others;
}

/// True: the customer's mails of before had another subject, or there were none.
Result<bool> Intake::remember(const Mail& mail, const Sender& sender) {
  auto before = known_.of(sender.user);
  if (!before) return before.error();
  Correspondence now = before->value_or(Correspondence{});
  const bool new_subject = !*before || base_subject(now.subject) != base_subject(mail.subject);
  if (sender.participant || sender.address.empty()) return new_subject;
  if (now.thread.empty()) now.thread = Keys::new_thread();
  const bool proven = proves_sender(mail.header, config_.trusted_server);
  now.address = proven && mail.reply_to ? mail.reply_to->address : sender.address;
  if (!sender.name.empty()) now.name = sender.name;
  now.subject = utf8_head(mail.subject, 400);
  now.parent = mail.id.size() <= 400 ? mail.id : std::string{};
  now.references.clear();
  for (const std::string& id : mail.header.ids("references")) {
    if (id.size() <= 400) now.references.push_back(id);
  }
  if (now.references.size() > kMostReferences) {
    now.references.erase(now.references.begin() + 1,
                         now.references.end() - static_cast<std::ptrdiff_t>(kMostReferences - 1));
  }
  if (now.references.empty()) {
    if (auto ids = mail.header.ids("in-reply-to"); ids.size() == 1 && ids[0].size() <= 400) now.references = ids;
  }
  if (auto kept = known_.keep(sender.user, now); !kept) return kept.error();
  return new_subject;
}

Result<void> Intake::keep_files(const Mail& mail, const Sender& sender, std::string_view bytes, const Wording& words,
                                contract::Content& content, std::string& notes) {
  const auto keep = [&](const std::string& name, const std::string& data, bool say) -> Result<bool> {
    auto kept = channel_.keep_file(sender.user, name, data);
    if (kept) {
      content.attachments.push_back(std::move(*kept));
      return true;
    }
    if (passing(kept.error())) return kept.error();
    if (say && notes.size() < kMostNotes)
      add_line(notes, words.file_not_kept(name, utf8_head(kept.error().message, 120)));
    return false;
  };
  for (const MailFile& file : mail.files) {
    if (auto done = keep(file.name, file.bytes, true); !done) return done.error();
  }
  const bool wanted = config_.keep_original == Original::always || (config_.keep_original == Original::changed &&
                                                                    (mail.changed || mail.text.size() > kMostText / 2));
  if (!wanted) return {};
  std::string name = clean_file_name(mail.subject);
  name = name.empty() ? "mail" : std::string(utf8_head(name, 80));
  auto original = keep(name + ".eml", std::string(bytes), false);
  if (!original) return original.error();
  if (*original || mail.whole.empty()) return {};
  // What the store does not take as it is (old charsets, markup) is kept as its readable text.
  const std::string readable = fmt::format("From: {}\nDate: {}\nSubject: {}\n\n{}\n", sender.address,
                                           mail.header.raw("date"), mail.subject, mail.whole);
  auto text = keep(name + ".txt", to_utf8(readable, "utf-8"), false);
  return text ? Result<void>{} : text.error();
}

Result<bool> Intake::take(std::string_view bytes, const std::string& place, std::uint64_t size) {
  const Mail mail = read_mail(bytes, own_);
  auto keys = known_.keys();
  if (!keys) return keys.error();
  const auto ignored = [&](bool there) {
    ignored_count_.add();
    return there;
  };
  auto report = take_report(mail, **keys);
  if (!report) return report.error();
  if (*report != Reported::no) return ignored(*report == Reported::ours);
  // Forms write from no-reply addresses or from ours; what stands in them a person wrote.
  const bool form = from_form(mail);
  const bool automatic = mail.nature.automatic && !form;
  if ((mail.nature.own && !form) || (*keys)->read_message_id(mail.id)) return ignored(false);
  auto sender = sender_of(mail, **keys);
  if (!sender) return sender.error();
  const std::string external_id = external_id_of(mail, sender->user, place);
  auto taken = known_.taken(external_id);
  if (!taken) return taken.error();
  if (*taken) return ignored(true);
  if (automatic && config_.automatic == Automatic::ignore) return ignored(false);
  const Wording words = Wording::of(config_.language, mail.subject + mail.text);
  const Time now = host_.clock().now();
  const Time at = mail.at == Time{} || mail.at > now || mail.at + 24h * 30 < now ? now : mail.at;
  const bool flood = per_sender_.full(sender->user, static_cast<std::size_t>(config_.sender_limit));
  if (automatic || flood) {
    std::string text = automatic ? words.automatic(mail.subject) : words.subject(mail.subject);
    if (flood && !automatic) text = words.too_many() + "\n" + text;
    text += "\n\n" + mail.text;
    if (auto done = note(sender->user, sender->name, external_id, std::move(text), at); !done) return done.error();
  } else {
    // Before the inbox has it: the bot may answer at once.
    auto new_subject = remember(mail, *sender);
    if (!new_subject) return new_subject.error();
    contract::AcceptMessage message;
    std::string notes;
    if (auto kept = keep_files(mail, *sender, bytes, words, message.content, notes); !kept) return kept.error();
    std::string text;
    if (sender->participant) add_line(text, words.other_sender(sender->address));
    if (sender->others_thread) add_line(text, words.others_thread());
    if (*new_subject && !mail.subject.empty()) add_line(text, words.subject(utf8_head(mail.subject, 400)));
    if (!text.empty()) text += "\n";
    std::string body = mail.text;
    if (size > 0) {
      body = words.too_large(size);
    } else if (body.empty() && message.content.attachments.empty() && notes.empty()) {
      body = words.no_text();
    }
    const std::size_t room = kMostText - text.size() - notes.size() - 200;
    if (body.size() > room)
      body = std::string(utf8_head(body, room)) + "\n" + words.shortened(!message.content.attachments.empty());
    add_line(text, body);
    add_line(text, notes);
    message.external_id = external_id;
    message.user = sender->user;
    message.user_name = sender->participant ? std::string{} : sender->name;
    message.content.text = std::string(trim(text));
    message.at = at;
    auto stored = channel_.accept_and_wait(std::move(message));
    if (!stored) return stored.error();
    taken_count_.add();
    if (!sender->participant && !sender->address.empty()) {
      const bool proven = sender->address == mail.from.address && proves_sender(mail.header, config_.trusted_server);
      channel_.identify(sender->user, sender->name, {{contract::identity_kind::kEmail, sender->address, proven}});
    }
  }
  per_sender_.count(sender->user);
  if (auto noted = known_.take(external_id); !noted) return noted.error();
  return true;
}

}  // namespace qiao::email
