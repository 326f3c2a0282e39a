#include "plugins/bot/rollout.hpp"

#include <algorithm>

#include "qiao/json.hpp"

namespace qiao::bot {

const std::string_view kRolloutTables = R"sql(
CREATE TABLE bot_rollout (
  subject VARCHAR(80) NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE bot_rollout_count (
  subject VARCHAR(80) NOT NULL,
  inside INT NOT NULL,
  asked BIGINT NOT NULL,
  answered BIGINT NOT NULL,
  person BIGINT NOT NULL,
  up BIGINT NOT NULL,
  down BIGINT NOT NULL,
  PRIMARY KEY (subject, inside)
)
)sql";

namespace {

constexpr const char* kEntry = "entry:";
constexpr const char* kThreshold = "threshold";

}  // namespace

// ---- Rollouts -------------------------------------------------------------------------------------------------------

Result<void> Rollouts::load() {
  auto all = std::make_shared<std::map<std::string, Rollout>>();
  auto read = db_.read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT body FROM bot_rollout");
    while (rows->next()) {
      auto rollout = from_json<Rollout>(rows->text(0));
      if (!rollout) return rollout.error();
      std::string subject = rollout->subject;
      all->emplace(std::move(subject), std::move(*rollout));
    }
    return rows->status();
  });
  if (!read) return read;
  const std::lock_guard lock(mutex_);
  all_ = std::move(all);
  return {};
}

std::shared_ptr<View> Rollouts::view(Id contact) const {
  const std::lock_guard lock(mutex_);
  return std::make_shared<View>(all_, contact);
}

void Rollouts::count(const View& view, const contract::BotAnswer& answer) {
  const auto concerned = view.concerned(answer);
  if (concerned.empty() || answer.reason == "clarify" || answer.reason == "small_talk") return;
  const bool up = answer.reason == "helped";
  const bool down = answer.reason == "not_helped";
  const bool answered = !up && answer.outcome == contract::BotOutcome::answer;
  const bool person = !up && !down && !answered;
  db_.write(
      0,
      [=](Session& session) -> Result<void> {
        for (const auto& [subject, has_it] : concerned) {
          const bool asked = answered || person;
          auto changed = session.run(
              "UPDATE bot_rollout_count SET asked = asked + ?, answered = answered + ?, person = person + ?, up = up + "
              "?, down = down + ? WHERE subject = ? AND inside = ?",
              asked, answered, person, up, down, subject, has_it);
          if (!changed) return changed.error();
          if (*changed > 0) continue;
          auto added = session.run(
              "INSERT INTO bot_rollout_count (subject, inside, asked, answered, person, up, down) VALUES (?, ?, ?, ?, "
              "?, ?, ?)",
              subject, has_it, asked, answered, person, up, down);
          if (!added) return added.error();
        }
        return {};
      },
      [this](const Result<void>& done) {
        if (!done) log_.warn("how a rollout goes could not be counted: {}", done.error().message);
      },
      Priority::background);
}

Result<std::vector<RolloutReport>> Rollouts::report() {
  std::map<std::string, RolloutReport> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [subject, rollout] : *all_) all[subject].rollout = rollout;
  }
  auto read = db_.read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT subject, inside, asked, answered, person, up, down FROM bot_rollout_count");
    while (rows->next()) {
      const auto found = all.find(rows->str(0));
      if (found == all.end()) continue;
      RolloutCount& side = rows->integer(1) != 0 ? found->second.inside : found->second.outside;
      side.asked = rows->integer(2);
      side.answered = rows->integer(3);
      side.person = rows->integer(4);
      side.up = rows->integer(5);
      side.down = rows->integer(6);
    }
    return rows->status();
  });
  if (!read) return read.error();
  std::vector<RolloutReport> out;
  for (auto& [subject, report] : all) out.push_back(std::move(report));
  return out;
}

Result<void> Rollouts::set(Rollout rollout, const std::string& by) {
  if (auto ok = check_rollout(rollout); !ok) return ok;
  {
    const std::lock_guard lock(mutex_);
    const auto running = all_->find(rollout.subject);
    const bool runs = running != all_->end();
    if (runs) rollout.before = running->second.before;
    rollout.started_at = runs ? running->second.started_at : clock_.now();
    rollout.started_by = runs ? running->second.started_by : by;
  }
  if (rollout.stage == Stage::everybody && rollout.subject != kThreshold) return remove(rollout.subject);
  const std::string body = to_json(rollout);
  auto written = db_.write_and_wait([&](Session& session) -> Result<void> {
    auto changed = session.run("UPDATE bot_rollout SET body = ? WHERE subject = ?", body, rollout.subject);
    if (!changed) return changed.error();
    if (*changed > 0) return {};
    auto added = session.run("INSERT INTO bot_rollout (subject, body) VALUES (?, ?)", rollout.subject, body);
    if (!added && added.error().code != Errc::conflict) return added.error();
    return {};
  });
  return written ? load() : written;
}

Result<void> Rollouts::remove(const std::string& subject) {
  auto written = db_.write_and_wait([&](Session& session) -> Result<void> {
    auto gone = session.run("DELETE FROM bot_rollout WHERE subject = ?", subject);
    if (!gone) return gone.error();
    auto counts = session.run("DELETE FROM bot_rollout_count WHERE subject = ?", subject);
    if (!counts) return counts.error();
    return {};
  });
  return written ? load() : written;
}

Result<void> Rollouts::back(const std::string& subject, const Editor& by) {
  Rollout rollout;
  {
    const std::lock_guard lock(mutex_);
    const auto running = all_->find(subject);
    if (running == all_->end()) {
      return Error{Errc::not_found, "bot.no_rollout", "there is no rollout of \"" + subject + "\""};
    }
    rollout = running->second;
  }
  if (subject.starts_with(kEntry)) {
    const std::string key = subject.substr(std::string_view(kEntry).size());
    Result<void> undone;
    if (rollout.before.empty()) {
      undone = knowledge_.remove(key, by);
    } else {
      auto old = from_json<KnowledgeEntry>(rollout.before);
      if (!old) return old.error();
      old->changed_at = {};  // whatever was changed since
      auto replaced = knowledge_.replace(std::move(*old), by);
      if (!replaced) undone = replaced.error();
    }
    // Somebody may have deleted it meanwhile.
    if (!undone && undone.error().code != Errc::not_found) return undone;
  }
  return remove(subject);
}

}  // namespace qiao::bot
