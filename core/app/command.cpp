#include "core/app/command.hpp"

#include <cstdio>

#include "core/app/paths.hpp"
#include "core/app/tools.hpp"
#include "qiao/config_tree.hpp"

namespace qiao::core {
namespace {

constexpr OptionSpec kHelp{"help", "", "show this text"};
constexpr OptionSpec kConfig{"config", "FILE",
                             "configuration (config/qiao.yaml beside the program, or /etc/qiao/qiao.yaml)"};
constexpr OptionSpec kData{"data", "DIR", "data folder (what the configuration says, else ./data)"};
constexpr OptionSpec kPluginDir{"plugin-dir", "DIR", "a further folder with plugins"};

const std::vector<Command>& all() {
  static const std::vector<Command> list{
      {"run",
       "[options]",
       "start the hub",
       "Runs until TERM or Ctrl-C, then finishes what was accepted (at most 10 s); a second signal ends it at once.\n"
       "HUP reads the configuration and the plugins again, as `qiao reload` does.",
       {kConfig,
        kData,
        {"listen", "ADDR:PORT", "where to listen, instead of what the configuration says"},
        {"demo", "", "start with the demo shop's data and print its logins"},
        {"safe-mode", "", "start without plugins from folders other than the hub's own"},
        kPluginDir,
        {"pid-file", "FILE", "write the process's number there"},
        {"log-format", "text|json", "how log lines look, instead of what the configuration says"},
        kHelp},
       command_run},
      {"check",
       "[options]",
       "read the configuration and say everything that is wrong with it",
       "Loads the plugins and lets them look at their settings; opens no port and no connection, except to a database\n"
       "server, whose settings it reads: what weakens durability is named with what to set.",
       {kConfig,
        kData,
        kPluginDir,
        {"offline", "", "do not ask the database server"},
        {"format", "text|json", "how mistakes are printed"},
        kHelp},
       command_check},
      {"reload",
       "[--plugin INSTANCE]",
       "make a running hub take up changed settings and plugin libraries",
       "Only instances that changed are touched. A mistake is printed as `qiao check` prints it, and nothing changes.",
       {kData,
        kConfig,
        {"plugin", "INSTANCE", "only this instance: a new generation of it takes over, changed or not"},
        kHelp},
       command_reload},
      {"plugins",
       "[options]",
       "show the instances of a running hub, or the plugins that lie in the folders",
       "Without a hub in the data folder it lists the libraries that a start would find, and those it would refuse.",
       {kData, kConfig, kPluginDir, {"format", "text|json", "how the list is printed"}, kHelp},
       command_plugins},
      {"plugin",
       "new KIND NAME [--dir DIR]",
       "make the scaffold of a new plugin",
       "KIND is one of channel, crm, erp, bot, routing, ticket, service; NAME is kebab-case. The scaffold builds, "
       "tests and\n"
       "loads as it stands.",
       {{"dir", "DIR", "where to make it (./NAME)"}, kHelp},
       command_plugin},
      {"dead-letters",
       "list | show ID | replay ID… | drop ID…",
       "look at messages that no handler could take, and treat them",
       "`replay` hands messages to the running hub again; `all` stands for every id.",
       {kData, kConfig, kHelp},
       command_dead_letters},
      {"connector",
       "list | test INSTANCE",
       "try the address and the credentials of a connector of the running hub",
       "The connector asks its system now, past what it remembers; the answer, or what is wrong, is printed.",
       {kData, kConfig, kHelp},
       command_connector},
      {"contact",
       "export WHO --out DIR | erase WHO --yes",
       "give a copy of everything about a person, or remove it for good",
       "WHO is a contact's id, phone:NUMBER or email:ADDRESS. The copy is a new folder with a page to read "
       "(index.html),\n"
       "the data as JSON and the files. The erasure reaches every plugin and the keys of backups; it is noted in the\n"
       "audit log by the contact's id.",
       {{"out", "DIR", "where the copy goes; a folder that is not there yet"},
        {"language", "zh-CN|en", "of the copy's page, instead of the person's"},
        {"yes", "", "erase, though it cannot be taken back"},
        kData,
        kConfig,
        kHelp},
       command_contact},
      {"partner-key",
       "[list] | create NAME [options] | revoke KEY",
       "list, make or revoke the keys with which partners read stock",
       "A key is shown once, when it is made. KEY is its id, or its beginning as `list` shows it; revoking holds at "
       "once.",
       {{"browser", "", "for a partner's page; needs --origins and --skus"},
        {"origins", "A,B", "origins of the pages, e.g. https://shop.example.org"},
        {"skus", "A,B", "SKUs that it opens, or beginnings such as TEA-*"},
        {"scopes", "A,B", "stock.read (default), product.read"},
        {"all", "", "list revoked keys too"},
        kData,
        kConfig,
        kHelp},
       command_partner_key},
      {"schema",
       "[options]",
       "print the JSON Schema of the configuration, for editors",
       "",
       {kConfig, kPluginDir, {"out", "FILE", "write it there"}, kHelp},
       command_schema},
      {"backup",
       "FOLDER [options] | verify FOLDER",
       "copy the database and the files of plugins into a folder, also while the hub runs",
       "The backup is read again before it gets its name; `verify` does that to one that is there. It can be restored\n"
       "to every kind of database. The master key of the encryption is not in it.",
       {kData, kConfig, kHelp},
       command_backup},
      {"restore",
       "FOLDER [options]",
       "put a backup in place; the hub must not be running",
       "A database file that is there is kept beside it under another name; a server's database must be empty.",
       {{"to", "sqlite|mysql", "kind of database (what the configuration says)"}, kData, kConfig, kHelp},
       command_restore},
      {"migrate",
       "--from sqlite|mysql --to mysql|sqlite [options]",
       "move all data to another kind of database; the hub must not be running",
       "Takes the server from the configuration (store: {kind: mysql, …}) and the file from the data folder. The "
       "target\n"
       "must be empty; every row is compared; the source is only read. After an interruption run it again.",
       {{"from", "sqlite|mysql", "where the data is"},
        {"to", "mysql|sqlite", "where it shall be"},
        kData,
        kConfig,
        kHelp},
       command_migrate},
      {"key",
       "status | rotate",
       "show the keys of the encryption, or make a new data key",
       "`rotate` makes a new data key, which is in use at once; what older ones wrap is wrapped anew in the "
       "background.\n"
       "A new master key is named in vault.key with the old one in vault.previous.",
       {kData, kConfig, kHelp},
       command_key},
      {"audit",
       "list [options] | verify",
       "show the audit log, or make sure that nobody has changed it",
       "",
       {{"since", "TIME", "only later ones: 2026-11-22T07:00:00Z, 2026-11-22, 36h or 7d"},
        {"action", "NAME", "only this action, or with a dot at the end all that begin so: contact."},
        {"object", "OBJECT", "only what was done to this: contact:123"},
        {"limit", "N", "so many of the latest (100)"},
        {"format", "text|json", "how it is printed"},
        kData,
        kConfig,
        kHelp},
       command_audit},
      {"version", "", "print the version and the ABI tag that plugins must match", "", {kHelp}, command_version},
  };
  return list;
}

const Command* find(std::string_view name) {
  for (const Command& command : all()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace

std::span<const Command> commands() { return all(); }

std::string overview() {
  std::string text = "Usage: qiao COMMAND [options]\n\n";
  for (const Command& command : all()) text += fmt::format("  {:<13} {}\n", command.name, command.summary);
  for (const Tool& tool : tools_in(tool_dir())) text += fmt::format("  {:<13} {}\n", tool.name, tool.summary);
  return text + "\n`qiao COMMAND --help` tells more.\n";
}

std::string help(const Command& command) {
  std::string text = fmt::format("Usage: qiao {} {}\n\n{}.\n", command.name, command.usage, command.summary);
  text[text.find("\n\n") + 2] = static_cast<char>(std::toupper(command.summary.front()));
  if (!command.details.empty()) text += fmt::format("{}\n", command.details);
  text += "\n";
  for (const OptionSpec& option : command.options) {
    text +=
        fmt::format("  {:<24} {}\n",
                    fmt::format("--{}{}{}", option.name, option.value.empty() ? "" : " ", option.value), option.doc);
  }
  return text;
}

int usage_error(std::string_view command, const std::string& message) {
  fmt::print(stderr, "qiao {}: {}\nSee `qiao {} --help`.\n", command, message, command);
  return exit_code::kUsage;
}

void print_error(std::string_view command, const Error& error) {
  fmt::print(stderr, "qiao {}: error[{}]: {}\n", command, error.name(), error.message);
}

int run_command_line(std::span<const std::string> line) {
  if (line.empty()) {
    fmt::print(stderr, "{}", overview());
    return exit_code::kUsage;
  }
  if (line[0] == "--help" || line[0] == "-h" || line[0] == "help") {
    fmt::print("{}", overview());
    return exit_code::kOk;
  }
  const Command* command = find(line[0] == "--version" ? "version" : std::string_view(line[0]));
  if (!command) {
    const std::vector<Tool> others = tools_in(tool_dir());
    for (const Tool& tool : others) {
      if (tool.name == line[0]) return become_tool(tool, line.subspan(1));
    }
    std::vector<std::string> names;
    for (const Command& known : all()) names.emplace_back(known.name);
    for (const Tool& tool : others) names.emplace_back(tool.name);
    const std::string nearest = nearest_name(line[0], names);
    fmt::print(stderr, "qiao: unknown command \"{}\"{}\nSee `qiao --help`.\n", line[0],
               nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
    return exit_code::kUsage;
  }
  auto arguments = Arguments::parse(line.subspan(1), command->options);
  if (!arguments) return usage_error(command->name, arguments.error().message);
  if (arguments->has("help")) {
    fmt::print("{}", help(*command));
    return exit_code::kOk;
  }
  return command->run(*arguments);
}

}  // namespace qiao::core
