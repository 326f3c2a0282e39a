#include "plugins/bot/rollout.hpp"

#include <algorithm>

#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

constexpr const char* kEntry = "entry:";
constexpr const char* kThreshold = "threshold";
constexpr const char* kBot = "bot";

Error wrong(const std::string& what) { return {Errc::bad_value, "bot.bad_rollout", what}; }

}  // namespace

bool inside(const Rollout& rollout, Id contact) {
  if (rollout.stage == Stage::everybody) return true;
  if (std::find(rollout.contacts.begin(), rollout.contacts.end(), contact) != rollout.contacts.end()) return true;
  if (rollout.stage == Stage::staff || contact.empty()) return false;
  return static_cast<std::int32_t>(std::hash<Id>()(contact) % 100) < rollout.percent;
}

Result<void> check_rollout(const Rollout& r) {
  const bool entry = r.subject.starts_with(kEntry) && r.subject.size() > std::string_view(kEntry).size();
  if (!entry && r.subject != kThreshold && r.subject != kBot)
    return wrong("subject: expected entry:KEY, threshold or bot");
  if (r.subject.size() > 80) return wrong("subject: at most 80 bytes");
  if (r.percent < 0 || r.percent > 100) return wrong("percent: expected 0 to 100");
  if (r.contacts.size() > 1000) return wrong("contacts: at most 1,000");
  if (r.subject == kThreshold && (r.threshold < 0.05 || r.threshold > 1)) return wrong("threshold: expected 0.05 to 1");
  return {};
}

// ---- View -----------------------------------------------------------------------------------------------------------

const Rollout* View::find(const std::string& subject) const {
  const auto found = all_->find(subject);
  return found == all_->end() ? nullptr : &found->second;
}

bool View::bot() const {
  const Rollout* rollout = find(kBot);
  return rollout == nullptr || inside(*rollout, contact_);
}

double View::threshold(double usual) const {
  const Rollout* rollout = find(kThreshold);
  return rollout != nullptr && inside(*rollout, contact_) ? rollout->threshold : usual;
}

const KnowledgeEntry* View::version(const KnowledgeEntry& entry, bool meant) {
  if (all_->empty()) return &entry;
  const Rollout* rollout = find(kEntry + entry.key);
  if (rollout != nullptr && meant) meant_ = entry.key;
  if (rollout == nullptr || inside(*rollout, contact_)) return &entry;
  auto& before = before_[entry.key];
  if (!before && !rollout->before.empty()) {
    if (auto old = from_json<KnowledgeEntry>(rollout->before)) before = std::move(*old);
  }
  return before ? &*before : nullptr;
}

std::map<std::string, bool> View::concerned(const contract::BotAnswer& answer) const {
  std::map<std::string, bool> out;
  for (const auto& [subject, rollout] : *all_) {
    const bool about_entry = subject.starts_with(kEntry);
    const std::string key = about_entry ? subject.substr(std::string_view(kEntry).size()) : "";
    // Of an entry that this customer does not have: what they asked would have had it for an answer.
    const bool meant = about_entry && (answer.entry == key || meant_ == key);
    if (!about_entry || meant) out.emplace(subject, inside(rollout, contact_));
  }
  return out;
}

bool View::is_tried(const contract::BotAnswer& answer) const {
  const auto all = concerned(answer);
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& c) { return c.second && find(c.first)->stage != Stage::everybody; });
}

}  // namespace qiao::bot
