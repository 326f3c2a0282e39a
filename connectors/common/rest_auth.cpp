#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "connectors/channel/signing.hpp"
#include "connectors/common/rest.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::common {

using Auth = AuthSettings::Auth;

void describe(Schema<AuthSettings>& s) {
  s.optional("kind", &AuthSettings::kind).doc("How the hub proves itself");
  s.optional("user", &AuthSettings::user).doc("basic: the user's name");
  s.optional("secret", &AuthSettings::secret).doc("Password, token, key, client secret or HMAC key");
  s.optional("name", &AuthSettings::name)
      .pattern("[A-Za-z0-9_.-]{1,64}", "the name of a header or a query parameter")
      .doc("header, query: its name; hmac: the header with the signature");
  s.optional("token_url", &AuthSettings::token_url).url().doc("oauth2: where tokens come from");
  s.optional("client_id", &AuthSettings::client_id).doc("oauth2, hmac: the hub's id there");
  s.optional("scope", &AuthSettings::scope).doc("oauth2: what the token is for");
  s.optional("in_body", &AuthSettings::in_body).doc("oauth2: id and secret in the body instead of a Basic header");
  s.optional("sign", &AuthSettings::sign)
      .doc("hmac: what is signed, of {method}, {target}, {body}, {time} and {client_id}; \\n is a line break");
  s.optional("base64", &AuthSettings::base64).doc("hmac: the signature in Base64, else hexadecimal");
  s.optional("time_header", &AuthSettings::time_header).doc("hmac: header for {time}, seconds since 1970");
  s.optional("id_header", &AuthSettings::id_header).doc("hmac: header for client_id");
  const auto needs = [&s](Auth kind, const char* key, auto member) {
    s.rule("kind", [kind, key, member](const AuthSettings& a) {
      return a.kind == kind && (a.*member).empty() ? fmt::format("this kind needs {}", key) : std::string();
    });
  };
  needs(Auth::basic, "user", &AuthSettings::user);
  for (const Auth kind : {Auth::basic, Auth::bearer, Auth::header, Auth::query, Auth::oauth2, Auth::hmac}) {
    needs(kind, "secret", &AuthSettings::secret);
  }
  for (const Auth kind : {Auth::header, Auth::query, Auth::hmac}) needs(kind, "name", &AuthSettings::name);
  needs(Auth::oauth2, "token_url", &AuthSettings::token_url);
  needs(Auth::oauth2, "client_id", &AuthSettings::client_id);
  needs(Auth::hmac, "sign", &AuthSettings::sign);
}

namespace {

std::string basic(const std::string& user, const std::string& secret) {
  return "Basic " + channel::base64(user + ":" + secret);
}

void replace(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

/// Path and query of a URL.
std::string target_of(const std::string& url) {
  const std::size_t slash = url.find('/', url.find("://") + 3);
  return slash == std::string::npos ? "/" : url.substr(slash);
}

}  // namespace

Authenticator::Authenticator(const AuthSettings& settings, platform::Transport transport, const Clock& clock)
    : settings_(settings),
      transport_(std::move(transport)),
      clock_(clock),
      keeper_(clock, [this] { return log_in(); }) {}

Result<platform::Grant> Authenticator::session() {
  if (settings_.kind != Auth::oauth2) return platform::Grant{};
  return keeper_.get();
}

Result<platform::Grant> Authenticator::log_in() {
  OutboundRequest request{"POST", settings_.token_url, {{"Content-Type", "application/x-www-form-urlencoded"}}};
  std::vector<std::pair<std::string, std::string>> fields{{"grant_type", "client_credentials"}};
  if (!settings_.scope.empty()) fields.emplace_back("scope", settings_.scope);
  if (settings_.in_body) {
    fields.emplace_back("client_id", settings_.client_id);
    fields.emplace_back("client_secret", settings_.secret.reveal());
  } else {
    request.headers.emplace_back("Authorization", basic(settings_.client_id, settings_.secret.reveal()));
  }
  request.body = platform::form(fields);
  auto response = transport_(request);
  if (!response) return response.error();
  if (response->status < 200 || response->status > 299) {
    Error error = platform::status_error("oauth2", *response);
    // RFC 6749: a wrong secret may be answered with 400.
    if (response->status == 400) error.code = Errc::unauthorized;
    return error;
  }
  auto answer = platform::read_json(response->body, "oauth2");
  if (!answer) return answer.error();
  platform::Grant session;
  session.token = platform::text(platform::at(*answer, "access_token"));
  if (session.token.empty()) {
    return Error{Errc::unavailable, "oauth2.bad_answer", "the token's address answered without access_token"};
  }
  const auto seconds = std::clamp<std::int64_t>(platform::integer(platform::at(*answer, "expires_in")), 0, 86400);
  session.life = std::chrono::seconds(seconds);
  return session;
}

void Authenticator::sign(const platform::Grant& session, OutboundRequest& request) const {
  const std::string& secret = settings_.secret.reveal();
  switch (settings_.kind) {
    case Auth::none:
      return;
    case Auth::basic:
      request.headers.emplace_back("Authorization", basic(settings_.user, secret));
      return;
    case Auth::bearer:
      request.headers.emplace_back("Authorization", "Bearer " + secret);
      return;
    case Auth::header:
      request.headers.emplace_back(settings_.name, secret);
      return;
    case Auth::query:
      request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + url_encode(settings_.name) + "=" +
                     url_encode(secret);
      return;
    case Auth::oauth2:
      request.headers.emplace_back("Authorization", "Bearer " + session.token);
      return;
    case Auth::hmac: {
      const std::string seconds = std::to_string(to_micros(clock_.now()) / 1'000'000);
      std::string text = settings_.sign;
      replace(text, "\\n", "\n");
      replace(text, "{method}", request.method);
      replace(text, "{target}", target_of(request.url));
      replace(text, "{time}", seconds);
      replace(text, "{client_id}", settings_.client_id);
      replace(text, "{body}", request.body);  // last: nothing in it is a name any more
      const std::string sum = channel::hmac_sha256(secret, text);
      request.headers.emplace_back(settings_.name, settings_.base64 ? channel::base64(sum) : channel::hex(sum));
      if (!settings_.time_header.empty()) request.headers.emplace_back(settings_.time_header, seconds);
      if (!settings_.id_header.empty()) request.headers.emplace_back(settings_.id_header, settings_.client_id);
      return;
    }
  }
}

}  // namespace qiao::common
