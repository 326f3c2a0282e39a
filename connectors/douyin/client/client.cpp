#include "connectors/douyin/client/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/places.hpp"
#include "qiao/json.hpp"

namespace qiao::douyin {

namespace {

using namespace std::chrono_literals;
using platform::at;
using platform::Json;
using platform::text;

constexpr std::size_t kMostRemembered = 200;
constexpr std::chrono::minutes kEcho{10};

RequestOptions to(const std::string& instance, std::chrono::milliseconds deadline) {
  RequestOptions options(deadline);
  options.to = instance;
  return options;
}

}  // namespace

Client::Client(const DouyinConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config), services_(std::move(services)), english_(config_.language.starts_with("en")) {}

Result<void> Client::start(Context& host) {
  Api::Token token;
  if (config_.account_of.empty()) {
    account_ = std::make_unique<Account>(config_, services_->http, services_->channel->memory(), host.clock(),
                                         host.instance());
    token = [this](const std::string& refused) {
      if (!refused.empty()) account_->reject(refused);
      return account_->token();
    };
    Lane lane;
    lane.kind = Lane::blocking;
    lane.name = "token";
    lane.budget = 60s;
    host.bus().serve<AskToken>(lane, [this](const AskToken& q, const Headers&) -> Result<TokenGiven> {
      if (!q.refused.empty()) account_->reject(q.refused);
      auto given = account_->token();
      if (!given) return given.error();
      return TokenGiven{*given};
    });
    // An account to which nothing is sent for weeks would lose its authorisation unseen.
    host.bus().every(12h, lane, [this] { signed_in(account_->token()); });
  } else {
    token = [this](const std::string& refused) -> Result<std::string> {
      auto given = services_->host.bus().ask(AskToken{refused}, to(config_.account_of, 30s));
      if (!given) return given.error();
      return given->token;
    };
  }
  api_ = std::make_unique<Api>(config_, services_->http, std::move(token));
  channel::Receiver::Options options;
  options.fetch = [this](const channel::Media& media) { return fetch(media); };
  receiver_ = std::make_shared<channel::Receiver>(services_, std::move(options));
  receiver_->start();
  listen(host);
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  if (comments()) {
    can.public_thread = true;
    can.max_text = static_cast<std::int32_t>(config_.comment_length);
    return can;
  }
  if (!config_.upload_path.empty()) can.kinds = {"image"};
  can.max_file = static_cast<std::int64_t>(config_.max_image.count);
  can.max_text = 1000;
  can.read = true;
  can.window = config_.window;
  can.window_messages = static_cast<std::int32_t>(config_.window_messages);
  return can;
}

Result<std::string> Client::send(const channel::Part& part) {
  return comments() ? send_comment(part) : send_message(part);
}

/// Under the last comment that stood in the conversation when the answer was written.
Result<std::string> Client::send_comment(const channel::Part& part) {
  auto known = channel::Places(services_->channel->memory()).of(part);
  if (!known) return known.error();
  if (!*known) {
    return Error{Errc::conflict, "douyin.no_comment",
                 english_ ? "there is no comment of this customer to answer" : "没有可以回复的评论"};
  }
  auto place = platform::read_json(**known, "douyin");
  if (!place) return place.error();
  sending(part.text);
  auto answer = api_->call(config_.mini_app ? "/api/apps/v1/item/reply_comment/" : "/item/comment/reply/", {},
                           reply_body(text(at(*place, "item")), text(at(*place, "comment")), part.text));
  if (!answer) return answer.error();
  return text(at(answer->first, {"data", "comment_id"}));
}

Result<std::string> Client::send_message(const channel::Part& part) {
  auto known = services_->channel->memory().get("user:" + part.user + ":dm");
  if (!known) return known.error();
  if (!*known) {
    return channel::failure::window_closed(english_ ? "the customer must write first" : "客户先发来私信后才能回复");
  }
  auto json = platform::read_json(**known, "douyin");
  if (!json) return json.error();
  const Place place{text(at(*json, "conversation")), text(at(*json, "message")), text(at(*json, "scene"))};
  std::string body;
  if (part.kind == channel::Part::Kind::file) {
    if (channel::file_kind(part.file.media_type) != "image") {
      return channel::failure::unsupported("Douyin takes pictures only");
    }
    auto file = services_->channel->read_file(part.file.id);
    if (!file) return file.error();
    auto media = api_->upload_image(part.file.name, part.file.media_type, file->bytes);
    if (!media) return media.error();
    body = image_body(place, part.user, *media);
  } else {
    sending(part.text);
    body = text_body(place, part.user, part.text);
  }
  auto answer = api_->call("/im/send/msg/", {}, body);
  if (!answer) return answer.error();
  std::string id = text(at(answer->first, "msg_id"));
  if (!id.empty()) static_cast<void>(services_->channel->memory().put("sent:" + short_id(id), "1", kEcho));
  return id;
}

void Client::sending(const std::string& said) {
  const std::lock_guard lock(mutex_);
  sent_.emplace_back(services_->host.clock().steady(), said);
  if (sent_.size() > kMostRemembered) sent_.pop_front();
}

bool Client::was_ours(const std::string& said) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = services_->host.clock().steady();
  while (!sent_.empty() && now - sent_.front().first > kEcho) sent_.pop_front();
  const auto found = std::find_if(sent_.begin(), sent_.end(), [&](const auto& one) { return one.second == said; });
  if (found == sent_.end()) return false;
  sent_.erase(found);
  return true;
}

void Client::signed_in(const Result<std::string>& token) {
  if (token || token.error().name() != "channel.token") return;
  services_->channel->alert("channel.token", token.error().message);
}

Result<contract::ConnectorTested> Client::test() {
  auto who =
      api_->call("/oauth/userinfo/", {}, "open_id=" + url_encode(config_.open_id), "application/x-www-form-urlencoded");
  if (!who) {
    Error error = who.error();
    if (account_ && error.name() == "channel.token" && !account_->link().empty() &&
        error.message.find(account_->link()) == std::string::npos) {
      error.message += "; its owner opens " + account_->link();
    }
    return error;
  }
  services_->channel->alert_over("channel.token");
  return contract::ConnectorTested{fmt::format("{} ({}), {}", text(at(who->first, {"data", "nickname"})),
                                               config_.open_id,
                                               comments() ? "comments under its videos" : "private messages")};
}

void Client::renew_credentials() { api_->renew(); }

}  // namespace qiao::douyin
