#include "core/vault/subject_keys.hpp"

#include <fmt/format.h>

namespace qiao::core {
namespace {

std::string wrapping_place(Id id, Id subject, Id data_key) {
  return fmt::format("hub_subject_key/{}/{}/{}", id.value, subject.value, data_key.value);
}

Error erased() { return {Errc::not_found, "vault.erased", "the key was destroyed: the person's data has been erased"}; }

Error cannot_wrap() { return {Errc::internal, "vault.failed", "a new key could not be made"}; }

}  // namespace

bool SubjectKeys::usable(const Entry& entry, const Session& session) const {
  if (entry.maker != nullptr && entry.maker != &session) return false;
  return !settings_.trusted || clock_.steady() - entry.read_at < *settings_.trusted;
}

std::optional<SubjectKeys::Found> SubjectKeys::cached_of(const Session& session, Id subject) {
  const std::lock_guard lock(mutex_);
  const auto found = by_subject_.find(subject);
  if (found == by_subject_.end() || !usable(*found->second, session)) return std::nullopt;
  order_.splice(order_.end(), order_, found->second);
  return Found{found->second->id, found->second->key};
}

std::optional<crypto::Key> SubjectKeys::cached_key(const Session& session, Id id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || !usable(*found->second, session)) return std::nullopt;
  order_.splice(order_.end(), order_, found->second);
  return found->second->key;
}

void SubjectKeys::erase_locked(Entries::iterator entry) {
  by_id_.erase(entry->id);
  const auto subject = by_subject_.find(entry->subject);
  if (subject != by_subject_.end() && subject->second == entry) by_subject_.erase(subject);
  order_.erase(entry);
}

void SubjectKeys::keep(Id id, Id subject, const crypto::Key& key, const Session* maker) {
  const std::lock_guard lock(mutex_);
  if (forgotten_.contains(id)) return;
  if (const auto known = by_id_.find(id); known != by_id_.end()) erase_locked(known->second);
  if (const auto known = by_subject_.find(subject); known != by_subject_.end()) erase_locked(known->second);
  const auto entry = order_.insert(order_.end(), Entry{id, subject, key, maker, clock_.steady()});
  by_id_.emplace(id, entry);
  by_subject_.emplace(subject, entry);
  while (order_.size() > settings_.cached) erase_locked(order_.begin());
}

void SubjectKeys::drop(Id id) {
  const std::lock_guard lock(mutex_);
  if (const auto known = by_id_.find(id); known != by_id_.end()) erase_locked(known->second);
}

bool SubjectKeys::forgotten(Id id) const {
  const std::lock_guard lock(mutex_);
  return forgotten_.contains(id);
}

std::size_t SubjectKeys::cached() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

Result<crypto::Key> SubjectKeys::unwrap(Session& session, Id id, Id subject, Id data_key, std::string_view wrapped) {
  auto by = data_keys_.find(session, data_key);
  if (!by) return by;
  const auto key = crypto::open_key(*by, wrapping_place(id, subject, data_key), wrapped);
  if (key) return *key;
  return Error{Errc::internal, "vault.damaged", fmt::format("the key {} of a contact is damaged", id.value)};
}

Result<std::optional<SubjectKeys::Found>> SubjectKeys::read(Session& session, Id subject) {
  Id id;
  Id data_key;
  std::string wrapped;
  {
    auto rows = session.query("SELECT id, data_key, wrapped FROM hub_subject_key WHERE subject = ?", subject.value);
    if (rows->next()) {
      id = rows->id(0);
      data_key = rows->id(1);
      wrapped = rows->str(2);
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  if (!id || forgotten(id)) return std::optional<Found>();
  auto key = unwrap(session, id, subject, data_key, wrapped);
  if (!key) return key.error();
  keep(id, subject, *key, nullptr);
  return std::optional(Found{id, *key});
}

Result<SubjectKeys::Found> SubjectKeys::of(Session& session, Id subject) {
  if (auto known = cached_of(session, subject)) return *known;
  auto found = read(session, subject);
  if (!found) return found.error();
  if (*found) return **found;

  const auto key = crypto::Key::random();
  const DataKeys::DataKey by = data_keys_.current();
  const Id id = new_id();
  std::string wrapped;
  if (!key || !crypto::seal_onto(wrapped, by.key, wrapping_place(id, subject, by.id), key->view())) {
    return cannot_wrap();
  }
  auto made = session.run(
      "INSERT INTO hub_subject_key (id, subject, data_key, wrapped, contested, created_at) VALUES (?, ?, ?, ?, 0, ?)",
      id, subject.value, by.id, SqlArg::blob(wrapped), clock_.now());
  if (made) {
    session.on_rollback([this, id] { drop(id); });
    keep(id, subject, *key, &session);
    return Found{id, *key};
  }
  if (made.error().code != Errc::conflict) return made.error();
  // Another node was first. Its row may be newer than this transaction's snapshot: a row that this transaction has
  // changed itself is always seen as it is.
  auto seen = session.run("UPDATE hub_subject_key SET contested = contested + 1 WHERE subject = ?", subject.value);
  if (!seen) return seen.error();
  found = read(session, subject);
  if (!found) return found.error();
  if (*found) return **found;
  return Error{Errc::conflict, "vault.erasing", "this person's data is being erased; try again"};
}

Result<crypto::Key> SubjectKeys::find(Session& session, Id id) {
  if (auto known = cached_key(session, id)) return *known;
  if (forgotten(id)) return erased();
  std::optional<Id> subject;
  Id data_key;
  std::string wrapped;
  {
    auto rows = session.query("SELECT subject, data_key, wrapped FROM hub_subject_key WHERE id = ?", id);
    if (rows->next()) {
      subject = rows->id(0);
      data_key = rows->id(1);
      wrapped = rows->str(2);
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  if (!subject) {
    drop(id);
    return erased();
  }
  auto key = unwrap(session, id, *subject, data_key, wrapped);
  if (key) keep(id, *subject, *key, nullptr);
  return key;
}

Result<void> SubjectKeys::forget(Session& session, std::span<const Id> subjects) {
  for (const Id subject : subjects) {
    Id id;
    {
      auto rows = session.query("SELECT id FROM hub_subject_key WHERE subject = ?", subject.value);
      if (rows->next()) id = rows->id(0);
      if (auto status = rows->status(); !status) return status;
    }
    if (!id) continue;
    auto gone = session.run("DELETE FROM hub_subject_key WHERE id = ?", id);
    if (!gone) return gone.error();
    {
      const std::lock_guard lock(mutex_);
      forgotten_.insert(id);
    }
    session.on_rollback([this, id] {
      const std::lock_guard lock(mutex_);
      forgotten_.erase(id);
    });
    drop(id);
  }
  return {};
}

Result<std::size_t> SubjectKeys::rewrap(Database& database, std::size_t most) {
  struct Old {
    Id id, subject, data_key;
    std::string wrapped;
    std::string fresh;
  };
  std::vector<Old> batch;
  const DataKeys::DataKey by = data_keys_.current();
  auto done = database.read([&](Session& session) -> Result<void> {
    {
      auto rows = session.query(
          "SELECT id, subject, data_key, wrapped FROM hub_subject_key WHERE data_key <> ? ORDER BY id LIMIT ?", by.id,
          most);
      while (rows->next()) batch.push_back({rows->id(0), rows->id(1), rows->id(2), rows->str(3), {}});
      if (auto status = rows->status(); !status) return status;
    }
    for (Old& old : batch) {
      auto key = unwrap(session, old.id, old.subject, old.data_key, old.wrapped);
      if (!key) return key.error();
      if (!crypto::seal_onto(old.fresh, by.key, wrapping_place(old.id, old.subject, by.id), key->view())) {
        return cannot_wrap();
      }
    }
    return {};
  });
  if (!done) return done.error();
  if (batch.empty()) return std::size_t{0};
  auto shared = std::make_shared<std::vector<Old>>(std::move(batch));
  done = database.write_and_wait([shared, by = by.id](Session& session) -> Result<void> {
    for (const Old& old : *shared) {
      // Only what is still as it was read: an erased key stays erased.
      auto changed = session.run("UPDATE hub_subject_key SET data_key = ?, wrapped = ? WHERE id = ? AND data_key = ?",
                                 by, SqlArg::blob(old.fresh), old.id, old.data_key);
      if (!changed) return changed.error();
    }
    return {};
  });
  if (!done) return done.error();
  return shared->size();
}

}  // namespace qiao::core
