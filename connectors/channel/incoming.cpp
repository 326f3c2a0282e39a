#include "connectors/channel/incoming.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/seldom.hpp"
#include "connectors/channel/signing.hpp"
#include "qiao/json.hpp"

namespace qiao::channel {
namespace {

using contract::Accepted;
using contract::AcceptMessage;

constexpr std::size_t kLongestId = 120;       // of 128, so that pieces of one message fit too
constexpr std::size_t kLongestPiece = 2000;   // characters: 8,000 bytes at most
constexpr std::size_t kMostKnown = 20000;     // users remembered in memory
constexpr const char* kPrefix = "incoming/";  // in Memory
constexpr int kMostWaiting = 1'000'000;       // files: all of them
constexpr std::chrono::seconds kKeptFor = std::chrono::hours(48);
constexpr std::chrono::seconds kPauses[] = {std::chrono::seconds(2), std::chrono::seconds(10), std::chrono::minutes(1),
                                            std::chrono::minutes(5), std::chrono::minutes(15)};

const Lane kLane{
    .kind = Lane::blocking, .capacity = 4096, .concurrency = 4, .name = "incoming", .budget = std::chrono::minutes(2)};

bool may_work_later(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::timeout || error.code == Errc::overloaded ||
         error.code == Errc::rate_limited || error.code == Errc::cancelled || error.name() == "channel.token";
}

/// Platform ids that are longer than the inbox keeps stay different from each other.
std::string fitting_id(const std::string& id) { return id.size() <= kLongestId ? id : "sha256:" + hex(sha256(id)); }

/// What finds a message's lines in the log again. Platforms put customers' ids and numbers into theirs.
std::string log_id(const std::string& external_id) { return hex(sha256(external_id)).substr(0, 12); }

void without_zeros(std::string& text) { std::replace(text.begin(), text.end(), '\0', ' '); }

contract::RecordEvent event_of(const AcceptMessage& m) {
  contract::RecordEvent event;
  event.channel = m.channel;
  event.external_id = m.external_id;
  event.user = m.user;
  event.user_name = m.user_name;
  event.site = m.site;
  event.language = m.language;
  event.content = m.content;
  event.at = m.at;
  return event;
}

/// A message as the inbox takes it: a text that is too long for one becomes several.
std::vector<AcceptMessage> pieces_of(AcceptMessage message) {
  message.external_id = fitting_id(message.external_id);
  message.user_name = clip(std::move(message.user_name), 200);
  without_zeros(message.user_name);
  without_zeros(message.content.text);
  for (contract::Card& card : message.content.cards) {
    without_zeros(card.title);
    without_zeros(card.text);
  }
  auto texts = split_text(message.content.text, kLongestPiece);
  if (texts.size() < 2) return {std::move(message)};
  std::vector<AcceptMessage> pieces;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    AcceptMessage piece = message;
    if (i > 0) {
      piece.content = {};
      piece.external_id += fmt::format("#{}", i + 1);
    }
    piece.content.text = std::move(texts[i]);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

/// Runs `done` once with the first error of several results, when the last has come.
class Countdown {
 public:
  Countdown(std::size_t count, std::function<void(Result<void>)> done) : missing_(count), done_(std::move(done)) {}
  void settle(const Result<void>& result) {
    if (!result) {
      const std::lock_guard lock(mutex_);
      if (first_) first_ = result;
    }
    if (missing_.fetch_sub(1) == 1) done_(first_);
  }

 private:
  std::atomic<std::size_t> missing_;
  const std::function<void(Result<void>)> done_;
  std::mutex mutex_;
  Result<void> first_;
};

void add_line(std::string& text, const std::string& line) {
  if (!text.empty()) text += '\n';
  text += line;
}

}  // namespace

std::string first_characters(const std::string& text, std::size_t most) {
  auto pieces = split_text(text, most);
  return pieces.empty() ? std::string{} : std::move(pieces.front());
}

Time time_of(std::int64_t count, std::chrono::milliseconds unit) {
  constexpr std::int64_t kLatest = 100'000'000'000'000;  // the year 5138
  return count > 0 && count < kLatest / unit.count() ? Time(count * unit) : Time{};
}

double coordinate(const contract::Card& card, const std::string& which) {
  const auto found = card.data.find(which);
  if (found == card.data.end()) return 0;
  double value = 0;
  const std::string& text = found->second;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} && std::abs(value) <= 180 ? value : 0;
}

void add_location(contract::Content& content, const std::string& latitude, const std::string& longitude,
                  const std::string& label, const std::string& address) {
  contract::Card card;
  card.kind = "location";
  card.title = clip(label, 200);
  card.text = clip(address, 1000);
  card.data = {{"latitude", clip(latitude, 40)}, {"longitude", clip(longitude, 40)}, {"label", card.title}};
  content.cards.push_back(std::move(card));
}

void add_contact(contract::Content& content, const std::string& name, const std::string& phone) {
  contract::Card card;
  card.kind = "contact";
  card.title = clip(name, 200);
  card.text = clip(phone, 200);
  content.cards.push_back(std::move(card));
}

void add_quote(contract::Content& content, const std::string& text) {
  if (text.empty()) return;
  contract::Card card;
  card.kind = "quote";
  card.text = clip(text, 1000);
  without_zeros(card.text);
  content.cards.push_back(std::move(card));
}

Receiver::Receiver(std::shared_ptr<Services> services, Options options)
    : services_(std::move(services)), options_(std::move(options)) {}

void Receiver::start() {
  services_->host.bus().after(std::chrono::milliseconds(1), kLane, [self = shared_from_this()] {
    auto left = self->services_->channel->memory().list(kPrefix, kMostWaiting);
    if (!left)
      return self->services_->host.log().warn("files that customers sent before the restart wait for the next one: {}",
                                              left.error().message);
    for (const auto& [name, value] : *left) {
      if (auto waiting = from_json<Waiting>(value)) self->fetch(std::move(*waiting));
    }
  });
}

void Receiver::hook(Read read) {
  Route route;
  route.method = "POST";
  route.path = "/hooks/" + services_->host.instance();
  route.access = Access::anyone();
  route.summary = "What the platform of this channel tells the hub; signed by the platform";
  route.run = Run::direct;
  route.max_body = 4u << 20;
  services_->host.http().raw(std::move(route),
                             [self = shared_from_this(), read = std::move(read)](
                                 const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
                               auto told = read(*request);
                               if (!told) {
                                 self->refused(told.error());
                                 return reply(HttpResponse::problem(told.error()));
                               }
                               HttpResponse answer;
                               answer.body = std::move(told->answer);
                               answer.content_type = std::move(told->content_type);
                               self->take(std::move(told->items), [reply, answer](const Result<void>& done) {
                                 reply(done ? answer : HttpResponse::problem(done.error()));
                               });
                             });
}

/// Strangers find every address: one line a minute tells an operator of a wrong secret without filling the log.
void Receiver::refused(const Error& error) {
  if (!seldom(warned_at_, services_->host.clock().now())) return;
  services_->host.log().warn("a call of the webhook was refused: {}", error.message);
}

void Receiver::take(std::vector<Incoming> items, std::function<void(Result<void>)> done) {
  auto count = std::make_shared<Countdown>(items.size() + 1, std::move(done));
  for (Incoming& item : items) {
    take_one(std::move(item), [count](const Result<void>& result) { count->settle(result); });
  }
  count->settle({});
}

Result<void> Receiver::settled(Result<void> result, const std::string& external_id) {
  if (result || (result.error().code != Errc::bad_value && result.error().code != Errc::too_large)) return result;
  // The platform would only send it again.
  services_->host.log().warn("a message was left out: {} message={}", result.error().message, log_id(external_id));
  return {};
}

void Receiver::take_one(Incoming item, Done done) {
  Channel& channel = *services_->channel;
  if (item.kind == Incoming::Kind::receipt) {
    channel.receipt(item.message.external_id, item.state, item.detail);
    return done({});
  }
  if (item.kind == Incoming::Kind::read) {
    channel.read_all(item.message.user);
    return done({});
  }
  std::vector<AcceptMessage> pieces = pieces_of(item.message);
  auto count = std::make_shared<Countdown>(pieces.size(), std::move(done));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    AcceptMessage& piece = pieces[i];
    const std::string id = piece.external_id;
    if (i == 0 && item.kind == Incoming::Kind::message && !item.media.empty()) {
      Waiting waiting{std::move(piece), item.media, item.claims, item.profile, 0};
      const bool posted =
          services_->host.bus().post(kLane, [self = shared_from_this(), waiting = std::move(waiting), count] {
            const Result<void> safe = self->keep(waiting);
            count->settle(safe);
            if (safe) self->fetch(waiting);
          });
      if (!posted) count->settle(Error{Errc::overloaded, "channel.overloaded", "too many files wait to be fetched"});
      continue;
    }
    auto stored = [self = shared_from_this(), item, id, first = i == 0, count](const Result<Accepted>& accepted) {
      if (accepted && first) self->kept(item, *accepted);
      count->settle(self->settled(accepted ? Result<void>{} : Result<void>{accepted.error()}, id));
    };
    if (item.kind == Incoming::Kind::message) {
      channel.accept(std::move(piece), std::move(stored));
    } else {
      channel.record(event_of(piece), std::move(stored));
    }
  }
}

Result<void> Receiver::take_and_wait(std::vector<Incoming> items) {
  Channel& channel = *services_->channel;
  for (Incoming& item : items) {
    if (item.kind == Incoming::Kind::receipt || item.kind == Incoming::Kind::read) {
      take_one(std::move(item), [](const Result<void>&) {});
      continue;
    }
    std::vector<AcceptMessage> pieces = pieces_of(item.message);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const std::string id = pieces[i].external_id;
      if (i == 0 && item.kind == Incoming::Kind::message && !item.media.empty()) {
        Waiting waiting{std::move(pieces[i]), item.media, item.claims, item.profile, 0};
        if (auto safe = keep(waiting); !safe) return safe;
        fetch(std::move(waiting));
        continue;
      }
      auto accepted = item.kind == Incoming::Kind::message ? channel.accept_and_wait(std::move(pieces[i]))
                                                           : channel.record_and_wait(event_of(pieces[i]));
      if (accepted && i == 0) kept(item, *accepted);
      if (auto ok = settled(accepted ? Result<void>{} : Result<void>{accepted.error()}, id); !ok) return ok;
    }
  }
  return {};
}

Result<void> Receiver::keep(const Waiting& waiting) {
  return services_->channel->memory().put(kPrefix + waiting.message.external_id, to_json(waiting), kKeptFor);
}

void Receiver::fetch(Waiting waiting) {
  Channel& channel = *services_->channel;
  contract::Content& content = waiting.message.content;
  const bool last_try = waiting.tries >= static_cast<std::int32_t>(std::size(kPauses));
  while (!waiting.media.empty()) {
    const Media media = waiting.media.front();
    Result<contract::Attachment> attachment = Error{Errc::internal, "no file"};
    if (auto file = options_.fetch(media); !file) {
      attachment = file.error();
    } else {
      const std::string& name = media.name.empty() ? file->name : media.name;
      attachment =
          channel.keep_file(waiting.message.user, clip(name.empty() ? media.kind : name, 200), std::move(file->bytes));
    }
    if (!attachment && attachment.error().code == Errc::cancelled) return;  // found again at the next start
    if (!attachment && attachment.error().name() == "channel.token") {
      channel.alert("channel.token", attachment.error().message);
    }
    if (!attachment && may_work_later(attachment.error()) && !last_try) {
      const auto pause = kPauses[waiting.tries++];
      services_->host.log().warn("a customer's file is tried again in {} s: {} message={}", pause.count(),
                                 attachment.error().message, log_id(waiting.message.external_id));
      services_->host.bus().after(pause, kLane, [self = shared_from_this(), waiting] {
        // Somebody may have been erased meanwhile, or another node was faster.
        const auto still = self->services_->channel->memory().get(kPrefix + waiting.message.external_id);
        if (!still || *still) self->fetch(waiting);
      });
      return;
    }
    if (attachment) {
      content.attachments.push_back(std::move(*attachment));
    } else {
      services_->host.log().warn("a customer's file could not be had: {} message={}", attachment.error().message,
                                 log_id(waiting.message.external_id));
      add_line(content.text, fmt::format("[文件未能取回 · file could not be fetched] {}",
                                         media.name.empty() ? media.kind : clip(media.name, 200)));
    }
    waiting.media.erase(waiting.media.begin());
  }
  Incoming item;
  item.message = waiting.message;
  item.claims = std::move(waiting.claims);
  item.profile = std::move(waiting.profile);
  auto accepted = channel.accept_and_wait(std::move(waiting.message));
  const Result<void> stored =
      settled(accepted ? Result<void>{} : Result<void>{accepted.error()}, item.message.external_id);
  if (!stored) {
    services_->host.log().warn("a message with a file waits for the next start: {} message={}", stored.error().message,
                               log_id(item.message.external_id));
    return;
  }
  if (accepted) kept(item, *accepted);
  if (auto gone = channel.memory().erase(kPrefix + item.message.external_id); !gone) {
    services_->host.log().warn("a message that has arrived will be tried once more at the next start: {} message={}",
                               gone.error().message, log_id(item.message.external_id));
  }
}

Result<std::int64_t> Receiver::forget(const std::string& user) {
  Memory& memory = services_->channel->memory();
  auto left = memory.list(kPrefix, kMostWaiting);
  if (!left) return left.error();
  std::int64_t gone = 0;
  for (const auto& [name, value] : *left) {
    const auto waiting = from_json<Waiting>(value);
    if (!waiting || waiting->message.user != user) continue;
    if (auto done = memory.erase(name); !done) return done.error();
    ++gone;
  }
  return gone;
}

bool Receiver::first_time(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMostKnown) known_.clear();
  return known_.insert(key).second;
}

void Receiver::kept(const Incoming& item, const Accepted& accepted) {
  const AcceptMessage& m = item.message;
  if (item.welcome && !options_.welcome.empty() && !accepted.duplicate) {
    contract::WriteMessage hello;
    hello.conversation = accepted.conversation;
    hello.author = contract::Author::bot;
    hello.content.text = options_.welcome;
    hello.client_id = "welcome:" + hex(sha256(m.external_id)).substr(0, 32);
    services_->channel->write(std::move(hello));
  }
  if (!item.claims.empty() && first_time(m.user + " " + item.claims.front().value)) {
    services_->channel->identify(m.user, m.user_name, item.claims);
  }
  if (!m.user_name.empty() || !options_.name || !first_time(m.user)) return;
  const std::string profile = item.profile.empty() ? m.user : item.profile;
  services_->host.bus().post(kLane, [self = shared_from_this(), user = m.user, profile] {
    auto name = self->options_.name(profile);
    if (name && !name->empty()) return self->services_->channel->identify(user, clip(*name, 200), {});
    if (name) return;
    self->services_->host.log().debug("a customer's name could not be had: {}", name.error().message);
    if (!may_work_later(name.error())) return;
    const std::lock_guard lock(self->mutex_);
    self->known_.erase(user);  // asked for again with their next message
  });
}

}  // namespace qiao::channel
