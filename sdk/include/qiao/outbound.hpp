#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/export.hpp"
#include "qiao/result.hpp"

namespace qiao {

/// What an outbound client may reach and how long it waits.
struct OutboundSettings {
  /// host:port pairs that the operator named in YAML (a base URL counts); only these may be private, loopback or other
  /// special addresses. Everything else must resolve to public addresses.
  std::vector<std::string> named;
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds total_timeout{10000};  ///< from the first byte sent to the last received
  std::size_t max_body = 1 << 20;                  ///< of an answer; a larger one is `outbound.too_large`
  std::size_t connections = 8;                     ///< kept open, a host
  std::string ca_file;                             ///< more trusted certificates, PEM; empty: the system's
  /// "host:port" of an HTTP proxy, which counts as named; empty: none, whatever the environment says. It is told the
  /// address that was checked, not the name.
  std::string proxy;
  /// Addresses of a name, numeric; empty: the system's resolver. For tests.
  std::function<Result<std::vector<std::string>>(const std::string& host)> resolve;
};

struct OutboundRequest {
  std::string method = "GET";
  std::string url;  ///< http or https, absolute
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::milliseconds timeout{0};  ///< 0: the client's; never longer than it
};

struct OutboundResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< names in lower case
  std::string body{};
  [[nodiscard]] QIAO_API std::string_view header(std::string_view lower_case_name) const;
};

/// The one way by which plugins call other machines over HTTP. It resolves a name once, checks every address, connects
/// to the address it checked, verifies TLS, follows no redirects and reads no more than it was told to.
///
/// Blocking: call it from a blocking lane or a handler that runs blocking. Any thread; keeps connections for reuse.
/// Any status is an answer. A request that a kept connection lost before anything came back is sent once more when its
/// method may be repeated. Errors: `outbound.bad_url`, `outbound.bad_request` (a header that cannot be sent),
/// `outbound.refused_address` (forbidden), `outbound.unresolved`, `outbound.unreachable` (unavailable), `outbound.tls`,
/// `outbound.timeout` (timeout), `outbound.too_large`, `outbound.broken` (the answer ended early or is not HTTP).
class QIAO_API OutboundClient {
 public:
  explicit OutboundClient(OutboundSettings settings);
  ~OutboundClient();
  OutboundClient(const OutboundClient&) = delete;
  OutboundClient& operator=(const OutboundClient&) = delete;

  Result<OutboundResponse> send(const OutboundRequest& request);
  /// Wakes those who wait, with `cancelled`; later calls get the same. For a plugin's drain.
  void close() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "host:port" of a URL, as OutboundSettings::named wants it; empty when it is not an absolute http(s) URL.
QIAO_API std::string host_and_port(std::string_view url);

/// Percent-encoding of one query or path component.
QIAO_API std::string url_encode(std::string_view text);

}  // namespace qiao
