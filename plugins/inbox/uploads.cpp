#include "plugins/inbox/uploads.hpp"

#include <algorithm>
#include <set>

namespace qiao::inbox {

Result<contract::UploadsInUse> uploads_in_use(Database& store, const Records& records,
                                              const contract::AskUploadsInUse& q) {
  contract::UploadsInUse answer;
  std::set<Id> wanted(q.files.begin(), q.files.end());
  if (wanted.empty()) return answer;
  // Ids tell the time, in their upper bits; the clocks of two nodes may differ a little.
  constexpr std::int64_t kAnHour = std::int64_t{3'600'000} << 22U;
  constexpr int kSome = 1000;
  Id after{std::max<std::int64_t>(wanted.begin()->value - kAnHour, 0)};
  for (int seen = kSome; seen == kSome && !wanted.empty();) {
    seen = 0;
    auto read = store.read([&](Session& session) -> Result<void> {
      auto rows = session.query(
          "SELECT id, extra FROM inbox_message WHERE id > ? AND extra IS NOT NULL ORDER BY id LIMIT ?", after, kSome);
      while (rows->next()) {
        ++seen;
        after = rows->id(0);
        auto named = records.uploads_of(session, after, rows->text(1));
        if (!named) return named.error();
        for (const Id file : *named) {
          if (wanted.erase(file) > 0) answer.files.push_back(file);
        }
      }
      return rows->status();
    });
    if (!read) return read.error();
  }
  return answer;
}

}  // namespace qiao::inbox
