#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/gateway/api_description.hpp"
#include "core/gateway/static_files.hpp"
#include "qiao/http.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core {

/// Lets calls into one instance's code through until it is shut, and knows when the last one has left. Any thread.
class Gate {
 public:
  /// False: shut. True must be paired with `leave`.
  bool enter() noexcept;
  void leave() noexcept;
  void shut() noexcept;
  [[nodiscard]] bool is_shut() const noexcept { return (state_.load(std::memory_order_acquire) & kShut) != 0; }
  /// Waits until nobody is inside; false when somebody still is by `deadline`.
  bool wait_empty(std::chrono::steady_clock::time_point deadline);

 private:
  static constexpr std::uint32_t kShut = 1u << 31;
  std::atomic<std::uint32_t> state_{0};
  std::mutex mutex_;
  std::condition_variable empty_;
};

/// One passage through a gate.
class GatePass {
 public:
  explicit GatePass(std::shared_ptr<Gate> gate) : gate_(gate->enter() ? std::move(gate) : nullptr) {}
  ~GatePass() {
    if (gate_) gate_->leave();
  }
  GatePass(GatePass&&) noexcept = default;
  GatePass(const GatePass&) = delete;
  GatePass& operator=(const GatePass&) = delete;
  GatePass& operator=(GatePass&&) = delete;
  explicit operator bool() const noexcept { return gate_ != nullptr; }

 private:
  std::shared_ptr<Gate> gate_;
};

/// What answers at one address. `handler`, `factory` and the like are code of a plugin: call them inside the gate only.
struct Endpoint {
  std::shared_ptr<Gate> gate;
  std::string instance;
  Route route;                          ///< of a WebSocket: GET, its path and access
  std::vector<std::string> parameters;  ///< names in the path, in order
  Http::RawHandler handler;             ///< unset for a WebSocket
  SocketRoute socket;
  Http::SocketFactory factory;
  bool json_body = false;  ///< typed, with its input in the body
  Operation description;
  Histogram* latency = nullptr;
};

struct FilesMount {
  std::shared_ptr<Gate> gate;
  std::string prefix;
  std::shared_ptr<StaticFiles> files;
};

/// Everything one instance registered.
struct Registration {
  std::string instance;
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::vector<std::shared_ptr<Endpoint>> endpoints;
  std::vector<FilesMount> mounts;
  std::vector<Http::Authenticator> authenticators;
  std::map<std::string, std::string> schemas;  ///< records of its routes, by name
  std::vector<std::string> mistakes;
};

/// Which endpoint answers a method and path: literal segments win over `{parameters}`. Immutable once built.
class RouteTable {
 public:
  struct Match {
    std::shared_ptr<Endpoint> endpoint;  ///< null: nothing, or not with this method
    std::vector<std::pair<std::string, std::string>> params;
    const FilesMount* mount = nullptr;
    std::string allow;           ///< the methods that the path has, when it exists without this one
    bool implicit_head = false;  ///< HEAD answered by GET
  };

  /// Fails with `http.route_taken` when two instances, or one, claim the same address.
  static Result<std::shared_ptr<const RouteTable>> build(const std::vector<std::shared_ptr<Registration>>& active);
  ~RouteTable();

  [[nodiscard]] Match find(std::string_view method, bool upgrade, const std::vector<std::string>& segments,
                           std::string_view path) const;
  /// The instances that know who asks.
  [[nodiscard]] const std::vector<std::shared_ptr<Registration>>& authenticating() const noexcept {
    return authenticating_;
  }

 private:
  struct Node;
  RouteTable();
  Result<void> add(const std::shared_ptr<Endpoint>& endpoint);
  bool walk(const Node& node, std::string_view method, bool upgrade, const std::vector<std::string>& segments,
            std::size_t at, std::vector<std::string>& values, Match& match) const;

  std::unique_ptr<Node> root_;
  std::vector<FilesMount> mounts_;  ///< longest prefix first
  std::vector<std::shared_ptr<Registration>> authenticating_;
};

/// "/a/{id}" as "a", "{id}"; an error for what is not a path pattern.
Result<std::vector<std::string>> pattern_segments(std::string_view pattern);
/// The names of the parameters in a valid pattern.
std::vector<std::string> pattern_parameters(std::string_view pattern);

}  // namespace qiao::core
