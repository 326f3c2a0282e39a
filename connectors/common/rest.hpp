#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/common/parameters.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/session.hpp"

namespace qiao::common {

using namespace std::chrono_literals;

/// How the hub proves itself to a REST interface.
struct AuthSettings {
  enum class Auth : std::uint8_t { none, basic, bearer, header, query, oauth2, hmac };
  Auth kind = Auth::none;
  std::string user;         ///< basic
  Secret secret;            ///< password, token, key, client secret, HMAC key
  std::string name;         ///< of the header or the query parameter; of the header with the signature
  std::string token_url;    ///< oauth2
  std::string client_id;    ///< oauth2; hmac: what {client_id} in `sign` stands for
  std::string scope;        ///< oauth2
  bool in_body = false;     ///< oauth2: id and secret in the body instead of Basic
  std::string sign;         ///< hmac: what is signed
  bool base64 = false;      ///< hmac: else hexadecimal
  std::string time_header;  ///< hmac: carries {time}, seconds since 1970
  std::string id_header;    ///< hmac: carries client_id
};
QIAO_ENUM(AuthSettings::Auth, none, basic, bearer, header, query, oauth2, hmac)
void describe(Schema<AuthSettings>& s);

/// How a long list comes.
struct PagingSettings {
  enum class Way : std::uint8_t { none, page, offset, cursor };
  Way kind = Way::none;
  std::string parameter = "page";  ///< number, offset or cursor
  std::string size_parameter;      ///< empty: not sent
  int size = 50;                   ///< rows a page; a shorter one is the last
  int first = 1;                   ///< number of the first page
  std::string next;                ///< cursor: pointer to the next one in the answer
  int most = 5;                    ///< pages that are read
};
QIAO_ENUM(PagingSettings::Way, none, page, offset, cursor)
void describe(Schema<PagingSettings>& s);

/// Systems that answer 200 and mean an error.
struct SuccessSettings {
  std::string at;                    ///< pointer to the code; empty: the status alone decides
  std::vector<std::string> is;       ///< codes of success
  std::string message;               ///< pointer to what went wrong
  std::vector<std::string> renew;    ///< codes by which it says that the token is gone
  std::vector<std::string> wait;     ///< codes by which it says: later
  std::vector<std::string> unknown;  ///< codes by which it says that there is no such thing
};
void describe(Schema<SuccessSettings>& s);

/// One call: templates of what the question gives.
struct CallSettings {
  std::string method = "GET";
  std::string path;
  std::map<std::string, std::string> query;  ///< those that come out empty are left out
  std::map<std::string, std::string> headers;
  std::string body;  ///< JSON; values are escaped for the inside of quotes
};
void describe(Schema<CallSettings>& s);

struct RestSettings {
  std::string url;
  AuthSettings auth;
  std::map<std::string, std::string> headers;
  SuccessSettings success;

  /// The base URLs that the operator named with it.
  [[nodiscard]] std::vector<std::string> addresses() const;
};

/// A call whose templates were checked.
class RestCall {
 public:
  static Result<RestCall> compile(const CallSettings& settings, const Parameters& known);

 private:
  friend class RestClient;
  std::string method_;
  Template path_;
  std::vector<std::pair<std::string, Template>> query_;
  std::vector<std::pair<std::string, Template>> headers_;
  std::optional<Template> body_;
};

/// Puts what proves the hub's identity to a request. Any thread.
class Authenticator {
 public:
  Authenticator(const AuthSettings& settings, platform::Transport transport, const Clock& clock);
  /// The token; empty for kinds without one.
  Result<platform::Grant> session();
  void lost(const platform::Grant& session) { keeper_.lost(session); }
  void forgive() { keeper_.forgive(); }
  void sign(const platform::Grant& session, OutboundRequest& request) const;
  /// True when a 401 may mean that the token is gone.
  [[nodiscard]] bool renews() const noexcept { return settings_.kind == AuthSettings::Auth::oauth2; }

 private:
  Result<platform::Grant> log_in();
  const AuthSettings settings_;
  const platform::Transport transport_;
  const Clock& clock_;
  platform::SessionKeeper keeper_;
};

/// A JSON REST interface as the operator described it. Calls wait for the network; any thread.
class RestClient {
 public:
  RestClient(RestSettings settings, platform::Transport transport, const Clock& clock);
  /// One request; a token that turns out to be gone is renewed once. Errors by what helps: unauthorized, forbidden and
  /// bad_value never, rate_limited and unavailable later.
  Result<Json> call(const RestCall& call, const Parameters& parameters);
  /// The rows of all pages.
  Result<std::vector<Json>> rows(const RestCall& call, const Parameters& parameters, const std::string& at,
                                 const PagingSettings& paging);
  /// Tries credentials that were refused before, too.
  void forgive() { auth_.forgive(); }

 private:
  Result<Json> send(const RestCall& call, const Parameters& parameters,
                    const std::vector<std::pair<std::string, std::string>>& more);
  [[nodiscard]] Result<Json> judged(const OutboundResponse& response) const;

  const RestSettings settings_;
  const platform::Transport transport_;
  Authenticator auth_;
};

}  // namespace qiao::common
