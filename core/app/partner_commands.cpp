#include "core/app/partner_commands.hpp"

#include "qiao/contract/partners.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

using contract::ListPartnerKeys;
using contract::MakePartnerKey;
using contract::RevokePartnerKey;

constexpr std::chrono::seconds kPatience{10};

template <class Q, class Say>
ControlReply forward(Bus& bus, const std::string& json, Say say) {
  auto question = from_json<Q>(json);
  if (!question) return {false, "control.broken", question.error().message + "\n"};
  auto answer = bus.ask(std::move(*question), RequestOptions{kPatience});
  if (answer) return {true, {}, say(*answer)};
  const Error& e = answer.error();
  if (e.name() == "bus.no_server")
    return {false, "partners.off", "error[partners.off]: the plugin `partners` is not enabled on this hub\n"};
  return {false, std::string(e.name()), fmt::format("error[{}]: {}\n", e.name(), e.message)};
}

std::string table(const contract::PartnerKeyViews& list) {
  if (list.keys.empty()) return "no partner keys\n";
  std::string text =
      fmt::format("{:<20} {:<12} {:<8} {:<8} {:<25} {}\n", "ID", "KEY", "KIND", "STATE", "LAST USED", "NAME");
  for (const contract::PartnerKeyView& key : list.keys) {
    text += fmt::format("{:<20} {:<12} {:<8} {:<8} {:<25} {}\n", key.id.value, key.prefix, key.kind, key.state,
                        key.last_used_at == Time{} ? "never" : to_iso8601(key.last_used_at), key.name);
  }
  return text;
}

}  // namespace

ControlReply partner_key_command(Bus& bus, const std::string& argument) {
  const std::size_t space = std::min(argument.find(' '), argument.size());
  const std::string action = argument.substr(0, space);
  const std::string json = argument.substr(std::min(space + 1, argument.size()));
  if (action == "list") return forward<ListPartnerKeys>(bus, json, table);
  if (action == "create") {
    return forward<MakePartnerKey>(bus, json, [](const contract::MadePartnerKey& key) {
      return fmt::format("{}\n\nThis is the only time that the key is shown; its id is {}.\n", key.secret,
                         key.id.value);
    });
  }
  if (action == "revoke") {
    return forward<RevokePartnerKey>(bus, json, [](const contract::PartnerKeyView& key) {
      return fmt::format("{} ({}) is revoked\n", key.prefix, key.name);
    });
  }
  return {false, "control.unknown_command", fmt::format("this hub does not know \"partner-key {}\"\n", action)};
}

}  // namespace qiao::core
