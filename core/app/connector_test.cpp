#include "core/app/connector_test.hpp"

#include <algorithm>

#include "qiao/config_tree.hpp"
#include "qiao/contract/connector.hpp"

namespace qiao::core {
namespace {

using namespace std::chrono_literals;
constexpr auto kPatience = 30s;

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

ControlReply connector_command(Bus& bus, const std::string& argument) {
  const std::vector<std::string> names = bus.servers<contract::TestConnector>();
  if (argument == "list") {
    std::string text;
    for (const std::string& name : names) text += name + "\n";
    return {true, {}, text.empty() ? "no connector runs\n" : text};
  }
  const std::string name = argument.substr(std::min(argument.find(' ') + 1, argument.size()));
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const std::string nearest = nearest_name(name, names);
    return {false, "connector.unknown",
            fmt::format(
                "error[connector.unknown]: no connector runs under the name \"{}\"; {}\n", name,
                nearest.empty() ? "those that run: " + list_of(names) : fmt::format("did you mean \"{}\"?", nearest))};
  }
  RequestOptions options(kPatience);
  options.to = name;
  const auto tested = bus.ask(contract::TestConnector{}, options);
  if (tested) return {true, {}, fmt::format("{}: ok, {}\n", name, tested->says)};
  const std::string id(tested.error().name());
  return {false, id, fmt::format("{}: error[{}]: {}\n", name, id, tested.error().message)};
}

}  // namespace qiao::core
