#pragma once

#include <memory>
#include <string>

#include "core/gateway/gateway.hpp"
#include "core/gateway/route_table.hpp"

namespace qiao::core {

/// What an instance's door asks of the gateway. Controller thread.
class RoutePublisher {
 public:
  virtual ~RoutePublisher() = default;
  /// Puts `fresh` in the place of `gone` (either may be null), for all I/O threads when it returns.
  virtual Result<void> publish(const std::shared_ptr<Registration>& gone,
                               const std::shared_ptr<Registration>& fresh) = 0;
  /// Shuts the gate, closes the instance's sockets and waits until its code has been left.
  virtual bool let_go(const std::shared_ptr<Gate>& gate, std::chrono::steady_clock::time_point deadline) = 0;
  virtual Metrics& metrics() = 0;
};

class InstanceDoor final : public InstanceHttp {
 public:
  InstanceDoor(std::shared_ptr<RoutePublisher> publisher, std::string instance);
  ~InstanceDoor() override;

  Result<void> activate() override;
  bool revoke(std::chrono::milliseconds wait) override;
  Result<void> take_over(InstanceDoor& old);

  void raw(Route r, RawHandler handler) override;
  void websocket(SocketRoute r, SocketFactory factory) override;
  void files(std::string prefix, std::string folder, std::vector<std::pair<std::string, std::string>> headers,
             std::string fallback) override;
  void authenticator(Authenticator turn_token_into_principal) override;

 protected:
  void add_typed(Route r, const TypeInfo& in, const TypeInfo& out, TypedHandler handler) override;

 private:
  [[nodiscard]] Result<void> mistakes() const;
  bool check(const Route& route);
  void add(Route route, RawHandler handler, Operation description, bool json_body);

  std::shared_ptr<RoutePublisher> publisher_;
  std::shared_ptr<Registration> registration_;
  bool revoked_ = false;
};

}  // namespace qiao::core
