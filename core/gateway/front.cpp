#include "core/gateway/front.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/gateway/head_check.hpp"
#include "core/gateway/url.hpp"

namespace qiao::core {
namespace {

constexpr const char* kReasons[] = {"malformed",    "too_large",     "too_slow",    "connections", "address_rate",
                                    "session_rate", "not_logged_in", "not_allowed", "cross_site",  "overloaded",
                                    "origin",       "frame",         "frame_rate",  "idle",        "slow_reader"};
static_assert(std::size(kReasons) == static_cast<std::size_t>(Refused::kCount));

std::array<Counter*, 6> answer_counters(Metrics& metrics) {
  std::array<Counter*, 6> all{};
  for (std::size_t i = 1; i < all.size(); ++i) {
    all[i] = &metrics.counter("qiao_http_answers_total", "Answers by class of their status",
                              {{"status", fmt::format("{}xx", i)}});
  }
  all[0] = all[5];
  return all;
}

std::array<Counter*, static_cast<std::size_t>(Refused::kCount)> refusal_counters(Metrics& metrics) {
  std::array<Counter*, static_cast<std::size_t>(Refused::kCount)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = &metrics.counter("qiao_http_refused_total", "Requests, connections and frames refused, by reason",
                              {{"reason", kReasons[i]}});
  }
  return all;
}

bool safe_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

bool same_origin(const HttpRequest& request, std::string_view origin) {
  if (request.secure && !origin.starts_with("https://")) return false;
  const std::string_view host = origin_host(origin);
  return !host.empty() && equals_ignoring_case(host, request.header("host"));
}

}  // namespace

FrontMetrics::FrontMetrics(Metrics& m)
    : answers(answer_counters(m)),
      refusals(refusal_counters(m)),
      open_connections(m.gauge("qiao_http_open_connections", "Open connections, WebSockets included")),
      open_sockets(m.gauge("qiao_websocket_open", "Open WebSockets")),
      frames_in(m.counter("qiao_websocket_frames_in_total", "Text messages received on WebSockets")),
      frames_out(m.counter("qiao_websocket_frames_out_total", "Frames sent on WebSockets")),
      blocking_full(
          m.counter("qiao_http_pool_full_total", "Requests refused because the pool for waiting work was full")) {}

std::unique_ptr<ConnectionSlot> ConnectionSlot::take(Front& front, const Address& peer) {
  // A proxy's connections carry everybody's requests.
  const bool counted = !front.trusted.contains(peer);
  if (front.connections.fetch_add(1, std::memory_order_relaxed) >= front.max_connections ||
      (counted && !front.limits.connected(peer, TokenBucket::Clock::now()))) {
    front.connections.fetch_sub(1, std::memory_order_relaxed);
    front.metrics.refused(Refused::connections);
    return nullptr;
  }
  front.metrics.open_connections.add(1);
  return std::unique_ptr<ConnectionSlot>(new ConnectionSlot(front, peer, counted));
}

ConnectionSlot::~ConnectionSlot() {
  if (counted_) front_.limits.disconnected(peer_);
  front_.connections.fetch_sub(1, std::memory_order_relaxed);
  front_.metrics.open_connections.add(-1);
}

Result<Principal> authenticate(const RouteTable& table, const HttpRequest& request, Logger& log) {
  for (const auto& registration : table.authenticating()) {
    const GatePass pass(registration->gate);
    if (!pass) continue;
    for (const auto& authenticator : registration->authenticators) {
      try {
        auto who = authenticator(request);
        if (!who || who->type != Principal::Type::nobody) return who;
      } catch (const std::exception& e) {
        log.error("the authenticator of {} threw: {} request={}", registration->instance, e.what(),
                  request.request_id.str());
        return Error{Errc::internal, "plugin.threw", "the login could not be checked"};
      }
    }
  }
  return Principal{};
}

std::optional<HttpResponse> check_access(const Access& access, const HttpRequest& request, const Result<Principal>& who,
                                         FrontMetrics& metrics) {
  const bool known = who && who->type != Principal::Type::nobody;
  if (known && !safe_method(request.method) && is_cross_site(request)) {
    metrics.refused(Refused::cross_site);
    return problem(
        403, "http.cross_site",
        "this request changes something and carries a login cookie, so it must come from this site's own pages "
        "(Origin or Sec-Fetch-Site)");
  }
  if (access.open) return std::nullopt;
  if (!known) {
    metrics.refused(Refused::not_logged_in);
    HttpResponse response = who ? problem(401, "unauthorized", "log in first, or send Authorization: Bearer")
                                : HttpResponse::problem(who.error());
    if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (access.permission.empty() || who->may(access.permission)) return std::nullopt;
  metrics.refused(Refused::not_allowed);
  return problem(403, "forbidden", fmt::format("this needs the permission {}", access.permission));
}

bool is_cross_site(const HttpRequest& request) {
  if (request.header("cookie").empty() || !request.header("authorization").empty()) return false;
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  return !same_origin(request, request.header("origin"));
}

bool origin_allowed(const HttpRequest& request, const std::vector<std::string>& origins) {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return true;
  if (origins.empty()) return same_origin(request, origin);
  return std::any_of(origins.begin(), origins.end(), [&](const std::string& allowed) {
    return allowed == "*" || equals_ignoring_case(allowed, origin);
  });
}

}  // namespace qiao::core
