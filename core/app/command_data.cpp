#include <cstdio>

#include "core/app/command.hpp"
#include "core/app/hub.hpp"
#include "core/app/offline.hpp"

namespace qiao::core {
namespace {

int exit_code_of(const ControlReply& reply) {
  if (reply.ok) return exit_code::kOk;
  if (reply.error == "control.stopping") return exit_code::kTemporary;
  return exit_code::kFailed;
}

/// The dead letters of a folder where no hub runs.
Result<ControlReply> dead_letters_offline(const LoadedConfig& loaded, const std::filesystem::path& folder,
                                          const std::vector<std::string>& words) {
  OfflineHub offline;
  if (auto opened = offline.open(loaded, folder); !opened) return opened.error();
  DeadLetterStore letters(offline.store->for_instance("hub"), *offline.vault, offline.logs.logger("hub"));
  if (auto done = letters.open(); !done) return done.error();
  return dead_letters_command(letters, words, nullptr);
}

}  // namespace

int command_reload(const Arguments& arguments) {
  if (!arguments.rest().empty()) {
    return usage_error("reload",
                       fmt::format("unexpected \"{0}\"; one instance is named by --plugin {0}", arguments.rest()[0]));
  }
  auto reply = ask_hub(data_folder(arguments), {"reload", arguments.value("plugin")});
  if (!reply) {
    print_error("reload", reply.error());
    return exit_code::kUnavailable;
  }
  if (reply->ok) {
    fmt::print("{}", reply->text);
    return exit_code::kOk;
  }
  fmt::print(stderr, "{}", reply->text);
  return reply->error == "config" || reply->error == "plugin" ? exit_code::kConfig : exit_code_of(*reply);
}

int command_dead_letters(const Arguments& arguments) {
  std::vector<std::string> words = arguments.rest();
  if (words.empty()) words.emplace_back("list");
  const bool takes_ids = words[0] == "show" || words[0] == "replay" || words[0] == "drop";
  if (words[0] != "list" && !takes_ids)
    return usage_error("dead-letters", fmt::format("unknown action \"{}\"", words[0]));
  if (takes_ids != (words.size() > 1)) {
    return usage_error("dead-letters", takes_ids ? "which ones? Name their ids, or \"all\"" : "list takes no ids");
  }
  const LoadedConfig loaded = load_config(config_file(arguments));
  const std::filesystem::path folder = data_folder(arguments, &loaded);
  auto reply = ask_hub(folder, {"dead-letters", fmt::format("{}", fmt::join(words, " "))});
  if (!reply && reply.error().name() == "control.no_hub" && words[0] != "replay") {
    if (!loaded.ok()) {
      fmt::print(stderr, "{}", problems_text(loaded.problems));
      return exit_code::kConfig;
    }
    reply = dead_letters_offline(loaded, folder, words);
  }
  if (!reply) {
    print_error("dead-letters", reply.error());
    return exit_code::kUnavailable;
  }
  fmt::print(reply->ok ? stdout : stderr, "{}", reply->text);
  return exit_code_of(*reply);
}

}  // namespace qiao::core
