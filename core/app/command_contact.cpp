#include <cstdio>

#include "core/app/command.hpp"
#include "core/app/control.hpp"
#include "core/app/setup.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/json.hpp"

namespace qiao::core {

int command_contact(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.rest();
  const std::string action = words.empty() ? "" : words[0];
  if (action != "export" && action != "erase") {
    return usage_error("contact", action.empty() ? "export or erase?" : fmt::format("unknown action \"{}\"", action));
  }
  if (words.size() != 2) return usage_error("contact", "who? A contact's id, phone:NUMBER or email:ADDRESS");
  std::string argument;
  if (action == "export") {
    if (!arguments.has("out")) return usage_error("contact", "where to? Name a new folder by --out DIR");
    contract::ExportContact q;
    q.who = words[1];
    q.folder = std::filesystem::absolute(arguments.value("out")).lexically_normal().string();
    q.language = arguments.value("language");
    argument = "export " + qiao::to_json(q);
  } else {
    if (!arguments.has("yes")) {
      return usage_error("contact", "an erasure cannot be taken back, in backups neither; say so with --yes");
    }
    contract::EraseContact q;
    q.who = words[1];
    argument = "erase " + qiao::to_json(q);
  }
  const LoadedConfig loaded = load_config(config_file(arguments));
  auto reply = ask_hub(data_folder(arguments, &loaded), {"contact", argument});
  if (!reply) {
    print_error("contact", reply.error());
    return exit_code::kUnavailable;
  }
  fmt::print(reply->ok ? stdout : stderr, "{}", reply->text);
  if (reply->ok) return exit_code::kOk;
  return reply->error == "control.stopping" ? exit_code::kTemporary : exit_code::kFailed;
}

}  // namespace qiao::core
