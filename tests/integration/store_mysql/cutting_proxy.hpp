#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace qiao::core {

/// Stands between a hub and its server on a Unix socket, and breaks the connection at a COMMIT.
class CuttingProxy {
 public:
  enum class Cut {
    none,
    before,  ///< the server never sees the COMMIT, only that the connection ended
    after,   ///< the server commits; its answer does not arrive
    hang,    ///< the client is cut off; the server waits for a COMMIT that never comes
  };

  CuttingProxy(std::string listen, std::string server);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  /// What happens at the next COMMIT, once.
  void cut_next(Cut cut) { cut_ = cut; }
  /// Whether new connections get through.
  void allow(bool open) { open_ = open; }
  [[nodiscard]] int cuts() const { return cuts_; }

 private:
  struct Link {
    int client = -1;
    int server = -1;
    std::atomic<bool> swallow{false};  // the server's next answer
    std::thread up, down;
  };
  void accept_all();
  void pump_up(Link& link);
  void pump_down(Link& link);

  const std::string server_;
  int listener_ = -1;
  std::atomic<Cut> cut_{Cut::none};
  std::atomic<bool> open_{true};
  std::atomic<bool> stopping_{false};
  std::atomic<int> cuts_{0};
  std::mutex mutex_;
  std::list<Link> links_;  // guarded by mutex_; a link stays where it is
  std::thread acceptor_;
};

}  // namespace qiao::core
