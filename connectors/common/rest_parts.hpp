#pragma once

#include <optional>

#include "connectors/common/rest.hpp"
#include "connectors/platform/settings.hpp"
#include "qiao/outbound.hpp"

namespace qiao::common {

/// What erp-rest and crm-rest are told about the interface as a whole.
struct RestConfig : platform::CommonSettings {
  AuthSettings auth;
  std::map<std::string, std::string> headers;
  SuccessSettings success;
  std::optional<CallSettings> test;
  std::string proxy;

  [[nodiscard]] Locale locale() const { return {country, utc_offset}; }
  [[nodiscard]] RestSettings rest() const { return {url, auth, headers, success}; }
};

template <class T>
void describe_rest(Schema<T>& s) {
  s.required("url", &T::url).url().doc("Base URL of the interface; the only place, with token_url, that is called");
  s.section("auth", &T::auth).doc("How the hub proves itself");
  s.optional("headers", &T::headers).doc("Headers of every call");
  s.section("success", &T::success).doc("For systems that answer errors with status 200");
  s.optional("test", &T::test).doc("A call that succeeds when address and credentials are right");
  s.optional("proxy", &T::proxy).doc("host:port of an HTTP proxy on the way to it");
  platform::describe_common(s);
}

/// The settings of the guarded client for it.
OutboundSettings outbound_of(const RestConfig& config);

/// Calls by what is known of somebody or something: the parameter that each needs, and the call.
using ChosenCalls = std::vector<std::pair<std::string, RestCall>>;

/// Compiles those that are there, under the names of their parameters. Errors begin with `where`.
Result<ChosenCalls> compile_calls(const std::vector<std::pair<std::string, const std::optional<CallSettings>*>>& calls,
                                  const Parameters& known, const std::string& where);
Result<std::optional<RestCall>> compile_call(const std::optional<CallSettings>& call, const Parameters& known,
                                             const std::string& where);
/// Null: nothing was given that one of the calls could use.
const RestCall* choose(const ChosenCalls& calls, const Parameters& parameters);

}  // namespace qiao::common
