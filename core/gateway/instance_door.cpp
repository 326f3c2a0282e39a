#include "core/gateway/instance_door.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::core {

InstanceDoor::InstanceDoor(std::shared_ptr<RoutePublisher> publisher, std::string instance)
    : publisher_(std::move(publisher)), registration_(std::make_shared<Registration>()) {
  registration_->instance = std::move(instance);
}

InstanceDoor::~InstanceDoor() { revoke(std::chrono::seconds(10)); }

Result<void> InstanceDoor::mistakes() const {
  if (registration_->mistakes.empty()) return {};
  std::string all;
  for (const std::string& mistake : registration_->mistakes) all += (all.empty() ? "" : "; ") + mistake;
  return Error{Errc::bad_value, "http.bad_route", fmt::format("{}: {}", registration_->instance, all)};
}

Result<void> InstanceDoor::activate() {
  if (auto done = mistakes(); !done) return done;
  return publisher_->publish(nullptr, registration_);
}

Result<void> InstanceDoor::take_over(InstanceDoor& old) {
  if (auto done = mistakes(); !done) return done;
  return publisher_->publish(old.registration_, registration_);
}

bool InstanceDoor::revoke(std::chrono::milliseconds wait) {
  if (revoked_) return true;
  const auto deadline = std::chrono::steady_clock::now() + wait;
  static_cast<void>(publisher_->publish(registration_, nullptr));  // taking routes away cannot collide
  if (!publisher_->let_go(registration_->gate, deadline)) return false;
  revoked_ = true;
  // The gate is shut and empty, so nobody looks at these any more; they are the plugin's code and must go before it
  // does.
  for (const auto& endpoint : registration_->endpoints) {
    endpoint->handler = nullptr;
    endpoint->factory = nullptr;
  }
  registration_->authenticators.clear();
  return true;
}

bool InstanceDoor::check(const Route& route) {
  static constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  auto& mistakes = registration_->mistakes;
  const std::size_t before = mistakes.size();
  if (std::find(std::begin(kMethods), std::end(kMethods), route.method) == std::end(kMethods)) {
    mistakes.push_back(
        fmt::format("{} {}: the method must be GET, POST, PUT, PATCH or DELETE", route.method, route.path));
  }
  if (const auto segments = pattern_segments(route.path); !segments) mistakes.push_back(segments.error().message);
  if (!route.access.open && !route.access.logged_in && route.access.permission.empty()) {
    mistakes.push_back(
        fmt::format("{} {}: says nothing about who may call it; give Access::anyone(), signed_in() or needs()",
                    route.method, route.path));
  }
  return mistakes.size() == before;
}

void InstanceDoor::add(Route route, RawHandler handler, Operation description, bool json_body) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->gate = registration_->gate;
  endpoint->instance = registration_->instance;
  endpoint->parameters = pattern_parameters(route.path);
  endpoint->handler = std::move(handler);
  endpoint->json_body = json_body;
  endpoint->description = std::move(description);
  endpoint->latency = &publisher_->metrics().histogram(
      "qiao_http_request_seconds", "From the first byte of a request to its answer",
      {{"plugin", registration_->instance}, {"method", route.method}, {"route", route.path}});
  endpoint->route = std::move(route);
  registration_->endpoints.push_back(std::move(endpoint));
}

void InstanceDoor::raw(Route r, RawHandler handler) {
  if (!check(r)) return;
  Operation description = describe_raw(r, registration_->instance);
  add(std::move(r), std::move(handler), std::move(description), false);
}

void InstanceDoor::add_typed(Route r, const TypeInfo& in, const TypeInfo& out, TypedHandler handler) {
  if (!check(r)) return;
  Operation description = describe_typed(r, registration_->instance, in, out, registration_->schemas);
  Decoder decoder = [&in](const HttpRequest& request, void* value) { return decode_input(request, in, value); };
  const bool body = r.method == "POST" || r.method == "PUT" || r.method == "PATCH";
  add(
      std::move(r),
      [h = std::move(handler), d = std::move(decoder)](std::shared_ptr<const HttpRequest> request,
                                                       const HttpReply& reply) { h(std::move(request), d, reply); },
      std::move(description), body);
}

void InstanceDoor::websocket(SocketRoute r, SocketFactory factory) {
  Route route{
      .method = "GET", .path = r.path, .access = r.access, .summary = r.summary, .run = Run::direct, .max_body = 0};
  if (!check(route)) return;
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->gate = registration_->gate;
  endpoint->instance = registration_->instance;
  endpoint->parameters = pattern_parameters(r.path);
  endpoint->factory = std::move(factory);
  endpoint->description = describe_socket(r, registration_->instance);
  endpoint->route = std::move(route);
  endpoint->socket = std::move(r);
  registration_->endpoints.push_back(std::move(endpoint));
}

void InstanceDoor::files(std::string prefix, std::string folder,
                         std::vector<std::pair<std::string, std::string>> headers, std::string fallback) {
  if (!prefix.starts_with('/')) {
    registration_->mistakes.push_back(fmt::format("files below \"{}\": the prefix must begin with /", prefix));
    return;
  }
  if (prefix.size() > 1 && prefix.ends_with('/')) prefix.pop_back();
  registration_->mounts.push_back(
      {registration_->gate, std::move(prefix),
       std::make_shared<StaticFiles>(std::move(folder), std::move(headers), std::move(fallback))});
}

void InstanceDoor::authenticator(Authenticator turn_token_into_principal) {
  registration_->authenticators.push_back(std::move(turn_token_into_principal));
}

}  // namespace qiao::core
