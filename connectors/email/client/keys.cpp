#include "connectors/email/client/keys.hpp"

#include <fmt/format.h>

#include "connectors/channel/signing.hpp"
#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kSignature = 16;  // 80 bits

std::string base32(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) out += kAlphabet[bits >> (count - 5) & 31];
  }
  return out;
}

}  // namespace

Keys::Keys(std::string secret, std::string address) : secret_(std::move(secret)) {
  const auto at = address.rfind('@');
  local_ = lower(address.substr(0, at));
  domain_ = lower(address.substr(at + 1));
}

std::string Keys::new_thread() { return base32(channel::random_bytes(8)).substr(0, 12); }

std::string Keys::sign(std::string_view what) const {
  return base32(channel::hmac_sha256(secret_, what)).substr(0, kSignature);
}

std::string Keys::message_id(const std::string& thread, const std::string& part) const {
  const std::string what = lower(part) + "." + thread;
  return fmt::format("{}.{}@{}", what, sign("id:" + what), domain_);
}

std::optional<Keys::Place> Keys::read_message_id(std::string_view id) const {
  const std::string small = lower(id);
  const auto at = small.rfind('@');
  const auto last = small.rfind('.', at);
  if (at == std::string::npos || last == std::string::npos || last == 0) return std::nullopt;
  const auto first = small.rfind('.', last - 1);
  if (first == std::string::npos) return std::nullopt;
  const std::string what = small.substr(0, last);
  if (!channel::same(sign("id:" + what), small.substr(last + 1, at - last - 1))) return std::nullopt;
  return Place{small.substr(first + 1, last - first - 1), small.substr(0, first)};
}

std::string Keys::reply_address(const std::string& thread) const {
  return fmt::format("{}+{}.{}@{}", local_, thread, sign("to:" + thread), domain_);
}

std::optional<Keys::Place> Keys::read_address(std::string_view address) const {
  const std::string small = lower(address);
  const std::string start = local_ + "+";
  const auto at = small.rfind('@');
  const auto dot = small.rfind('.', at);
  if (!small.starts_with(start) || at == std::string::npos || dot == std::string::npos || dot < start.size())
    return std::nullopt;
  const std::string thread = small.substr(start.size(), dot - start.size());
  if (!channel::same(sign("to:" + thread), small.substr(dot + 1, at - dot - 1))) return std::nullopt;
  return Place{thread, {}};
}

}  // namespace qiao::email
