#include "core/app/hub_parts.hpp"

#include "qiao/json.hpp"

namespace qiao::core {
namespace {

struct ReadyInstance {
  std::string name;
  InstanceState state = InstanceState::stopped;
  bool required = true;
  std::string health;
  std::optional<std::string> reason;  ///< told to those who may read the metrics
};
QIAO_FIELDS(ReadyInstance, name, state, required, health, reason)

/// `action` with a dot at its end stands for all that begin so.
struct AuditQuery {
  std::string action;
  std::string object;
  Id actor;
  Time since;
  Time until;
  std::int64_t before = 0;
  std::int32_t limit = 100;
};
QIAO_FIELDS(AuditQuery, action, object, actor, since, until, before, limit)

struct Readiness {
  bool ready = false;
  std::string store;
  std::vector<ReadyInstance> instances;
};
QIAO_FIELDS(Readiness, ready, store, instances)

std::string_view to_string(GroupWriter::State state) {
  switch (state) {
    case GroupWriter::State::ok:
      return "ok";
    case GroupWriter::State::full:
      return "full";
    case GroupWriter::State::broken:
      return "broken";
    case GroupWriter::State::failed:
      return "failed";
  }
  return "failed";
}

HttpResponse json(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// Loopback and the configured proxies themselves; what a proxy passes on for somebody else is not.
bool is_local(const Networks& local, const HttpRequest& request) {
  const auto address = Address::parse(request.remote);
  return address && local.contains(*address) && request.header("x-forwarded-for").empty() &&
         request.header("forwarded").empty();
}

}  // namespace

std::string Hub::readiness(bool& ready, bool with_reasons) const {
  Readiness all;
  all.store = to_string(parts_->store->state());
  std::map<std::string, HealthBoard::Entry> health;
  for (auto& entry : parts_->health->snapshot()) health[entry.instance] = entry;
  for (const InstanceReport& report : parts_->host->report()) {
    ReadyInstance instance{report.name, report.state, report.required, "ok", std::nullopt};
    std::string reason = report.reason;
    if (const auto found = health.find(report.name); found != health.end()) {
      instance.health = core::to_string(found->second.state);
      if (reason.empty()) reason = found->second.reason;
    }
    if (with_reasons && !reason.empty()) instance.reason = reason;
    all.instances.push_back(std::move(instance));
  }
  all.ready = started_ && parts_->host->ready() && parts_->store->state() == GroupWriter::State::ok;
  ready = all.ready;
  return qiao::to_json(all);
}

void Hub::add_kernel_routes() {
  Http& http = *parts_->hub_http;
  const auto route = [](const char* path, const char* summary) {
    return Route{.method = "GET", .path = path, .access = Access::anyone(), .summary = summary, .run = Run::direct};
  };
  http.raw(route("/healthz", "The process is alive"),
           [](std::shared_ptr<const HttpRequest>, const HttpReply& reply) { reply(json(200, R"({"alive":true})")); });
  http.raw(route("/readyz", "All required instances run and the database can be written: 200, else 503"),
           [this](std::shared_ptr<const HttpRequest> request, const HttpReply& reply) {
             bool ready = false;
             std::string body = readiness(ready, is_local(parts_->local, *request));
             reply(json(ready ? 200 : 503, std::move(body)));
           });
  http.raw(route("/metrics", "Figures for Prometheus; from this machine and the trusted proxies only"),
           [this](std::shared_ptr<const HttpRequest> request, const HttpReply& reply) {
             if (!is_local(parts_->local, *request)) {
               return reply(HttpResponse::problem(
                   Error{Errc::forbidden, "metrics.not_local", "the metrics are read from the machine itself"}));
             }
             HttpResponse response = json(200, parts_->metrics->render());
             response.content_type = "text/plain; version=0.0.4; charset=utf-8";
             reply(std::move(response));
           });

  http.route<AuditQuery, AuditPage>(
      {.method = "GET",
       .path = "/api/v1/audit",
       .access = Access::needs("audit"),
       .summary = "What must be answered for, newest first; `before` is the last seq seen"},
      [this](const AuditQuery& query, const HttpRequest&) -> Result<AuditPage> {
        AuditFilter filter{query.action,
                           query.object,
                           query.actor,
                           query.since,
                           query.until,
                           query.before,
                           std::clamp(query.limit, 1, 500)};
        return parts_->audit->list(filter);
      });
}

void Hub::add_collectors() {
  add_process_metrics(*parts_->metrics);
  parts_->metrics->add_collector([this](MetricsText& out) {
    parts_->store->collect(out);
    const BusSnapshot bus = parts_->bus->snapshot();
    out.counter("qiao_log_lines_dropped_total", "Log lines that nobody read from standard error", {},
                parts_->logs->dropped());
    out.counter("qiao_bus_dead_letters_total", "Messages that no handler could take", {}, bus.dead_letters);
    out.counter("qiao_bus_requests_total", "Requests", {}, bus.requests);
    out.counter("qiao_bus_timeouts_total", "Requests without an answer in time", {}, bus.timeouts);
    out.gauge("qiao_bus_blocking_threads", "Threads of the pool for work that waits", {},
              static_cast<double>(bus.blocking_threads));
    out.gauge("qiao_bus_blocking_waiting", "Work that waits for such a thread", {},
              static_cast<double>(bus.blocking_waiting));
    out.gauge("qiao_dead_letters_kept", "Dead letters that can be looked at and replayed", {},
              static_cast<double>(parts_->dead_letters->count()));
    for (const LaneSnapshot& lane : bus.lanes) {
      const Labels labels{
          {"instance", lane.instance}, {"lane", lane.lane}, {"kind", std::string(lane_kind_name(lane.kind))}};
      std::size_t queued = 0;
      for (const std::size_t n : lane.queued) queued += n;
      out.gauge("qiao_lane_queued", "Messages waiting in a lane", labels, static_cast<double>(queued));
      out.counter("qiao_lane_handled_total", "Messages handled, failures included", labels, lane.handled);
      out.counter("qiao_lane_failed_total", "Messages whose handler failed or threw", labels, lane.failed);
      out.counter("qiao_lane_rejected_total", "Messages refused because the lane was full", labels, lane.rejected);
      out.counter("qiao_lane_dropped_total", "Messages pushed out, or left when their instance went", labels,
                  lane.dropped);
    }
  });
}

std::string_view lane_kind_name(Lane::Kind kind) {
  switch (kind) {
    case Lane::serial:
      return "serial";
    case Lane::partitioned:
      return "partitioned";
    case Lane::blocking:
      return "blocking";
    case Lane::direct:
      return "direct";
  }
  return "serial";
}

}  // namespace qiao::core
