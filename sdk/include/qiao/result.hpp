#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "qiao/export.hpp"

namespace qiao {

/// What kind of failure it was; decides the HTTP status and whether a retry can help.
enum class Errc : std::uint8_t {
  bad_value,       ///< the caller's input is wrong; repeating it is useless (400)
  unauthorized,    ///< nobody is logged in (401)
  forbidden,       ///< somebody is, and may not (403)
  not_found,       ///< (404)
  conflict,        ///< exists already, or the state does not allow it (409)
  too_large,       ///< (413)
  rate_limited,    ///< the caller is too fast; see Error::retry_after (429)
  overloaded,      ///< a queue is full; try again later (503)
  unavailable,     ///< what would answer is not there or not ready (503)
  timeout,         ///< the deadline passed (504)
  would_deadlock,  ///< waiting here could never end (500)
  cancelled,       ///< the asker or the hub went away (503)
  unsupported,     ///< (501)
  internal,        ///< a broken promise of ours, or an exception that nobody expected (500)
};

/// The stable name of a code: "bad_value", "not_found", …
QIAO_API std::string_view to_string(Errc code) noexcept;
/// The HTTP status that stands for a code.
QIAO_API int http_status(Errc code) noexcept;

/// A failure as a value: what kind, a stable dotted id that people search for, and a sentence for a person.
struct Error {
  Errc code = Errc::internal;
  std::string message;                       ///< what failed, where, what was found and, where known, what to do
  std::string id;                            ///< e.g. "bus.overloaded"; empty means the code's own name
  std::chrono::milliseconds retry_after{0};  ///< a hint for rate_limited, overloaded, unavailable; 0 says nothing

  Error() = default;
  Error(Errc c, std::string text) : code(c), message(std::move(text)) {}
  Error(Errc c, std::string stable_id, std::string text)
      : code(c), message(std::move(text)), id(std::move(stable_id)) {}

  [[nodiscard]] std::string_view name() const noexcept { return id.empty() ? to_string(code) : std::string_view(id); }
};

/// A value or an Error. Reading the wrong side is an assertion, not a surprise.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: meant to be implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }
  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return ok() ? value() : static_cast<T>(std::forward<U>(other));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: meant to be implicit

  [[nodiscard]] bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const { return error_.value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace qiao
