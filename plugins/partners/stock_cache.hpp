#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/partners/partner_types.hpp"
#include "plugins/partners/stock_answer.hpp"
#include "qiao/result.hpp"

namespace qiao::partners {

struct StockCacheSettings {
  Duration fresh_for;       ///< answered from memory
  Duration revalidate_for;  ///< after that: answered from memory, and asked again meanwhile
  Duration keep_for;        ///< so old it may be to stand in, marked stale, while nobody answers
  std::size_t capacity = 20000;
};

/// Encoded answers by SKU and warehouse, in front of the bus. For each of them one question is under way at a time,
/// however many ask. Any thread; one lock, never held while asking or answering.
class StockCache : public std::enable_shared_from_this<StockCache> {
 public:
  /// Asks the ERP about 1–100 SKUs of one warehouse; `answer` runs once, on any thread.
  using Fetch = std::function<void(const std::string& warehouse, const std::vector<std::string>& skus,
                                   std::function<void(Result<contract::StockList>)> answer)>;
  using Answers = std::vector<Result<StockAnswerRef>>;
  enum class Want : std::uint8_t {
    soon,   ///< what may still be given while it is asked for again
    fresh,  ///< waits for the answer when it is older than `fresh_for`
  };

  StockCache(const Clock& clock, StockCacheSettings settings, Fetch fetch)
      : clock_(clock), settings_(settings), fetch_(std::move(fetch)) {}

  /// The answer, if it can be given at once.
  StockAnswerRef remembered(const LiveItem& item);
  /// Answers one each, in order; `done` runs once: here when all are remembered, else where the last one arrives.
  /// Error: `partners.erp_unavailable`.
  void want(const std::vector<LiveItem>& items, Want want, std::function<void(Answers)> done);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Waiting;
  struct Entry {
    StockAnswerRef answer;
    SteadyTime fetched{};
    SteadyTime retry_at{};  ///< after a failure: not before
    bool asking = false;
    std::vector<std::pair<std::shared_ptr<Waiting>, std::size_t>> waiters;
  };
  struct ItemHash {
    std::size_t operator()(const LiveItem& item) const noexcept {
      return std::hash<std::string>{}(item.sku) * 31 + std::hash<std::string>{}(item.warehouse);
    }
  };
  using Questions = std::unordered_map<std::string, std::vector<std::string>>;  ///< SKUs by warehouse

  Entry& entry_for(const LiveItem& item, SteadyTime now);
  [[nodiscard]] bool due(const Entry& entry, SteadyTime now) const;
  void ask(const Questions& questions);
  void arrived(const std::string& warehouse, const std::vector<std::string>& skus,
               const Result<contract::StockList>& reply);
  Result<StockAnswerRef> stand_in(Entry& entry, SteadyTime now) const;

  const Clock& clock_;
  const StockCacheSettings settings_;
  const Fetch fetch_;
  mutable std::mutex mutex_;
  std::unordered_map<LiveItem, Entry, ItemHash> entries_;
};

}  // namespace qiao::partners
