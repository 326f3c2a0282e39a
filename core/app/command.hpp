#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "core/app/arguments.hpp"

namespace qiao::core {

/// One command of the binary: `qiao NAME …`.
struct Command {
  std::string_view name;
  std::string_view usage;    ///< what follows the name
  std::string_view summary;  ///< one line for the list
  std::string_view details;  ///< for `--help`, after the summary; may be empty
  std::vector<OptionSpec> options;
  int (*run)(const Arguments& arguments);
};

[[nodiscard]] std::span<const Command> commands();
[[nodiscard]] std::string overview();
[[nodiscard]] std::string help(const Command& command);

/// Does what the command line (without the program's name) asks and returns the exit code.
int run_command_line(std::span<const std::string> line);

/// Prints `message` and the way to the help on standard error; returns exit_code::kUsage.
int usage_error(std::string_view command, const std::string& message);
/// Prints an error on standard error as `qiao COMMAND: error[id]: text`.
void print_error(std::string_view command, const Error& error);

int command_run(const Arguments& arguments);
int command_check(const Arguments& arguments);
int command_schema(const Arguments& arguments);
int command_plugins(const Arguments& arguments);
int command_plugin(const Arguments& arguments);
int command_reload(const Arguments& arguments);
int command_dead_letters(const Arguments& arguments);
int command_backup(const Arguments& arguments);
int command_restore(const Arguments& arguments);
int command_migrate(const Arguments& arguments);
int command_key(const Arguments& arguments);
int command_partner_key(const Arguments& arguments);
int command_connector(const Arguments& arguments);
int command_contact(const Arguments& arguments);
int command_audit(const Arguments& arguments);
int command_version(const Arguments& arguments);

}  // namespace qiao::core
