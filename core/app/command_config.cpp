#include <cstdio>
#include <fstream>

#include "core/app/command.hpp"
#include "core/app/control.hpp"
#include "core/app/setup.hpp"
#include "core/config/schema_json.hpp"
#include "core/store/mysql/engine.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

std::vector<std::filesystem::path> more_folders(const Arguments& arguments) {
  if (!arguments.has("plugin-dir")) return {};
  return {arguments.value("plugin-dir")};
}

/// What the database server says of itself; nothing for a file. An error: it cannot be used as it is.
Result<std::vector<mysql::Finding>> ask_server(const Setup& setup, const Arguments& arguments) {
  if (arguments.has("offline") || !setup.loaded.ok()) return std::vector<mysql::Finding>();
  const StoreSettings store = store_settings(setup.loaded, data_folder(arguments, &setup.loaded));
  if (!store.mysql) return std::vector<mysql::Finding>();
  const auto engine = mysql::engine();
  if (!engine) return engine.error();
  return (*engine)->check_server(*store.mysql, store.readers);
}

std::string findings_json(const std::vector<mysql::Finding>& findings) {
  std::string json;
  for (const mysql::Finding& finding : findings) {
    json += fmt::format("{}{{\"weakens\":{},\"variable\":", json.empty() ? "" : ",", finding.weakens);
    append_json_string(json, finding.variable);
    json += ",\"message\":";
    append_json_string(json, finding.text);
    json += '}';
  }
  return json;
}

}  // namespace

int command_check(const Arguments& arguments) {
  const std::string format = arguments.value("format", "text");
  if (format != "text" && format != "json") return usage_error("check", "--format is text or json");
  LoadedConfig loaded = load_config(config_file(arguments));
  TemporaryCatalog catalog(plugin_folders(loaded, more_folders(arguments)));
  const Setup setup = check_setup(std::move(loaded), *catalog);

  Problems problems = setup.check.problems;
  for (const Error& error : setup.refused) {
    problems.push_back({std::string(error.name()), setup.loaded.file.string(), 0, 0, "plugins", error.message, {}});
  }
  const auto server = ask_server(setup, arguments);
  const std::vector<mysql::Finding> findings = server ? *server : std::vector<mysql::Finding>();
  const int exit_code = !problems.empty() ? exit_code::kConfig : !server ? exit_code::kUnavailable : exit_code::kOk;
  if (!server) {
    problems.push_back(
        {std::string(server.error().name()), setup.loaded.file.string(), 0, 0, "store", server.error().message, {}});
  }
  if (format == "json") {
    std::string json = problems_json(problems);
    json.pop_back();
    fmt::print("{},\"server\":[{}]}}\n", json, findings_json(findings));
    return exit_code;
  }
  if (!setup.check.problems.empty()) fmt::print(stderr, "{}", problems_text(setup.check.problems));
  for (const Error& error : setup.refused) fmt::print(stderr, "error[{}]: {}\n", error.name(), error.message);
  if (!server) fmt::print(stderr, "error[{}]: store: {}\n", server.error().name(), server.error().message);
  for (const mysql::Finding& finding : findings) {
    fmt::print(stderr, "{}: store: {}\n", finding.weakens ? "warning[store.durability]" : "note", finding.text);
  }
  if (exit_code == exit_code::kOk && setup.loaded.config.store.kind == StoreKind::mysql &&
      setup.loaded.config.vault.key.reveal().empty()) {
    fmt::print(stderr,
               "warning[vault.key]: vault: no key is named, so each hub makes its own in its data folder; hubs that "
               "share a database need the same one, outside of it\n");
  }
  if (exit_code == exit_code::kOk) {
    fmt::print("{} is right: {} instances\n", setup.loaded.file.string(), setup.loaded.config.plugins.size());
  }
  return exit_code;
}

int command_schema(const Arguments& arguments) {
  const LoadedConfig loaded = load_config(config_file(arguments));
  TemporaryCatalog catalog(plugin_folders(loaded, more_folders(arguments)));
  std::vector<Error> refused;
  const std::string schema = config_json_schema(known_plugins(*catalog, {}, refused));
  for (const Error& error : refused) print_error("schema", error);
  if (!arguments.has("out")) {
    fmt::print("{}\n", schema);
    return exit_code::kOk;
  }
  std::ofstream out(arguments.value("out"), std::ios::trunc);
  if (!(out << schema << '\n') || !out.flush()) {
    print_error("schema", Error{Errc::unavailable, "app.cannot_write", arguments.value("out")});
    return exit_code::kUnavailable;
  }
  return exit_code::kOk;
}

namespace {

struct ListedPlugin {
  std::string name;
  std::string kind;
  std::string version;
  std::string library;
  std::string summary;
  std::string refused;  ///< why it cannot be used
};
QIAO_FIELDS(ListedPlugin, name, kind, version, library, summary, refused)

std::vector<ListedPlugin> lying_plugins(const Arguments& arguments) {
  TemporaryCatalog catalog(plugin_folders(load_config(config_file(arguments)), more_folders(arguments)));
  std::vector<ListedPlugin> list;
  for (const auto& [name, entry] : catalog->entries()) {
    ListedPlugin plugin{name, entry.about.kind, entry.about.version, entry.library.string(), {}, {}};
    if (auto generation = catalog->open(name)) {
      plugin.summary = (*generation)->manifest().summary();
    } else {
      plugin.refused = generation.error().message;
    }
    list.push_back(std::move(plugin));
  }
  for (const auto& refusal : catalog->refusals()) {
    list.push_back({refusal.library.stem().string(), {}, {}, refusal.library.string(), {}, refusal.error.message});
  }
  return list;
}

}  // namespace

int command_plugins(const Arguments& arguments) {
  const std::string format = arguments.value("format", "text");
  if (format != "text" && format != "json") return usage_error("plugins", "--format is text or json");
  if (auto reply = ask_hub(data_folder(arguments), {"plugins", format})) {
    fmt::print("{}", reply->text);
    return reply->ok ? exit_code::kOk : exit_code::kFailed;
  } else if (reply.error().name() != "control.no_hub") {
    print_error("plugins", reply.error());
    return exit_code::kUnavailable;
  }
  const std::vector<ListedPlugin> list = lying_plugins(arguments);
  if (format == "json") {
    std::string json = "[";
    for (const ListedPlugin& plugin : list) json += (json.size() > 1 ? "," : "") + qiao::to_json(plugin);
    fmt::print("{}]\n", json);
    return exit_code::kOk;
  }
  fmt::print("no hub is running; these plugins lie in the folders:\n{:<20} {:<8} {:<10} {}\n", "PLUGIN", "KIND",
             "VERSION", "WHAT");
  for (const ListedPlugin& plugin : list) {
    fmt::print("{:<20} {:<8} {:<10} {}\n", plugin.name, plugin.kind, plugin.version,
               plugin.refused.empty() ? plugin.summary : "refused: " + plugin.refused);
  }
  return exit_code::kOk;
}

int command_version(const Arguments&) {
  fmt::print("qiao {}\nplugin ABI {}\n", QIAO_VERSION, QIAO_ABI_TAG);
  return exit_code::kOk;
}

}  // namespace qiao::core
