#include <cstdio>

#include "core/app/command.hpp"
#include "core/app/control.hpp"
#include "core/app/setup.hpp"

namespace qiao::core {

int command_connector(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.rest();
  const bool list = words.size() == 1 && words[0] == "list";
  if (!list && (words.size() != 2 || words[0] != "test")) {
    return usage_error("connector", "expected: connector list, or connector test INSTANCE");
  }
  const LoadedConfig loaded = load_config(config_file(arguments));
  auto reply = ask_hub(data_folder(arguments, &loaded), {"connector", list ? "list" : "test " + words[1]});
  if (!reply) {
    print_error("connector", reply.error());
    return exit_code::kUnavailable;
  }
  fmt::print(reply->ok ? stdout : stderr, "{}", reply->text);
  if (reply->ok) return exit_code::kOk;
  return reply->error == "control.stopping" ? exit_code::kTemporary : exit_code::kFailed;
}

}  // namespace qiao::core
