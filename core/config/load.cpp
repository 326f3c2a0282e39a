#include "core/config/load.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

#include "core/config/merge.hpp"
#include "core/config/yaml_reader.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> own_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

void unreadable(const fs::path& file, const std::string& why, Problems& problems) {
  problems.push_back(
      config_problem("config.unreadable", {std::make_shared<const std::string>(file.string()), 0, 0}, {}, why));
}

std::optional<std::string> read_file(const fs::path& file, Problems& problems) {
  std::error_code failed;
  const fs::file_status status = fs::status(file, failed);
  if (!fs::exists(status)) {
    unreadable(file,
               failed && failed != std::errc::no_such_file_or_directory ? "the file cannot be read: " + failed.message()
                                                                        : "there is no such file",
               problems);
    return std::nullopt;
  }
  if (!fs::is_regular_file(status)) {
    unreadable(file, fs::is_directory(status) ? "this is a folder; name the file in it" : "this is not a regular file",
               problems);
    return std::nullopt;
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    unreadable(file, "the file cannot be opened; check its owner and mode", problems);
    return std::nullopt;
  }
  // One byte more than the reader accepts is enough for it to refuse.
  std::string text(YamlLimits{}.bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// The `.yaml` files of conf.d by name. Files that look as if they were meant, but are not read, are mistakes.
std::vector<fs::path> fragments(const fs::path& folder, Problems& problems) {
  std::vector<fs::path> found;
  std::error_code failed;
  const fs::path conf_d = folder / "conf.d";
  if (!fs::is_directory(conf_d, failed)) return found;
  for (fs::directory_iterator it(conf_d, failed), end; !failed && it != end; it.increment(failed)) {
    const fs::path name = it->path().filename();
    if (name.string().starts_with(".")) continue;
    if (name.extension() == ".yaml") found.push_back(it->path());
    if (name.extension() == ".yml")
      unreadable(it->path(), "the file is not read: names in conf.d end with .yaml", problems);
  }
  if (failed) unreadable(conf_d, "the folder cannot be listed: " + failed.message(), problems);
  std::sort(found.begin(), found.end());
  return found;
}

bool instance_name(const std::string& name) {
  constexpr std::size_t kLongest = 48;
  if (name.empty() || name.size() > kLongest || name.front() < 'a' || name.front() > 'z' || name.back() == '-')
    return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

void check_instance_names(const ConfigNode& tree, Problems& problems) {
  const ConfigNode* plugins = tree.find("plugins");
  if (!plugins) return;
  for (const ConfigNode::Entry& entry : plugins->entries) {
    if (instance_name(entry.name)) continue;
    std::string better;
    for (char c : entry.name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
      better += c == '_' || c == ' ' || c == '.' ? '-' : c;
    }
    problems.push_back(config_problem(
        "config.bad_value", entry.value.key, "plugins." + entry.name,
        "an instance name has lower-case letters, digits and hyphens, begins with a letter and is at most 48 long",
        better != entry.name && instance_name(better) ? better : std::string()));
  }
}

/// A reference that could not be filled is one mistake; what the binding makes of the empty place is none.
void drop_consequences(std::size_t first, const std::set<std::string>& unfilled, Problems& problems) {
  problems.erase(std::remove_if(problems.begin() + static_cast<std::ptrdiff_t>(first), problems.end(),
                                [&](const ConfigProblem& p) { return unfilled.contains(p.path); }),
                 problems.end());
}

}  // namespace

LoadedConfig load_config(const fs::path& file, const LoadOptions& options) {
  LoadedConfig loaded;
  loaded.file = file;
  loaded.folder = file.parent_path();
  loaded.files = fragments(loaded.folder, loaded.problems);
  loaded.files.insert(loaded.files.begin(), file);

  ConfigNode merged;
  bool readable = true;
  for (const fs::path& part : loaded.files) {
    const auto text = read_file(part, loaded.problems);
    const auto tree = text ? read_yaml(*text, part.string(), loaded.problems) : nullptr;
    if (!tree) {
      readable = false;
    } else if (tree->kind != ConfigNode::Kind::map && tree->kind != ConfigNode::Kind::null) {
      loaded.problems.push_back(
          config_problem("config.bad_value", tree->mark, {}, "the file must hold settings (key: value)"));
      readable = false;
    } else if (&part == &loaded.files.front()) {
      merged = *tree;
    } else {
      merge(merged, *tree, loaded.problems);
    }
  }
  if (readable) {
    const std::size_t before_references = loaded.problems.size();
    const Environment environment = options.environment ? options.environment : Environment(own_environment);
    resolve_references(merged, environment, loaded.folder, loaded.problems);
    std::set<std::string> unfilled;
    for (std::size_t i = before_references; i < loaded.problems.size(); ++i) unfilled.insert(loaded.problems[i].path);
    loaded.tree = std::make_shared<const ConfigNode>(std::move(merged));
    const std::size_t before_binding = loaded.problems.size();
    loaded.config = Section(loaded.tree, {}).bind_partly<HubConfig>(loaded.problems);
    drop_consequences(before_binding, unfilled, loaded.problems);
    check_instance_names(*loaded.tree, loaded.problems);
  }
  sort_problems(loaded.problems);
  return loaded;
}

std::string problems_text(const Problems& problems) {
  std::string out;
  for (const ConfigProblem& problem : problems) out += to_string(problem) + "\n";
  return out;
}

std::string problems_json(const Problems& problems) {
  std::string out = problems.empty() ? R"({"ok":true,"problems":[)" : R"({"ok":false,"problems":[)";
  for (const ConfigProblem& problem : problems) {
    if (out.back() != '[') out += ',';
    out += R"({"file":)";
    append_json_string(out, problem.file);
    out += fmt::format(R"(,"line":{},"column":{},"id":)", problem.line, problem.column);
    append_json_string(out, problem.id);
    out += R"(,"path":)";
    append_json_string(out, problem.path);
    out += R"(,"message":)";
    append_json_string(out, problem.message);
    if (!problem.nearest.empty()) {
      out += R"(,"suggestion":)";
      append_json_string(out, problem.nearest);
    }
    out += '}';
  }
  return out + "]}";
}

}  // namespace qiao::core
