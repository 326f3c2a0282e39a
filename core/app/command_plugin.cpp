#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>

#include "core/app/command.hpp"
#include "core/app/paths.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

struct Kind {
  std::string_view name;
  std::string_view logic;  ///< the file with the part that has ideas in it
};
constexpr Kind kKinds[] = {{"channel", "mailbox"}, {"crm", "directory"}, {"erp", "stock_client"}, {"bot", "answers"},
                           {"routing", "rules"},   {"ticket", "tally"},  {"service", "activity"}};

/// "stock-berlin" as "StockBerlin", and as "stock_berlin".
std::string class_name(const std::string& name) {
  std::string out;
  bool upper = true;
  for (char c : name) {
    if (c == '-') {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return out;
}

std::string snake_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string fill(std::string text, const std::vector<std::pair<std::string, std::string>>& words) {
  for (const auto& [word, value] : words) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
      text.replace(at, word.size(), value);
    }
  }
  return text;
}

/// Copies a folder of templates; `.in` at the end of a name is dropped, and the words are filled into names and texts.
Result<void> copy_template(const fs::path& from, const fs::path& to,
                           const std::vector<std::pair<std::string, std::string>>& words) {
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (!entry.is_regular_file()) continue;
    fs::path target = to / fill(fs::relative(entry.path(), from).string(), words);
    if (target.extension() == ".in") target.replace_extension();
    std::error_code failed;
    fs::create_directories(target.parent_path(), failed);
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    if (!(out << fill(text, words)) || !out.flush()) {
      return Error{Errc::unavailable, "app.cannot_write", target.string()};
    }
  }
  return {};
}

}  // namespace

int command_plugin(const Arguments& arguments) {
  const auto& rest = arguments.rest();
  if (rest.size() != 3 || rest[0] != "new") return usage_error("plugin", "expected: plugin new KIND NAME");
  const std::string& kind = rest[1];
  const std::string& name = rest[2];
  const auto* known = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.name == kind; });
  if (known == std::end(kKinds)) {
    std::string all;
    for (const Kind& k : kKinds) all += fmt::format("{}{}", all.empty() ? "" : ", ", k.name);
    return usage_error("plugin", fmt::format("KIND is one of {}, not \"{}\"", all, kind));
  }
  if (!std::regex_match(name, std::regex("[a-z][a-z0-9]*(-[a-z0-9]+)*"))) {
    return usage_error("plugin", fmt::format("NAME is kebab-case such as {}-berlin, not \"{}\"", kind, name));
  }
  const fs::path target = arguments.value("dir", name);
  if (fs::exists(target) && !fs::is_empty(target)) {
    return usage_error("plugin", fmt::format("{} exists and is not empty", target.string()));
  }
  const std::vector<std::pair<std::string, std::string>> words{{"@NAME@", name},
                                                               {"@CLASS@", class_name(name)},
                                                               {"@SNAKE@", snake_name(name)},
                                                               {"@KIND@", kind},
                                                               {"@LOGIC@", std::string(known->logic)}};
  for (const fs::path& part : {template_dir() / "common", template_dir() / kind}) {
    if (!fs::is_directory(part)) {
      print_error("plugin", Error{Errc::unavailable, "app.no_template", fmt::format("{}: not there", part.string())});
      return exit_code::kUnavailable;
    }
    if (auto done = copy_template(part, target, words); !done) {
      print_error("plugin", done.error());
      return exit_code::kUnavailable;
    }
  }
  fmt::print(
      "{0} is made. Build and test it:\n"
      "  cmake -S {0} -B {0}/build && cmake --build {0}/build && ctest --test-dir {0}/build\n"
      "and let a hub load it:\n"
      "  qiao run --plugin-dir {0}/build/plugins …\n",
      target.string());
  return exit_code::kOk;
}

}  // namespace qiao::core
