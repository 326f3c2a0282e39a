#include "plugins/partners/partner_call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/partners/stock_answer.hpp"

namespace qiao::partners {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr const char* kReadable =
    "ETag, Age, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy";

}  // namespace

PartnerCall::PartnerCall(const Gatekeeper& gate, std::shared_ptr<const HttpRequest> request, HttpReply reply)
    : gate_(gate), request_(std::move(request)), reply_(std::move(reply)) {}

bool PartnerCall::admit(std::string_view scope) {
  std::string_view secret = request_->header("authorization");
  secret = secret.starts_with(kBearer) ? secret.substr(kBearer.size()) : std::string_view();
  const auto admitted = gate_.admit(secret, request_->header("origin"), request_->remote, scope, visit_);
  if (!admitted) fail(admitted.error());
  return admitted.ok();
}

void PartnerCall::answer(HttpResponse response) {
  if (visit_.quota.limit > 0) {
    const KeyRecord& key = *visit_.key.record;
    response.headers.emplace_back("RateLimit-Limit", std::to_string(visit_.quota.limit));
    response.headers.emplace_back("RateLimit-Remaining", std::to_string(visit_.quota.remaining));
    response.headers.emplace_back("RateLimit-Reset", std::to_string(visit_.quota.reset_seconds));
    response.headers.emplace_back("RateLimit-Policy", fmt::format("{};w=60, {};w=86400", key.per_minute, key.per_day));
  }
  response.headers.emplace_back("Vary", "Authorization, Origin");
  const std::string_view origin = request_->header("origin");
  if (!origin.empty() && gate_.ring().knows_origin(origin)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", origin);
    response.headers.emplace_back("Access-Control-Expose-Headers", kReadable);
  }
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (visit_.key.activity) visit_.key.activity->usage.count(response.status, gate_.now());
  reply_(std::move(response));
}

void PartnerCall::fail(const Error& error) { answer(HttpResponse::problem(error)); }

void PartnerCall::answer_stock(std::string body, std::string tag, Time as_of, std::int64_t max_age_seconds) {
  HttpResponse response;
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(gate_.now() - as_of).count();
  response.headers.reserve(12);
  response.headers.emplace_back("Age", std::to_string(std::max<std::int64_t>(0, age)));
  response.headers.emplace_back("Cache-Control", fmt::format("private, max-age={}", max_age_seconds));
  const bool known = names_tag(request_->header("if-none-match"), tag);
  response.headers.emplace_back("ETag", std::move(tag));
  if (known) {
    response.status = 304;
  } else {
    response.body = std::move(body);
  }
  answer(std::move(response));
}

HttpResponse preflight(const KeyRing& ring, const HttpRequest& request) {
  const std::string_view origin = request.header("origin");
  if (origin.empty() || !ring.knows_origin(origin)) {
    return HttpResponse::problem(
        {Errc::forbidden, "partners.origin", "No partner key is meant for pages of this origin."});
  }
  HttpResponse response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Origin", std::string(origin)},
                      {"Access-Control-Allow-Methods", "GET, POST"},
                      {"Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match"},
                      {"Access-Control-Max-Age", "600"},
                      {"Vary", "Origin"}};
  return response;
}

}  // namespace qiao::partners
