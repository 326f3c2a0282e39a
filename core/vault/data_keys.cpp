#include "core/vault/data_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace qiao::core {
namespace {

enum Kind : int { kData = 0, kRoot = 1 };
/// Fixed, so that two nodes that start for the first time at once cannot have two.
constexpr Id kRootId{1};

std::string wrapping_place(Id id, int kind, std::string_view master) {
  return fmt::format("hub_data_key/{}/{}/{}", id.value, kind, master);
}

Error damaged(Id id) {
  return {Errc::internal, "vault.damaged",
          fmt::format("data key {} cannot be opened although its master key is right: the row is damaged; restore "
                      "table hub_data_key from a backup",
                      id.value)};
}

Error no_random() { return {Errc::internal, "vault.failed", "the system gives no random numbers"}; }

}  // namespace

struct DataKeys::Row {
  Id id;
  int kind = kData;
  std::string master;
  std::string wrapped;
  Time created_at;
  Time retired_at;
};

Result<std::vector<DataKeys::Row>> DataKeys::rows(Session& session) {
  std::vector<Row> all;
  auto rows = session.query(
      "SELECT id, kind, master, wrapped, created_at, retired_at FROM hub_data_key ORDER BY created_at, id");
  while (rows->next()) {
    all.push_back(
        {rows->id(0), static_cast<int>(rows->integer(1)), rows->str(2), rows->str(3), rows->time(4), rows->time(5)});
  }
  if (auto status = rows->status(); !status) return status.error();
  return all;
}

Result<std::unique_ptr<DataKeys>> DataKeys::open(Database& database, const MasterKeys& masters, const Clock& clock) {
  std::unique_ptr<DataKeys> keys(new DataKeys(clock));
  std::vector<Row> stored;
  const auto read = [&] {
    return database.read([&](Session& session) -> Result<void> {
      auto found = rows(session);
      if (!found) return found.error();
      stored = std::move(*found);
      return {};
    });
  };
  if (auto done = read(); !done) return done.error();
  if (auto done = keys->choose_master(masters, stored); !done) return done.error();
  if (auto done = keys->make_missing(database, stored); !done) return done.error();
  if (auto done = read(); !done) return done.error();
  // Another node may have been first, with a key of its own.
  if (auto done = keys->choose_master(masters, stored); !done) return done.error();
  if (auto done = keys->take(stored); !done) return done.error();
  if (auto done = keys->rewrap(database, stored); !done) return done.error();
  return keys;
}

Result<void> DataKeys::choose_master(const MasterKeys& masters, const std::vector<Row>& rows) {
  std::string expected;
  for (const Row& row : rows) expected = row.master;  // of the newest
  previous_ = masters.previous;
  if (masters.current) {
    master_ = *masters.current;
  } else {
    auto found = read_master_key(masters.file);
    if (!found && found.error().id == "vault.no_key") {
      if (!rows.empty()) {
        return Error{Errc::forbidden, "vault.no_key",
                     fmt::format("the database is encrypted under the master key {}, and neither vault.key is set nor "
                                 "is {} there; name that key in vault.key or put the file back",
                                 expected, masters.file.string())};
      }
      found = make_master_key(masters.file);
    }
    if (!found) return found.error();
    master_ = std::move(*found);
    in_data_folder_ = true;
  }
  for (const Row& row : rows) {
    const bool known = row.master == master_.id || std::any_of(previous_.begin(), previous_.end(),
                                                               [&](const auto& key) { return key.id == row.master; });
    if (known) continue;
    return Error{Errc::forbidden, "vault.wrong_key",
                 fmt::format("the database is encrypted under the master key {}, the given one is {}; put the right "
                             "key into {}, or, to change to the given one, the old key into vault.previous",
                             row.master, master_.id, masters.current ? "vault.key" : masters.file.string())};
  }
  return {};
}

std::string DataKeys::wrap(const crypto::Key& key, Id id, int kind) const {
  std::string wrapped;
  if (!crypto::seal_onto(wrapped, master_.key, wrapping_place(id, kind, master_.id), key.view())) wrapped.clear();
  return wrapped;
}

std::optional<crypto::Key> DataKeys::unwrap(const Row& row) const {
  const std::string place = wrapping_place(row.id, row.kind, row.master);
  if (row.master == master_.id) return crypto::open_key(master_.key, place, row.wrapped);
  for (const MasterKey& key : previous_) {
    if (key.id == row.master) return crypto::open_key(key.key, place, row.wrapped);
  }
  return std::nullopt;
}

Result<void> DataKeys::insert(Session& session, Id id, int kind, const crypto::Key& key) const {
  const std::string wrapped = wrap(key, id, kind);
  if (wrapped.empty()) return no_random();
  auto done = session.run(
      "INSERT INTO hub_data_key (id, kind, master, wrapped, created_at, retired_at) VALUES (?, ?, ?, ?, ?, 0)", id,
      kind, master_.id, SqlArg::blob(wrapped), clock_.now());
  // The root is made once, by whichever node is first.
  if (!done && !(kind == kRoot && done.error().code == Errc::conflict)) return done.error();
  return {};
}

Result<void> DataKeys::make_missing(Database& database, const std::vector<Row>& rows) {
  const auto has = [&](int kind) {
    return std::any_of(rows.begin(), rows.end(), [kind](const Row& row) { return row.kind == kind; });
  };
  const bool root = !has(kRoot);
  const bool data = !has(kData);
  if (!root && !data) return {};
  const auto root_key = crypto::Key::random();
  const auto data_key = crypto::Key::random();
  if (!root_key || !data_key) return no_random();
  return database.write_and_wait([&](Session& session) -> Result<void> {
    if (root) {
      if (auto done = insert(session, kRootId, kRoot, *root_key); !done) return done;
    }
    return data ? insert(session, new_id(), kData, *data_key) : Result<void>{};
  });
}

Result<void> DataKeys::take(const std::vector<Row>& rows) {
  std::map<Id, crypto::Key> keys;
  Id newest;
  const std::unique_lock lock(mutex_);
  for (const Row& row : rows) {
    const bool root = row.kind == kRoot;
    const auto known = keys_.find(row.id);
    // What is open already needs no master key: it may have been wrapped by one that only a newer node knows.
    if (root ? !keys_.empty() : known != keys_.end()) {
      if (!root) keys.insert(*known);
    } else if (const auto key = unwrap(row); !key) {
      return damaged(row.id);
    } else if (root) {
      root_ = *key;
    } else {
      keys.emplace(row.id, *key);
    }
    if (!root && (row.retired_at == Time{} || newest.empty())) newest = row.id;
  }
  keys_ = std::move(keys);
  current_ = newest;
  return {};
}

Result<void> DataKeys::rewrap(Database& database, const std::vector<Row>& rows) {
  std::set<std::string> old;
  for (const Row& row : rows) {
    if (row.master != master_.id) old.insert(row.master);
  }
  if (old.empty()) return {};
  auto done = database.write_and_wait([&](Session& session) -> Result<void> {
    for (const Row& row : rows) {
      if (row.master == master_.id) continue;
      const auto key = unwrap(row);
      const std::string wrapped = key ? wrap(*key, row.id, row.kind) : std::string();
      if (wrapped.empty()) return damaged(row.id);
      auto changed = session.run("UPDATE hub_data_key SET master = ?, wrapped = ? WHERE id = ? AND master = ?",
                                 master_.id, SqlArg::blob(wrapped), row.id, row.master);
      if (!changed) return changed.error();
    }
    return {};
  });
  if (!done) return done;
  rewrapped_from_.assign(old.begin(), old.end());
  return {};
}

DataKeys::DataKey DataKeys::current() const {
  const std::shared_lock lock(mutex_);
  return {current_, keys_.at(current_)};
}

Result<crypto::Key> DataKeys::find(Session& session, Id id) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = keys_.find(id); found != keys_.end()) return found->second;
  }
  auto stored = rows(session);
  if (!stored) return stored.error();
  for (const Row& row : *stored) {
    if (row.id != id || row.kind != kData) continue;
    const auto key = unwrap(row);
    if (!key) return damaged(id);
    const std::unique_lock lock(mutex_);
    keys_.emplace(id, *key);
    return *key;
  }
  return Error{Errc::internal, "vault.damaged",
               fmt::format("data key {} is not in table hub_data_key; restore it from a backup", id.value)};
}

Result<Id> DataKeys::rotate(Database& database) {
  const auto key = crypto::Key::random();
  if (!key) return no_random();
  const Id id = new_id();
  auto done = database.write_and_wait([&](Session& session) -> Result<void> {
    auto retired =
        session.run("UPDATE hub_data_key SET retired_at = ? WHERE kind = 0 AND retired_at = 0", clock_.now());
    if (!retired) return retired.error();
    return insert(session, id, kData, *key);
  });
  if (!done) return done.error();
  const std::unique_lock lock(mutex_);
  keys_.emplace(id, *key);
  current_ = id;
  return id;
}

Result<void> DataKeys::refresh(Database& database) {
  std::vector<Row> stored;
  auto done = database.read([&](Session& session) -> Result<void> {
    auto found = rows(session);
    if (!found) return found.error();
    stored = std::move(*found);
    return {};
  });
  return done ? take(stored) : done;
}

Result<std::vector<Id>> DataKeys::drop_unused(Database& database, Time before) {
  std::vector<Id> dropped;
  auto done = database.write_and_wait([&](Session& session) -> Result<void> {
    dropped.clear();
    auto listed = list(session);
    if (!listed) return listed.error();
    for (const DataKeyInfo& key : *listed) {
      if (key.subject_keys > 0 || key.retired_at == Time{} || key.retired_at >= before) continue;
      auto gone = session.run("DELETE FROM hub_data_key WHERE id = ?", key.id);
      if (!gone) return gone.error();
      dropped.push_back(key.id);
    }
    return {};
  });
  if (!done) return done.error();
  const std::unique_lock lock(mutex_);
  for (const Id id : dropped) keys_.erase(id);
  return dropped;
}

Result<std::vector<DataKeyInfo>> DataKeys::list(Session& session) const {
  std::vector<DataKeyInfo> all;
  auto rows = session.query(
      "SELECT d.id, d.master, d.created_at, d.retired_at, "
      "(SELECT COUNT(*) FROM hub_subject_key s WHERE s.data_key = d.id) FROM hub_data_key d WHERE d.kind = 0 "
      "ORDER BY d.created_at, d.id");
  while (rows->next()) all.push_back({rows->id(0), rows->str(1), rows->time(2), rows->time(3), rows->integer(4)});
  if (auto status = rows->status(); !status) return status.error();
  return all;
}

}  // namespace qiao::core
