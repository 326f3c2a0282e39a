#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "qiao/json.hpp"

namespace qiao {
namespace {

namespace dom = simdjson::dom;
using Element = dom::element_type;

constexpr int kMaxDepth = 32;
constexpr std::size_t kKeptCapacity = 256 * 1024;

std::string_view noun(Element type) {
  switch (type) {
    case Element::ARRAY:
      return "a list";
    case Element::OBJECT:
      return "an object";
    case Element::INT64:
    case Element::UINT64:
    case Element::DOUBLE:
      return "a number";
    case Element::STRING:
      return "a text";
    case Element::BOOL:
      return "true or false";
    case Element::NULL_VALUE:
      return "null";
  }
  return "something else";
}

/// Where the reader stands, linked through its stack frames; written out only when something is wrong.
struct Path {
  const Path* outer = nullptr;
  std::string_view name;
  std::size_t index = 0;

  void append(std::string& out) const {
    if (outer == nullptr) return;
    outer->append(out);
    if (name.data() == nullptr) {
      out += fmt::format("[{}]", index);
    } else {
      if (!out.empty()) out += '.';
      out += name.substr(0, 64);
    }
  }
};

Error bad(const Path& path, std::string text) {
  std::string where;
  path.append(where);
  if (!where.empty()) where += ": ";
  return {Errc::bad_value, "json.bad_value", where + std::move(text)};
}

Error expected(const Path& path, std::string_view what, const dom::element& got) {
  return bad(path, fmt::format("expected {}, got {}", what, noun(got.type())));
}

Result<void> read(const TypeInfo& type, void* value, const dom::element& json, const Path& path, int depth);

Result<void> read_integer(const TypeInfo& type, void* value, const dom::element& json, const Path& path) {
  const bool natural = type.kind == Kind::natural;
  const std::string_view what = natural ? "a whole number from 0" : "a whole number";
  const Element kind = json.type();
  if (kind == Element::UINT64) {
    const std::uint64_t number = json.get_uint64().value_unsafe();
    if (!natural || type.bits < 64) return bad(path, fmt::format("{} is too large", number));
    type.store(value, static_cast<std::int64_t>(number));
    return {};
  }
  if (kind == Element::DOUBLE)
    return bad(path, fmt::format("expected {}, got {}", what, json.get_double().value_unsafe()));
  if (kind != Element::INT64) return expected(path, what, json);
  const std::int64_t number = json.get_int64().value_unsafe();
  if (natural && number < 0) return bad(path, fmt::format("expected {}, got {}", what, number));
  const int value_bits = natural ? type.bits : type.bits - 1;
  if (value_bits < 63) {
    const std::int64_t largest = (std::int64_t{1} << value_bits) - 1;
    const std::int64_t smallest = natural ? 0 : -largest - 1;
    if (number > largest || number < smallest) {
      return bad(path, fmt::format("expected a number from {} to {}, got {}", smallest, largest, number));
    }
  }
  type.store(value, number);
  return {};
}

Result<void> read_duration(const TypeInfo& type, void* value, const dom::element& json, const Path& path) {
  constexpr double kLongest = 1e15;  // microseconds; about 31 years
  double millis = 0;
  if (json.get(millis) != simdjson::SUCCESS) return expected(path, "a number of milliseconds", json);
  if (!(std::abs(millis) * 1000 <= kLongest)) return bad(path, fmt::format("{} ms is too long", millis));
  type.store(value, std::llround(millis * 1000));
  return {};
}

Result<void> read_text_like(const TypeInfo& type, void* value, const dom::element& json, const Path& path) {
  std::string_view text;
  const bool is_text = json.get(text) == simdjson::SUCCESS;
  switch (type.kind) {
    case Kind::id: {
      if (!is_text) return expected(path, "an id as a text", json);
      if (text.empty() || text == "0") {
        type.store(value, 0);
        return {};
      }
      auto id = parse_id(text);
      if (!id) return bad(path, id.error().message);
      type.store(value, id->value);
      return {};
    }
    case Kind::time: {
      if (!is_text) return expected(path, "a time as a text", json);
      auto time = from_iso8601(text);
      if (!time) return bad(path, time.error().message);
      type.store(value, to_micros(*time));
      return {};
    }
    case Kind::enumeration: {
      for (const EnumName& name : type.names) {
        if (is_text && name.name == text) {
          type.store(value, name.value);
          return {};
        }
      }
      std::string names;
      for (const EnumName& name : type.names) names += (names.empty() ? "" : ", ") + std::string(name.name);
      if (!is_text) return expected(path, "one of " + names, json);
      return bad(path, fmt::format("expected one of {}, got \"{}\"", names, text.substr(0, 40)));
    }
    default:
      if (!is_text) return expected(path, "a text", json);
      static_cast<std::string*>(value)->assign(text);
      return {};
  }
}

Result<void> read_record(const TypeInfo& type, void* value, const dom::element& json, const Path& path, int depth) {
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS) return expected(path, "an object", json);
  std::uint64_t seen = 0;
  std::size_t next = 0;  // fields usually come in their order
  const std::size_t count = type.fields.size();
  for (const auto field : object) {
    std::size_t at = next;
    std::size_t tried = 0;
    while (tried < count && type.fields[at % count].name != field.key) ++at, ++tried;
    const Path here{&path, field.key};
    if (tried == count) return bad(here, "unknown field");
    at %= count;
    if ((seen >> at) & 1) return bad(here, "stands twice");
    seen |= std::uint64_t{1} << at;
    next = at + 1;
    const FieldInfo& info = type.fields[at];
    if (auto done = read(info.type(), info.at(value), field.value, here, depth + 1); !done) return done;
  }
  return {};
}

Result<void> read_map(const TypeInfo& type, void* value, const dom::element& json, const Path& path, int depth) {
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS) return expected(path, "an object", json);
  type.clear(value);
  for (const auto field : object) {
    const Path here{&path, field.key};
    const std::size_t before = type.size(value);
    void* slot = type.insert(value, std::string(field.key));
    if (type.size(value) == before) return bad(here, "stands twice");
    if (auto done = read(type.element(), slot, field.value, here, depth + 1); !done) return done;
  }
  return {};
}

Result<void> read_list(const TypeInfo& type, void* value, const dom::element& json, const Path& path, int depth) {
  dom::array array;
  if (json.get(array) != simdjson::SUCCESS) return expected(path, "a list", json);
  type.clear(value);
  std::size_t index = 0;
  for (const auto item : array) {
    const Path here{&path, {}, index++};
    if (auto done = read(type.element(), type.append(value), item, here, depth + 1); !done) return done;
  }
  return {};
}

Result<void> read(const TypeInfo& type, void* value, const dom::element& json, const Path& path, int depth) {
  if (depth > kMaxDepth) return bad(path, fmt::format("deeper than {} levels", kMaxDepth));
  switch (type.kind) {
    case Kind::boolean: {
      bool flag = false;
      if (json.get(flag) != simdjson::SUCCESS) return expected(path, "true or false", json);
      type.store(value, flag ? 1 : 0);
      return {};
    }
    case Kind::integer:
    case Kind::natural:
      return read_integer(type, value, json, path);
    case Kind::real: {
      double number = 0;
      if (json.get(number) != simdjson::SUCCESS) return expected(path, "a number", json);
      type.store_real(value, number);
      return {};
    }
    case Kind::duration:
      return read_duration(type, value, json, path);
    case Kind::optional:
      type.clear(value);
      if (json.is_null()) return {};
      return read(type.element(), type.append(value), json, path, depth);
    case Kind::list:
      return read_list(type, value, json, path, depth);
    case Kind::map:
      return read_map(type, value, json, path, depth);
    case Kind::record:
      return read_record(type, value, json, path, depth);
    case Kind::text:
    case Kind::id:
    case Kind::time:
    case Kind::enumeration:
      return read_text_like(type, value, json, path);
  }
  return {};
}

}  // namespace

Result<void> from_json(const TypeInfo& type, void* value, std::string_view json) {
  // One parser a thread saves its buffers' allocation; a rare large document does not keep them large.
  thread_local std::unique_ptr<dom::parser> parser;
  if (!parser) {
    parser = std::make_unique<dom::parser>();
    if (parser->allocate(4096, kMaxDepth) != simdjson::SUCCESS) return Error{Errc::internal, "out of memory for JSON"};
  }
  Result<void> done;
  dom::element root;
  if (const auto error = parser->parse(json.data(), json.size()).get(root); error != simdjson::SUCCESS) {
    done = Error{Errc::bad_value, "json.malformed", fmt::format("not valid JSON: {}", simdjson::error_message(error))};
  } else {
    done = read(type, value, root, Path{}, 1);
  }
  if (parser->capacity() > kKeptCapacity) parser.reset();
  return done;
}

}  // namespace qiao
