#include "core/store/report_readers.hpp"

#include <algorithm>

namespace qiao::core {
namespace {

using namespace std::chrono_literals;

constexpr auto kAskEvery = 2s;
constexpr std::size_t kSessions = 2;

/// When the newest commit that is there was made. Every commit of a hub is marked (mysql/session.hpp).
Result<std::int64_t> newest_commit(ReaderPool& readers) {
  std::int64_t at = 0;
  auto read = readers.read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT MAX(marked_at) FROM qiao_commit");
    if (rows->next()) at = rows->integer(0);
    return rows->status();
  });
  if (!read) return read.error();
  return at;
}

}  // namespace

ReportReaders::ReportReaders(std::vector<Replica> replicas, std::chrono::seconds most_behind, ReaderPool& primary,
                             const Clock& clock, Logger& log, Metrics& metrics)
    : most_behind_(most_behind),
      primary_(primary),
      clock_(clock),
      log_(log),
      reads_(metrics.counter("qiao_store_replica_reads_total", "Snapshots read on a replica, for reports")) {
  for (Replica& replica : replicas) {
    auto& place = places_.emplace_back(std::make_unique<Place>());
    place->address = std::move(replica.address);
    place->backend = std::move(replica.backend);
    place->readers = std::make_unique<ReaderPool>(*place->backend, kSessions, metrics);
  }
}

Result<void> ReportReaders::read(const Database::Work& work) {
  const std::size_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = *places_[(first + i) % places_.size()];
    if (!usable(place)) continue;
    reads_.add();
    return place.readers->read(work);
  }
  return primary_.read(work);
}

bool ReportReaders::usable(Place& place) {
  const std::lock_guard lock(place.mutex);
  const SteadyTime now = clock_.steady();
  if (place.asked != SteadyTime{} && now - place.asked < kAskEvery) return place.usable;
  place.asked = now;
  const auto behind_by = behind(place);
  place.usable = behind_by && *behind_by <= most_behind_;
  if (!place.usable && !place.told) {
    log_.warn("the replica {} is not used: {}", place.address,
              behind_by ? fmt::format("it is {} s behind", behind_by->count()) : behind_by.error().message);
  }
  if (place.usable && place.told) log_.info("the replica {} is used again", place.address);
  place.told = !place.usable;
  return place.usable;
}

Result<std::chrono::seconds> ReportReaders::behind(Place& place) {
  auto there = newest_commit(*place.readers);
  if (!there) return there.error();
  auto here = newest_commit(primary_);
  if (!here) return here.error();
  return std::chrono::seconds(std::max<std::int64_t>(0, *here - *there));
}

}  // namespace qiao::core
