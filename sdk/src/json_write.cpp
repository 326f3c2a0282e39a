#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>

#include "qiao/json.hpp"

namespace qiao {
namespace {

// Bytes that a JSON string cannot hold as they are, or that need a look because they start a UTF-8 sequence.
constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 256; ++i) table[i] = i < 0x20 || i == '"' || i == '\\' || i >= 0x7F;
  return table;
}();

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// The length of the valid UTF-8 sequence at `at`, 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return continues(text, at + 1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F)) return 0;  // overlong; surrogates
    return continues(text, at + 1) && continues(text, at + 2) ? 3 : 0;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if ((c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F)) return 0;  // overlong; beyond U+10FFFF
    return continues(text, at + 1) && continues(text, at + 2) && continues(text, at + 3) ? 4 : 0;
  }
  return 0;
}

void write_number(std::string& out, std::int64_t value) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

void write(const TypeInfo& type, const void* value, std::string& out);

void write_record(const TypeInfo& type, const void* value, std::string& out) {
  out += '{';
  bool first = true;
  for (const FieldInfo& field : type.fields) {
    const TypeInfo& info = field.type();
    // FieldInfo::at serves readers and writers alike; here nothing is changed through it.
    const void* member = field.at(const_cast<void*>(value));
    if (info.kind == Kind::optional && info.size(member) == 0) continue;
    if (!first) out += ',';
    first = false;
    out += '"';
    out += field.name;
    out += "\":";
    write(info, member, out);
  }
  out += '}';
}

void write_map(const TypeInfo& type, const void* value, std::string& out) {
  struct Visit {
    const TypeInfo& element;
    std::string& out;
    bool first = true;
  } visit{type.element(), out};
  out += '{';
  type.each(value, &visit, [](void* context, const std::string& key, const void* item) {
    auto& v = *static_cast<Visit*>(context);
    if (!v.first) v.out += ',';
    v.first = false;
    append_json_string(v.out, key);
    v.out += ':';
    write(v.element, item, v.out);
  });
  out += '}';
}

void write_time(std::int64_t micros, std::string& out) {
  out += '"';
  out += to_iso8601(from_micros(micros));
  out += '"';
}

void write(const TypeInfo& type, const void* value, std::string& out) {
  switch (type.kind) {
    case Kind::boolean:
      out += type.load(value) != 0 ? "true" : "false";
      break;
    case Kind::integer:
      write_number(out, type.load(value));
      break;
    case Kind::natural: {
      const fmt::format_int digits(static_cast<std::uint64_t>(type.load(value)));
      out.append(digits.data(), digits.size());
      break;
    }
    case Kind::real: {
      const double number = type.load_real(value);
      if (std::isfinite(number)) {
        fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
      } else {
        out += "null";
      }
      break;
    }
    case Kind::text:
      append_json_string(out, *static_cast<const std::string*>(value));
      break;
    case Kind::id:
      out += '"';
      if (type.load(value) != 0) write_number(out, type.load(value));
      out += '"';
      break;
    case Kind::time:
      write_time(type.load(value), out);
      break;
    case Kind::duration: {
      const std::int64_t micros = type.load(value);
      if (micros % 1000 == 0) {
        write_number(out, micros / 1000);
      } else {
        fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), static_cast<double>(micros) / 1000);
      }
      break;
    }
    case Kind::enumeration: {
      const std::int64_t number = type.load(value);
      const auto name = std::find_if(type.names.begin(), type.names.end(),
                                     [&](const EnumName& candidate) { return candidate.value == number; });
      if (name != type.names.end()) {
        append_json_string(out, name->name);
      } else {
        write_number(out, number);
      }
      break;
    }
    case Kind::optional:
      if (type.size(value) != 0) {
        write(type.element(), type.get(value, 0), out);
      } else {
        out += "null";
      }
      break;
    case Kind::list: {
      out += '[';
      const std::size_t size = type.size(value);
      for (std::size_t i = 0; i < size; ++i) {
        if (i > 0) out += ',';
        write(type.element(), type.get(value, i), out);
      }
      out += ']';
      break;
    }
    case Kind::map:
      write_map(type, value, out);
      break;
    case Kind::record:
      write_record(type, value, out);
      break;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // where the run of bytes starts that can be copied as they are
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (!kSpecial[c]) {
      ++at;
      continue;
    }
    if (const std::size_t length = c >= 0x7F ? utf8_length(text, at) : 0; length > 0) {
      at += length;
      continue;
    }
    out.append(text, plain, at - plain);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20) {
          fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"), c);
        } else {
          out += "\xEF\xBF\xBD";  // not UTF-8: the replacement character
        }
    }
    plain = ++at;
  }
  out.append(text, plain, at - plain);
  out += '"';
}

void to_json(const TypeInfo& type, const void* value, std::string& out) { write(type, value, out); }

}  // namespace qiao
