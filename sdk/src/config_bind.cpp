#include <algorithm>

#include "config_text.hpp"
#include "qiao/config.hpp"

namespace qiao {
namespace {

using Kind = ConfigType::Kind;
using Node = ConfigNode;

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

/// What stood there, fit to be printed on one line.
std::string shown(const Node& node, bool secret) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  if (secret || node.secret) return "***";
  constexpr std::size_t kShown = 60;
  std::string out = "\"";
  for (const char c : node.text) {
    if (out.size() > kShown && (static_cast<unsigned char>(c) & 0xC0U) != 0x80) {
      out += "…";
      break;
    }
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return out + "\"";
}

std::string limit_text(Kind kind, std::int64_t value) {
  if (kind == Kind::duration) return duration_text(std::chrono::microseconds(value));
  if (kind == Kind::size) return to_string(Bytes{static_cast<std::uint64_t>(value)});
  return std::to_string(value);
}

template <class T, class Text>
std::string out_of(const T& value, std::optional<T> low, std::optional<T> high, Text text) {
  if ((!low || value >= *low) && (!high || value <= *high)) return {};
  if (low && high) return fmt::format("must be between {} and {}", text(*low), text(*high));
  return low ? fmt::format("must be at least {}", text(*low)) : fmt::format("must be at most {}", text(*high));
}

bool is_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const bool clean = std::none_of(rest.begin(), rest.end(),
                                    [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
    return clean && !rest.empty() && rest.front() != '/' && rest.front() != ':' && rest.front() != '?';
  }
  return false;
}

/// Walks schema and tree together. Binds what is right and notes what is not, so that one run finds all mistakes.
class Binder {
 public:
  Binder(std::shared_ptr<const Node> root, std::vector<ConfigProblem>& problems)
      : root_(std::move(root)), problems_(problems) {}

  void section(const SchemaInfo& schema, void* record, const Node& node, const std::string& path) {
    for (const KeyInfo& key : schema.keys) key.reset(record);
    if (node.kind != Node::Kind::map && node.kind != Node::Kind::null) {
      note("config.bad_value", node.mark, path, "expected settings (key: value), got " + shown(node, false));
      return;
    }
    const std::size_t before = problems_.size();
    const std::vector<std::string> meant = unknown_keys(schema, node, path);
    for (const KeyInfo& key : schema.keys) {
      const std::string where = join(path, key.name);
      if (const Node* value = node.find(key.name)) {
        bind(key.type(), key, key.at(record), *value, where);
      } else if (key.required) {
        // A misspelt key is one mistake, not two.
        if (std::find(meant.begin(), meant.end(), key.name) == meant.end()) {
          note("config.missing_key", node.key, where, "required key is missing");
        }
      } else if (key.descend || key.type().kind == Kind::any) {
        absent(key, record, node, where);
      }
    }
    if (problems_.size() != before) return;
    for (const SchemaInfo::Rule& rule : schema.rules) {
      if (std::string sentence = rule.broken(record); !sentence.empty()) {
        const Node* at = node.find(rule.key);
        note("config.broken_rule", at ? at->key : node.key, rule.key.empty() ? path : join(path, rule.key),
             std::move(sentence));
      }
    }
  }

 private:
  std::vector<std::string> unknown_keys(const SchemaInfo& schema, const Node& node, const std::string& path) {
    std::vector<std::string> names, meant;
    for (const KeyInfo& key : schema.keys) {
      if (!node.find(key.name)) names.push_back(key.name);
    }
    for (const Node::Entry& entry : node.entries) {
      if (schema.find(entry.name)) continue;
      std::string nearest = nearest_name(entry.name, names);
      if (!nearest.empty()) meant.push_back(nearest);
      note("config.unknown_key", entry.value.key, join(path, entry.name), "unknown key", std::move(nearest));
    }
    return meant;
  }

  void absent(const KeyInfo& key, void* record, const Node& parent, const std::string& path) {
    auto nothing = std::make_shared<Node>();
    nothing->mark = nothing->key = parent.key;
    if (key.type().kind == Kind::any)
      key.type().store_any(key.at(record), Section(std::move(nothing), path));
    else
      section(key.type().section(), key.at(record), *nothing, path);
  }

  void bind(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path) {
    switch (type.kind) {
      case Kind::section:
        section(type.section(), at, node, path);
        return;
      case Kind::any:
        type.store_any(at, Section(std::shared_ptr<const Node>(root_, &node), path));
        return;
      case Kind::optional:
        type.clear(at);
        if (node.kind == Node::Kind::null && type.element().kind != Kind::section) return;
        bind(type.element(), key, type.append(at), node, path);
        return;
      case Kind::list:
        list(type, key, at, node, path);
        return;
      case Kind::map:
        map(type, key, at, node, path);
        return;
      default:
        scalar(type, key, at, node, path);
        return;
    }
  }

  void list(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path) {
    type.clear(at);
    if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::map) {
      note("config.bad_value", node.mark, path, "expected a list, got " + shown(node, key.secret));
      return;
    }
    too_many(key, node, node.items.size(), path);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      bind(type.element(), key, type.append(at), node.items[i], fmt::format("{}[{}]", path, i));
    }
  }

  void map(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path) {
    type.clear(at);
    if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::list) {
      note("config.bad_value", node.mark, path, "expected a map (name: value), got " + shown(node, key.secret));
      return;
    }
    too_many(key, node, node.entries.size(), path);
    for (const Node::Entry& entry : node.entries) {
      bind(type.element(), key, type.insert(at, entry.name), entry.value, join(path, entry.name));
    }
  }

  void too_many(const KeyInfo& key, const Node& node, std::size_t count, const std::string& path) {
    if (key.max_items == 0 || count <= key.max_items) return;
    note("config.out_of_range", node.key, path,
         fmt::format("has {} entries; at most {} are allowed", count, key.max_items));
  }

  void scalar(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path) {
    if (node.kind == Node::Kind::null) {
      note("config.bad_value", node.key, path, "has no value; give one or remove the key");
      return;
    }
    if (type.kind == Kind::text || type.kind == Kind::secret) {
      text(type, key, at, node, path);
      return;
    }
    if (type.kind == Kind::choice) {
      choice(type, key, at, node, path);
      return;
    }
    std::string nearest;
    const auto wrong = [&](std::string_view expected, std::string_view hint = {}) {
      const bool quoted = node.kind == Node::Kind::scalar && node.quoted &&
                          (type.kind == Kind::boolean || type.kind == Kind::integer || type.kind == Kind::real);
      bad_value(key, node, path, expected, quoted ? "remove the quotes" : hint, quoted ? std::string() : nearest);
    };
    const bool readable = node.kind == Node::Kind::scalar;
    switch (type.kind) {
      case Kind::boolean:
        if (const auto value = readable && !node.quoted ? detail::read_bool(node.text, nearest) : std::nullopt)
          type.store(at, *value ? 1 : 0);
        else
          wrong("true or false");
        return;
      case Kind::real:
        if (const auto value = readable && !node.quoted ? detail::read_real(node.text, nearest) : std::nullopt)
          real(type, key, at, node, path, *value);
        else
          wrong("a number");
        return;
      case Kind::integer:
        if (const auto value = readable && !node.quoted ? detail::read_integer(node.text, nearest) : std::nullopt)
          integral(type, key, at, node, path, *value);
        else
          wrong("a whole number", number_hint(node));
        return;
      case Kind::duration:
        if (const auto value = readable ? detail::read_duration(node.text, nearest) : std::nullopt)
          integral(type, key, at, node, path, *value);
        else
          wrong("a duration such as 300ms, 5s, 2m, 1h or 7d");
        return;
      default:
        if (const auto value = readable ? detail::read_size(node.text, nearest) : std::nullopt)
          integral(type, key, at, node, path, *value);
        else
          wrong("a size such as 64KB or 10MB");
        return;
    }
  }

  static std::string_view number_hint(const Node& node) {
    if (node.kind != Node::Kind::scalar || node.secret) return {};
    const std::string_view text = node.text;
    if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b")) return "write it in decimal";
    const bool digits =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits)
      return text.front() == '0' ? "leading zeros are ambiguous, write it without"
                                 : "that is too large for any number here";
    return {};
  }

  void integral(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path,
                std::int64_t value) {
    const auto low = key.min ? key.min
                     : type.kind == Kind::integer && type.lowest != std::numeric_limits<std::int64_t>::min()
                         ? std::optional(type.lowest)
                         : std::nullopt;
    const auto high = key.max ? key.max
                      : type.kind == Kind::integer && type.highest != std::numeric_limits<std::int64_t>::max()
                          ? std::optional(type.highest)
                          : std::nullopt;
    const auto text = [&type](std::int64_t v) { return limit_text(type.kind, v); };
    if (const std::string broken = out_of(value, low, high, text); !broken.empty()) {
      note("config.out_of_range", node.mark, path, broken + ", got " + (key.secret || node.secret ? "***" : node.text));
    } else if (type.step > 1 && value % type.step != 0) {
      bad_value(key, node, path, "a multiple of " + duration_text(std::chrono::microseconds(type.step)), {}, {});
    } else {
      type.store(at, value);
    }
  }

  void real(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path,
            double value) {
    const auto text = [](double v) { return fmt::format("{}", v); };
    if (const std::string broken = out_of(value, key.min_real, key.max_real, text); !broken.empty()) {
      note("config.out_of_range", node.mark, path, broken + ", got " + (key.secret || node.secret ? "***" : node.text));
      return;
    }
    type.store_real(at, value);
  }

  void choice(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path) {
    std::vector<std::string> names;
    for (const EnumName& name : type.names) {
      if (node.kind == Node::Kind::scalar && node.text == name.name) {
        type.store(at, name.value);
        return;
      }
      names.emplace_back(name.name);
    }
    one_of(key, node, path, names);
  }

  void text(const ConfigType& type, const KeyInfo& key, void* at, const Node& node, const std::string& path) {
    if (node.kind != Node::Kind::scalar) {
      bad_value(key, node, path, "a text", {}, {});
    } else if (key.required && node.text.empty()) {
      note("config.bad_value", node.mark, path, "must not be empty");
    } else if (key.max_length != 0 && node.text.size() > key.max_length) {
      note("config.out_of_range", node.mark, path,
           fmt::format("is {} bytes long; at most {} are allowed", node.text.size(), key.max_length));
    } else if (!key.choices.empty() &&
               std::find(key.choices.begin(), key.choices.end(), node.text) == key.choices.end()) {
      one_of(key, node, path, key.choices);
    } else if (key.url && !node.text.empty() && !is_url(node.text)) {
      bad_value(key, node, path, "a URL", {}, {});
    } else if (!key.pattern.empty() && !detail::matches(key.pattern, node.text)) {
      bad_value(key, node, path, key.pattern_says, {}, {});
    } else {
      type.store_text(at, node.text);
    }
  }

  void one_of(const KeyInfo& key, const Node& node, const std::string& path, const std::vector<std::string>& names) {
    std::string nearest = node.kind == Node::Kind::scalar ? nearest_name(node.text, names) : std::string();
    std::string expected;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) expected += i + 1 == names.size() ? " or " : ", ";
      expected += names[i];
    }
    bad_value(key, node, path, expected, {}, std::move(nearest));
  }

  void bad_value(const KeyInfo& key, const Node& node, const std::string& path, std::string_view expected,
                 std::string_view hint, std::string nearest) {
    std::string message = fmt::format("expected {}, got {}", expected, shown(node, key.secret));
    if (!hint.empty()) message += fmt::format("; {}", hint);
    if (key.secret || node.secret) nearest.clear();
    note("config.bad_value", node.mark, path, std::move(message), std::move(nearest));
  }

  void note(const char* id, const ConfigMark& mark, const std::string& path, std::string message,
            std::string nearest = {}) {
    problems_.push_back(config_problem(id, mark, path, std::move(message), std::move(nearest)));
  }

  std::shared_ptr<const Node> root_;
  std::vector<ConfigProblem>& problems_;
};

}  // namespace

void Section::bind_into(const SchemaInfo& schema, void* record, std::vector<ConfigProblem>& problems) const {
  Binder(node_, problems).section(schema, record, *node_, path_);
}

}  // namespace qiao
