#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/gateway/limits.hpp"
#include "core/gateway/stream.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// A listening socket: "address:port" as given, and what was really bound.
struct BoundSocket {
  int fd = -1;
  std::uint16_t port = 0;
  std::string address;  ///< "127.0.0.1:8080", "[::1]:8080"
};
/// Binds and listens. `http.bind` names the address, the reason and, where one helps, what to do.
Result<BoundSocket> bind_listener(const std::string& address);

/// Accepts connections and hands each on; on one I/O thread.
class Listener final : public Connection {
 public:
  using Accept = std::function<void(int fd, const Address& peer)>;
  Listener(std::shared_ptr<IoThread> io, int fd, Accept accept);
  void start();
  void on_readable() override;
  void on_writable() override {}
  void on_deadline() override;
  void on_shutdown() override { abort(); }
  void abort() noexcept override;

 private:
  std::unique_ptr<Descriptor> descriptor_;
  Accept accept_;
  bool starved_ = false;
};

}  // namespace qiao::core
