#include "connectors/email/client/mailbox.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "qiao/json.hpp"

namespace qiao::email {
namespace {

using namespace std::chrono_literals;

constexpr Lane kMailLane{.kind = Lane::blocking, .capacity = 64, .concurrency = 3, .name = "mail", .budget = 600s};
constexpr auto kIdleFor = 9min;  // servers end it after 29, routers forget a silent connection after 10
constexpr auto kLongestPause = 60s;
constexpr int kMostRefusals = 3;
constexpr auto kAfterRefusals = 30min;

}  // namespace

Mailbox::Mailbox(Context& host, channel::Channel& channel, Intake& intake, const EmailConfig& config, Server server,
                 std::string folder, std::function<void()> login_refused)
    : host_(host),
      channel_(channel),
      intake_(intake),
      config_(config),
      server_(std::move(server)),
      folder_(std::move(folder)),
      alert_("email.mailbox." + folder_),
      login_refused_(std::move(login_refused)) {}

void Mailbox::tick() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || working_) return;
    const bool told = client_ && client_->idling() && client_->readable();
    if (!told && host_.clock().steady() < due_) return;
    working_ = true;
  }
  if (host_.bus().post(kMailLane, [self = shared_from_this()] { self->work(); })) return;
  const std::lock_guard lock(mutex_);
  working_ = false;
}

void Mailbox::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (client_) client_->close();
}

void Mailbox::work() {
  const Result<void> done = round();
  if (!done) return failed(done.error());
  failures_ = 0;
  channel_.alert_over(alert_);
  const std::lock_guard lock(mutex_);
  working_ = false;
  due_ = host_.clock().steady() + (client_->idling() ? Duration(kIdleFor) : Duration(config_.poll));
}

void Mailbox::failed(const Error& error) {
  Duration pause = std::min<Duration>(kLongestPause, 1s * (1 << std::min(failures_, 6)));
  ++failures_;
  if (error.id == "email.login") {
    // Providers lock accounts that go on trying.
    login_refused_();
    if (++refusals_ >= kMostRefusals) pause = kAfterRefusals;
    if (refusals_ >= kMostRefusals) channel_.alert("email.login", error.message);
  } else if (failures_ >= (error.id == "email.mailbox" ? 2 : 5)) {
    channel_.alert(alert_, fmt::format("mailbox \"{}\" cannot be read: {}", folder_, error.message));
  }
  const std::lock_guard lock(mutex_);
  client_.reset();
  working_ = false;
  due_ = host_.clock().steady() + pause;
  if (closed_ || error.code == Errc::cancelled) return;
  host_.log().warn("mailbox not read: {}, folder={} failures={}", error.message, folder_, failures_);
}

Result<void> Mailbox::round() {
  if (!client_) {
    if (auto opened = open(); !opened) return opened;
  } else if (client_->idling()) {
    if (auto ended = client_->end_idle(); !ended) return ended;
  }
  for (;;) {
    if (auto read = read_new(); !read) return read;
    if (!client_->can_idle()) return client_->noop();
    if (auto begun = client_->begin_idle(); !begun) return begun;
    // It told while it was being asked, and will not tell again.
    if (!client_->has_news()) return {};
    if (auto ended = client_->end_idle(); !ended) return ended;
  }
}

Result<void> Mailbox::open() {
  auto client = std::make_shared<ImapClient>(server_);
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{Errc::cancelled, "the mailbox was closed"};
    client_ = client;
  }
  if (auto opened = client->open(); !opened) return opened;
  // Only now: a connection that was logged in before says nothing about the password of today.
  refusals_ = 0;
  channel_.alert_over("email.login");
  auto selected = client->select(folder_);
  if (!selected) return selected.error();
  auto known = channel_.memory().get("cursor:" + folder_);
  if (!known) return known.error();
  cursor_ = {};
  if (*known) {
    auto cursor = from_json<Cursor>(**known);
    if (cursor) cursor_ = *cursor;
  }
  return cursor_.validity == selected->validity ? Result<void>{} : first_reading(*selected);
}

/// The numbers that were kept mean nothing here: mails are told by their ids, which the inbox knows.
Result<void> Mailbox::first_reading(const ImapClient::Selected& now) {
  const bool never = cursor_.validity == 0;
  if (!never) host_.log().info("the mailbox was made anew; what came lately is read again, folder={}", folder_);
  const Time since = never ? host_.clock().now() - config_.backlog : cursor_.at - 48h;
  if (!never || config_.backlog > 0h) {
    auto list = client_->list_since(since, never);
    if (!list) return list.error();
    for (const ImapClient::Listed& one : *list) {
      if (one.uid >= now.next) continue;
      if (auto done = read(one); !done) return done;
    }
  }
  cursor_ = {now.validity, now.next - 1, host_.clock().now()};
  return keep_cursor();
}

Result<void> Mailbox::keep_cursor() {
  cursor_.at = host_.clock().now();
  return channel_.memory().put("cursor:" + folder_, to_json(cursor_));
}

Result<void> Mailbox::read_new() {
  do {
    auto list = client_->list_after(cursor_.last);
    if (!list) return list.error();
    for (const ImapClient::Listed& one : *list) {
      if (auto done = read(one); !done) return done;
      cursor_.last = one.uid;
      if (auto kept = keep_cursor(); !kept) return kept;
    }
  } while (client_->has_news());
  return {};
}

Result<void> Mailbox::read(const ImapClient::Listed& one) {
  const bool too_large = one.size > config_.max_mail.count;
  auto bytes = client_->fetch(one.uid, too_large);
  if (!bytes) return bytes.error();
  if (bytes->empty()) return {};  // somebody removed it meanwhile
  const std::string place = fmt::format("{}.{}.{}", folder_, cursor_.validity, one.uid);
  const Result<bool> taken = intake_.take(*bytes, place, too_large ? one.size : 0);
  if (!taken) {
    const Error& error = taken.error();
    const bool for_good =
        error.code == Errc::bad_value || error.code == Errc::too_large || error.code == Errc::unsupported;
    if (!for_good) return error;
    // One mail that the inbox does not want must not stop all that come after it. It stays unseen in the mailbox.
    host_.log().error("a mail was not taken: {}, folder={} uid={}", error.message, folder_, one.uid);
    return {};
  }
  if (!*taken) return {};  // whoever else reads the mailbox finds it as it was
  Result<void> marked;
  if (config_.mark_seen) marked = client_->mark_seen(one.uid);
  if (marked && !config_.move_to.empty()) marked = client_->move(one.uid, config_.move_to);
  if (!marked && marked.error().id != "email.imap") return marked;
  if (!marked) host_.log().warn("a mail could not be marked: {}, folder={}", marked.error().message, folder_);
  return {};
}

}  // namespace qiao::email
