#include "core/app/arguments.hpp"

namespace qiao::core {

std::string Arguments::value(std::string_view name, std::string fallback) const {
  auto found = options_.find(name);
  return found == options_.end() ? std::move(fallback) : found->second;
}

Result<Arguments> Arguments::parse(std::span<const std::string> line, std::span<const OptionSpec> known) {
  Arguments parsed;
  bool options = true;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string& word = line[i];
    if (options && word == "--") {
      options = false;
      continue;
    }
    if (!options || word.size() < 2 || word[0] != '-') {
      parsed.rest_.push_back(word);
      continue;
    }
    std::string name = word == "-h" ? "help" : word.substr(std::min(word.find_first_not_of('-'), word.size()));
    std::optional<std::string> value;
    if (auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const auto spec = std::find_if(known.begin(), known.end(), [&](const OptionSpec& o) { return o.name == name; });
    if (spec == known.end() || (word[1] != '-' && word != "-h")) {
      return Error{Errc::bad_value, "usage.unknown_option", fmt::format("unknown option {}", word)};
    }
    if (spec->value.empty()) {
      if (value) return Error{Errc::bad_value, "usage.unexpected_value", fmt::format("--{} takes no value", name)};
      value.emplace();
    } else if (!value) {
      if (i + 1 == line.size()) {
        return Error{Errc::bad_value, "usage.missing_value", fmt::format("--{} needs {}", name, spec->value)};
      }
      value = line[++i];
    }
    parsed.options_[name] = std::move(*value);
  }
  return parsed;
}

}  // namespace qiao::core
