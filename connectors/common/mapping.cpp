#include "connectors/common/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "connectors/platform/json_answer.hpp"
#include "connectors/platform/phone.hpp"

namespace qiao::common {
namespace {

Error wrong(const std::string& field, const std::string& what) {
  return {Errc::bad_value, "mapping.bad_field", fmt::format("fields.{}: {}", field, what)};
}
Error unfit(const std::string& field, const std::string& expected) {
  return {Errc::unavailable, "mapping.bad_answer",
          fmt::format("the system's {} is no {}; look at fields.{} in the configuration", field, expected, field)};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

constexpr std::string_view kTransforms[] = {"trim",   "lower",   "upper", "digits", "phone",
                                            "number", "decimal", "cents", "time",   "seconds",
                                            "millis", "date",    "map",   "split",  "default"};

/// "/a/b", with ~0 and ~1 as in RFC 6901.
bool is_pointer(std::string_view text) {
  if (text.empty() || text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) return false;
  }
  return true;
}

bool starts_way(std::string_view text) {
  return text.starts_with('/') || text.starts_with('=') || text.starts_with('{');
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// Texts as they are, numbers in decimal, booleans as words; of lists and objects nothing.
std::string text_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return platform::text(value);
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

const Json& value_at_pointer(const Json& row, const std::string& pointer) {
  const Json* at = &row;
  for (std::size_t from = 1; from <= pointer.size();) {
    const std::size_t end = std::min(pointer.find('/', from), pointer.size());
    std::string token = pointer.substr(from, end - from);
    for (std::size_t i = 0; (i = token.find('~', i)) != std::string::npos; ++i) {
      token.replace(i, 2, token[i + 1] == '1' ? "/" : "~");
    }
    if (at->is_array()) {
      std::size_t index = 0;
      const auto [last, error] = std::from_chars(token.data(), token.data() + token.size(), index);
      if (error != std::errc{} || last != token.data() + token.size()) index = SIZE_MAX;
      at = &platform::at(*at, index);
    } else {
      at = &platform::at(*at, std::string_view(token));
    }
    from = end + 1;
  }
  return *at;
}

Result<void> FieldMap::read_way(std::string_view text, Entry& entry) {
  std::vector<Part> parts;
  if (text.starts_with('=')) {
    parts.push_back({false, std::string(text.substr(1))});
  } else if (text.starts_with('/')) {
    if (!is_pointer(text)) return wrong(entry.name, "a \"~\" in a pointer is written ~0");
    parts.push_back({true, std::string(text)});
  } else {
    while (!text.empty()) {
      const std::size_t open = std::min(text.find('{'), text.size());
      if (open > 0) parts.push_back({false, std::string(text.substr(0, open))});
      text.remove_prefix(open);
      if (text.empty()) break;
      const std::size_t close = text.find('}');
      const std::string_view inside = text.substr(1, close == std::string_view::npos ? 0 : close - 1);
      if (!is_pointer(inside)) return wrong(entry.name, "expected a pointer between braces, e.g. {/first_name}");
      parts.push_back({true, std::string(inside)});
      text.remove_prefix(close + 1);
    }
  }
  entry.ways.push_back(std::move(parts));
  return {};
}

Result<void> FieldMap::read_step(std::string_view text, Entry& entry) {
  const std::size_t space = std::min(text.find(' '), text.size());
  Step step{std::string(text.substr(0, space)), std::string(trimmed(text.substr(space))), {}};
  if (std::find(std::begin(kTransforms), std::end(kTransforms), step.name) == std::end(kTransforms)) {
    const std::vector<std::string> names(std::begin(kTransforms), std::end(kTransforms));
    const std::string nearest = nearest_name(step.name, names);
    return wrong(entry.name, fmt::format("no transform is called \"{}\"{}", step.name,
                                         nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
  }
  const bool wants = step.name == "map" || step.name == "split" || step.name == "default";
  if (wants == step.argument.empty()) {
    return wrong(entry.name, fmt::format(fmt::runtime(wants ? "\"{}\" needs something behind it"
                                                            : "nothing may stand behind \"{}\""),
                                         step.name));
  }
  if (step.name == "map") {
    for (std::string_view rest = step.argument; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view pair = rest.substr(0, comma);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) return wrong(entry.name, "map: expected from=to, separated by commas");
      step.table[std::string(trimmed(pair.substr(0, equals)))] = trimmed(pair.substr(equals + 1));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  entry.steps.push_back(std::move(step));
  return {};
}

Result<FieldMap::Entry> FieldMap::read(const std::string& name, std::string_view expression) {
  Entry entry;
  entry.name = name;
  // A constant may hold what elsewhere begins a transform.
  std::size_t bar = expression.find(" | ");
  std::string_view sources = trimmed(expression.substr(0, bar));
  while (!sources.empty()) {
    const std::size_t next = std::min(sources.find(" ?? "), sources.size());
    const std::string_view way = trimmed(sources.substr(0, next));
    if (!starts_way(way)) {
      return wrong(name, fmt::format("expected /pointer, =constant or {{/pointer}} text, got \"{}\"", way));
    }
    if (auto fine = read_way(way, entry); !fine) return fine.error();
    sources.remove_prefix(std::min(next + 4, sources.size()));
  }
  if (entry.ways.empty()) return wrong(name, "expected where it comes from, e.g. /name");
  while (bar != std::string_view::npos) {
    expression.remove_prefix(bar + 3);
    bar = expression.find(" | ");
    if (auto fine = read_step(trimmed(expression.substr(0, bar)), entry); !fine) return fine.error();
  }
  return entry;
}

Result<FieldMap> FieldMap::compile(const Fields& fields, const TypeInfo& type, Locale locale) {
  FieldMap map;
  map.locale_ = std::move(locale);
  for (const auto& [name, expression] : fields) {
    auto entry = read(name, expression);
    if (!entry) return entry.error();
    const std::size_t dot = name.find('.');
    const std::string own = name.substr(0, dot);
    std::vector<std::string> known;
    for (const FieldInfo& field : type.fields) {
      const Kind kind = field.type().kind;
      const bool keyed = kind == Kind::map;
      // Lists of records have their own place in the configuration.
      if (kind == Kind::list && field.type().element().kind == Kind::record) continue;
      if (kind == Kind::boolean) continue;
      known.push_back(std::string(field.name) + (keyed ? ".…" : ""));
      if (field.name == own && keyed == (dot != std::string::npos)) entry->field = &field;
    }
    if (entry->field == nullptr) {
      const std::string nearest = nearest_name(name, known);
      return wrong(name, fmt::format("there is no such field{}",
                                     nearest.empty() ? "; there are " + fmt::format("{}", fmt::join(known, ", "))
                                                     : fmt::format("; did you mean \"{}\"?", nearest)));
    }
    if (dot != std::string::npos) entry->key = name.substr(dot + 1);
    map.entries_.push_back(std::move(*entry));
  }
  return map;
}

Result<std::string> FieldMap::transformed(const Entry& entry, std::string text) const {
  for (const Step& step : entry.steps) {
    if (text.empty() && step.name != "default" && step.name != "map") continue;
    if (step.name == "trim") {
      text = trimmed(text);
    } else if (step.name == "lower") {
      text = lower(std::move(text));
    } else if (step.name == "upper") {
      for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    } else if (step.name == "digits") {
      text = platform::digits(text);
    } else if (step.name == "phone") {
      text = platform::national(text, locale_.country);
    } else if (step.name == "number") {
      std::erase_if(text, [](char c) { return c == ',' || c == ' ' || c == '_'; });
      if (!number_of(text)) return unfit(entry.name, "number");
    } else if (step.name == "decimal" || step.name == "cents") {
      std::erase(text, ',');
      const auto value = number_of(text);
      if (!value) return unfit(entry.name, "number");
      text = platform::amount(Json(step.name == "cents" ? *value / 100 : *value));
    } else if (step.name == "seconds" || step.name == "millis") {
      const double factor = step.name == "seconds" ? 1e6 : 1e3;
      const auto value = number_of(text);
      // Beyond the year 5000 it is something else.
      if (!value || std::abs(*value * factor) > 1e17) return unfit(entry.name, "time since 1970");
      text = to_iso8601(from_micros(static_cast<std::int64_t>(*value * factor)));
    } else if (step.name == "time" || step.name == "date") {
      const Time at = platform::time(text, locale_.utc_offset);
      if (at == Time{}) return unfit(entry.name, "time");
      text = to_iso8601(step.name == "time" ? at : at + std::chrono::hours(locale_.utc_offset));
      if (step.name == "date") text.resize(10);
    } else if (step.name == "map") {
      if (const auto found = step.table.find(text); found != step.table.end()) text = found->second;
    } else if (step.name == "default") {
      if (text.empty()) text = step.argument;
    }
  }
  return text;
}

Result<void> FieldMap::store(const Entry& entry, const TypeInfo& type, void* at, const std::string& text) const {
  switch (type.kind) {
    case Kind::text:
      detail::as<std::string>(at) = text;
      return {};
    case Kind::real: {
      const auto value = number_of(text);
      if (!value) return unfit(entry.name, "number");
      type.store_real(at, *value);
      return {};
    }
    case Kind::time: {
      const Time when = platform::time(text, locale_.utc_offset);
      if (when == Time{}) return unfit(entry.name, "time");
      type.store(at, to_micros(when));
      return {};
    }
    default:
      return unfit(entry.name, "value that fits");
  }
}

Result<void> FieldMap::apply(const Json& row, void* record) const {
  for (const Entry& entry : entries_) {
    const TypeInfo& type = entry.field->type();
    void* at = entry.field->at(record);
    const auto split =
        std::find_if(entry.steps.begin(), entry.steps.end(), [](const Step& s) { return s.name == "split"; });
    if (type.kind == Kind::list && entry.ways.front().front().pointer) {
      const Json& value = value_at_pointer(row, entry.ways.front().front().text);
      if (value.is_array()) {
        for (const Json& one : platform::items(value)) {
          auto text = transformed(entry, text_of(one));
          if (!text) return text.error();
          if (!text->empty()) detail::as<std::string>(type.append(at)) = *text;
        }
        continue;
      }
    }
    std::string text;
    for (const auto& way : entry.ways) {
      text.clear();
      bool found = false;
      for (const Part& part : way) {
        const std::string piece = part.pointer ? text_of(value_at_pointer(row, part.text)) : part.text;
        found = found || (part.pointer && !piece.empty());
        text += piece;
      }
      if (way.size() > 1) {
        text = trimmed(text);
        if (!found) text.clear();
      }
      if (!text.empty()) break;
    }
    // Amounts are decimal text, and some systems give numbers.
    if (entry.steps.empty() && (entry.name == "price" || entry.name == "amount") &&
        entry.ways.front().front().pointer) {
      if (const Json& value = value_at_pointer(row, entry.ways.front().front().text); value.is_number()) {
        text = platform::amount(value);
      }
    }
    auto done = transformed(entry, std::move(text));
    if (!done) return done.error();
    if (done->empty()) continue;
    if (type.kind == Kind::list) {
      const std::string separator = split == entry.steps.end() ? "," : split->argument;
      for (std::string_view rest = *done; !rest.empty();) {
        const std::size_t end = std::min(rest.find(separator), rest.size());
        if (const auto piece = trimmed(rest.substr(0, end)); !piece.empty()) {
          detail::as<std::string>(type.append(at)) = piece;
        }
        rest.remove_prefix(std::min(end + separator.size(), rest.size()));
      }
      continue;
    }
    if (type.kind == Kind::map) {
      detail::as<std::string>(type.insert(at, entry.key)) = *done;
      continue;
    }
    if (auto stored = store(entry, type, at, *done); !stored) return stored;
  }
  return {};
}

std::vector<Json> rows_at(const Json& answer, const std::string& pointer) {
  const Json& value = value_at_pointer(answer, pointer);
  if (value.is_object()) return {value};
  const auto& list = platform::items(value);
  return {list.begin(), list.end()};
}

Fields columns_of(const TypeInfo& type) {
  Fields fields;
  for (const FieldInfo& field : type.fields) {
    const Kind kind = field.type().kind;
    const bool texts = kind == Kind::list && field.type().element().kind == Kind::text;
    if (kind == Kind::text || kind == Kind::real || kind == Kind::time || texts) {
      fields.emplace(field.name, "/" + std::string(field.name));
    }
  }
  return fields;
}

}  // namespace qiao::common
