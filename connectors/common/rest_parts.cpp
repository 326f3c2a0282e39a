#include "connectors/common/rest_parts.hpp"

namespace qiao::common {

OutboundSettings outbound_of(const RestConfig& config) {
  OutboundSettings settings;
  for (const std::string& address : config.rest().addresses()) settings.named.push_back(host_and_port(address));
  settings.total_timeout = config.timeout;
  settings.max_body = config.max_answer.count;
  settings.connect_timeout = std::min(settings.connect_timeout, config.timeout);
  settings.max_body = config.max_answer.count;
  settings.connections = config.concurrency;
  settings.ca_file = config.ca_file;
  settings.proxy = config.proxy;
  return settings;
}

Result<std::optional<RestCall>> compile_call(const std::optional<CallSettings>& call, const Parameters& known,
                                             const std::string& where) {
  if (!call) return std::optional<RestCall>();
  auto made = RestCall::compile(*call, known);
  if (!made) {
    Error error = made.error();
    error.message = where + ": " + error.message;
    return error;
  }
  return std::optional<RestCall>(std::move(*made));
}

Result<ChosenCalls> compile_calls(const std::vector<std::pair<std::string, const std::optional<CallSettings>*>>& calls,
                                  const Parameters& known, const std::string& where) {
  ChosenCalls chosen;
  for (const auto& [parameter, call] : calls) {
    auto made = compile_call(*call, known, where);
    if (!made) return made.error();
    if (*made) chosen.emplace_back(parameter, std::move(**made));
  }
  return chosen;
}

const RestCall* choose(const ChosenCalls& calls, const Parameters& parameters) {
  for (const auto& [parameter, call] : calls) {
    if (!parameters.text(parameter).empty()) return &call;
  }
  return nullptr;
}

}  // namespace qiao::common
