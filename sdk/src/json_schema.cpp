#include <fmt/format.h>

#include "qiao/json.hpp"

namespace qiao {
namespace {

void reference(const TypeInfo& type, std::string& out);

void outermost(const TypeInfo& type, std::string& out) {
  switch (type.kind) {
    case Kind::boolean:
      out += R"({"type":"boolean"})";
      break;
    case Kind::integer:
      out += fmt::format(R"({{"type":"integer","format":"int{}"}})", type.bits > 32 ? 64 : 32);
      break;
    case Kind::natural:
      out += fmt::format(R"({{"type":"integer","format":"int{}","minimum":0}})", type.bits >= 32 ? 64 : 32);
      break;
    case Kind::real:
      out += R"({"type":"number","format":"double"})";
      break;
    case Kind::text:
      out += R"({"type":"string"})";
      break;
    case Kind::id:
      out += R"({"type":"string","pattern":"^[0-9]{1,19}$","description":"id; \"0\" means none"})";
      break;
    case Kind::time:
      out += R"({"type":"string","format":"date-time"})";
      break;
    case Kind::duration:
      out += R"({"type":"number","description":"milliseconds"})";
      break;
    case Kind::enumeration: {
      out += R"({"type":"string","enum":[)";
      bool first = true;
      for (const EnumName& name : type.names) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, name.name);
      }
      out += "]}";
      break;
    }
    case Kind::optional:
      reference(type.element(), out);
      break;
    case Kind::list:
      out += R"({"type":"array","items":)";
      reference(type.element(), out);
      out += '}';
      break;
    case Kind::map:
      out += R"({"type":"object","additionalProperties":)";
      reference(type.element(), out);
      out += '}';
      break;
    case Kind::record: {
      out += R"({"type":"object","additionalProperties":false,"properties":{)";
      bool first = true;
      for (const FieldInfo& field : type.fields) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, field.name);
        out += ':';
        reference(field.type(), out);
      }
      out += "}}";
      break;
    }
  }
}

void reference(const TypeInfo& type, std::string& out) {
  if (type.kind == Kind::record) {
    out += fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", type.name);
  } else {
    outermost(type, out);
  }
}

}  // namespace

void json_schema(const TypeInfo& type, std::string& out) { outermost(type, out); }

}  // namespace qiao
