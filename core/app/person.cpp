#include "core/app/person.hpp"

#include "qiao/contract/contacts.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

using namespace std::chrono_literals;
using contract::ErasedCount;
using contract::ExportParts;
using contract::Person;

const Lane kPersonLane{.kind = Lane::blocking, .capacity = 16, .concurrency = 1, .name = "person", .budget = 300s};
constexpr auto kPatience = 30min;
/// Shorter texts would be found in letters of others.
constexpr std::size_t kShortest = 5;

/// What a letter about this person says somewhere, as it stands in JSON.
std::vector<std::string> marks_of(const Person& person) {
  std::vector<std::string> marks;
  for (const std::vector<Id>* ids : {&person.contacts, &person.conversations, &person.files}) {
    for (const Id id : *ids) marks.push_back("\"" + id.str() + "\"");
  }
  for (const contract::Identity& identity : person.identities) {
    if (identity.user.size() < kShortest) continue;
    std::string& mark = marks.emplace_back();
    append_json_string(mark, identity.user);
  }
  for (const contract::Claim& claim : person.claims) {
    if (claim.value.size() < kShortest) continue;
    std::string text;
    append_json_string(text, claim.value);
    marks.push_back(text.substr(1, text.size() - 2));
  }
  return marks;
}

struct Found {
  std::vector<Id> keys;
  std::string json = "[";
};

Result<Found> letters_about(DeadLetterStore& letters, const LocalBus& types, const Person& person) {
  auto all = letters.list();
  if (!all) return all.error();
  const std::vector<std::string> marks = marks_of(person);
  Found found;
  for (const DeadLetterStore::Kept& kept : *all) {
    const DeadLetter& letter = kept.letter;
    const std::string text = to_json(letter, types.type_named(letter.message, letter.version));
    const bool about = std::any_of(marks.begin(), marks.end(),
                                   [&](const std::string& mark) { return text.find(mark) != std::string::npos; });
    if (!about) continue;
    found.keys.push_back(kept.key);
    if (found.json.size() > 1) found.json += ',';
    found.json += text;
  }
  found.json += ']';
  return found;
}

std::string counts_text(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [name, number] : counts) text += fmt::format("  {:<24} {}\n", name, number);
  return text;
}

template <class Q>
ControlReply forward(Bus& bus, const std::string& json) {
  auto question = from_json<Q>(json);
  if (!question) return {false, "control.broken", question.error().message + "\n"};
  auto answer = bus.ask(std::move(*question), RequestOptions{kPatience});
  if (!answer) {
    const Error& e = answer.error();
    return {false, std::string(e.name()), fmt::format("error[{}]: {}\n", e.name(), e.message)};
  }
  if constexpr (std::is_same_v<Q, contract::ExportContact>) {
    return {true,
            {},
            fmt::format("contact {} is in {}\n{}", answer->contact.value, answer->folder, counts_text(answer->counts))};
  } else {
    return {true, {}, fmt::format("contact {} is erased\n{}", answer->contact.value, counts_text(answer->removed))};
  }
}

}  // namespace

void serve_person(Bus& bus, DeadLetterStore& letters, const LocalBus& types) {
  bus.serve<contract::ExportPerson>(
      kPersonLane, [&letters, &types](const contract::ExportPerson& q, const Headers&) -> Result<ExportParts> {
        auto found = letters_about(letters, types, q.person);
        if (!found) return found.error();
        ExportParts parts;
        if (!found->keys.empty()) parts.parts.push_back({"undelivered", std::move(found->json), {}});
        return parts;
      });
  bus.serve<contract::ErasePerson>(
      kPersonLane, [&letters, &types](const contract::ErasePerson& q, const Headers&) -> Result<ErasedCount> {
        auto found = letters_about(letters, types, q.person);
        if (!found) return found.error();
        ErasedCount count;
        if (found->keys.empty()) return count;
        auto dropped = letters.drop(found->keys);
        if (!dropped) return dropped.error();
        count.removed["dead letters"] = *dropped;
        return count;
      });
}

ControlReply contact_command(Bus& bus, const std::string& argument) {
  const std::size_t space = std::min(argument.find(' '), argument.size());
  const std::string action = argument.substr(0, space);
  const std::string json = argument.substr(std::min(space + 1, argument.size()));
  if (action == "export") return forward<contract::ExportContact>(bus, json);
  if (action == "erase") return forward<contract::EraseContact>(bus, json);
  return {false, "control.unknown_command", fmt::format("this hub does not know \"contact {}\"\n", action)};
}

}  // namespace qiao::core
