#include "plugins/partners/key_ring.hpp"

#include <algorithm>
#include <mutex>

namespace qiao::partners {

void KeyRing::put(KeyRecord record) {
  const std::unique_lock lock(mutex_);
  HeldKey& held = keys_[record.id];
  if (held.record) {
    record.last_used_at = std::max(record.last_used_at, held.record->last_used_at);
    KeyRecord before = *held.record;
    before.last_used_at = record.last_used_at;
    if (record == before) return;
    by_hash_.erase(held.record->hash);
    by_hash_.erase(held.record->previous_hash);
    for (const std::string& origin : held.record->origins) {
      if (--origins_[origin] == 0) origins_.erase(origin);
    }
  } else {
    held.activity = std::make_shared<KeyActivity>();
  }
  by_hash_[record.hash] = record.id;
  if (!record.previous_hash.empty()) by_hash_[record.previous_hash] = record.id;
  for (const std::string& origin : record.origins) ++origins_[origin];
  held.record = std::make_shared<const KeyRecord>(std::move(record));
}

Result<void> KeyRing::find(const std::string& hash, Time now, HeldKey& held) const {
  {
    const std::shared_lock lock(mutex_);
    const auto id = by_hash_.find(hash);
    if (id == by_hash_.end()) return Error{Errc::unauthorized, "partners.wrong_key", "This key does not exist."};
    held = keys_.at(id->second);
  }
  const KeyRecord& key = *held.record;
  switch (key.state(now)) {
    case KeyState::revoked:
      return Error{Errc::unauthorized, "partners.revoked", "This key was revoked."};
    case KeyState::expired:
      return Error{Errc::unauthorized, "partners.expired", "This key has expired."};
    case KeyState::active:
      break;
  }
  if (hash != key.hash && now >= key.previous_until)
    return Error{Errc::unauthorized, "partners.replaced", "This key was replaced by a new one."};
  return {};
}

HeldKey KeyRing::of(Id key) const {
  const std::shared_lock lock(mutex_);
  const auto found = keys_.find(key);
  return found == keys_.end() ? HeldKey{} : found->second;
}

std::vector<HeldKey> KeyRing::all() const {
  std::vector<HeldKey> list;
  {
    const std::shared_lock lock(mutex_);
    list.reserve(keys_.size());
    for (const auto& [id, held] : keys_) list.push_back(held);
  }
  std::sort(list.begin(), list.end(), [](const HeldKey& a, const HeldKey& b) { return a.record->id > b.record->id; });
  return list;
}

bool KeyRing::knows_origin(std::string_view origin) const {
  const std::shared_lock lock(mutex_);
  return origins_.contains(std::string(origin));
}

}  // namespace qiao::partners
