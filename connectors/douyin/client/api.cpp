#include "connectors/douyin/client/api.hpp"

#include <algorithm>
#include <utility>

#include "connectors/channel/form.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/douyin/client/outbound.hpp"
#include "connectors/platform/http_answer.hpp"
#include "qiao/json.hpp"

namespace qiao::douyin {

namespace {

using platform::at;
using platform::integer;
using platform::Json;
using platform::text;
using namespace std::chrono_literals;

constexpr std::chrono::hours kRefreshLife{24 * 30};
/// Access tokens live 15 days: a refresh token with less than that left would not see the next renewal.
constexpr std::chrono::hours kProlongBefore{24 * 16};
constexpr int kMostRenewals = 5;

/// As it lies in Memory.
struct KeptGrant {
  std::string refresh;
  Time until;
  std::int32_t renewals = 0;
  std::string from;
};
QIAO_FIELDS(KeptGrant, refresh, until, renewals, from)

std::chrono::seconds seconds_of(const Json& value, std::chrono::seconds otherwise) {
  const std::int64_t count = integer(value);
  return count > 0 ? std::chrono::seconds(std::min<std::int64_t>(count, 3600 * 24 * 365)) : otherwise;
}

}  // namespace

std::pair<std::int64_t, std::string> error_in(const Json& answer) {
  for (const char* part : {"data", "extra"}) {
    const Json& one = at(answer, part);
    if (const std::int64_t code = integer(at(one, "error_code")); code != 0)
      return {code, text(at(one, "description"))};
  }
  if (const std::int64_t code = integer(at(answer, "err_no")); code != 0) return {code, text(at(answer, "err_msg"))};
  return {0, {}};
}

Account::Account(const DouyinConfig& config, std::shared_ptr<OutboundClient> http, channel::Memory& memory,
                 const Clock& clock, std::string instance)
    : config_(config),
      http_(std::move(http)),
      memory_(memory),
      clock_(clock),
      instance_(std::move(instance)),
      keeper_(
          memory, clock, "account", [this](const std::string&) { return fetch(); }, std::chrono::hours(12)) {}

Result<std::string> Account::token() { return keeper_.get(); }

void Account::reject(const std::string& token) { keeper_.reject(token); }

std::string Account::state() const {
  return channel::hex(channel::hmac_sha256(config_.client_secret.reveal(), "authorise " + instance_)).substr(0, 32);
}

std::string Account::redirect() const {
  return platform::join_url(config_.public_url, "/hooks/" + instance_ + "/authorised");
}

std::string Account::link() const {
  if (config_.public_url.empty()) return {};
  return platform::join_url(config_.url,
                            "/platform/oauth/connect/?" + platform::form({{"client_key", config_.client_key},
                                                                          {"response_type", "code"},
                                                                          {"scope", config_.scopes},
                                                                          {"redirect_uri", redirect()},
                                                                          {"state", state()}}));
}

Result<Json> Account::oauth(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields) {
  OutboundRequest request;
  request.method = "POST";
  request.url = platform::join_url(config_.url, path);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = platform::form(fields);
  auto response = http_->send(request);
  if (!response) return response.error();
  if (response->status != 200) return platform::status_error("douyin", *response);
  auto json = platform::read_json(response->body, "douyin");
  if (!json) return json.error();
  if (const auto [code, says] = error_in(*json); code != 0) return error_of(code, says);
  return json;
}

Result<Account::Grant> Account::grant() {
  auto kept = memory_.get("grant");
  if (!kept) return kept.error();
  Grant grant;
  if (*kept) {
    if (auto read = from_json<KeptGrant>(**kept)) grant = {read->refresh, read->until, read->renewals, read->from};
  }
  const std::string& given = config_.refresh_token.reveal();
  const std::string from = given.empty() ? std::string() : channel::hex(channel::sha256(given));
  if (!from.empty() && from != grant.from) grant = {given, clock_.now() + kRefreshLife, 0, from};
  if (grant.refresh.empty()) {
    const std::string page = link();
    return channel::failure::token(
        page.empty()
            ? "Nobody has authorised the hub for this Douyin account: set refresh_token, or public_url and run "
              "the connector test for a link"
            : "Nobody has authorised the hub for this Douyin account; its owner opens " + page);
  }
  return grant;
}

Result<void> Account::keep(const Grant& grant) {
  return memory_.put("grant", to_json(KeptGrant{grant.refresh, grant.until, grant.renewals, grant.from}));
}

/// A refresh token that would end before the next time is exchanged for a new one; the platform does so five times.
void Account::prolong(Grant& grant) {
  if (grant.until - clock_.now() > kProlongBefore || grant.renewals >= kMostRenewals) return;
  auto answer =
      oauth("/oauth/renew_refresh_token/", {{"client_key", config_.client_key}, {"refresh_token", grant.refresh}});
  if (!answer) {
    if (answer.error().id == "douyin.10020") grant.renewals = kMostRenewals;
    return;
  }
  const std::string fresh = text(at(*answer, {"data", "refresh_token"}));
  if (fresh.empty()) return;
  grant.refresh = fresh;
  grant.until = clock_.now() + seconds_of(at(*answer, {"data", "expires_in"}), kRefreshLife);
  ++grant.renewals;
}

Result<channel::FreshToken> Account::fetch() {
  auto held = grant();
  if (!held) return held.error();
  prolong(*held);
  // Whatever comes next: the old refresh token is none any more.
  if (auto kept = keep(*held); !kept) return kept.error();
  auto answer =
      oauth("/oauth/refresh_token/",
            {{"client_key", config_.client_key}, {"grant_type", "refresh_token"}, {"refresh_token", held->refresh}});
  if (!answer) return answer.error();
  const Json& data = at(*answer, "data");
  channel::FreshToken token;
  token.value = text(at(data, "access_token"));
  token.life = seconds_of(at(data, "expires_in"), std::chrono::hours(24 * 15));
  if (token.value.empty()) {
    return Error{Errc::unavailable, "douyin.bad_answer", "Douyin answered without an access token"};
  }
  if (const std::string fresh = text(at(data, "refresh_token")); !fresh.empty() && fresh != held->refresh) {
    held->refresh = fresh;
    if (auto kept = keep(*held); !kept) return kept.error();
  }
  return token;
}

Result<void> Account::authorised(const std::string& code, const std::string& given) {
  if (code.empty() || !channel::same(given, state())) {
    return Error{Errc::forbidden, "douyin.state", "this is not the answer to a link of this hub"};
  }
  auto answer = oauth("/oauth/access_token/", {{"client_key", config_.client_key},
                                               {"client_secret", config_.client_secret.reveal()},
                                               {"code", code},
                                               {"grant_type", "authorization_code"}});
  if (!answer) return answer.error();
  const Json& data = at(*answer, "data");
  if (const std::string who = text(at(data, "open_id")); who != config_.open_id) {
    return Error{Errc::conflict, "douyin.account",
                 "another account was authorised than the configured one; its open_id is " + who};
  }
  const std::string& given_token = config_.refresh_token.reveal();
  Grant grant{text(at(data, "refresh_token")), clock_.now() + seconds_of(at(data, "refresh_expires_in"), kRefreshLife),
              0, given_token.empty() ? std::string() : channel::hex(channel::sha256(given_token))};
  if (grant.refresh.empty()) return Error{Errc::unavailable, "douyin.bad_answer", "Douyin gave no refresh token"};
  if (auto kept = keep(grant); !kept) return kept;
  keeper_.begin_anew();
  return {};
}

Api::Api(const DouyinConfig& config, std::shared_ptr<OutboundClient> http, Token token)
    : config_(config), http_(std::move(http)), token_(std::move(token)) {}

Result<std::pair<Json, std::string>> Api::call(const std::string& path,
                                               const std::vector<std::pair<std::string, std::string>>& query,
                                               const std::string& body, const std::string& content_type) {
  std::vector<std::pair<std::string, std::string>> all = {{"open_id", config_.open_id}};
  all.insert(all.end(), query.begin(), query.end());
  for (int tries = 0;; ++tries) {
    std::string refused;
    {
      const std::lock_guard lock(mutex_);
      refused = std::exchange(refused_, {});
    }
    auto token = token_(refused);
    if (!token) return token.error();
    OutboundRequest request;
    request.url = platform::join_url(config_.url, path) + "?" + platform::form(all);
    request.headers = {{"access-token", *token}};
    if (!body.empty()) {
      request.method = "POST";
      request.headers.emplace_back("Content-Type", content_type);
      request.body = body;
    }
    auto response = http_->send(request);
    if (!response) return response.error();
    if (response->status != 200) return platform::status_error("douyin", *response);
    auto json = platform::read_json(response->body, "douyin");
    if (!json) return json.error();
    const auto [code, says] = error_in(*json);
    if (code == 0) return std::pair{std::move(*json), std::move(response->body)};
    if (is_token_error(code)) {
      const std::lock_guard lock(mutex_);
      refused_ = *token;
      if (tries == 0) continue;
    }
    return error_of(code, says);
  }
}

Result<std::string> Api::upload_image(const std::string& name, const std::string& type, const std::string& bytes) {
  const auto [form_type, form] = channel::multipart({}, {"image", name, type, bytes});
  auto answer = call(config_.upload_path, {}, form, form_type);
  if (!answer) return answer.error();
  const Json& data = at(answer->first, "data");
  for (const Json* place : {&at(data, {"image", "image_id"}), &at(data, "image_id"), &at(data, "media_id")}) {
    if (std::string id = text(*place); !id.empty()) return id;
  }
  return channel::failure::unsupported("Douyin took the picture and gave no id for it");
}

void Api::renew() {
  if (auto token = token_({})) {
    const std::lock_guard lock(mutex_);
    refused_ = *token;
  }
}

}  // namespace qiao::douyin
