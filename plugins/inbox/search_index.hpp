#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/inbox/records.hpp"
#include "qiao/bus.hpp"
#include "qiao/log.hpp"
#include "qiao/metrics.hpp"
#include "qiao/text_index.hpp"

namespace qiao::inbox {

/// Follows the stored messages and puts their words into the index, a batch at a time behind everything else, so that
/// accepting a message does not wait for it. Where it stands is in the index itself; a restart goes on from there. What
/// the hub says by itself is not indexed.
///
/// `step` runs on a blocking lane, one at a time; the rest on any thread.
class SearchIndex {
 public:
  /// `settled`: messages younger than this are left for the next step, because a message with a smaller id may still be
  /// on its way.
  SearchIndex(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, TextIndex index,
              const Records& records, std::chrono::milliseconds settled);

  /// Indexes what is waiting; goes on by itself until nothing is.
  void step();

  [[nodiscard]] const TextIndex& index() const noexcept { return index_; }
  [[nodiscard]] const Records& records() const noexcept { return records_; }

  /// Deletes all messages of a conversation with their words. In a write. Adds the ids of their attachments to `files`.
  Result<std::int64_t> erase_messages(Session& session, Id conversation, std::vector<Id>& files);

 private:
  struct Row {
    Id id;
    std::vector<std::string> terms;
  };
  struct Batch {
    Id from;
    Id to;
    std::vector<Row> rows;
    bool more = false;
  };
  Result<Batch> read_batch();
  Result<void> write_batch(Session& session, const Batch& batch);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  TextIndex index_;
  const Records& records_;
  const std::chrono::milliseconds settled_;
  Counter& indexed_;
  Gauge& lag_;
  std::atomic<bool> running_{false};
};

}  // namespace qiao::inbox
