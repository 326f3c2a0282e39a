#include "plugins/partners/stock_cache.hpp"

#include <algorithm>
#include <atomic>

namespace qiao::partners {
namespace {

constexpr std::size_t kMostAtOnce = 100;  // that contract::StockBatchQuery takes
constexpr auto kPauseAfterFailure = std::chrono::seconds(1);

Error unavailable() {
  Error error{Errc::unavailable, "partners.erp_unavailable", "The stock is not known at the moment; try again."};
  error.retry_after = std::chrono::seconds(2);
  return error;
}

}  // namespace

/// Somebody who asked for several items and is answered when the last one is there.
struct StockCache::Waiting {
  Waiting(std::size_t count, std::function<void(Answers)> f) : answers(count, unavailable()), done(std::move(f)) {}
  Answers answers;
  std::atomic<std::size_t> missing{1};  ///< and the one who asks, until all questions are noted
  std::function<void(Answers)> done;

  void arrived(std::size_t count = 1) {
    if (missing.fetch_sub(count, std::memory_order_acq_rel) == count) done(std::move(answers));
  }
};

StockAnswerRef StockCache::remembered(const LiveItem& item) {
  const SteadyTime now = clock_.steady();
  Questions questions;
  StockAnswerRef answer;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(item);
    if (found == entries_.end() || !found->second.answer) return nullptr;
    Entry& entry = found->second;
    if (now - entry.fetched >= settings_.fresh_for + settings_.revalidate_for) return nullptr;
    answer = entry.answer;
    if (!due(entry, now)) return answer;
    entry.asking = true;
    questions[item.warehouse].push_back(item.sku);
  }
  ask(questions);
  return answer;
}

void StockCache::want(const std::vector<LiveItem>& items, Want want, std::function<void(Answers)> done) {
  const SteadyTime now = clock_.steady();
  const Duration usable_for = settings_.fresh_for + (want == Want::soon ? settings_.revalidate_for : Duration{});
  const auto waiting = std::make_shared<Waiting>(items.size(), std::move(done));
  Questions questions;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < items.size(); ++i) {
      Entry& entry = entry_for(items[i], now);
      if (due(entry, now)) {
        entry.asking = true;
        questions[items[i].warehouse].push_back(items[i].sku);
      }
      if (entry.answer && now - entry.fetched < usable_for) {
        waiting->answers[i] = entry.answer;
      } else if (entry.asking) {
        waiting->missing.fetch_add(1, std::memory_order_relaxed);
        entry.waiters.emplace_back(waiting, i);
      } else {
        waiting->answers[i] = stand_in(entry, now);
      }
    }
  }
  ask(questions);
  waiting->arrived();
}

std::size_t StockCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

bool StockCache::due(const Entry& entry, SteadyTime now) const {
  return !entry.asking && now >= entry.retry_at && (!entry.answer || now - entry.fetched >= settings_.fresh_for);
}

StockCache::Entry& StockCache::entry_for(const LiveItem& item, SteadyTime now) {
  if (const auto found = entries_.find(item); found != entries_.end()) return found->second;
  if (entries_.size() >= settings_.capacity) {
    // First what nobody could use any more; when that does not help, an arbitrary quarter, which costs a question each.
    const Duration useful = settings_.fresh_for + settings_.revalidate_for;
    std::erase_if(entries_, [&](const auto& e) { return !e.second.asking && now - e.second.fetched >= useful; });
    std::size_t drop = entries_.size() < settings_.capacity ? 0 : settings_.capacity / 4;
    std::erase_if(entries_, [&drop](const auto& e) { return !e.second.asking && drop > 0 && drop-- > 0; });
  }
  return entries_[item];
}

void StockCache::ask(const Questions& questions) {
  for (const auto& [warehouse, skus] : questions) {
    for (std::size_t from = 0; from < skus.size(); from += kMostAtOnce) {
      const auto begin = skus.begin() + static_cast<std::ptrdiff_t>(from);
      const std::vector<std::string> some(
          begin, begin + static_cast<std::ptrdiff_t>(std::min(kMostAtOnce, skus.size() - from)));
      fetch_(warehouse, some, [self = shared_from_this(), warehouse = warehouse, some](const auto& reply) {
        self->arrived(warehouse, some, reply);
      });
    }
  }
}

void StockCache::arrived(const std::string& warehouse, const std::vector<std::string>& skus,
                         const Result<contract::StockList>& reply) {
  std::unordered_map<std::string, StockAnswerRef> learned;
  if (reply) {
    for (contract::Stock stock : reply->found) {
      if (stock.as_of == Time{}) stock.as_of = clock_.now();
      const std::string sku = stock.sku;
      learned[sku] = known_stock(sku, warehouse, std::move(stock));
    }
    for (const std::string& sku : reply->unknown) learned[sku] = unknown_stock(sku, warehouse, clock_.now());
  }
  const SteadyTime now = clock_.steady();
  std::vector<std::pair<std::shared_ptr<Waiting>, std::size_t>> ready;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& sku : skus) {
      Entry& entry = entries_[{sku, warehouse}];
      entry.asking = false;
      const auto found = learned.find(sku);
      if (found != learned.end()) {
        entry.answer = found->second;
        entry.fetched = now;
        entry.retry_at = {};
      } else {
        entry.retry_at = now + kPauseAfterFailure;
      }
      if (entry.waiters.empty() && found != learned.end()) continue;
      const Result<StockAnswerRef> answer = found != learned.end() ? found->second : stand_in(entry, now);
      for (auto& waiter : entry.waiters) {
        waiter.first->answers[waiter.second] = answer;
        ready.push_back(std::move(waiter));
      }
      entry.waiters.clear();
    }
  }
  for (const auto& [waiting, index] : ready) waiting->arrived();
}

Result<StockAnswerRef> StockCache::stand_in(Entry& entry, SteadyTime now) const {
  if (!entry.answer || now - entry.fetched >= settings_.keep_for) return unavailable();
  entry.answer = made_stale(entry.answer);
  return entry.answer;
}

}  // namespace qiao::partners
