#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "qiao/http.hpp"

namespace qiao::core {

/// A part of an open file that is sent without being read into memory first; closes it.
struct FilePart {
  int fd = -1;
  off_t offset = 0;
  std::size_t size = 0;
  FilePart() = default;
  FilePart(const FilePart&) = delete;
  FilePart& operator=(const FilePart&) = delete;
  ~FilePart();
};

/// An answer on its way out: the body is the response's own, or shared, or a file's.
struct Answer {
  HttpResponse response;
  std::shared_ptr<const std::string> shared{};
  std::unique_ptr<FilePart> file{};
  bool close = false;  ///< the connection ends after it
  /// Lets go of what is sent; unlike `= {}` it makes no new response.
  void release() noexcept;
  [[nodiscard]] std::size_t size() const noexcept {
    return shared ? shared->size() : file ? file->size : response.body.size();
  }
};

/// application/problem+json for a status that no Errc stands for.
HttpResponse problem(int status, std::string_view id, std::string_view detail);
std::string_view reason_phrase(int status) noexcept;

struct HeadContext {
  bool keep_alive = true;
  bool secure = false;        ///< adds Strict-Transport-Security
  bool behind_login = false;  ///< adds no-store, whatever the handler said
  bool http10 = false;
  std::string_view request_id;
  std::string_view date;
};

/// Writes the status line and headers to `out`. False when a header's name or value would break the message apart (CR,
/// LF, NUL): that is a bug of the handler, and the caller answers 500 instead.
bool response_head(std::string& out, const HttpResponse& response, std::size_t size, const HeadContext& context);

}  // namespace qiao::core
