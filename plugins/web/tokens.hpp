#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "qiao/id.hpp"
#include "qiao/time.hpp"

namespace qiao::web {

/// Who a customer's browser is, and until when.
struct VisitorPass {
  Id visitor;
  std::string site;
  Time issued;
};

/// Signs what customers carry: visitor tokens and links to files. HMAC-SHA256 with a secret of 32 bytes that lives in
/// the hub's database; nothing is looked up to check one, so 5,000 clients can come back at once. Immutable; any
/// thread.
class Tokens {
 public:
  explicit Tokens(std::string secret);

  [[nodiscard]] std::string visitor_token(const VisitorPass& pass) const;
  /// `unauthorized` when forged, for another site, or older than `life`.
  [[nodiscard]] Result<VisitorPass> verify_visitor(std::string_view token, std::string_view site, Time now,
                                                   std::chrono::seconds life) const;

  /// The query part of a link to a file, e.g. "e=1790000000&s=…".
  [[nodiscard]] std::string file_link(Id file, Time expires) const;
  [[nodiscard]] bool file_link_ok(Id file, std::string_view expires, std::string_view signature, Time now) const;

  /// A fresh secret.
  static std::string random_secret();

 private:
  [[nodiscard]] std::string sign(std::string_view text) const;
  std::string secret_;
};

/// Visitors whose token was found to be genuine not long ago: a browser sends the same one with every request, and
/// checking a signature costs more than all the rest of the routing. Any thread.
class VerifiedTokens {
 public:
  /// `check(token)` unless the token is known; refusals are not kept.
  template <class Check>
  Result<VisitorPass> get(std::string_view token, Time now, std::chrono::seconds life, Check check) {
    {
      const std::lock_guard lock(mutex_);
      const auto known = passes_.find(token);
      if (known != passes_.end() && now <= known->second.issued + life) return known->second;
    }
    Result<VisitorPass> pass = check(token);
    if (!pass) return pass;
    const std::lock_guard lock(mutex_);
    if (passes_.size() >= kMost) passes_.clear();
    passes_.emplace(token, *pass);
    return pass;
  }

 private:
  static constexpr std::size_t kMost = 4096;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::mutex mutex_;
  std::unordered_map<std::string, VisitorPass, Hash, std::equal_to<>> passes_;
};

}  // namespace qiao::web
