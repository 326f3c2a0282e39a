#include "core/gateway/api_description.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/gateway/head_check.hpp"
#include "core/gateway/route_table.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void collect(const TypeInfo& type, std::map<std::string, std::string>& schemas) {
  if (type.kind == Kind::optional || type.kind == Kind::list || type.kind == Kind::map)
    return collect(type.element(), schemas);
  if (type.kind != Kind::record || schemas.contains(std::string(type.name))) return;
  std::string& schema = schemas[std::string(type.name)];
  json_schema(type, schema);
  for (const FieldInfo& field : type.fields) collect(field.type(), schemas);
}

std::string schema_of(const TypeInfo& type) {
  std::string out;
  json_schema(type, out);
  return out;
}

std::string common(const Route& route, const std::string& instance) {
  std::string out = fmt::format(R"("summary":{},"tags":[{}])", json_text(route.summary),
                                json_text(route.tag.empty() ? instance : route.tag));
  if (!route.access.key.empty()) {
    out += fmt::format(R"(,"security":[{{{}:[]}}])", json_text(route.access.key));
  } else if (route.access.open) {
    out += R"(,"security":[])";
  } else {
    out += R"(,"security":[{"bearer":[]},{"cookie":[]}])";
    if (!route.access.permission.empty())
      out += fmt::format(R"(,"x-permission":{})", json_text(route.access.permission));
  }
  return out;
}

std::string parameter(std::string_view name, std::string_view where, const std::string& schema) {
  return fmt::format(R"({{"name":{},"in":"{}","required":{},"schema":{}}})", json_text(name), where,
                     where == "path" ? "true" : "false", schema);
}

std::string parameters(const Route& route, const TypeInfo* in, bool with_query) {
  std::string out;
  const std::vector<std::string> names = pattern_parameters(route.path);
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ",") + text; };
  for (const std::string& name : names) {
    std::string schema = R"({"type":"string"})";
    for (const FieldInfo& field : in ? in->fields : std::span<const FieldInfo>()) {
      if (field.name == name) schema = schema_of(field.type());
    }
    add(parameter(name, "path", schema));
  }
  for (const FieldInfo& field : in&& with_query ? in->fields : std::span<const FieldInfo>()) {
    if (std::find(names.begin(), names.end(), field.name) == names.end()) {
      add(parameter(field.name, "query", schema_of(field.type())));
    }
  }
  return out.empty() ? out : ",\"parameters\":[" + out + "]";
}

constexpr std::string_view kProblem = R"("default":{"$ref":"#/components/responses/Problem"})";

// clang-format off
constexpr std::string_view kProblemSchema =
    R"({"type":"object","properties":{"type":{"type":"string","format":"uri"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"}},"required":["type","title","status","detail"]})";

constexpr std::string_view kComponents =
    R"(},"responses":{"Problem":{"description":"What went wrong, RFC 9457","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}},"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"},"cookie":{"type":"apiKey","in":"cookie","name":"__Host-qiao"})";
// clang-format on

bool in_query(std::string_view method) { return method == "GET" || method == "DELETE" || method == "HEAD"; }

const std::string* text_of(const HttpRequest& request, std::string_view name, bool query) {
  for (const auto& [key, value] : request.params) {
    if (key == name) return &value;
  }
  if (!query) return nullptr;
  for (const auto& [key, value] : request.query) {
    if (key == name) return &value;
  }
  return nullptr;
}

/// A value from a query or path: the JSON reader is the one place that knows ranges and forms, so the text becomes
/// JSON.
Result<void> set_from_text(const TypeInfo& type, void* value, const std::string& text) {
  const TypeInfo& plain = type.kind == Kind::optional ? type.element() : type;
  void* target = type.kind == Kind::optional ? type.append(value) : value;
  switch (plain.kind) {
    case Kind::text:
      *static_cast<std::string*>(target) = text;
      return {};
    case Kind::id:
    case Kind::time:
    case Kind::enumeration:
      return from_json(plain, target, json_text(text));
    case Kind::list:
      return set_from_text(plain.element(), plain.append(target), text);
    case Kind::map:
    case Kind::record:
      return Error{Errc::unsupported, "cannot stand in an address"};
    default:
      return from_json(plain, target, text);
  }
}

Result<void> set_field(const FieldInfo& field, void* record, const std::string& text) {
  if (auto done = set_from_text(field.type(), field.at(record), text); !done) {
    return Error{Errc::bad_value, "http.bad_parameter", fmt::format("{}: {}", field.name, done.error().message)};
  }
  return {};
}

const FieldInfo* field_named(const TypeInfo& type, std::string_view name) {
  const auto found =
      std::find_if(type.fields.begin(), type.fields.end(), [&](const FieldInfo& f) { return f.name == name; });
  return found == type.fields.end() ? nullptr : &*found;
}

}  // namespace

bool is_json_type(std::string_view content_type) {
  const std::string_view kind = content_type.substr(0, content_type.find(';'));
  return kind.size() >= 16 && equals_ignoring_case(kind.substr(0, 16), "application/json") &&
         kind.find_first_not_of(" \t", 16) == std::string_view::npos;
}

Operation describe_typed(const Route& route, const std::string& instance, const TypeInfo& in, const TypeInfo& out,
                         std::map<std::string, std::string>& schemas) {
  collect(in, schemas);
  collect(out, schemas);
  std::string json = fmt::format("{{{}{}", common(route, instance), parameters(route, &in, in_query(route.method)));
  if (!in_query(route.method) && !in.fields.empty()) {
    json += fmt::format(
        R"(,"requestBody":{{"required":true,"content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/{}"}}}}}}}})",
        in.name);
  }
  json += R"(,"responses":{)";
  json +=
      out.fields.empty()
          ? std::string(R"("204":{"description":"Done"})")
          : fmt::format(
                R"("200":{{"description":"OK","content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/{}"}}{}}}}}}})",
                out.name, route.example.empty() ? std::string() : ",\"example\":" + route.example);
  json += fmt::format(",{}}}}}", kProblem);
  return {route.method, route.path, std::move(json)};
}

Operation describe_raw(const Route& route, const std::string& instance) {
  return {route.method, route.path,
          fmt::format(R"({{{}{},"responses":{{"200":{{"description":"OK"}},{}}}}})", common(route, instance),
                      parameters(route, nullptr, false), kProblem)};
}

Operation describe_socket(const SocketRoute& route, const std::string& instance) {
  const Route plain{.method = "GET", .path = route.path, .access = route.access, .summary = route.summary};
  return {"GET", route.path,
          fmt::format(R"({{{}{},"x-websocket":{{"max_frame":{},"messages_per_second":{},"idle_seconds":{}}},)"
                      R"("responses":{{"101":{{"description":"Switching to WebSocket"}},{}}}}})",
                      common(plain, instance), parameters(plain, nullptr, false), route.max_frame,
                      route.messages_per_second, route.idle.count(), kProblem)};
}

std::string openapi_document(const std::vector<std::shared_ptr<Registration>>& active) {
  std::map<std::string, std::map<std::string, std::string>> paths;
  std::map<std::string, std::string> schemas;
  std::set<std::string> keys;
  for (const auto& registration : active) {
    for (const auto& endpoint : registration->endpoints) {
      if (!endpoint->route.access.key.empty()) keys.insert(endpoint->route.access.key);
      std::string method = endpoint->description.method;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      paths[endpoint->description.path][method] = endpoint->description.json;
    }
    schemas.insert(registration->schemas.begin(), registration->schemas.end());
  }
  std::string out =
      R"({"openapi":"3.1.0","info":{"title":"Qiao","version":"1","description":"Customer-service integration hub"},"paths":{)";
  bool first = true;
  for (const auto& [path, methods] : paths) {
    out += fmt::format("{}{}:{{", std::exchange(first, false) ? "" : ",", json_text(path));
    bool first_method = true;
    for (const auto& [method, json] : methods) {
      out += fmt::format("{}{}:{}", std::exchange(first_method, false) ? "" : ",", json_text(method), json);
    }
    out += "}";
  }
  schemas["Problem"] = kProblemSchema;
  out += R"(},"components":{"schemas":{)";
  first = true;
  for (const auto& [name, schema] : schemas)
    out += fmt::format("{}{}:{}", std::exchange(first, false) ? "" : ",", json_text(name), schema);
  out += kComponents;
  for (const std::string& key : keys) out += fmt::format(R"(,{}:{{"type":"http","scheme":"bearer"}})", json_text(key));
  out += "}}}";
  return out;
}

Result<void> decode_input(const HttpRequest& request, const TypeInfo& type, void* value) {
  if (in_query(request.method)) {
    for (const auto& [name, text] : request.query) {
      const FieldInfo* field = field_named(type, name);
      if (!field)
        return Error{Errc::bad_value, "http.unknown_parameter", fmt::format("{}: unknown query parameter", name)};
      if (text_of(request, name, false)) continue;
      if (text_of(request, name, true) != &text && field->type().kind != Kind::list) {
        return Error{Errc::bad_value, "http.bad_parameter", fmt::format("{}: given more than once", name)};
      }
      if (auto done = set_field(*field, value, text); !done) return done;
    }
  } else if (!request.body.empty()) {
    if (auto done = from_json(type, value, request.body); !done) return done;
  }
  for (const auto& [name, text] : request.params) {
    const FieldInfo* field = field_named(type, name);
    if (!field) continue;
    if (auto done = set_field(*field, value, text); !done) return done;
  }
  return {};
}

}  // namespace qiao::core
