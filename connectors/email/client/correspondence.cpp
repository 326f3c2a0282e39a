#include "connectors/email/client/correspondence.hpp"

#include "connectors/channel/signing.hpp"
#include "qiao/json.hpp"

namespace qiao::email {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRemembered = 24h * 365;
constexpr std::chrono::seconds kTakenFor = 24h * 60;
constexpr std::size_t kLongestUser = 120;

std::string state_name(const std::string& user) { return "user:" + user + ":mail"; }
std::string thread_name(const std::string& thread) { return "thread:" + thread; }

}  // namespace

Correspondences::Correspondences(channel::Memory& memory, std::string address)
    : memory_(memory), address_(std::move(address)) {}

Result<std::shared_ptr<const Keys>> Correspondences::keys() {
  const std::lock_guard lock(mutex_);
  if (keys_) return keys_;
  auto claimed = memory_.claim("keys", channel::random_token(43), {});
  if (!claimed) return claimed.error();
  auto secret = memory_.get("keys");
  if (!secret) return secret.error();
  if (!*secret) return Error{Errc::unavailable, "the key of reply addresses is not there"};
  keys_ = std::make_shared<const Keys>(**secret, address_);
  return keys_;
}

Result<std::optional<Correspondence>> Correspondences::of(const std::string& user) {
  auto text = memory_.get(state_name(user));
  if (!text) return text.error();
  if (!*text) return std::optional<Correspondence>{};
  auto found = from_json<Correspondence>(**text);
  if (!found) return std::optional<Correspondence>{};
  return std::optional<Correspondence>(std::move(*found));
}

Result<void> Correspondences::keep(const std::string& user, const Correspondence& what) {
  if (auto done = memory_.put(thread_name(what.thread), user, kRemembered); !done) return done;
  return memory_.put(state_name(user), to_json(what), kRemembered);
}

Result<std::string> Correspondences::user_of(const std::string& thread) {
  auto user = memory_.get(thread_name(thread));
  if (!user) return user.error();
  return user->value_or("");
}

Result<bool> Correspondences::taken(const std::string& external_id) {
  auto there = memory_.get("taken:" + external_id);
  if (!there) return there.error();
  return there->has_value();
}

Result<void> Correspondences::take(const std::string& external_id) {
  return memory_.put("taken:" + external_id, "1", kTakenFor);
}

Result<std::int64_t> Correspondences::forget(const std::string& user) {
  auto known = of(user);
  if (!known) return known.error();
  if (!*known) return 0;
  return memory_.erase_all(thread_name((*known)->thread));
}

std::string Correspondences::user_for(const std::string& address) {
  return address.size() <= kLongestUser ? address : "sha256:" + channel::hex(channel::sha256(address));
}

}  // namespace qiao::email
