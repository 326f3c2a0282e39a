#include "connectors/webhook/client/outgoing.hpp"

#include <nlohmann/json.hpp>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::webhook {
namespace {

using channel::Part;
using common::Json;
using common::Parameters;
using common::RestCall;

const char* word(contract::Author author) {
  switch (author) {
    case contract::Author::bot:
      return "bot";
    case contract::Author::agent:
      return "agent";
    default:
      return "system";
  }
}

Parameters text_parameters(const Part& part) {
  Parameters p;
  p.set("user", part.user);
  p.set("text", part.text);
  p.set("key", part.key);
  p.set("conversation", part.conversation.str());
  p.set("message", part.message.str());
  p.set("author", std::string(word(part.author)));
  p.set("author_name", part.author_name);
  return p;
}

Parameters file_parameters(const Part& part) {
  Parameters p = text_parameters(part);
  p.set("file_kind", channel::file_kind(part.file.media_type));
  p.set("file_name", part.file.name);
  p.set("file_type", part.file.media_type);
  p.set("file_size", std::to_string(part.file.size));
  p.set("file_url", std::string());
  p.set("file_data", std::string());
  return p;
}

Parameters typing_parameters(const std::string& user, bool on) {
  Parameters p;
  p.set("user", user);
  p.set("on", std::string(on ? "true" : "false"));
  return p;
}

Result<std::optional<RestCall>> compiled(const std::optional<common::CallSettings>& call, const Parameters& known,
                                         const char* where) {
  if (!call) return std::optional<RestCall>();
  auto made = RestCall::compile(*call, known);
  if (!made) return Error{made.error().code, std::string("out.") + where + ": " + made.error().message};
  return std::optional<RestCall>(std::move(*made));
}

bool names(const common::CallSettings& call, const char* name) {
  if (call.body.find(name) != std::string::npos || call.path.find(name) != std::string::npos) return true;
  for (const auto& [key, value] : call.query) {
    if (value.find(name) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Sender::Sender(const OutgoingSettings& settings, platform::Transport transport, const Clock& clock)
    : settings_(settings),
      client_({settings.url, settings.auth, settings.headers, settings.success}, std::move(transport), clock) {}

Result<std::shared_ptr<Sender>> Sender::make(const OutgoingSettings& settings, platform::Transport transport,
                                             const Clock& clock) {
  std::shared_ptr<Sender> sender(new Sender(settings, std::move(transport), clock));
  common::CallSettings text = settings.text;
  if (text.body.empty()) return Error{Errc::bad_value, "out.text.body: expected the call that sends a text"};
  for (const auto& [call, known, where, into] :
       {std::tuple{std::optional(text), text_parameters({}), "text", &sender->text_},
        std::tuple{settings.file, file_parameters({}), "file", &sender->file_},
        std::tuple{settings.typing, typing_parameters("", true), "typing", &sender->typing_},
        std::tuple{settings.test, Parameters(), "test", &sender->test_}}) {
    auto made = compiled(call, known, where);
    if (!made) return made.error();
    *into = std::move(*made);
  }
  return sender;
}

Result<Json> Sender::call(const RestCall& call, const Parameters& parameters) {
  auto answer = client_.call(call, parameters);
  if (answer || answer.error().code != Errc::unauthorized) return answer;
  return channel::failure::token("the platform refuses the hub: check out.auth (" + answer.error().message + ")");
}

Result<std::string> Sender::send(const Part& part, const File& file) {
  Result<Json> answer = Json();
  if (part.kind == Part::Kind::file) {
    if (!file_) return channel::failure::unsupported("this channel has no call for files");
    Parameters parameters = file_parameters(part);
    if (names(*settings_.file, "{file_url}")) {
      const std::string url = file.url();
      if (url.empty()) return channel::failure::unsupported("the hub has no public address for files");
      parameters.set("file_url", url);
    }
    if (names(*settings_.file, "{file_data}")) {
      auto bytes = file.bytes();
      if (!bytes) return bytes.error();
      parameters.set("file_data", channel::base64(*bytes));
    }
    answer = call(*file_, parameters);
  } else {
    answer = call(*text_, text_parameters(part));
  }
  if (!answer) {
    Error error = answer.error();
    // A status of success says that it was taken; when nothing is read from the answer, it need be no JSON, and a
    // second try would be a second message.
    if (error.id == "rest.bad_answer" && settings_.id.empty() && settings_.success.at.empty()) return std::string();
    // A code that is neither of success nor of waiting: the same message is refused again.
    if (error.id == "rest.refused") error.code = Errc::bad_value;
    return error;
  }
  if (settings_.id.empty()) return std::string();
  return platform::text(common::value_at_pointer(*answer, settings_.id));
}

Result<void> Sender::typing(const std::string& user, bool on) {
  if (!typing_) return {};
  auto answer = call(*typing_, typing_parameters(user, on));
  if (!answer) return answer.error();
  return {};
}

Result<contract::ConnectorTested> Sender::test() {
  client_.forgive();
  if (!test_) return contract::ConnectorTested{"out.test is not set: nothing was tried"};
  auto answer = call(*test_, {});
  if (!answer) return answer.error();
  return contract::ConnectorTested{"the platform answers"};
}

}  // namespace qiao::webhook
