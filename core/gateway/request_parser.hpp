#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/gateway/head_check.hpp"

namespace qiao::core {

/// One HTTP/1.1 request, parsed by Boost.Beast from bytes that `check_head` has passed.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// `head` ends with the empty line; it is consumed as a whole.
  std::optional<Refusal> head(std::string_view head);
  /// Body bytes; returns how many were used. Stops at the end of the message and when a piece must be longer to be
  /// read.
  std::size_t body(std::string_view data);
  void limit_body(std::size_t bytes);

  [[nodiscard]] bool done() const;
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept;  ///< of the body
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool upgrade() const;  ///< Connection: upgrade together with an Upgrade header
  [[nodiscard]] bool chunked() const;
  [[nodiscard]] bool http10() const;
  [[nodiscard]] std::size_t content_length() const;  ///< 0 when there is none

  std::string method;
  std::string_view target;                                   ///< in what `head` was given
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string content;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::core
