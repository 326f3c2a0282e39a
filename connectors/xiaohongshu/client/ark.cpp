#include "connectors/xiaohongshu/client/ark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/platform.hpp"
#include "connectors/channel/signing.hpp"

namespace qiao::xiaohongshu {

namespace {

using platform::at;
using platform::Json;
using platform::text;

Error error_of(std::int64_t code, std::string_view says) {
  const auto sentence = fmt::format("Xiaohongshu {}: {}", code, clip(says, 160));
  std::string lower(says);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(c | 0x20); });
  // Codes are not documented in public; the words are all there is to tell.
  if (lower.find("token") != std::string::npos) {
    return channel::failure::token(sentence);
  }
  return {Errc::bad_value, fmt::format("xiaohongshu.{}", code), sentence};
}

}  // namespace

std::string ark_sign(std::string_view method, std::string_view app_id, std::string_view timestamp,
                     std::string_view version, std::string_view app_secret) {
  return channel::hex(channel::md5(
      fmt::format("{}?appId={}&timestamp={}&version={}{}", method, app_id, timestamp, version, app_secret)));
}

std::string ark_body(std::string_view method, const std::string& app_id, const std::string& app_secret,
                     std::string_view timestamp, const std::string& access_token, Json parameters) {
  constexpr std::string_view kVersion = "2.0";
  Json body = parameters.is_object() ? std::move(parameters) : Json::object();
  body["appId"] = app_id;
  body["timestamp"] = timestamp;
  body["version"] = kVersion;
  body["method"] = method;
  body["sign"] = ark_sign(method, app_id, timestamp, kVersion, app_secret);
  if (!access_token.empty()) body["accessToken"] = access_token;
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ark_push_sign(std::vector<std::pair<std::string, std::string>> query, std::string_view signature_name,
                          std::string_view app_secret) {
  std::sort(query.begin(), query.end());
  std::string all(app_secret);
  bool first = true;
  for (const auto& [name, value] : query) {
    if (name == signature_name) continue;
    all += fmt::format("{}{}={}", first ? "" : "&", name, value);
    first = false;
  }
  return channel::hex(channel::md5(all.append(app_secret)));
}

Result<ArkPushes> read_ark_pushes(std::string_view body) {
  auto json = platform::read_json(body, "xiaohongshu");
  if (!json) return json.error();
  ArkPushes pushes;
  if (json->is_object() && at(*json, "test").is_boolean()) {
    pushes.test = true;
    return pushes;
  }
  if (!json->is_array()) return Error{Errc::bad_value, "xiaohongshu.bad_answer", "a push is a list"};
  for (const Json& one : *json) {
    ArkPush push{clip(text(at(one, "msgTag")), 100), clip(text(at(one, "sellerId")), 100), at(one, "data")};
    if (push.tag.empty()) continue;
    if (push.data.is_string()) {
      auto inner = platform::read_json(push.data.get_ref<const std::string&>(), "xiaohongshu");
      if (!inner) return inner.error();
      push.data = std::move(*inner);
    }
    pushes.list.push_back(std::move(push));
  }
  return pushes;
}

Result<Json> ark_data(std::string_view body) {
  auto json = platform::read_json(body, "xiaohongshu");
  if (!json) return json.error();
  const Json& success = at(*json, "success");
  const std::int64_t code = platform::integer(at(*json, "error_code"));
  if (code != 0 || !success.is_boolean() || !success.get<bool>()) return error_of(code, text(at(*json, "error_msg")));
  return at(*json, "data");
}

const Json& at_path(const Json& value, const std::string& path) {
  const Json* here = &value;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    here = &at(*here, std::string_view(path).substr(begin, end - begin));
    begin = end + 1;
  }
  return *here;
}

std::string text_at(const Json& value, const std::string& path, std::size_t most) {
  return clip(text(at_path(value, path)), most);
}

}  // namespace qiao::xiaohongshu
