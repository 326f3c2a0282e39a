#pragma once

#include <span>
#include <string>
#include <string_view>

#include "qiao/fields.hpp"

namespace qiao {

/// The binary form of a QIAO_FIELDS struct, used wherever a message leaves the process's memory: dead letters, process
/// isolation, NATS. A record is its field count and then each field with its length, so that a reader with fewer fields
/// skips what it does not know and one with more keeps its defaults. Little endian, no alignment.
QIAO_API void encode(const TypeInfo& type, const void* value, std::string& out);
/// Decodes foreign bytes: never reads beyond them, refuses depth over 32, never allocates more than their length
/// warrants.
QIAO_API Result<void> decode(const TypeInfo& type, void* value, std::string_view bytes);

template <class T>
std::string encode(const T& value) {
  std::string out;
  encode(type_of<T>(), &value, out);
  return out;
}

template <class T>
Result<T> decode(std::string_view bytes) {
  T value{};
  if (auto done = decode(type_of<T>(), &value, bytes); !done) return done.error();
  return value;
}

}  // namespace qiao
