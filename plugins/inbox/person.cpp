#include "plugins/inbox/person.hpp"

#include <future>

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "qiao/json.hpp"

namespace qiao::inbox {
namespace {

using contract::ErasedCount;
using contract::ExportPart;
using contract::ExportParts;
using contract::Person;

constexpr std::int32_t kPage = 500;

}  // namespace

PersonData::PersonData(Database& store, Bus& bus, ConversationTable& table, Ledger& ledger, SearchIndex& index)
    : store_(store), bus_(bus), table_(table), ledger_(ledger), index_(index) {}

Result<PersonData::Theirs> PersonData::theirs(Session& session, const Person& person) const {
  Theirs found;
  found.contacts.insert(person.contacts.begin(), person.contacts.end());
  for (const contract::Identity& identity : person.identities) {
    auto rows = session.query("SELECT contact FROM inbox_identity WHERE channel = ? AND user_key = ?", identity.channel,
                              identity.user);
    if (rows->next()) found.contacts.insert(rows->id(0));
    if (auto status = rows->status(); !status) return status.error();
  }
  for (const Id contact : found.contacts) {
    auto rows = session.query("SELECT id FROM inbox_conversation WHERE contact = ?", contact);
    while (rows->next()) found.conversations.insert(rows->id(0));
    if (auto status = rows->status(); !status) return status.error();
  }
  // Those of an erasure that was interrupted have lost their contact.
  for (const Id conversation : person.conversations) {
    auto rows = session.query("SELECT id FROM inbox_conversation WHERE id = ?", conversation);
    if (rows->next()) found.conversations.insert(conversation);
    if (auto status = rows->status(); !status) return status.error();
  }
  return found;
}

Result<void> PersonData::copy_conversation(Id id, ExportPart& part) {
  auto conversation = table_.fetch(id);
  if (!conversation) return conversation.error();
  if (part.json.size() > 1) part.json += ',';
  part.json += "{\"conversation\":" + to_json((*conversation)->view()) + ",\"messages\":[";
  const std::string name = (*conversation)->customer().name;
  bool first = true;
  std::int64_t after = 0;
  for (bool more = true; more;) {
    records::Page page;
    auto read = store_.read([&](Session& session) -> Result<void> {
      auto some = ledger_.records().transcript(session, id, after, 0, kPage, true, name);
      if (!some) return some.error();
      page = std::move(*some);
      return {};
    });
    if (!read) return read;
    for (const MessageView& message : page.messages) {
      if (!std::exchange(first, false)) part.json += ',';
      part.json += to_json(message);
      for (const contract::Attachment& a : message.content.attachments) part.files.push_back(a.id);
      after = message.seq;
    }
    more = page.more;
  }
  part.json += "]}";
  return {};
}

Result<ExportParts> PersonData::copy(const Person& person) {
  Theirs found;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto some = theirs(session, person);
    if (!some) return some.error();
    found = std::move(*some);
    return {};
  });
  if (!read) return read.error();
  ExportParts parts;
  if (found.conversations.empty()) return parts;
  ExportPart part{"conversations", "[", {}};
  for (const Id id : found.conversations) {
    if (auto done = copy_conversation(id, part); !done) return done.error();
  }
  part.json += ']';
  parts.parts.push_back(std::move(part));
  return parts;
}

Result<std::int64_t> PersonData::erase_conversation(Id id) {
  auto found = table_.fetch(id);
  if (!found) return found.error();
  const ConversationPtr& conversation = *found;
  // Ended first, which takes it from the queue, from the bot and from its agent.
  ledger_.change(
      conversation, {},
      [](Draft& draft, Time at) -> Result<void> {
        shut(draft, at);
        return {};
      },
      [](const Result<Outcome>&) {});
  // Among the writes of this conversation: what comes behind it finds that there is nothing any more.
  std::int64_t messages = 0;
  std::promise<Result<void>> over;
  ledger_.write(
      static_cast<std::uint64_t>(id.value),
      [&](Session& session) -> Result<void> {
        std::vector<Id> files;
        auto gone = index_.erase_messages(session, id, files);
        if (!gone) return gone.error();
        messages = *gone;
        auto untold = session.run("DELETE FROM inbox_untold WHERE conversation = ?", id);
        if (!untold) return untold.error();
        auto row = session.run("DELETE FROM inbox_conversation WHERE id = ?", id);
        if (!row) return row.error();
        session.on_rollback([conversation] { conversation->erased = false; });
        conversation->erased = true;
        return {};
      },
      [&](Result<void> result) { over.set_value(std::move(result)); }, Priority::background);
  if (auto result = over.get_future().get(); !result) return result.error();
  table_.forget(*conversation);
  ConversationView gone;
  gone.id = id;
  gone.channel = conversation->facts.channel;
  gone.state = ConversationState::resolved;
  (void)bus_.publish(contract::ConversationChanged{std::move(gone), "erased"});
  return messages;
}

Result<ErasedCount> PersonData::erase(const Person& person) {
  Theirs found;
  std::int64_t identities = 0;
  // The identities go first: who writes from now on is nobody that is known.
  auto cut = store_.write_and_wait([&](Session& session) -> Result<void> {
    identities = 0;
    auto some = theirs(session, person);
    if (!some) return some.error();
    found = std::move(*some);
    for (const Id contact : found.contacts) {
      auto done = session.run("DELETE FROM inbox_identity WHERE contact = ?", contact);
      if (!done) return done.error();
      identities += *done;
    }
    return {};
  });
  if (!cut) return cut.error();
  ErasedCount count;
  if (identities > 0) count.removed["identities"] = identities;
  for (const Id id : found.conversations) {
    auto messages = erase_conversation(id);
    if (!messages) return messages.error();
    ++count.removed["conversations"];
    count.removed["messages"] += *messages;
  }
  auto last = store_.write_and_wait([&](Session& session) -> Result<void> {
    for (const Id contact : found.contacts) {
      auto done = session.run("DELETE FROM inbox_contact WHERE id = ?", contact);
      if (!done) return done.error();
    }
    return {};
  });
  if (!last) return last.error();
  return count;
}

}  // namespace qiao::inbox
