#include "core/config/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>

namespace qiao::core {
namespace {

constexpr std::size_t kLargestSecret = 64U << 10U;

class Resolver {
 public:
  Resolver(const Environment& environment, const std::filesystem::path& folder, Problems& problems)
      : environment_(environment), folder_(folder), problems_(problems) {}

  void walk(ConfigNode& node, const std::string& path) {
    if (node.kind == ConfigNode::Kind::scalar) fill(node, path);
    for (std::size_t i = 0; i < node.items.size(); ++i) walk(node.items[i], fmt::format("{}[{}]", path, i));
    for (ConfigNode::Entry& entry : node.entries) {
      walk(entry.value, path.empty() ? entry.name : path + "." + entry.name);
    }
  }

 private:
  void fill(ConfigNode& node, const std::string& path) {
    if (node.text.find("${") == std::string::npos) return;
    std::string out;
    std::string_view rest = node.text;
    for (std::size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
      if (at > 0 && rest[at - 1] == '$') {
        out += rest.substr(0, at - 1);
        out += "${";
        rest.remove_prefix(at + 2);
        continue;
      }
      out += rest.substr(0, at);
      const std::size_t end = rest.find('}', at);
      if (end == std::string_view::npos) {
        note(node, path, "config.bad_reference", "${ is not closed with }; write $${ for a plain ${");
        return;
      }
      const auto value = look_up(node, path, rest.substr(at + 2, end - at - 2));
      node.secret = true;
      if (!value) return;
      out += *value;
      rest.remove_prefix(end + 1);
    }
    node.text = out.append(rest);
  }

  std::optional<std::string> look_up(const ConfigNode& node, const std::string& path, std::string_view reference) {
    if (reference.starts_with("env:")) return from_environment(node, path, std::string(reference.substr(4)));
    if (reference.starts_with("file:")) return from_file(node, path, std::string(reference.substr(5)));
    note(node, path, "config.bad_reference", "expected ${env:NAME} or ${file:path}; write $${ for a plain ${",
         meant(reference));
    return std::nullopt;
  }

  static std::string meant(std::string_view reference) {
    static const std::array<std::string, 2> kKinds = {"env", "file"};
    const std::size_t colon = reference.find(':');
    if (colon == std::string_view::npos) {
      const bool variable = !reference.empty() && std::all_of(reference.begin(), reference.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      });
      return variable ? fmt::format("${{env:{}}}", reference) : std::string();
    }
    std::string kind(reference.substr(0, colon));
    for (char& c : kind) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    const bool right = std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
    const std::string near = right ? kind : nearest_name(kind, kKinds);
    return near.empty() ? std::string() : fmt::format("${{{}{}}}", near, reference.substr(colon));
  }

  std::optional<std::string> from_environment(const ConfigNode& node, const std::string& path,
                                              const std::string& name) {
    auto value = name.empty() ? std::nullopt : environment_(name);
    if (!value) {
      note(node, path, "config.missing_secret", fmt::format("the environment has no variable \"{}\"", name));
      return std::nullopt;
    }
    if (!printable_utf8(*value)) {
      note(node, path, "config.bad_encoding",
           fmt::format("the environment variable \"{}\" is not printable UTF-8", name));
      return std::nullopt;
    }
    return value;
  }

  std::optional<std::string> from_file(const ConfigNode& node, const std::string& path, const std::string& name) {
    const std::filesystem::path file = folder_ / name;
    const auto refuse = [&](const char* id, std::string_view why) -> std::optional<std::string> {
      note(node, path, id, fmt::format("the file \"{}\" {}", file.string(), why));
      return std::nullopt;
    };
    std::error_code failed;
    const auto status = std::filesystem::status(file, failed);
    if (name.empty() || !std::filesystem::exists(status)) return refuse("config.missing_secret", "does not exist");
    if (!std::filesystem::is_regular_file(status)) return refuse("config.missing_secret", "is not a regular file");
    std::ifstream in(file, std::ios::binary);
    if (!in) return refuse("config.missing_secret", "cannot be read; check its owner and mode");
    std::string text(kLargestSecret + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kLargestSecret) return refuse("config.missing_secret", "is larger than 64KB");
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    if (!printable_utf8(text)) return refuse("config.bad_encoding", "is not printable UTF-8");
    return text;
  }

  void note(const ConfigNode& node, const std::string& path, const char* id, std::string message,
            std::string nearest = {}) {
    problems_.push_back(config_problem(id, node.mark, path, std::move(message), std::move(nearest)));
  }

  const Environment& environment_;
  const std::filesystem::path& folder_;
  Problems& problems_;
};

}  // namespace

void resolve_references(ConfigNode& tree, const Environment& environment, const std::filesystem::path& folder,
                        Problems& problems) {
  Resolver(environment, folder, problems).walk(tree, {});
}

}  // namespace qiao::core
