#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace qiao::core {

/// Why a request is not read any further: the status it gets, and a sentence for the log and the answer.
struct Refusal {
  int status;
  std::string_view why;
};

/// Finds the end of a request's head in bytes that arrive in pieces, refusing what must not stand in one as soon as it
/// shows.
class HeadScanner {
 public:
  /// `data` is everything received since the head began. True: the head is complete and `size()` bytes long.
  bool scan(std::string_view data, std::size_t limit);
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void reset() noexcept { *this = {}; }

 private:
  bool find_end(std::string_view data, std::size_t limit);
  std::size_t seen_ = 0;
  std::size_t line_ = 0;
  std::size_t size_ = 0;
  std::optional<Refusal> refusal_;
};

/// Everything two HTTP parsers might read differently is refused here, before ours sees it: both or repeated or signed
/// lengths, codings other than one `chunked`, space before the colon, folded lines, missing or repeated Host, bare CR
/// or LF. `head` ends with the empty line.
std::optional<Refusal> check_head(std::string_view head, std::size_t max_fields);

[[nodiscard]] bool is_token(std::string_view text) noexcept;
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace qiao::core
