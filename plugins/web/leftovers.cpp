#include "plugins/web/leftovers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "qiao/sql.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;

const Lane kLooking{.kind = Lane::blocking, .capacity = 4, .concurrency = 1, .name = "leftovers", .budget = 300s};
constexpr auto kOnItsWay = 1h;
constexpr auto kAnswer = 120s;
constexpr std::size_t kMost = 10'000;
constexpr std::size_t kInOneStatement = 500;

}  // namespace

Leftovers::Leftovers(Context& host, std::shared_ptr<Services> services)
    : services_(std::move(services)),
      database_(host.store()),
      audit_(host.audit()),
      removed_(host.metrics().counter("qiao_web_uploads_purged_total", "Uploads removed because nobody sent them")) {}

Result<Leftovers::Due> Leftovers::due() {
  Due due;
  auto read = database_.read([&](Session& session) -> Result<void> {
    auto rows = session.query(
        "SELECT id, given_up_at FROM web_file WHERE in_use = 0 AND created_at < ? AND (given_up_at IS NULL OR "
        "given_up_at <= ?) ORDER BY created_at LIMIT ?",
        services_->clock.now() - services_->settings.unsent_uploads_kept, services_->clock.now() - kOnItsWay, kMost);
    while (rows->next()) (rows->null(1) ? due.fresh : due.given_up).push_back(rows->id(0));
    return rows->status();
  });
  if (!read) return read.error();
  return due;
}

void Leftovers::look() {
  if (looking_.exchange(true)) return;
  auto found = due();
  if (!found) return give_way(found.error());
  contract::AskUploadsInUse q;
  q.files = found->fresh;
  q.files.insert(q.files.end(), found->given_up.begin(), found->given_up.end());
  if (q.files.empty()) {
    looking_ = false;
    return;
  }
  services_->bus.gather(
      std::move(q), kAnswer, [this, due = std::move(*found)](std::vector<Answer<contract::UploadsInUse>> answers) {
        const bool posted =
            services_->bus.post(kLooking, [this, due, answers = std::move(answers)] { settle(due, answers); });
        if (!posted) looking_ = false;
      });
}

void Leftovers::settle(const Due& due, const std::vector<Answer<contract::UploadsInUse>>& answers) {
  // Nobody there to ask, or somebody who cannot say: then nothing is certain.
  if (answers.empty()) {
    looking_ = false;
    return;
  }
  std::set<Id> used;
  for (const auto& answer : answers) {
    if (!answer.reply) return give_way(answer.reply.error());
    used.insert(answer.reply->files.begin(), answer.reply->files.end());
  }
  if (auto done = decide(due, used); !done) return give_way(done.error());
  looking_ = false;
  if (due.fresh.size() + due.given_up.size() == kMost) services_->bus.post(kLooking, [this] { look(); });
}

Result<void> Leftovers::decide(const Due& due, const std::set<Id>& used) {
  const auto split = [&](const std::vector<Id>& files, std::vector<Id>& kept, std::vector<Id>& left) {
    for (const Id file : files) (used.contains(file) ? kept : left).push_back(file);
  };
  std::vector<Id> kept;
  std::vector<Id> fresh;
  std::vector<Id> old;
  split(due.fresh, kept, fresh);
  split(due.given_up, kept, old);
  auto written = database_.write_and_wait([&](Session& session) -> Result<void> {
    if (auto done = mark(session, "in_use = 1, given_up_at = NULL", kept); !done) return done;
    return mark(session, fmt::format("given_up_at = {}", to_micros(services_->clock.now())), fresh);
  });
  if (!written || old.empty()) return written;
  auto files = services_->files.of({}, old);
  if (!files) return files.error();
  auto count = services_->files.remove(*files, {});
  if (!count) return count.error();
  removed_.add(static_cast<std::uint64_t>(*count));
  services_->log.info("removed {} uploads that nobody sent, hours={}", *count,
                      services_->settings.unsent_uploads_kept.count());
  return audit_.record_and_wait({"uploads.purge", "uploads", fmt::format("{} that nobody sent", *count)});
}

Result<void> Leftovers::mark(Session& session, const std::string& change, const std::vector<Id>& files) const {
  for (std::size_t at = 0; at < files.size(); at += kInOneStatement) {
    const std::size_t end = std::min(at + kInOneStatement, files.size());
    std::vector<SqlArg> args(files.begin() + static_cast<std::ptrdiff_t>(at),
                             files.begin() + static_cast<std::ptrdiff_t>(end));
    auto done = session.execute(
        fmt::format("UPDATE web_file SET {} WHERE id IN ({})", change, placeholders(args.size())), args);
    if (!done) return done.error();
  }
  return {};
}

/// The timer comes again.
void Leftovers::give_way(const Error& error) {
  if (error.id != "store.stopping") services_->log.warn("uploads that nobody sent were not removed: {}", error.message);
  looking_ = false;
}

}  // namespace qiao::web
