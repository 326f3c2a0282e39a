#include "connectors/channel/token_keeper.hpp"

#include "connectors/channel/platform.hpp"
#include "qiao/fields.hpp"
#include "qiao/json.hpp"

namespace qiao::channel {
namespace {

using namespace std::chrono_literals;

/// As it lies in Memory.
struct Kept {
  std::string value;
  std::string refresh;
  Time until;
};
QIAO_FIELDS(Kept, value, refresh, until)

/// How long the refresh token of a platform is kept beyond the life of its access token.
constexpr std::chrono::seconds kKeep = 24h * 180;
constexpr std::chrono::seconds kLease = 30s;
/// Refused so soon: by whom somebody else fetched another one, or it was never good. The first happens a few times in a
/// row at most.
constexpr std::chrono::seconds kFresh = 1min;
constexpr int kMostRefused = 3;

}  // namespace

TokenKeeper::TokenKeeper(Memory& memory, const Clock& clock, std::string name, Fetch fetch, std::chrono::seconds ahead)
    : memory_(memory), clock_(clock), name_("token:" + std::move(name)), fetch_(std::move(fetch)), ahead_(ahead) {}

Result<std::string> TokenKeeper::get() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !fetching_; });
  if (!held_.value.empty() && clock_.now() + ahead_ < held_.until) return held_.value;
  if (refused_fresh_ >= kMostRefused && clock_.now() < fetched_ + kFresh) {
    return failure::token("the platform refuses the access tokens that it has just given; check the credentials");
  }
  return renew(lock);
}

void TokenKeeper::reject(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (held_.value == token) reject_held();
  rejected_ = token;
}

void TokenKeeper::reject() {
  const std::lock_guard lock(mutex_);
  if (held_.value.empty()) return;
  reject_held();
  rejected_ = held_.value;
}

void TokenKeeper::begin_anew() {
  const std::lock_guard lock(mutex_);
  held_.until = {};
  rejected_ = held_.value;
  refused_fresh_ = 0;
}

void TokenKeeper::reject_held() {
  // Many may have been refused with the same one.
  if (held_.until == Time{}) return;
  held_.until = {};
  refused_fresh_ = clock_.now() < fetched_ + kFresh ? refused_fresh_ + 1 : 0;
}

Result<std::string> TokenKeeper::renew(std::unique_lock<std::mutex>& lock) {
  fetching_ = true;
  const std::string rejected = rejected_;
  Held before = held_;
  lock.unlock();
  auto result = renewed(rejected, before);
  lock.lock();
  fetching_ = false;
  changed_.notify_all();
  if (result) {
    if (held_.value != result->value) fetched_ = clock_.now();
    held_ = *result;
    return held_.value;
  }
  // Still good for a while: the platform may answer again before it ends.
  if (!held_.value.empty() && held_.value != rejected_ && clock_.now() < held_.until) return held_.value;
  return result.error();
}

Result<TokenKeeper::Held> TokenKeeper::renewed(const std::string& rejected, Held known) {
  // Another node may have fetched one already. What is in memory is shared; what we hold is a copy of it.
  const auto shared = [&]() -> Result<bool> {
    auto stored = memory_.get(name_);
    if (!stored) return stored.error();
    if (!*stored) return false;
    auto kept = from_json<Kept>(**stored);
    if (!kept) return false;
    known = {kept->value, kept->refresh, kept->until};
    return known.value != rejected && clock_.now() + ahead_ < known.until;
  };
  auto found = shared();
  if (!found) return found.error();
  if (*found) return known;
  auto leased = memory_.claim(name_ + ".lease", "1", kLease);
  if (!leased) return leased.error();
  if (!*leased) {
    if (known.value != rejected && clock_.now() < known.until) return known;
    Error busy{Errc::unavailable, "channel.token_busy", "another node is fetching the access token"};
    busy.retry_after = 1s;
    return busy;
  }
  auto fresh = fetch_(known.refresh);
  Result<void> kept;
  if (fresh) {
    known = {fresh->value, fresh->refresh.empty() ? known.refresh : fresh->refresh, clock_.now() + fresh->life};
    kept = memory_.put(name_, to_json(Kept{known.value, known.refresh, known.until}), kKeep);
  }
  (void)memory_.erase(name_ + ".lease");
  if (!fresh) return fresh.error();
  if (!kept) return kept.error();
  return known;
}

}  // namespace qiao::channel
