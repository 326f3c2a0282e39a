#include "core/config/schema_json.hpp"

#include <nlohmann/json.hpp>

namespace qiao::core {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ConfigType::Kind;

Json section(const SchemaInfo& schema);

std::string number_text(Kind kind, std::int64_t value) {
  if (kind == Kind::duration) return duration_text(std::chrono::microseconds(value));
  if (kind == Kind::size) return to_string(Bytes{static_cast<std::uint64_t>(value)});
  return std::to_string(value);
}

// Any value may come from the environment or a file, and is then a text in the editor's eyes.
Json or_reference(Json type) {
  return {{"anyOf", Json::array({std::move(type), {{"type", "string"}, {"pattern", R"(\$\{(env|file):[^}]+\})"}}})}};
}

Json with_unit(std::string_view units) {
  return {{"type", "string"}, {"pattern", fmt::format(R"(^(0|[1-9][0-9]*)({})$|\$\{{(env|file):[^}}]+\}})", units)}};
}

Json value(const ConfigType& type, const KeyInfo& key) {
  switch (type.kind) {
    case Kind::boolean:
      return or_reference({{"type", "boolean"}});
    case Kind::integer: {
      Json json = {{"type", "integer"}};
      const auto low = key.min.value_or(type.lowest);
      const auto high = key.max.value_or(type.highest);
      if (low != std::numeric_limits<std::int64_t>::min()) json["minimum"] = low;
      if (high != std::numeric_limits<std::int64_t>::max()) json["maximum"] = high;
      return or_reference(std::move(json));
    }
    case Kind::real: {
      Json json = {{"type", "number"}};
      if (key.min_real) json["minimum"] = *key.min_real;
      if (key.max_real) json["maximum"] = *key.max_real;
      return or_reference(std::move(json));
    }
    case Kind::duration:
      return with_unit("us|ms|s|m|h|d");
    case Kind::size:
      return with_unit("B|[KMGT]i?B");
    case Kind::choice: {
      Json names = Json::array();
      for (const EnumName& name : type.names) names.push_back(std::string(name.name));
      return or_reference({{"enum", std::move(names)}});
    }
    case Kind::text:
    case Kind::secret: {
      // An unquoted number is a text where a text is wanted.
      if (!key.choices.empty()) return or_reference({{"enum", key.choices}});
      Json json = {{"type", Json::array({"string", "number", "boolean"})}};
      if (key.required) json["minLength"] = 1;
      if (key.max_length != 0) json["maxLength"] = key.max_length;
      if (key.url)
        json["pattern"] = R"(^(https?|wss?)://|\$\{)";
      else if (!key.pattern.empty())
        json["pattern"] = "^(" + key.pattern + R"()$|\$\{)";
      return json;
    }
    case Kind::optional:
      return value(type.element(), key);
    case Kind::list: {
      Json json = {{"type", Json::array({"array", "null"})}, {"items", value(type.element(), key)}};
      if (key.max_items != 0) json["maxItems"] = key.max_items;
      return json;
    }
    case Kind::map: {
      Json json = {{"type", Json::array({"object", "null"})}, {"additionalProperties", value(type.element(), key)}};
      if (key.max_items != 0) json["maxProperties"] = key.max_items;
      return json;
    }
    case Kind::section:
      return section(type.section());
    case Kind::any:
      return {{"type", Json::array({"object", "null"})}};
  }
  return Json::object();
}

std::string description(const KeyInfo& key) {
  std::string text = key.doc;
  const auto add = [&text](const std::string& more) { text += (text.empty() ? "" : ". ") + more; };
  const ConfigType* type = &key.type();
  while (type->kind == Kind::optional || type->kind == Kind::list || type->kind == Kind::map) type = &type->element();
  if (type->kind == Kind::duration || type->kind == Kind::size) {
    if (key.min) add("At least " + number_text(type->kind, *key.min));
    if (key.max) add("At most " + number_text(type->kind, *key.max));
  }
  if (key.reloadable) add("Reloadable");
  return text;
}

Json section(const SchemaInfo& schema) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const KeyInfo& key : schema.keys) {
    Json json = value(key.type(), key);
    if (const std::string text = description(key); !text.empty()) json["description"] = text;
    if (!key.fallback.empty()) json["default"] = Json::parse(key.fallback);
    properties[key.name] = std::move(json);
    if (key.required) required.push_back(key.name);
  }
  Json json = {{"type", Json::array({"object", "null"})},
               {"properties", std::move(properties)},
               {"additionalProperties", false}};
  if (!required.empty()) {
    json["type"] = "object";
    json["required"] = std::move(required);
  }
  return json;
}

}  // namespace

std::string config_json_schema(const KnownPlugins& plugins) {
  Json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Qiao configuration"}};
  root.update(section(schema_of<HubConfig>()));
  Json& instance = root["properties"]["plugins"]["additionalProperties"];
  Json names = Json::array();
  Json cases = Json::array();
  for (const auto& [name, plugin] : plugins) {
    names.push_back(name);
    Json config = {{"type", Json::array({"object", "null"})}, {"maxProperties", 0}};
    bool needed = false;
    if (const SchemaInfo* schema = plugin.manifest ? plugin.manifest->config_schema() : nullptr) {
      config = section(*schema);
      needed = config.contains("required");
    }
    Json then = {{"properties", {{"config", std::move(config)}}}};
    if (needed) then["required"] = Json::array({"config"});
    cases.push_back({{"if", {{"properties", {{"use", {{"const", name}}}}}, {"required", Json::array({"use"})}}},
                     {"then", std::move(then)}});
    if (plugin.manifest && !plugin.manifest->summary().empty())
      cases.back()["then"]["description"] = plugin.manifest->summary();
  }
  if (!names.empty()) instance["properties"]["use"]["examples"] = std::move(names);
  if (!cases.empty()) instance["allOf"] = std::move(cases);
  return root.dump(2);
}

}  // namespace qiao::core
