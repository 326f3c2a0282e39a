#include "plugins/partners/live_stock.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "qiao/json.hpp"

namespace qiao::partners {
namespace {

constexpr int kBadRequest = 4400;
constexpr int kUnauthorized = 4401;
constexpr int kForbidden = 4403;
constexpr int kSilent = 4408;
constexpr int kTooMany = 4429;
constexpr int kUnavailable = 1013;
constexpr auto kHelloWithin = std::chrono::seconds(10);

int close_code(const Error& error) {
  switch (error.code) {
    case Errc::unauthorized:
      return kUnauthorized;
    case Errc::forbidden:
      return kForbidden;
    case Errc::rate_limited:
      return kTooMany;
    case Errc::unavailable:
      return kUnavailable;
    case Errc::timeout:
      return kSilent;
    default:
      return kBadRequest;
  }
}

std::string frame_of(const LiveItem& item, const Result<StockAnswerRef>& answer) {
  return answer ? (*answer)->frame : frame_about("unavailable", item.sku, item.warehouse);
}

std::string tag_of(const Result<StockAnswerRef>& answer) { return answer ? (*answer)->tag : "unavailable"; }

/// Says why and closes.
void refuse(Socket& socket, const Error& error) {
  std::string frame = R"({"t":"error","id":)";
  append_json_string(frame, error.name());
  frame += R"(,"detail":)";
  append_json_string(frame, error.message);
  socket.send(frame + '}');
  socket.close(close_code(error), error.name());
}

}  // namespace

/// What is behind one socket; its members are guarded by the lock of LiveStock.
class LiveStock::Session final : public SocketHandler, public std::enable_shared_from_this<LiveStock::Session> {
 public:
  Session(std::weak_ptr<LiveStock> live, std::shared_ptr<Socket> s, SteadyTime now)
      : socket(std::move(s)), opened(now), live_(std::move(live)) {}
  void on_text(std::string_view text) override {
    if (const auto live = live_.lock()) live->said(*this, text);
  }
  void on_close(int) override {
    if (const auto live = live_.lock()) live->gone(*this);
  }
  [[nodiscard]] std::string_view origin() const { return socket->upgrade().header("origin"); }

  const std::shared_ptr<Socket> socket;
  const SteadyTime opened;
  std::string hash;  ///< empty until hello
  HeldKey key;
  std::vector<LiveItem> items;

 private:
  const std::weak_ptr<LiveStock> live_;  // which holds this
};

std::shared_ptr<SocketHandler> LiveStock::open(std::shared_ptr<Socket> socket) {
  auto session = std::make_shared<Session>(weak_from_this(), std::move(socket), clock_.steady());
  const std::lock_guard lock(mutex_);
  sessions_.insert(session);
  return session;
}

void LiveStock::said(Session& session, std::string_view text) {
  auto frame = from_json<LiveFrame>(text);
  if (!frame) return refuse(*session.socket, {Errc::bad_value, "partners.bad_frame", frame.error().message});
  const bool known = [&] {
    const std::lock_guard lock(mutex_);
    return !session.hash.empty();
  }();
  if (frame->t == "hello" && !known) return greet(session, *frame);
  if (frame->t == "watch" && known) return watch(session, std::move(frame->items));
  refuse(*session.socket, {Errc::bad_value, "partners.bad_frame",
                           "expected \"hello\" with the key and the items first, then \"watch\" with other items"});
}

void LiveStock::greet(Session& session, const LiveFrame& frame) {
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view secret = frame.key;
  const std::string_view header = session.socket->upgrade().header("authorization");
  if (secret.empty() && header.starts_with(kBearer)) secret = header.substr(kBearer.size());
  Visit visit;
  auto admitted = gate_.admit(secret, session.origin(), session.socket->upgrade().remote, kStockRead, visit);
  if (admitted) {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() > settings_.connections) {
      admitted =
          Error{Errc::unavailable, "partners.live_full", "too many live connections; ask again from time to time"};
    } else if (visit.key.activity->live.fetch_add(1) >= settings_.per_key) {
      visit.key.activity->live.fetch_sub(1);
      admitted = Error{Errc::rate_limited, "partners.live_full", "too many live connections with this key"};
    } else {
      session.hash = visit.hash;
      session.key = visit.key;
    }
  }
  if (visit.key.activity)
    visit.key.activity->usage.count(admitted ? 101 : http_status(admitted.error().code), gate_.now());
  if (!admitted) return refuse(*session.socket, admitted.error());
  session.socket->send(fmt::format(R"({{"t":"welcome","every_ms":{},"items":{}}})",
                                   std::chrono::duration_cast<std::chrono::milliseconds>(settings_.every).count(),
                                   kMostItems));
  watch(session, frame.items);
}

Result<void> LiveStock::check_items(const std::vector<LiveItem>& items) {
  if (items.size() > kMostItems) {
    return Error{Errc::bad_value, "partners.too_many",
                 fmt::format("{} items; one connection watches at most {}", items.size(), kMostItems)};
  }
  for (const LiveItem& item : items) {
    if (!usable_code(item.sku) || (!item.warehouse.empty() && !usable_code(item.warehouse)))
      return Error{Errc::bad_value, "partners.bad_sku", "a SKU or a warehouse is empty, too long or no text"};
  }
  return {};
}

std::vector<LiveItem> LiveStock::set_items(Session& session, std::vector<LiveItem>& items) {
  const auto closed = std::stable_partition(
      items.begin(), items.end(), [&](const LiveItem& item) { return session.key.record->allows_sku(item.sku); });
  std::vector<LiveItem> forbidden(closed, items.end());
  items.erase(closed, items.end());
  forget_items(session);
  session.items = items;
  for (const LiveItem& item : items) watched_[item].sessions.insert(&session);
  return forbidden;
}

void LiveStock::watch(Session& session, std::vector<LiveItem> items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  if (auto fine = check_items(items); !fine) return refuse(*session.socket, fine.error());
  std::vector<LiveItem> forbidden;
  {
    const std::lock_guard lock(mutex_);
    if (!sessions_.contains(session.shared_from_this())) return;  // closed meanwhile
    forbidden = set_items(session, items);
  }
  for (const LiveItem& item : forbidden) session.socket->send(frame_about("forbidden", item.sku, item.warehouse));
  if (items.empty()) return;
  cache_->want(items, StockCache::Want::soon,
               [self = shared_from_this(), socket = session.socket, items](const StockCache::Answers& answers) {
                 for (std::size_t i = 0; i < items.size(); ++i) socket->send(frame_of(items[i], answers[i]));
                 // Others may watch the same; whoever was told something older is told by the next poll.
                 const std::lock_guard lock(self->mutex_);
                 for (std::size_t i = 0; i < items.size(); ++i) {
                   const auto watch = self->watched_.find(items[i]);
                   if (watch != self->watched_.end() && watch->second.told.empty())
                     watch->second.told = tag_of(answers[i]);
                 }
               });
}

void LiveStock::forget_items(Session& session) {
  for (const LiveItem& item : session.items) {
    const auto watch = watched_.find(item);
    if (watch == watched_.end()) continue;
    watch->second.sessions.erase(&session);
    if (watch->second.sessions.empty()) watched_.erase(watch);
  }
  session.items.clear();
}

void LiveStock::gone(Session& session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.erase(session.shared_from_this()) == 0) return;
  forget_items(session);
  if (session.key.activity) session.key.activity->live.fetch_sub(1);
}

void LiveStock::poll() {
  std::vector<LiveItem> items;
  {
    const std::lock_guard lock(mutex_);
    if (polling_ || watched_.empty()) return;
    polling_ = true;
    items.reserve(watched_.size());
    for (const auto& [item, watch] : watched_) items.push_back(item);
  }
  cache_->want(items, StockCache::Want::fresh,
               [self = shared_from_this(), items](const StockCache::Answers& answers) { self->tell(items, answers); });
}

void LiveStock::tell(const std::vector<LiveItem>& items, const StockCache::Answers& answers) {
  std::vector<std::pair<std::shared_ptr<const std::string>, std::vector<std::shared_ptr<Socket>>>> frames;
  {
    const std::lock_guard lock(mutex_);
    polling_ = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto watch = watched_.find(items[i]);
      if (watch == watched_.end()) continue;
      const std::string tag = tag_of(answers[i]);
      if (watch->second.told == tag) continue;
      watch->second.told = tag;
      std::vector<std::shared_ptr<Socket>> to;
      for (const Session* session : watch->second.sessions) to.push_back(session->socket);
      frames.emplace_back(std::make_shared<const std::string>(frame_of(items[i], answers[i])), std::move(to));
    }
  }
  for (const auto& [frame, sockets] : frames) {
    for (const auto& socket : sockets) socket->send(frame);
  }
}

void LiveStock::recheck() {
  const SteadyTime now = clock_.steady();
  std::vector<std::pair<std::shared_ptr<Socket>, Error>> ended;
  std::vector<std::pair<std::shared_ptr<Socket>, std::vector<LiveItem>>> narrowed;
  {
    const std::lock_guard lock(mutex_);
    for (const SessionRef& session : sessions_) {
      if (session->hash.empty()) {
        if (now - session->opened >= kHelloWithin)
          ended.emplace_back(session->socket, Error{Errc::timeout, "partners.no_hello", "no hello came"});
        continue;
      }
      const auto before = session->key.record;
      if (auto admitted = gate_.still_admitted(session->hash, session->origin(), session->key); !admitted) {
        ended.emplace_back(session->socket, admitted.error());
      } else if (session->key.record != before) {
        auto items = session->items;
        narrowed.emplace_back(session->socket, set_items(*session, items));
      }
    }
  }
  for (const auto& [socket, error] : ended) refuse(*socket, error);
  for (const auto& [socket, items] : narrowed) {
    for (const LiveItem& item : items) socket->send(frame_about("forbidden", item.sku, item.warehouse));
  }
}

std::size_t LiveStock::connections() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace qiao::partners
