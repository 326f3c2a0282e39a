#include <cstdio>

#include "core/app/command.hpp"
#include "core/app/control.hpp"
#include "core/app/setup.hpp"
#include "qiao/contract/partners.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (end > at) out.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

int command_partner_key(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.rest();
  const std::string action = words.empty() ? "list" : words[0];
  std::string argument;
  if (action == "list" && words.size() <= 1) {
    argument = "list " + qiao::to_json(contract::ListPartnerKeys{arguments.has("all")});
  } else if (action == "create") {
    if (words.size() != 2) return usage_error("partner-key", "whose key? create NAME");
    contract::MakePartnerKey q;
    q.name = words[1];
    q.browser = arguments.has("browser");
    q.scopes = split(arguments.value("scopes"));
    q.origins = split(arguments.value("origins"));
    q.skus = split(arguments.value("skus"));
    argument = "create " + qiao::to_json(q);
  } else if (action == "revoke") {
    if (words.size() != 2)
      return usage_error("partner-key", "which key? revoke ID, or the beginning of the key as `list` shows it");
    argument = "revoke " + qiao::to_json(contract::RevokePartnerKey{words[1]});
  } else {
    return usage_error("partner-key", "create NAME, list or revoke KEY?");
  }
  const LoadedConfig loaded = load_config(config_file(arguments));
  auto reply = ask_hub(data_folder(arguments, &loaded), {"partner-key", argument});
  if (!reply) {
    print_error("partner-key", reply.error());
    return exit_code::kUnavailable;
  }
  fmt::print(reply->ok ? stdout : stderr, "{}", reply->text);
  if (reply->ok) return exit_code::kOk;
  return reply->error == "control.stopping" ? exit_code::kTemporary : exit_code::kFailed;
}

}  // namespace qiao::core
