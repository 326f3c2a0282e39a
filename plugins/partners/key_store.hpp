#pragma once

#include <map>
#include <span>
#include <vector>

#include "plugins/partners/key.hpp"
#include "qiao/store.hpp"

/// \file
/// The tables of this plugin. Each function is one step of the caller's read or write.
namespace qiao::partners::store {

std::span<const Migration> migrations();

Result<std::vector<KeyRecord>> keys(Session& db);
Result<void> insert(Session& db, const KeyRecord& key);
/// All but the id and when and by whom it was made.
Result<void> update(Session& db, const KeyRecord& key);
Result<void> set_last_used(Session& db, Id key, Time at);

struct DayCount {
  std::string day;
  int status = 0;
  std::int64_t count = 0;
};
Result<void> add_usage(Session& db, Id key, const std::string& day, int status, std::int64_t count);
/// Of these days and those between, by day and status.
Result<std::vector<DayCount>> usage(Session& db, Id key, const std::string& from, const std::string& to);
/// What each key was used on a day, refusals for its quota left out.
Result<std::map<Id, std::int64_t>> used_on(Session& db, const std::string& day);
Result<void> forget_usage_before(Session& db, const std::string& day);

}  // namespace qiao::partners::store
