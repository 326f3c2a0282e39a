#include "core/gateway/route_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::core {

bool Gate::enter() noexcept {
  if ((state_.fetch_add(1, std::memory_order_acq_rel) & kShut) == 0) return true;
  leave();
  return false;
}

void Gate::leave() noexcept {
  if (state_.fetch_sub(1, std::memory_order_acq_rel) != (kShut | 1)) return;
  std::lock_guard lock(mutex_);
  empty_.notify_all();
}

void Gate::shut() noexcept { state_.fetch_or(kShut, std::memory_order_acq_rel); }

bool Gate::wait_empty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_until(lock, deadline, [this] { return (state_.load(std::memory_order_acquire) & ~kShut) == 0; });
}

struct RouteTable::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
  std::unique_ptr<Node> parameter;
  std::vector<std::pair<std::string, std::shared_ptr<Endpoint>>> methods;
  std::shared_ptr<Endpoint> socket;

  [[nodiscard]] std::shared_ptr<Endpoint> of(std::string_view method) const {
    for (const auto& [name, endpoint] : methods) {
      if (name == method) return endpoint;
    }
    return nullptr;
  }
};

namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string allowed(const std::vector<std::pair<std::string, std::shared_ptr<Endpoint>>>& methods, bool socket) {
  std::vector<std::string> names{"OPTIONS"};
  for (const auto& [name, endpoint] : methods) {
    names.push_back(name);
    if (name == "GET") names.emplace_back("HEAD");
  }
  if (socket) names.emplace_back("GET");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

Result<std::vector<std::string>> pattern_segments(std::string_view pattern) {
  const Error bad{
      Errc::bad_value, "http.bad_route",
      fmt::format("the path \"{}\" must look like /a/b/{{name}}, without empty segments or a query", pattern)};
  if (!pattern.starts_with('/')) return bad;
  std::vector<std::string> out;
  if (pattern == "/") return std::vector<std::string>{""};
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view segment = pattern.substr(0, end);
    if (segment.empty() || segment.find_first_of("?# ") != std::string_view::npos) return bad;
    if (segment.find_first_of("{}") != std::string_view::npos &&
        (segment.size() < 3 || segment.front() != '{' || segment.back() != '}' ||
         !is_name(segment.substr(1, segment.size() - 2)))) {
      return bad;
    }
    out.emplace_back(segment);
    pattern.remove_prefix(end);
  }
  return out;
}

std::vector<std::string> pattern_parameters(std::string_view pattern) {
  std::vector<std::string> names;
  const auto segments = pattern_segments(pattern);
  if (!segments) return names;
  for (const std::string& segment : *segments) {
    if (is_parameter(segment)) names.push_back(segment.substr(1, segment.size() - 2));
  }
  return names;
}

RouteTable::RouteTable() : root_(std::make_unique<Node>()) {}
RouteTable::~RouteTable() = default;

Result<std::shared_ptr<const RouteTable>> RouteTable::build(const std::vector<std::shared_ptr<Registration>>& active) {
  std::shared_ptr<RouteTable> table(new RouteTable);
  for (const auto& registration : active) {
    if (!registration->authenticators.empty()) table->authenticating_.push_back(registration);
    for (const auto& endpoint : registration->endpoints) {
      if (auto done = table->add(endpoint); !done) return done.error();
    }
    for (const FilesMount& mount : registration->mounts) {
      const auto same = std::find_if(table->mounts_.begin(), table->mounts_.end(),
                                     [&](const FilesMount& other) { return other.prefix == mount.prefix; });
      if (same != table->mounts_.end()) {
        return Error{Errc::conflict, "http.route_taken",
                     fmt::format("files below \"{}\" are served twice", mount.prefix)};
      }
      table->mounts_.push_back(mount);
    }
  }
  std::stable_sort(table->mounts_.begin(), table->mounts_.end(),
                   [](const FilesMount& a, const FilesMount& b) { return a.prefix.size() > b.prefix.size(); });
  return std::shared_ptr<const RouteTable>(std::move(table));
}

Result<void> RouteTable::add(const std::shared_ptr<Endpoint>& endpoint) {
  auto segments = pattern_segments(endpoint->route.path);
  if (!segments) return segments.error();
  Node* node = root_.get();
  for (const std::string& segment : *segments) {
    std::unique_ptr<Node>& next = is_parameter(segment) ? node->parameter : node->literal[segment];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  const auto taken = [&](const Endpoint& other) {
    return Error{Errc::conflict, "http.route_taken",
                 fmt::format("{} {} of {} is taken by {} of {}", endpoint->route.method, endpoint->route.path,
                             endpoint->instance, other.route.path, other.instance)};
  };
  if (endpoint->factory) {
    if (node->socket) return taken(*node->socket);
    node->socket = endpoint;
    return {};
  }
  for (const auto& [method, other] : node->methods) {
    if (method == endpoint->route.method) return taken(*other);
  }
  node->methods.emplace_back(endpoint->route.method, endpoint);
  return {};
}

bool RouteTable::walk(const Node& node, std::string_view method, bool upgrade, const std::vector<std::string>& segments,
                      std::size_t at, std::vector<std::string>& values, Match& match) const {
  if (at < segments.size()) {
    if (const auto literal = node.literal.find(segments[at]); literal != node.literal.end()) {
      if (walk(*literal->second, method, upgrade, segments, at + 1, values, match)) return true;
    }
    if (!node.parameter || segments[at].empty()) return false;
    values.push_back(segments[at]);
    if (walk(*node.parameter, method, upgrade, segments, at + 1, values, match)) return true;
    values.pop_back();
    return false;
  }
  if (node.methods.empty() && !node.socket) return false;
  if (upgrade && node.socket && method == "GET") {
    match.endpoint = node.socket;
  } else {
    match.endpoint = node.of(method);
    if (!match.endpoint && method == "HEAD") match.implicit_head = (match.endpoint = node.of("GET")) != nullptr;
    if (!match.endpoint && method == "GET") match.endpoint = node.socket;
  }
  if (!match.endpoint) match.allow = allowed(node.methods, node.socket != nullptr);
  return match.endpoint != nullptr;
}

RouteTable::Match RouteTable::find(std::string_view method, bool upgrade, const std::vector<std::string>& segments,
                                   std::string_view path) const {
  Match match;
  std::vector<std::string> values;
  if (walk(*root_, method, upgrade, segments, 0, values, match)) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      match.params.emplace_back(match.endpoint->parameters[i], std::move(values[i]));
    }
    return match;
  }
  // Below /api a missing route is missing; a page instead would only confuse a program.
  if (!match.allow.empty() || path.starts_with("/api/")) return match;
  for (const FilesMount& mount : mounts_) {
    if (path.starts_with(mount.prefix) &&
        (mount.prefix.ends_with('/') || path.size() == mount.prefix.size() || path[mount.prefix.size()] == '/')) {
      match.mount = &mount;
      match.allow = "GET, HEAD, OPTIONS";
      break;
    }
  }
  return match;
}

}  // namespace qiao::core
