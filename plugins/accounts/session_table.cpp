#include "plugins/accounts/session_table.hpp"

#include <algorithm>

#include "plugins/accounts/tokens.hpp"

namespace qiao::accounts {

bool SessionTable::put(SessionRecord session) {
  const SteadyTime now = clock_.steady();
  const Time wall = clock_.now();
  // A time in the future is a wall clock that ran back: it counts as now.
  const Duration age = std::max<Duration>(wall - session.created_at, Duration::zero());
  const Duration unused = std::max<Duration>(wall - session.seen_at, Duration::zero());
  Entry entry{std::move(session), now + (length_ - age), now - unused};
  if (over(entry, now)) return false;
  const std::lock_guard lock(mutex_);
  hashes_[entry.record.id] = entry.record.token_hash;
  std::string key = entry.record.token_hash;
  by_hash_.try_emplace(std::move(key), std::move(entry));
  return true;
}

std::optional<SessionRecord> SessionTable::use(std::string_view token) {
  const std::string hash = token_hash(token);
  const SteadyTime now = clock_.steady();
  const Time wall = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || over(found->second, now)) return std::nullopt;
  found->second.used = now;
  found->second.record.seen_at = wall;
  found->second.changed = true;
  return found->second.record;
}

std::optional<SessionRecord> SessionTable::remove(Id session) {
  const std::lock_guard lock(mutex_);
  const auto hash = hashes_.find(session);
  if (hash == hashes_.end()) return std::nullopt;
  auto entry = by_hash_.extract(hash->second);
  hashes_.erase(hash);
  return std::move(entry.mapped().record);
}

std::vector<SessionRecord> SessionTable::take_expired() {
  const SteadyTime now = clock_.steady();
  std::vector<SessionRecord> out;
  const std::lock_guard lock(mutex_);
  for (auto it = by_hash_.begin(); it != by_hash_.end();) {
    if (over(it->second, now)) {
      hashes_.erase(it->second.record.id);
      out.push_back(std::move(it->second.record));
      it = by_hash_.erase(it);
    } else {
      ++it;
    }
  }
  return out;
}

std::vector<SessionRecord> SessionTable::take_used() {
  std::vector<SessionRecord> out;
  const std::lock_guard lock(mutex_);
  for (auto& [hash, entry] : by_hash_) {
    if (entry.changed) {
      entry.changed = false;
      out.push_back(entry.record);
    }
  }
  return out;
}

std::vector<Id> SessionTable::ids() const {
  std::vector<Id> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, hash] : hashes_) out.push_back(id);
  return out;
}

std::vector<SessionRecord> SessionTable::of(Id agent) const {
  std::vector<SessionRecord> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [hash, entry] : by_hash_) {
      if (entry.record.agent == agent) out.push_back(entry.record);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

std::size_t SessionTable::size() const {
  const std::lock_guard lock(mutex_);
  return by_hash_.size();
}

}  // namespace qiao::accounts
