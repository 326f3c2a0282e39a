#pragma once

#include <atomic>
#include <set>

#include "plugins/web/services.hpp"
#include "qiao/contract/uploads.hpp"
#include "qiao/metrics.hpp"

namespace qiao::web {

/// Removes uploads that nobody sent. What is older than `unsent_uploads_kept` is asked about; what nobody refers to is
/// given up, so that no message can take it any more, and removed an hour later when still nobody does: a message that
/// was on its way keeps its file. Each removal stands in the audit log by its number of files.
///
/// `look` runs on a blocking lane; one look at a time.
class Leftovers {
 public:
  Leftovers(Context& host, std::shared_ptr<Services> services);
  void look();

 private:
  struct Due {
    std::vector<Id> fresh;     ///< to give up
    std::vector<Id> given_up;  ///< to remove
  };
  [[nodiscard]] Result<Due> due();
  void settle(const Due& due, const std::vector<Answer<contract::UploadsInUse>>& answers);
  Result<void> decide(const Due& due, const std::set<Id>& used);
  Result<void> mark(Session& session, const std::string& change, const std::vector<Id>& files) const;
  void give_way(const Error& error);

  const std::shared_ptr<Services> services_;
  Database& database_;
  Audit& audit_;
  Counter& removed_;
  std::atomic<bool> looking_{false};
};

}  // namespace qiao::web
