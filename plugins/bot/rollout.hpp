#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugins/bot/brain.hpp"
#include "plugins/bot/knowledge_base.hpp"
#include "qiao/log.hpp"

namespace qiao::bot {

/// Who gets what is new. Staff try it in the workspace; `staff` and `share` also hold for the contacts that are named.
enum class Stage : std::uint8_t { staff, share, everybody };
QIAO_ENUM(Stage, staff, share, everybody)

/// How it went for those who have it, or for those who do not.
struct RolloutCount {
  std::int64_t asked = 0;     ///< questions that it is about
  std::int64_t answered = 0;  ///< by the bot
  std::int64_t person = 0;    ///< left to a person
  std::int64_t up = 0;
  std::int64_t down = 0;
};
QIAO_FIELDS(RolloutCount, asked, answered, person, up, down)

/// Something that is not for everybody yet: an entry ("entry:KEY"), a threshold ("threshold") or the bot itself
/// ("bot").
struct Rollout {
  std::string subject;
  Stage stage = Stage::staff;
  std::int32_t percent = 0;  ///< of the contacts, with `share`
  std::vector<Id> contacts;  ///< who have it in any case
  double threshold = 0;      ///< of "threshold"
  std::string before;        ///< of an entry: what it was, as JSON; empty: it is new
  Time started_at;
  std::string started_by;
};
QIAO_FIELDS(Rollout, subject, stage, percent, contacts, threshold, before, started_at, started_by)

struct RolloutReport {
  Rollout rollout;
  RolloutCount inside;
  RolloutCount outside;
};
QIAO_FIELDS(RolloutReport, rollout, inside, outside)

/// Whether a contact has it. The same contact has it in every conversation, and keeps it when the share grows.
[[nodiscard]] bool inside(const Rollout& rollout, Id contact);
/// `bad_value` with a sentence that names the field.
Result<void> check_rollout(const Rollout& rollout);

/// The rollouts that run now, as one contact sees them. Immutable, but for what the Brain notes in it.
class View {
 public:
  View(std::shared_ptr<const std::map<std::string, Rollout>> all, Id contact)
      : all_(std::move(all)), contact_(contact) {}
  /// False: this customer is not with the bot yet.
  [[nodiscard]] bool bot() const;
  [[nodiscard]] double threshold(double usual) const;
  /// The entry as this customer has it; null: they do not have it yet. Lives as long as the View. `meant`: it is what
  /// the customer asks for.
  const KnowledgeEntry* version(const KnowledgeEntry& entry, bool meant);
  /// Rollouts that a question and its answer say something about: subject → whether the customer has it.
  [[nodiscard]] std::map<std::string, bool> concerned(const contract::BotAnswer& answer) const;
  /// Whether the customer has something new that this answer comes from: they may be asked whether it was right.
  [[nodiscard]] bool is_tried(const contract::BotAnswer& answer) const;

 private:
  [[nodiscard]] const Rollout* find(const std::string& subject) const;
  std::shared_ptr<const std::map<std::string, Rollout>> all_;
  Id contact_;
  std::map<std::string, std::optional<KnowledgeEntry>> before_;
  std::string meant_;  ///< key of an entry of a rollout
};

/// Keeps the rollouts and counts how they go. `view` and `count` from any thread, without waiting; the rest waits for
/// the database.
class Rollouts {
 public:
  Rollouts(Database& db, const Clock& clock, Logger& log, KnowledgeBase& knowledge)
      : db_(db), clock_(clock), log_(log), knowledge_(knowledge) {}

  Result<void> load();
  [[nodiscard]] std::shared_ptr<View> view(Id contact) const;
  void count(const View& view, const contract::BotAnswer& answer);

  Result<std::vector<RolloutReport>> report();
  /// Begins one, or changes the stage of one that runs. What is for everybody from now on is no rollout any more, but
  /// for the threshold, which stays until it is taken back.
  Result<void> set(Rollout rollout, const std::string& by);
  /// One click back: the entry as it was, or gone; the usual threshold; the bot for everybody.
  Result<void> back(const std::string& subject, const Editor& by);

 private:
  Result<void> remove(const std::string& subject);

  Database& db_;
  const Clock& clock_;
  Logger& log_;
  KnowledgeBase& knowledge_;
  mutable std::mutex mutex_;
  std::shared_ptr<const std::map<std::string, Rollout>> all_ = std::make_shared<std::map<std::string, Rollout>>();
};

extern const std::string_view kRolloutTables;

}  // namespace qiao::bot
