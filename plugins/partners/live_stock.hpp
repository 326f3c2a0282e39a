#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "plugins/partners/gatekeeper.hpp"
#include "plugins/partners/stock_cache.hpp"
#include "qiao/http.hpp"

namespace qiao::partners {

struct LiveSettings {
  Duration every;
  std::size_t connections = 5000;
  std::int64_t per_key = 1000;
};

/// Live connections of partners' pages and servers: who watches which items, and telling them what changed.
///
/// Any thread. Its lock is taken before those of the key ring and the cache, and never while a socket's handler or the
/// cache's answer could take it again.
class LiveStock : public std::enable_shared_from_this<LiveStock> {
 public:
  static constexpr std::size_t kMostItems = 50;  ///< of one connection

  LiveStock(std::shared_ptr<StockCache> cache, const Gatekeeper& gate, const Clock& clock, LiveSettings settings)
      : cache_(std::move(cache)), gate_(gate), clock_(clock), settings_(settings) {}

  /// The handler of a fresh socket.
  std::shared_ptr<SocketHandler> open(std::shared_ptr<Socket> socket);
  /// Looks up all that is watched and tells what changed. On a timer; skipped while the last one is not answered.
  void poll();
  /// Closes what its key does not open any more. After keys changed, and on the timer for what time ends.
  void recheck();
  [[nodiscard]] std::size_t connections() const;

 private:
  class Session;
  struct Watch {
    std::unordered_set<Session*> sessions;
    std::string told;  ///< the tag of what was told last
  };
  using SessionRef = std::shared_ptr<Session>;

  void said(Session& session, std::string_view text);
  void gone(Session& session);
  void greet(Session& session, const LiveFrame& frame);
  void watch(Session& session, std::vector<LiveItem> items);
  static Result<void> check_items(const std::vector<LiveItem>& items);
  /// Sets what a session watches; what its key does not open is taken out and answered.
  std::vector<LiveItem> set_items(Session& session, std::vector<LiveItem>& items);
  void forget_items(Session& session);
  void tell(const std::vector<LiveItem>& items, const StockCache::Answers& answers);

  const std::shared_ptr<StockCache> cache_;
  const Gatekeeper& gate_;
  const Clock& clock_;
  const LiveSettings settings_;
  mutable std::mutex mutex_;
  std::unordered_set<SessionRef> sessions_;
  std::map<LiveItem, Watch> watched_;
  bool polling_ = false;
};

}  // namespace qiao::partners
