#pragma once

#include <string>
#include <string_view>

#include "qiao/fields.hpp"

namespace qiao {

/// Writes a QIAO_FIELDS struct as one JSON object: fields by name, Id as decimal string (none: ""), Time as ISO 8601,
/// durations as milliseconds, enums by name. An empty optional is left out.
QIAO_API void to_json(const TypeInfo& type, const void* value, std::string& out);
/// Reads foreign JSON into a struct. Strict: depth 32, no repeated keys, valid UTF-8, no unknown fields, numbers in the
/// field's range. Missing fields keep their default. The error names the field: `orders[2].sku: expected a text, got a
/// number`.
QIAO_API Result<void> from_json(const TypeInfo& type, void* value, std::string_view json);
/// The JSON Schema of a type, for OpenAPI; records other than the outermost stand as "#/components/schemas/NAME".
QIAO_API void json_schema(const TypeInfo& type, std::string& out);
/// `text` as a JSON string with its quotes.
QIAO_API void append_json_string(std::string& out, std::string_view text);

template <class T>
std::string to_json(const T& value) {
  std::string out;
  to_json(type_of<T>(), &value, out);
  return out;
}

template <class T>
Result<T> from_json(std::string_view json) {
  T value{};
  if (auto done = from_json(type_of<T>(), &value, json); !done) return done.error();
  return value;
}

}  // namespace qiao
