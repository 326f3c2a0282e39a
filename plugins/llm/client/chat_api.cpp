#include "plugins/llm/client/chat_api.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "connectors/platform/http_answer.hpp"

namespace qiao::llm {
namespace {

using Json = nlohmann::json;

Error bad_answer(const std::string& what) {
  return {Errc::bad_value, "llm.bad_answer", "the language model's server answered " + what};
}

Json parse(std::string_view text) { return Json::parse(text.begin(), text.end(), nullptr, false); }

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

const Json* child(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

std::int64_t number_at(const Json* object, const char* key) {
  const Json* value = object == nullptr ? nullptr : child(*object, key);
  return value != nullptr && value->is_number() ? static_cast<std::int64_t>(value->get<double>()) : 0;
}

/// Tencent wraps its answer and writes its names with capitals.
struct Names {
  const char* choices;
  const char* message;
  const char* delta;
  const char* content;
  const char* finish;
  const char* usage;
  const char* total;
};
constexpr Names kOpenai{"choices", "message", "delta", "content", "finish_reason", "usage", "total_tokens"};
constexpr Names kHunyuan{"Choices", "Message", "Delta", "Content", "FinishReason", "Usage", "TotalTokens"};

Result<void> own_error(const Json& object) {
  const Json* error = child(object, "error");
  if (error == nullptr) error = child(object, "Error");
  if (error == nullptr) error = child(object, "ErrorMsg");
  if (error == nullptr) return {};
  std::string said = error->is_string() ? error->get<std::string>() : text_at(*error, "message");
  for (const char* key : {"Message", "Msg"}) {
    if (said.empty()) said = text_at(*error, key);
  }
  return Error{Errc::unavailable, "llm.refused",
               "the language model's server reported an error: " + platform::excerpt(said)};
}

/// One object of a whole answer or of a stream. False: not what an answer looks like.
bool take(const Json& whole, ChatReply& reply) {
  const Json* wrapped = child(whole, "Response");
  const Json& object = wrapped == nullptr ? whole : *wrapped;
  const Names& n = child(object, kHunyuan.choices) != nullptr ? kHunyuan : kOpenai;
  reply.tokens = std::max(reply.tokens, number_at(child(object, n.usage), n.total));
  const Json* choices = child(object, n.choices);
  if (choices == nullptr || !choices->is_array()) return child(object, n.usage) != nullptr;
  for (const Json& choice : *choices) {
    if (!choice.is_object() || number_at(&choice, "index") != 0) continue;
    if (const Json* message = child(choice, n.message)) {
      // Some servers repeat everything in a last message.
      std::string all = text_at(*message, n.content);
      if (!all.empty()) reply.text = std::move(all);
    }
    if (const Json* delta = child(choice, n.delta)) reply.text += text_at(*delta, n.content);
    const std::string finish = text_at(choice, n.finish);
    if (!finish.empty()) reply.finish = finish;
  }
  return true;
}

Result<ChatReply> finished(ChatReply reply) {
  if (reply.finish == "content_filter" || reply.finish == "sensitive") {
    return Error{Errc::forbidden, "llm.filtered", "the language model's server withheld the answer"};
  }
  return reply;
}

}  // namespace

std::string chat_body(const LlmConfig& config, const std::vector<ChatTurn>& turns) {
  const bool tencent = config.provider == Provider::hunyuan;
  Json messages = Json::array();
  for (const ChatTurn& turn : turns) {
    messages.push_back(tencent ? Json{{"Role", turn.role}, {"Content", turn.text}}
                               : Json{{"role", turn.role}, {"content", turn.text}});
  }
  Json body;
  if (tencent) {
    body = {{"Model", config.model},
            {"Messages", messages},
            {"Stream", config.stream},
            {"Temperature", config.temperature}};
  } else {
    body = {{"model", config.model},
            {"messages", messages},
            {"temperature", config.temperature},
            {"max_tokens", config.max_tokens},
            {"stream", config.stream}};
    if (config.stream) body["stream_options"] = {{"include_usage", true}};
  }
  for (const std::string& field : config.leave_out) body.erase(field);
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> events_in(std::string_view stream) {
  std::vector<std::string> events;
  std::string data;
  bool any = false;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t end = std::min(stream.find_first_of("\r\n", at), stream.size());
    const std::string_view line = stream.substr(at, end - at);
    at = end + 1;
    if (end < stream.size() && stream[end] == '\r' && at < stream.size() && stream[at] == '\n') ++at;
    if (line.empty()) {
      if (any) events.push_back(std::move(data));
      data.clear();
      any = false;
      continue;
    }
    if (!line.starts_with("data:")) continue;
    std::string_view value = line.substr(5);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (any) data += '\n';
    data += value;
    any = true;
  }
  if (any) events.push_back(std::move(data));
  return events;
}

Result<ChatReply> read_chat(std::string_view body) {
  ChatReply reply;
  const std::size_t first = body.find_first_not_of(" \r\n\t");
  if (first != std::string_view::npos && body[first] == '{') {
    const Json whole = parse(body);
    if (whole.is_discarded()) return bad_answer("with broken JSON");
    const Json* wrapped = child(whole, "Response");
    if (auto ok = own_error(wrapped == nullptr ? whole : *wrapped); !ok) return ok.error();
    if (!take(whole, reply) || (reply.text.empty() && reply.finish.empty())) return bad_answer("something else");
    return finished(std::move(reply));
  }
  bool done = false;
  for (const std::string& event : events_in(body)) {
    if (event == "[DONE]") {
      done = true;
      break;
    }
    const Json piece = parse(event);
    if (piece.is_discarded()) return Error{Errc::unavailable, "llm.broken_stream", "the stream broke off in an event"};
    if (auto ok = own_error(piece); !ok) return ok.error();
    if (!take(piece, reply)) return bad_answer("an event that is none");
  }
  if (!done && reply.finish.empty()) {
    return Error{Errc::unavailable, "llm.broken_stream", "the stream ended before the answer did"};
  }
  return finished(std::move(reply));
}

std::string embeddings_body(const LlmConfig& config, const std::vector<std::string>& texts) {
  Json body{{"model", config.embedding_model}, {"input", texts}, {"encoding_format", "float"}};
  for (const std::string& field : config.leave_out) body.erase(field);
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<std::vector<float>>> read_embeddings(std::string_view body, std::size_t count) {
  const Json whole = parse(body);
  if (whole.is_discarded()) return bad_answer("with broken JSON");
  if (auto ok = own_error(whole); !ok) return ok.error();
  const Json* data = child(whole, "data");
  if (data == nullptr || !data->is_array() || data->size() != count) return bad_answer("another number of vectors");
  std::vector<std::vector<float>> out(count);
  for (const Json& item : *data) {
    const auto index = static_cast<std::size_t>(number_at(&item, "index"));
    const Json* values = child(item, "embedding");
    if (index >= count || !out[index].empty() || values == nullptr || !values->is_array() || values->empty())
      return bad_answer("a vector that is none");
    double norm = 0;
    for (const Json& v : *values) {
      if (!v.is_number()) return bad_answer("a vector that is none");
      out[index].push_back(v.get<float>());
      norm += static_cast<double>(out[index].back()) * static_cast<double>(out[index].back());
    }
    const auto scale = static_cast<float>(norm > 0 ? 1 / std::sqrt(norm) : 0);
    for (float& v : out[index]) v *= scale;
  }
  for (const auto& vector : out) {
    if (vector.size() != out[0].size()) return bad_answer("vectors of different lengths");
  }
  return out;
}

Refusal refusal(const OutboundResponse& response) {
  std::string said;
  std::string code;
  const Json whole = parse(response.body);
  if (const Json* error = child(whole, "error")) {
    said = error->is_string() ? error->get<std::string>() : text_at(*error, "message");
    code = text_at(*error, "code");
  }
  Refusal out{platform::status_error("llm", response, said)};
  constexpr int kPassing[] = {408, 409, 425, 429, 500, 502, 503, 504, 529};
  out.retry = std::find(std::begin(kPassing), std::end(kPassing), response.status) != std::end(kPassing) &&
              code != "insufficient_quota";
  const auto number = [&](const char* header) {
    const std::string_view text = response.header(header);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value > 0 ? value : 0;
  };
  out.after = std::chrono::milliseconds(number("retry-after-ms"));
  if (out.after.count() == 0) out.after = std::chrono::seconds(std::min<std::int64_t>(number("retry-after"), 3600));
  return out;
}

}  // namespace qiao::llm
