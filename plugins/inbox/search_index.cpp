#include "plugins/inbox/search_index.hpp"

#include <fmt/format.h>

#include <set>

#include "plugins/inbox/records.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;

/// About 5 ms of the writer's time, and a pause in which it does what people wait for.
constexpr std::int64_t kBatch = 128;
constexpr auto kPause = 20ms;
const Lane kIndexing{.kind = Lane::blocking, .capacity = 4, .concurrency = 1, .name = "index", .budget = 60s};

/// The id that would have been given out at a time. Ids carry the milliseconds of the machine's clock above 22 bits.
Id first_id_of(Time at) {
  const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().now() - at);
  return Id{new_id().value - (std::int64_t{ago.count()} << 22u)};
}

}  // namespace

SearchIndex::SearchIndex(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, TextIndex index,
                         const Records& records, std::chrono::milliseconds settled)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      index_(std::move(index)),
      records_(records),
      settled_(settled),
      indexed_(metrics.counter("qiao_inbox_indexed_total", "Messages whose words were put into the search index")),
      lag_(metrics.gauge("qiao_inbox_index_lag_seconds", "Age of the oldest message that is not indexed yet")) {}

void SearchIndex::step() {
  if (running_.exchange(true)) return;
  auto read = read_batch();
  if (!read || read->from == read->to) {
    if (!read) log_.warn("messages cannot be read for the search index: {}", read.error().message);
    lag_.set(0);
    running_ = false;
    return;
  }
  lag_.set(((new_id().value >> 22u) - (read->from.value >> 22u)) / 1000);
  auto batch = std::make_shared<Batch>(std::move(*read));
  store_.write(
      0, [this, batch](Session& session) { return write_batch(session, *batch); },
      [this, batch](const Result<void>& result) {
        running_ = false;
        if (!result) {
          // Another generation of this plugin may be at it; the timer comes again.
          if (result.error().code != Errc::conflict) log_.warn("the search index waits: {}", result.error().message);
          return;
        }
        indexed_.add(batch->rows.size());
        if (batch->more) bus_.after(kPause, kIndexing, [this] { step(); });
      },
      Priority::background);
}

Result<SearchIndex::Batch> SearchIndex::read_batch() {
  Batch batch;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto position = index_.position(session);
    if (!position) return position.error();
    batch.from = batch.to = *position;
    auto rows = session.query("SELECT id, author, body FROM inbox_message WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
                              position->value, first_id_of(clock_.now() - settled_), kBatch);
    std::int64_t seen = 0;
    while (rows->next()) {
      ++seen;
      batch.to = rows->id(0);
      if (static_cast<Author>(rows->integer(1)) == Author::system) continue;
      auto text = records_.open_body(session, batch.to, rows->text(2));
      // One that cannot be read any more was erased with its key; it has no words.
      if (text) batch.rows.push_back({batch.to, index_terms(*text)});
    }
    batch.more = seen == kBatch;
    return rows->status();
  });
  if (!read) return read.error();
  return batch;
}

Result<void> SearchIndex::write_batch(Session& session, const Batch& batch) {
  if (auto moved = index_.advance(session, batch.from, batch.to); !moved) return moved;
  // What was deleted since it was read must not come back as words.
  std::set<Id> there;
  auto rows = session.query("SELECT id FROM inbox_message WHERE id > ? AND id <= ?", batch.from.value, batch.to);
  while (rows->next()) there.insert(rows->id(0));
  if (auto status = rows->status(); !status) return status;
  rows.reset();
  for (const Row& row : batch.rows) {
    if (!there.contains(row.id)) continue;
    if (auto added = index_.add(session, row.id, row.terms); !added) return added;
  }
  return {};
}

Result<std::int64_t> SearchIndex::erase_messages(Session& session, Id conversation, std::vector<Id>& files) {
  auto position = index_.position(session);
  if (!position) return position.error();
  std::vector<Row> rows_of_index;
  auto rows = session.query("SELECT id, author, body, extra FROM inbox_message WHERE conversation = ?", conversation);
  while (rows->next()) {
    const Id id = rows->id(0);
    if (!rows->null(3)) {
      auto extra = records_.open_extra(session, id, rows->text(3));
      if (!extra) return extra.error();
      records::attachments_of(*extra, files);
    }
    if (id > *position || static_cast<Author>(rows->integer(1)) == Author::system) continue;
    auto text = records_.open_body(session, id, rows->text(2));
    if (text) rows_of_index.push_back({id, index_terms(*text)});
  }
  if (auto status = rows->status(); !status) return status.error();
  rows.reset();
  for (const Row& row : rows_of_index) {
    if (auto removed = index_.remove(session, row.id, row.terms); !removed) return removed.error();
  }
  return session.run("DELETE FROM inbox_message WHERE conversation = ?", conversation);
}

}  // namespace qiao::inbox
