#include "plugins/contacts/write_back.hpp"

#include <algorithm>

#include "plugins/contacts/crm.hpp"
#include "qiao/json.hpp"

namespace qiao::contacts {
namespace {

using contract::RecordActivity;
using contract::TagCustomer;

constexpr int kMostAttempts = 8;
constexpr int kAtOnce = 100;
constexpr auto kPatience = 10s;

}  // namespace

/// What is told to one CRM: an activity, or with an empty kind tags.
struct WriteBackJob {
  RecordActivity activity;
  TagCustomer tags;
};
QIAO_FIELDS(WriteBackJob, activity, tags)

struct WriteBackQueue::Job : WriteBackJob {};

WriteBackQueue::WriteBackQueue(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics,
                               const ContactsConfig& config, const Book& book)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      config_(config),
      book_(book),
      sent_(metrics.counter("qiao_contacts_crm_notes_total", "Activities and tags that a CRM took")),
      given_up_(metrics.counter("qiao_contacts_crm_notes_given_up_total", "The same, given up after eight attempts")) {}

bool WriteBackQueue::wants(WriteBack kind) const {
  return std::find(config_.write_back.begin(), config_.write_back.end(), kind) != config_.write_back.end();
}

void WriteBackQueue::note(Id contact, RecordActivity activity) {
  Job job;
  job.activity = std::move(activity);
  put(contact, job);
  send_due();
}

void WriteBackQueue::tags(Id contact, const std::vector<std::string>& add, const std::vector<std::string>& remove) {
  if (!config_.sync_tags) return;
  Job job;
  job.tags.add = add;
  job.tags.remove = remove;
  put(contact, job);
  send_due();
}

void WriteBackQueue::put(Id contact, const Job& job) {
  const bool tags = job.activity.kind.empty();
  const std::vector<std::string> crms = tags ? bus_.servers<TagCustomer>() : bus_.servers<RecordActivity>();
  if (crms.empty()) return;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto view = book_.read(session, contact);
    if (!view) return view.error();
    for (const std::string& instance : crms) {
      WriteBackJob one = job;
      one.activity.customer = one.tags.customer = lookup_of(*view, instance);
      const Id id = new_id();
      auto sealed = book_.seal(session, view->id, {"contacts_write_back", "body", id.value}, to_json(one));
      if (!sealed) return sealed.error();
      auto done = session.run(
          "INSERT INTO contacts_write_back (id, contact, instance, body, attempts, next_at) VALUES (?, ?, ?, ?, 0, ?)",
          id, view->id, instance, SqlArg::blob(*sealed), clock_.now());
      if (!done) return done.error();
    }
    return {};
  });
  if (!written) {
    log_.error("what is to be noted in the CRMs could not be kept: {}, contact={}", written.error().message,
               contact.value);
  }
}

Result<void> WriteBackQueue::send(const Job& job, const std::string& instance) {
  RequestOptions options{kPatience};
  options.priority = Priority::background;
  options.to = instance;
  auto done = job.activity.kind.empty() ? bus_.ask(job.tags, options) : bus_.ask(job.activity, options);
  // A CRM that knows nobody like that has nothing to note.
  if (done || done.error().code == Errc::not_found) return {};
  return done.error();
}

void WriteBackQueue::send_due() {
  struct Row {
    Id id;
    std::string instance;
    std::string sealed;
    int attempts = 0;
    Job job;
  };
  std::vector<Row> due;
  auto read = store_.read([&](Session& session) -> Result<void> {
    {
      auto rows = session.query(
          "SELECT id, instance, body, attempts FROM contacts_write_back WHERE next_at <= ? ORDER BY next_at LIMIT ?",
          clock_.now(), kAtOnce);
      while (rows->next()) {
        due.push_back({rows->id(0), rows->str(1), rows->str(2), static_cast<int>(rows->integer(3)), {}});
      }
      if (auto status = rows->status(); !status) return status;
    }
    for (Row& row : due) {
      auto plain = book_.open(session, {"contacts_write_back", "body", row.id.value}, row.sealed);
      if (!plain) return plain.error();
      if (auto job = from_json<WriteBackJob>(*plain)) static_cast<WriteBackJob&>(row.job) = std::move(*job);
    }
    return {};
  });
  if (!read) return log_.warn("what is to be noted in the CRMs could not be read: {}", read.error().message);
  for (const Row& row : due) {
    const auto sent = send(row.job, row.instance);
    const int attempts = row.attempts + 1;
    const bool over = sent.ok() || attempts >= kMostAttempts;
    if (sent) {
      sent_.add();
    } else if (over) {
      given_up_.add();
      log_.error("a CRM did not take a note {} times, it is given up: {}, instance={} note={}", attempts,
                 sent.error().message, row.instance, row.id.value);
    }
    auto noted = store_.write_and_wait([&](Session& session) -> Result<void> {
      // 30 s, one minute, two … about an hour
      const Time next = clock_.now() + 30s * (1 << std::min(attempts - 1, 7));
      auto done = over ? session.run("DELETE FROM contacts_write_back WHERE id = ?", row.id)
                       : session.run("UPDATE contacts_write_back SET attempts = ?, next_at = ? WHERE id = ?", attempts,
                                     next, row.id);
      if (!done) return done.error();
      return {};
    });
    if (!noted) log_.warn("that a CRM took a note could not be kept: {}, note={}", noted.error().message, row.id.value);
  }
}

}  // namespace qiao::contacts
