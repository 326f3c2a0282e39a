#include "connectors/channel/channel.hpp"

#include <algorithm>
#include <array>

#include "connectors/channel/directory.hpp"
#include "connectors/channel/sending.hpp"

namespace qiao::channel {

using namespace std::chrono_literals;

namespace {

constexpr Lane kAskLane{.kind = Lane::blocking, .concurrency = 2, .name = "ask", .budget = 60s};
constexpr Lane kReceiptLane{
    .kind = Lane::blocking, .capacity = 65536, .concurrency = 1, .name = "receipt", .budget = 60s};
constexpr Lane kSignLane{.kind = Lane::blocking,
                         .capacity = 256,
                         .overflow = Overflow::drop_oldest,
                         .concurrency = 1,
                         .name = "sign",
                         .budget = 60s};
constexpr Lane kRetryLane{.name = "retry"};
constexpr std::size_t kMostUser = 128;

/// The hub may answer otherwise in a moment.
bool passing(const Error& error) {
  return error.code == Errc::overloaded || error.code == Errc::unavailable || error.code == Errc::timeout ||
         error.code == Errc::cancelled;
}

}  // namespace

class Channel::Impl : public std::enable_shared_from_this<Channel::Impl> {
 public:
  Impl(Context& h, const std::string& plugin, const ChannelSettings& s, std::shared_ptr<Platform> p)
      : host(h),
        settings(s),
        platform(std::move(p)),
        memory(h, plugin),
        sent(h, plugin),
        can(platform->capabilities()),
        windows(h, memory, can),
        alerts(h),
        sending(std::make_shared<Sending>(h, s, platform, sent, windows, alerts,
                                          [this](Id file) { return file_link(file); })) {}

  Result<void> open() {
    for (std::size_t i = 0; i < 2; ++i) {
      const bool mysql = i == 1;
      sql[i] = Memory::tables(memory.table(), mysql) + "; " + SentParts::tables(sent.table(), mysql);
    }
    const std::array<Migration, 1> steps{Migration{.version = 1, .name = "channel", .sql = sql[0], .mysql = sql[1]}};
    return host.store().migrate(steps);
  }

  void listen() {
    Bus& bus = host.bus();
    bus.subscribe<contract::MessageOutgoing>(
        {.kind = Lane::direct}, [self = shared_from_this()](const contract::MessageOutgoing& out, const Headers&) {
          if (out.channel != self->host.instance()) return;
          self->directory.learn(out.message.conversation, out.user);
          self->sending->take(out);
        });
    if (can.typing) {
      bus.subscribe<contract::Typing>(kSignLane,
                                      [self = shared_from_this()](const contract::Typing& typing, const Headers&) {
                                        if (typing.author == contract::Author::customer) return;
                                        const std::string user = self->directory.user_of(typing.conversation);
                                        if (!user.empty()) (void)self->platform->typing(user, typing.on);
                                      });
    }
    if (platform->shows_seen()) {
      bus.subscribe<contract::ConversationChanged>(
          kSignLane, [self = shared_from_this()](const contract::ConversationChanged& changed, const Headers&) {
            if (changed.what != "read" || changed.conversation.channel != self->host.instance()) return;
            const std::string message = self->directory.take_unseen(changed.conversation.user);
            if (!message.empty()) (void)self->platform->seen(changed.conversation.user, message);
          });
    }
    if (windows.limited()) {
      bus.subscribe<contract::MessageStored>(
          {.kind = Lane::direct}, [self = shared_from_this()](const contract::MessageStored& e, const Headers&) {
            if (e.message.author != contract::Author::customer) return;
            if (e.conversation.channel == self->host.instance())
              self->windows.opened(e.conversation.user, e.message.at);
          });
    }
    bus.serve<contract::DescribeChannel>({.kind = Lane::direct},
                                         [self = shared_from_this()](const contract::DescribeChannel&, const Headers&) {
                                           contract::ChannelCapabilities all = self->can;
                                           if (all.title.empty()) all.title = self->settings.title;
                                           return Result<contract::ChannelCapabilities>(std::move(all));
                                         });
    if (windows.limited()) {
      bus.serve<contract::GetChannelWindow>(
          kAskLane, [self = shared_from_this()](const contract::GetChannelWindow& q, const Headers&) {
            return self->windows.of(q.user);
          });
    }
    bus.serve<contract::TestConnector>(kAskLane,
                                       [self = shared_from_this()](const contract::TestConnector&, const Headers&) {
                                         auto tested = self->platform->test();
                                         if (tested) self->alerts.over("channel.token");
                                         return tested;
                                       });
    bus.serve<contract::ErasePerson>(
        kAskLane,
        [self = shared_from_this()](const contract::ErasePerson& q, const Headers&) { return self->forget(q.person); });
    bus.every(1h, kAskLane, [self = shared_from_this()] {
      if (auto done = self->memory.sweep(); !done) self->host.log().warn("cannot tidy up: {}", done.error().message);
      self->sent.sweep();
    });
  }

  Result<contract::ErasedCount> forget(const contract::Person& person) {
    contract::ErasedCount count;
    for (const contract::Identity& identity : person.identities) {
      if (identity.channel != host.instance()) continue;
      auto own = platform->forget(identity.user);
      if (!own) return own.error();
      auto notes = memory.erase_all("user:" + identity.user + ":");
      if (!notes) return notes.error();
      auto parts = sent.forget(identity.user);
      if (!parts) return parts.error();
      directory.forget(identity.user);
      if (*own + *notes + *parts > 0) count.removed["channel_records"] += *own + *notes + *parts;
    }
    return count;
  }

  std::string file_link(Id file) {
    contract::LinkFile ask;
    ask.file = file;
    auto link = host.bus().ask(ask, 5s);
    if (link) return link->url;
    host.log().warn("no link for a file: {}", link.error().message);
    return {};
  }

  template <class Q>
  Result<void> complete(Q& message) const {
    message.channel = host.instance();
    if (message.site.empty()) message.site = settings.site;
    if (message.language.empty()) message.language = settings.language;
    // Cut, two customers could become one, and neither could be answered.
    if (message.user.size() > kMostUser) {
      return Error{Errc::bad_value, "channel.user",
                   "user: at most 128 bytes, got " + std::to_string(message.user.size())};
    }
    return {};
  }

  /// Asks the inbox until it has an answer that stays, or `until`.
  template <class Q>
  void hand_over(Q message, Stored done, SteadyTime until) {
    const Duration left = until - host.clock().steady();
    const auto wait =
        std::max(std::chrono::milliseconds(100), std::chrono::duration_cast<std::chrono::milliseconds>(left));
    Q copy = message;
    host.bus().request(std::move(copy), RequestOptions(wait),
                       [self = shared_from_this(), message = std::move(message), done = std::move(done),
                        until](Result<contract::Accepted> stored) {
                         if (!stored && passing(stored.error()) && self->host.clock().steady() + 200ms < until) {
                           self->host.bus().after(200ms, kRetryLane, [self, message, done, until] {
                             self->hand_over(message, done, until);
                           });
                           return;
                         }
                         if (stored) self->accepted(message, *stored);
                         done(std::move(stored));
                       });
  }

  void accepted(const contract::AcceptMessage& message, const contract::Accepted& stored) {
    directory.learn(stored.conversation, message.user);
    if (stored.duplicate) return;
    directory.unseen(message.user, message.external_id);
  }
  void accepted(const contract::RecordEvent& event, const contract::Accepted& stored) {
    directory.learn(stored.conversation, event.user);
  }

  template <class Q>
  Result<contract::Accepted> insist(Q message) {
    if (auto ok = complete(message); !ok) return ok.error();
    for (int tries = 0;; ++tries) {
      auto stored = host.bus().ask(message, 10s);
      if (stored) {
        accepted(message, *stored);
        return stored;
      }
      if (!passing(stored.error()) || stopping()) return stored;
      std::unique_lock lock(mutex);
      stop_signal.wait_for(lock, std::min<Duration>(30s, 200ms * (1 << std::min(tries, 7))), [this] { return stops; });
    }
  }

  bool stopping() {
    const std::lock_guard lock(mutex);
    return stops;
  }

  void receipt(const std::string& platform_id, contract::Delivery state, const std::string& detail, bool again) {
    const auto part = sent.find(platform_id);
    if (!part) {
      // The platform may be faster than the row that says what it is about.
      if (again) {
        host.bus().after(2s, kReceiptLane, [self = shared_from_this(), platform_id, state, detail] {
          self->receipt(platform_id, state, detail, false);
        });
      }
      return;
    }
    if (!part->last && state != contract::Delivery::failed) return;
    host.bus().request(contract::ReportDelivery{part->conversation, part->seq, state, detail}, RequestOptions(10s),
                       [](const Result<contract::Done>&) {});
  }

  Context& host;
  const ChannelSettings settings;
  const std::shared_ptr<Platform> platform;
  Memory memory;
  SentParts sent;
  const contract::ChannelCapabilities can;
  Windows windows;
  Alerts alerts;
  Directory directory;
  std::shared_ptr<Sending> sending;
  std::array<std::string, 2> sql;
  std::mutex mutex;
  std::condition_variable stop_signal;
  bool stops = false;
};

Channel::Channel(Context& host, std::string plugin, const ChannelSettings& settings, std::shared_ptr<Platform> platform)
    : impl_(std::make_shared<Impl>(host, plugin, settings, std::move(platform))) {}

Channel::~Channel() = default;

void Channel::declare(Manifest& m, bool window) {
  m.asks<contract::AcceptMessage>().asks<contract::RecordEvent>().asks<contract::WriteMessage>();
  m.asks<contract::ReportDelivery>().asks<contract::FindConversation>().asks<contract::GetTranscript>();
  m.asks<contract::MarkRead>().asks<contract::Identify>(true);
  m.asks<contract::StoreFile>(true).asks<contract::ReadFile>(true).asks<contract::LinkFile>(true);
  m.subscribes<contract::MessageOutgoing>().subscribes<contract::Typing>().subscribes<contract::ConversationChanged>();
  m.publishes<contract::Typing>().publishes<contract::ConnectorAlert>();
  m.serves<contract::DescribeChannel>().serves<contract::TestConnector>().serves<contract::ErasePerson>();
  if (window) m.serves<contract::GetChannelWindow>().subscribes<contract::MessageStored>();
}

Result<void> Channel::start() {
  if (auto opened = impl_->open(); !opened) return opened;
  impl_->listen();
  return {};
}

void Channel::drain(Deadline deadline) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stops = true;
  }
  impl_->stop_signal.notify_all();
  impl_->sending->close(deadline);
}

void Channel::accept(contract::AcceptMessage message, Stored done, std::chrono::milliseconds within) {
  if (auto ok = impl_->complete(message); !ok) return done(ok.error());
  impl_->hand_over(std::move(message), std::move(done), impl_->host.clock().steady() + within);
}

void Channel::record(contract::RecordEvent event, Stored done, std::chrono::milliseconds within) {
  if (auto ok = impl_->complete(event); !ok) return done(ok.error());
  impl_->hand_over(std::move(event), std::move(done), impl_->host.clock().steady() + within);
}

Result<contract::Accepted> Channel::accept_and_wait(contract::AcceptMessage message) {
  return impl_->insist(std::move(message));
}

Result<contract::Accepted> Channel::record_and_wait(contract::RecordEvent event) {
  return impl_->insist(std::move(event));
}

void Channel::opens_window(const std::string& user, Time at) { impl_->windows.opened_by_event(user, at); }

void Channel::opens_window_briefly(const std::string& user, std::chrono::seconds lasts, std::int32_t messages) {
  impl_->windows.opened_briefly(user, lasts, messages);
}

Result<contract::Attachment> Channel::keep_file(const std::string& user, std::string name, std::string bytes) {
  return impl_->host.bus().ask(contract::StoreFile{impl_->host.instance(), user, std::move(name), std::move(bytes)},
                               30s);
}

void Channel::identify(const std::string& user, const std::string& name, std::vector<contract::Claim> claims,
                       std::map<std::string, std::string> attributes) {
  contract::Identify ask;
  ask.identity = {impl_->host.instance(), user};
  ask.name = name;
  ask.claims = std::move(claims);
  ask.attributes = std::move(attributes);
  impl_->host.bus().request(
      std::move(ask), RequestOptions(30s), [impl = impl_](const Result<contract::ContactView>& contact) {
        if (!contact && contact.error().id != "bus.no_server") {
          impl->host.log().warn("a customer could not be identified: {}", contact.error().message);
        }
      });
}

void Channel::receipt(const std::string& platform_id, contract::Delivery state, const std::string& detail) {
  if (platform_id.empty()) return;
  impl_->host.bus().post(
      kReceiptLane, [impl = impl_, platform_id, state, detail] { impl->receipt(platform_id, state, detail, true); });
}

void Channel::read_all(const std::string& user) {
  impl_->host.bus().request(contract::FindConversation{impl_->host.instance(), user}, RequestOptions(10s),
                            [impl = impl_](const Result<contract::ConversationView>& found) {
                              if (!found || !found->id) return;
                              impl->host.bus().request(
                                  contract::MarkRead{found->id, contract::Author::customer, found->last_seq},
                                  RequestOptions(10s), [](const Result<contract::Done>&) {});
                            });
}

void Channel::customer_types(const std::string& user, bool on) {
  const Id conversation = impl_->directory.conversation_of(user);
  if (!conversation) return;
  contract::Typing typing;
  typing.conversation = conversation;
  typing.on = on;
  PublishOptions options;
  options.priority = Priority::background;
  (void)impl_->host.bus().publish(typing, options);
}

void Channel::write(contract::WriteMessage message) {
  impl_->host.bus().request(
      std::move(message), RequestOptions(10s), [impl = impl_](const Result<contract::Accepted>& stored) {
        if (!stored) impl->host.log().warn("the channel's own text was not stored: {}", stored.error().message);
      });
}

Result<contract::StoredFile> Channel::read_file(Id file) {
  return impl_->host.bus().ask(contract::ReadFile{file}, 30s);
}

std::string Channel::file_link(Id file) { return impl_->file_link(file); }

void Channel::alert(const std::string& id, const std::string& says) { impl_->alerts.raise(id, says); }

void Channel::alert_over(const std::string& id) { impl_->alerts.over(id); }

Memory& Channel::memory() { return impl_->memory; }

}  // namespace qiao::channel
