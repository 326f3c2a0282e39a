#include "plugins/inbox/retention.hpp"

#include <ctime>

#include "plugins/inbox/records.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;

const Lane kRetaining{.kind = Lane::blocking, .capacity = 4, .concurrency = 1, .name = "retention", .budget = 60s};
constexpr std::int64_t kBatch = 20;
constexpr auto kPause = 100ms;
constexpr auto kFilesWithin = 60s;
constexpr int kFirstHour = 1;
constexpr int kLastHour = 5;

}  // namespace

Retention::Retention(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics,
                     const Records& records, PersonData& person, const Settings& settings)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      records_(records),
      person_(person),
      settings_(settings),
      removed_(metrics.counter("qiao_inbox_expired_total", "Conversations removed because of their age")) {}

bool Retention::night() const {
  const std::time_t now = std::chrono::system_clock::to_time_t(clock_.now());
  std::tm local{};
  localtime_r(&now, &local);
  return local.tm_hour >= kFirstHour && local.tm_hour < kLastHour;
}

void Retention::look() {
  if (settings_.get()->retention.resolved_conversations.count() == 0 || !night()) return;
  if (running_.exchange(true)) return;
  auto person = due();
  if (!person) return pause(person.error());
  if (person->conversations.empty()) {
    running_ = false;
    return;
  }
  remove_files(std::move(*person));
}

/// The oldest conversations that are not kept any longer, and their uploads, as if they were a person's.
Result<contract::Person> Retention::due() const {
  contract::Person due;
  const Time before = clock_.now() - settings_.get()->retention.resolved_conversations;
  auto read = store_.read([&](Session& session) -> Result<void> {
    {
      auto rows = session.query(
          "SELECT id FROM inbox_conversation WHERE state = ? AND changed_at < ? AND resolved_at < ? ORDER BY "
          "changed_at "
          "LIMIT ?",
          ConversationState::resolved, before, before, kBatch);
      while (rows->next()) due.conversations.push_back(rows->id(0));
      if (auto status = rows->status(); !status) return status;
    }
    for (const Id conversation : due.conversations) {
      auto rows = session.query("SELECT id, extra FROM inbox_message WHERE conversation = ? AND extra IS NOT NULL",
                                conversation);
      while (rows->next()) {
        auto extra = records_.open_extra(session, rows->id(0), rows->text(1));
        if (!extra) return extra.error();
        records::attachments_of(*extra, due.files);
      }
      if (auto status = rows->status(); !status) return status;
    }
    return {};
  });
  if (!read) return read.error();
  return due;
}

/// Before the messages that name them: what is interrupted is found again.
void Retention::remove_files(contract::Person person) {
  if (person.files.empty()) return remove_conversations(person);
  contract::ErasePerson uploads;
  uploads.person.files = person.files;
  bus_.gather(std::move(uploads), kFilesWithin,
              [this, person = std::move(person)](const std::vector<Answer<contract::ErasedCount>>& answers) {
                for (const auto& answer : answers) {
                  if (!answer.reply) return pause(answer.reply.error());
                }
                remove_conversations(person);
              });
}

void Retention::remove_conversations(const contract::Person& person) {
  contract::Person conversations;
  conversations.conversations = person.conversations;
  const bool posted = bus_.post(kRetaining, [this, conversations] {
    const auto count = person_.erase(conversations);
    if (!count) return pause(count.error());
    const auto removed = count->removed.find("conversations");
    if (removed != count->removed.end()) {
      removed_.add(static_cast<std::uint64_t>(removed->second));
      log_.info("removed {} conversations that were older than they are kept", removed->second);
    }
    running_ = false;
    bus_.after(kPause, kRetaining, [this] { look(); });
  });
  if (!posted) running_ = false;
}

/// The timer comes again.
void Retention::pause(const Error& error) {
  if (!hub_stops(error)) log_.warn("old conversations were not removed: {}", error.message);
  running_ = false;
}

}  // namespace qiao::inbox
