#include <nlohmann/json.hpp>

#include "plugins/web/identity.hpp"

namespace qiao::web {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<SiteIdentity> read_jwt(std::string_view header, std::string_view claims) {
  const Json head = Json::parse(header, nullptr, false);
  const Json body = Json::parse(claims, nullptr, false);
  if (!head.is_object() || !body.is_object()) {
    return Error{Errc::bad_value, "web.bad_identity", "a JWT has a JSON object before each of its dots"};
  }
  if (text_at(head, "alg") != "HS256") {
    return Error{Errc::unauthorized, "web.bad_identity", "sign the JWT with HS256 and this site's secret"};
  }
  const auto exp = body.find("exp");
  if (exp == body.end() || !exp->is_number_integer()) {
    return Error{Errc::bad_value, "web.bad_identity", "claim exp: expected seconds since 1970"};
  }
  SiteIdentity identity;
  identity.user = text_at(body, "sub");
  identity.name = text_at(body, "name");
  identity.phone = text_at(body, "phone");
  identity.email = text_at(body, "email");
  identity.unionid = text_at(body, "unionid");
  identity.exp = exp->get<std::int64_t>();
  if (const auto more = body.find("attributes"); more != body.end() && more->is_object()) {
    for (const auto& [name, value] : more->items()) {
      if (value.is_string()) identity.attributes[name] = value.get<std::string>();
    }
  }
  return identity;
}

}  // namespace qiao::web
