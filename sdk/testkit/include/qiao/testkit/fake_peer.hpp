#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "qiao/export.hpp"

namespace qiao::testkit {

/// An outside system that behaves, or misbehaves, as the test says. Listens on a free loopback port with a thread of
/// its own until it is destroyed. What it does may be changed while it runs.
///
///     FakePeer erp = FakePeer::http().never_answers();
///     FakePeer crm = FakePeer::http().on("GET", "/customers/7", 200, R"({"name":"Lin"})");
class QIAO_API FakePeer {
 public:
  struct Request {
    std::string method;
    std::string target;                                        ///< path and query as sent
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    [[nodiscard]] QIAO_API std::string_view header(std::string_view lower_case_name) const;
  };

  /// Speaks HTTP/1.1; answers 404 to whatever it was not told about.
  static FakePeer http();
  FakePeer(FakePeer&&) noexcept;
  FakePeer& operator=(FakePeer&&) noexcept;
  ~FakePeer();

  /// Answers everything that no `on` speaks about.
  FakePeer& answers(int status, std::string body, std::string content_type = "application/json") &;
  FakePeer answers(int status, std::string body, std::string content_type = "application/json") &&;
  /// Answers this method and path (without the query).
  FakePeer& on(std::string method, std::string path, int status, std::string body) &;
  FakePeer on(std::string method, std::string path, int status, std::string body) &&;
  /// Reads requests and keeps silent.
  FakePeer& never_answers() &;
  FakePeer never_answers() &&;
  /// Resets each connection after the request.
  FakePeer& resets() &;
  FakePeer resets() &&;
  /// Sends bytes that are no HTTP.
  FakePeer& garbage() &;
  FakePeer garbage() &&;

  /// "http://127.0.0.1:PORT"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const;
  /// Everything received so far.
  [[nodiscard]] std::vector<Request> requests() const;

 private:
  struct Impl;
  explicit FakePeer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::testkit
