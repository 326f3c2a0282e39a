#include <sstream>

#include "core/app/connector_test.hpp"
#include "core/app/hub_parts.hpp"
#include "core/app/partner_commands.hpp"
#include "core/app/person.hpp"
#include "core/app/vault_commands.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

ControlReply reply_error(const Error& error) {
  return {false, std::string(error.name()), fmt::format("error[{}]: {}\n", error.name(), error.message)};
}

}  // namespace

std::string Hub::instances_text() const {
  std::string text = fmt::format("{:<20} {:<18} {:<10} {:<12} {:<11} {}\n", "INSTANCE", "PLUGIN", "VERSION",
                                 "GENERATION", "STATE", "REASON");
  for (const InstanceReport& r : parts_->host->report()) {
    text += fmt::format("{:<20} {:<18} {:<10} {:<12} {:<11} {}\n", r.name, r.plugin, r.version, r.generation,
                        to_string(r.state), r.reason);
  }
  text += fmt::format("\n{:<20} {:<18} {:>8} {:>12} {:>8} {:>8}\n", "INSTANCE", "LANE", "QUEUED", "HANDLED", "FAILED",
                      "REFUSED");
  for (const LaneSnapshot& lane : parts_->bus->snapshot().lanes) {
    std::size_t queued = 0;
    for (const std::size_t n : lane.queued) queued += n;
    text += fmt::format("{:<20} {:<18} {:>8} {:>12} {:>8} {:>8}\n", lane.instance,
                        fmt::format("{} ({})", lane.lane, lane_kind_name(lane.kind)), queued, lane.handled, lane.failed,
                        lane.rejected);
  }
  return text;
}

std::string Hub::instances_json() const {
  std::string json = "[";
  for (const InstanceReport& report : parts_->host->report()) {
    if (json.size() > 1) json += ",";
    json += qiao::to_json(report);
  }
  return json + "]\n";
}

ControlReply Hub::control(const ControlRequest& request) {
  if (request.command == "reload") return reload(request.argument);
  if (request.command == "plugins") {
    return {true, {}, request.argument == "json" ? instances_json() : instances_text()};
  }
  if (request.command == "dead-letters") {
    return dead_letters_command(*parts_->dead_letters, words_of(request.argument), parts_->bus.get());
  }
  if (request.command == "key") {
    ControlReply reply = key_command(*parts_->vault, *parts_->audit, request.argument);
    if (request.argument == "rotate") parts_->vault_more = true;
    return reply;
  }
  if (request.command == "connector") return connector_command(*parts_->hub_bus, request.argument);
  if (request.command == "contact") return contact_command(*parts_->hub_bus, request.argument);
  if (request.command == "partner-key") return partner_key_command(*parts_->hub_bus, request.argument);
  if (request.command == "audit") return audit_command(*parts_->audit, request.argument);
  return {false, "control.unknown_command", fmt::format("this hub does not know \"{}\"\n", request.command)};
}

ControlReply dead_letters_command(DeadLetterStore& store, const std::vector<std::string>& words, LocalBus* bus) {
  const std::string action = words.empty() ? "list" : words[0];
  if (action == "list") {
    auto letters = store.list();
    if (!letters) return reply_error(letters.error());
    std::string text;
    for (const auto& [key, letter] : *letters) {
      text += fmt::format("{}  {}  {:<16} {:<32} {}: {}\n", key.value, to_iso8601(letter.at), letter.instance,
                          letter.message, letter.error, letter.reason);
    }
    return {true, {}, text.empty() ? "no dead letters\n" : text};
  }

  std::vector<Id> keys;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "all") {
      auto letters = store.list();
      if (!letters) return reply_error(letters.error());
      for (const auto& kept : *letters) keys.push_back(kept.key);
    } else if (auto id = parse_id(words[i])) {
      keys.push_back(*id);
    } else {
      return reply_error(Error{Errc::bad_value, "dead_letters.bad_id", fmt::format("\"{}\" is not an id", words[i])});
    }
  }
  if (action == "drop") {
    auto dropped = store.drop(keys);
    if (!dropped) return reply_error(dropped.error());
    return {true, {}, fmt::format("dropped {}\n", *dropped)};
  }

  std::string text;
  bool ok = true;
  std::string error;
  for (const Id key : keys) {
    auto kept = store.find(key);
    if (!kept) return reply_error(kept.error());
    const DeadLetter& letter = kept->letter;
    if (action == "show") {
      text += to_json(letter, bus ? bus->type_named(letter.message, letter.version) : nullptr) + "\n";
      continue;
    }
    // Should it fail again, the bus makes a new letter of it.
    auto done = bus->replay(letter, letter.instance);
    if (done) {
      if (auto dropped = store.drop({key}); !dropped) return reply_error(dropped.error());
      text += fmt::format("{} handed to {}\n", key.value, letter.instance);
    } else {
      ok = false;
      error = std::string(done.error().name());
      text += fmt::format("{}: error[{}]: {}\n", key.value, error, done.error().message);
    }
  }
  return {ok, error, text};
}

}  // namespace qiao::core
