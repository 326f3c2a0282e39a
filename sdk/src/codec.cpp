#include "qiao/codec.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

// Every value is its length and then its bytes. A length below 255 is one byte, a longer one is 255 and four bytes.
//   boolean, integer, natural, id, time, duration, enumeration: as few bytes as the value needs, sign-extended
//   (natural: zero-extended), so that a field may grow from 32 to 64 bits; real: 8 bytes; text: its bytes optional:
//   nothing, or 1 and the value; list: count and values; map: count and pairs of key and value record: count and values
//   in the order of QIAO_FIELDS. A count is written like a length.

namespace qiao {
namespace {

constexpr int kMaxDepth = 32;
constexpr unsigned char kLong = 255;
// Beyond this a duration of nanoseconds would overflow.
constexpr std::int64_t kLongestDuration = INT64_MAX / 1000;

void put_length(std::string& out, std::size_t length) {
  if (length < kLong) {
    out += static_cast<char>(length);
    return;
  }
  out += static_cast<char>(kLong);
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((length >> shift) & 0xFF);
}

void put_integer(std::string& out, std::int64_t value, bool is_signed) {
  if (is_signed) {
    // Ends as soon as the sign of the last byte stands for all the rest.
    for (bool whole = value == 0; !whole; value >>= 8) {
      const auto byte = static_cast<unsigned char>(value & 0xFF);
      out += static_cast<char>(byte);
      const std::int64_t rest = value >> 8;
      whole = (rest == 0 && byte < 0x80) || (rest == -1 && byte >= 0x80);
    }
  } else {
    for (auto bits = static_cast<std::uint64_t>(value); bits != 0; bits >>= 8) out += static_cast<char>(bits & 0xFF);
  }
}

void put_content(const TypeInfo& type, const void* value, std::string& out);

void put_value(const TypeInfo& type, const void* value, std::string& out) {
  if (type.kind == Kind::text) {
    const auto& text = *static_cast<const std::string*>(value);
    put_length(out, text.size());
    out += text;
    return;
  }
  const std::size_t at = out.size();
  out += '\0';
  put_content(type, value, out);
  const std::size_t length = out.size() - at - 1;
  if (length < kLong) {
    out[at] = static_cast<char>(length);
  } else {
    std::string head;
    put_length(head, length);
    out.replace(at, 1, head);
  }
}

void put_content(const TypeInfo& type, const void* value, std::string& out) {
  switch (type.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::id:
    case Kind::time:
    case Kind::duration:
    case Kind::enumeration:
      put_integer(out, type.load(value), true);
      break;
    case Kind::natural:
      put_integer(out, type.load(value), false);
      break;
    case Kind::real: {
      const auto bits = std::bit_cast<std::uint64_t>(type.load_real(value));
      for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((bits >> shift) & 0xFF);
      break;
    }
    case Kind::text:
      out += *static_cast<const std::string*>(value);
      break;
    case Kind::optional:
      if (type.size(value) != 0) {
        out += '\1';
        put_content(type.element(), type.get(value, 0), out);
      }
      break;
    case Kind::list: {
      const std::size_t size = type.size(value);
      put_length(out, size);
      for (std::size_t i = 0; i < size; ++i) put_value(type.element(), type.get(value, i), out);
      break;
    }
    case Kind::map: {
      put_length(out, type.size(value));
      struct Visit {
        const TypeInfo& element;
        std::string& out;
      } visit{type.element(), out};
      type.each(value, &visit, [](void* context, const std::string& key, const void* item) {
        const auto& v = *static_cast<Visit*>(context);
        put_length(v.out, key.size());
        v.out += key;
        put_value(v.element, item, v.out);
      });
      break;
    }
    case Kind::record:
      put_length(out, type.fields.size());
      // FieldInfo::at serves readers and writers alike; here nothing is changed through it.
      for (const FieldInfo& field : type.fields) put_value(field.type(), field.at(const_cast<void*>(value)), out);
      break;
  }
}

Error bad(std::string text) { return {Errc::bad_value, "codec.malformed", std::move(text)}; }

/// A view that only shrinks; every read says whether the bytes were there.
struct Bytes {
  std::string_view rest;

  bool length(std::size_t& out) {
    if (rest.empty()) return false;
    const auto first = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    out = first;
    if (first != kLong) return true;
    if (rest.size() < 4) return false;
    out = 0;
    for (std::size_t i = 0; i < 4; ++i) out |= static_cast<std::size_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
    rest.remove_prefix(4);
    return true;
  }
  bool value(std::string_view& out) {
    std::size_t size = 0;
    if (!length(size) || size > rest.size()) return false;
    out = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
  }
};

Result<void> take(const TypeInfo& type, void* value, std::string_view content, int depth);

Result<void> take_integer(const TypeInfo& type, void* value, std::string_view content) {
  if (content.size() > 8) return bad(fmt::format("a number of {} bytes", content.size()));
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(content[i])) << (8 * i);
  }
  const auto used = static_cast<unsigned>(content.size() * 8);
  const bool is_signed = type.kind != Kind::natural;
  if (is_signed && used > 0 && used < 64) {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << (64 - used)) >> (64 - used));
  }
  const auto number = static_cast<std::int64_t>(bits);
  bool fits = true;
  switch (type.kind) {
    case Kind::boolean:
      fits = bits <= 1;
      break;
    case Kind::integer: {
      const int spare = 64 - type.bits;
      fits = spare == 0 || (static_cast<std::int64_t>(bits << spare) >> spare) == number;
      break;
    }
    case Kind::natural:
      fits = type.bits == 64 || (bits >> type.bits) == 0;
      break;
    case Kind::duration:
      fits = number >= -kLongestDuration && number <= kLongestDuration;
      break;
    case Kind::enumeration:
      fits = std::any_of(type.names.begin(), type.names.end(), [&](const EnumName& n) { return n.value == number; });
      break;
    default:
      break;
  }
  if (!fits) return bad(fmt::format("{} is out of range", number));
  type.store(value, number);
  return {};
}

Result<void> take_items(const TypeInfo& type, void* value, std::string_view content, int depth) {
  Bytes bytes{content};
  std::size_t count = 0;
  // Each item takes at least the byte of its length, so a larger count is a lie.
  if (!bytes.length(count) || count > bytes.rest.size()) return bad("a list is cut short");
  type.clear(value);
  std::string_view item;
  std::string key;
  for (std::size_t i = 0; i < count; ++i) {
    void* slot = nullptr;
    if (type.kind == Kind::map) {
      if (!bytes.value(item)) return bad("a key is cut short");
      key.assign(item);
      const std::size_t before = type.size(value);
      slot = type.insert(value, key);
      if (type.size(value) == before) return bad("a key stands twice");
    } else {
      slot = type.append(value);
    }
    if (!bytes.value(item)) return bad(fmt::format("item {} is cut short", i));
    if (auto done = take(type.element(), slot, item, depth + 1); !done) return done;
  }
  if (!bytes.rest.empty()) return bad("bytes follow the last item");
  return {};
}

Result<void> take_record(const TypeInfo& type, void* value, std::string_view content, int depth) {
  Bytes bytes{content};
  std::size_t count = 0;
  if (!bytes.length(count) || count > bytes.rest.size()) return bad(fmt::format("{} is cut short", type.name));
  std::string_view field;
  for (std::size_t i = 0; i < count; ++i) {
    if (!bytes.value(field)) return bad(fmt::format("{} is cut short at field {}", type.name, i));
    if (i >= type.fields.size()) continue;
    const FieldInfo& info = type.fields[i];
    if (auto done = take(info.type(), info.at(value), field, depth + 1); !done) {
      return bad(fmt::format("{}.{}: {}", type.name, info.name, done.error().message));
    }
  }
  if (!bytes.rest.empty()) return bad(fmt::format("bytes follow the last field of {}", type.name));
  return {};
}

Result<void> take(const TypeInfo& type, void* value, std::string_view content, int depth) {
  if (depth > kMaxDepth) return bad(fmt::format("deeper than {} levels", kMaxDepth));
  switch (type.kind) {
    case Kind::real: {
      if (content.size() != 8) return bad(fmt::format("a real number of {} bytes", content.size()));
      std::uint64_t bits = 0;
      for (std::size_t i = 0; i < 8; ++i) {
        bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(content[i])) << (8 * i);
      }
      type.store_real(value, std::bit_cast<double>(bits));
      return {};
    }
    case Kind::text:
      static_cast<std::string*>(value)->assign(content);
      return {};
    case Kind::optional:
      type.clear(value);
      if (content.empty()) return {};
      if (content.front() != '\1') return bad("an optional value starts with an unknown byte");
      return take(type.element(), type.append(value), content.substr(1), depth + 1);
    case Kind::list:
    case Kind::map:
      return take_items(type, value, content, depth);
    case Kind::record:
      return take_record(type, value, content, depth);
    default:
      return take_integer(type, value, content);
  }
}

}  // namespace

void encode(const TypeInfo& type, const void* value, std::string& out) { put_content(type, value, out); }

Result<void> decode(const TypeInfo& type, void* value, std::string_view bytes) { return take(type, value, bytes, 0); }

}  // namespace qiao
