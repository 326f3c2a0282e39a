#include "connectors/wechat/client/client.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/wechat/client/errors.hpp"
#include "connectors/wechat/client/menu.hpp"
#include "connectors/wechat/client/outgoing.hpp"
#include "connectors/wechat/client/reception.hpp"

namespace qiao::wechat {
namespace {

using namespace std::chrono_literals;
using platform::at;
using platform::text;
namespace failure = channel::failure;

constexpr Lane kSetUpLane{.kind = Lane::blocking, .concurrency = 1, .name = "set-up", .budget = 60s};
/// Media ids live for three days; not used for their last six hours.
constexpr std::chrono::seconds kMediaLife = 66h;
constexpr auto kChoiceLife = 48h;
constexpr auto kMenuPause = 5min;
constexpr std::size_t kMostThumb = 64 * 1024;
constexpr std::size_t kMostLost = 10'000;
constexpr std::size_t kMostTyping = 10'000;
/// Calls count against the day's quota: what the customer sees already is not said again.
constexpr auto kTypingShown = 10s;

}  // namespace

Client::Client(const WechatConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config),
      services_(std::move(services)),
      api_(
          config_, [http = services_->http](const OutboundRequest& request) { return http->send(request); },
          services_->host.clock()),
      exchanges_(std::make_shared<Exchanges>(services_->host.clock())) {}

Client::~Client() = default;

Result<void> Client::start(Context& host) {
  auto callback = Callback::make(config_);
  if (!callback) return callback.error();
  callback_ = std::move(*callback);
  keeper_ = std::make_unique<channel::TokenKeeper>(services_->channel->memory(), host.clock(), config_.app_id,
                                                   [this](const std::string&) {
                                                     std::string refused;
                                                     {
                                                       const std::lock_guard lock(mutex_);
                                                       refused = refused_;
                                                     }
                                                     return api_.fetch_token(refused);
                                                   });
  // A refused token is replaced here, within the call; what else stands behind `channel.token` (rights, the IP list) no
  // new token mends, and those that can be forced are few a day.
  api_.use({[this] { return keeper_->get(); },
            [this](const std::string& token) {
              {
                const std::lock_guard lock(mutex_);
                refused_ = token;
              }
              keeper_->reject(token);
            }});
  reception_ = std::make_shared<Reception>(config_, *callback_, api_, exchanges_, services_);
  reception_->start();
  if (config_.official() && !config_.menu.empty()) host.bus().post(kSetUpLane, [this] { apply_menu(); });
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = config_.official() ? "wechat" : "wechat-miniprogram";
  can.kinds = {"image", "link", "location", "mini_program"};
  if (config_.official()) can.kinds.insert(can.kinds.end(), {"voice", "video"});
  if (config_.official() && config_.menus) can.kinds.emplace_back("buttons");
  can.max_text = config_.max_text;
  can.max_file = static_cast<std::int64_t>(
      std::max({config_.image_limit.count, config_.voice_limit.count, config_.video_limit.count}));
  can.typing = true;
  can.window = config_.window;
  can.window_messages = config_.window_messages;
  for (const auto& [key, settings] : config_.notices) can.notices.push_back(key);
  return can;
}

Result<std::string> Client::send(const channel::Part& part) {
  const auto passive = [&](const Exchanges::Exchange& exchange) {
    return callback_->answer(part.text, exchange.user, exchange.account, exchange.sealed,
                             services_->host.clock().now());
  };
  if (part.kind == channel::Part::Kind::text && config_.official() && exchanges_->answer(part.user, passive)) {
    return std::string{};
  }
  if (exchanges_->just_answered(part.user)) {
    return failure::user_rate("waits until the answer before it has arrived", 200ms);
  }
  exchanges_->release(part.user);
  switch (part.kind) {
    case channel::Part::Kind::file:
      return send_file(part);
    case channel::Part::Kind::card:
      return send_card(part);
    case channel::Part::Kind::choice:
      return send_choice(part);
    case channel::Part::Kind::notice:
      return send_notice(part);
    case channel::Part::Kind::text:
      break;
  }
  return post(part, text_body(part.user, part.text));
}

Result<std::string> Client::post(const channel::Part& part, const Json& body) {
  return answered(part, api_.call("POST", "/cgi-bin/message/custom/send", body));
}

Result<std::string> Client::answered(const channel::Part& part, const Result<Answer>& answer) {
  if (answer) {
    if (answer->code != 0 && answer->code != kRepeatedMessage) return api_.refusal(*answer);
    const std::lock_guard lock(mutex_);
    lost_.erase(part.key);
    return text(at(answer->body, "msgid"));
  }
  if (answer.error().id != Api::kUnknown) return answer.error();
  // The platform takes no key that would make a repetition harmless, so it is made once at most.
  const std::lock_guard lock(mutex_);
  if (lost_.size() >= kMostLost) lost_.clear();
  if (lost_.insert(part.key).second) return answer.error();
  lost_.erase(part.key);
  return Error{Errc::bad_value, Api::kUnknown, answer.error().message};
}

Result<std::string> Client::media_id(const contract::Attachment& file, const std::string& type, bool again) {
  const std::string name = fmt::format("media:{}:{}", file.id.value, type);
  if (!again) {
    auto known = services_->channel->memory().get(name);
    if (known && *known) return **known;
  }
  auto stored = services_->channel->read_file(file.id);
  if (!stored) return stored.error();
  auto id = api_.upload(type, stored->about.name, stored->about.media_type, stored->bytes);
  if (!id) return id;
  if (auto kept = services_->channel->memory().put(name, *id, kMediaLife); !kept) return kept.error();
  return id;
}

std::string Client::default_thumb(const std::string& type, bool again) {
  if (config_.thumb.empty()) return {};
  const std::string name = fmt::format("thumb:{}:{}", channel::hex(channel::sha1(config_.thumb)), type);
  if (!again) {
    auto known = services_->channel->memory().get(name);
    if (known && *known) return **known;
  }
  std::ifstream file(config_.thumb, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty() || bytes.size() > kMostThumb) {
    services_->host.log().warn("`thumb` cannot be used: {} must be a JPEG of at most 64 KB", config_.thumb);
    return {};
  }
  auto id = api_.upload(type, "thumb.jpg", "image/jpeg", bytes);
  if (!id) {
    services_->host.log().warn("`thumb` was not taken: {}", id.error().message);
    return {};
  }
  (void)services_->channel->memory().put(name, *id, kMediaLife);
  return *id;
}

Result<std::string> Client::send_file(const channel::Part& part) {
  const std::string kind = channel::file_kind(part.file.media_type);
  const Bytes limit = kind == "image"   ? config_.image_limit
                      : kind == "voice" ? config_.voice_limit
                                        : config_.video_limit;
  const bool sound_taken = part.file.media_type == "audio/amr" || part.file.media_type == "audio/mpeg";
  if (part.file.size > static_cast<std::int64_t>(limit.count) || (kind == "voice" && !sound_taken) ||
      (kind == "video" && part.file.media_type != "video/mp4")) {
    return failure::unsupported("WeChat does not take a file of this kind or size");
  }
  for (bool again = false;; again = true) {
    const auto id = media_id(part.file, kind, again);
    if (!id) return id;
    const std::string thumb = kind == "video" ? default_thumb("thumb", again) : std::string{};
    auto answer =
        api_.call("POST", "/cgi-bin/message/custom/send", media_body(part.user, kind, *id, thumb, part.file.name));
    if (!again && answer && answer->code == kBadMediaId) continue;
    return answered(part, answer);
  }
}

std::string Client::thumb_of(const channel::Part& part, bool again) {
  const auto file = parse_id(part.card.picture);
  if (!file) return default_thumb("image", again);
  contract::Attachment picture;
  picture.id = *file;
  const auto id = media_id(picture, "image", again);
  return id ? *id : default_thumb("image", again);
}

Result<std::string> Client::send_card(const channel::Part& part) {
  const bool with_thumb = part.card.kind == "mini_program";
  for (bool again = false;; again = true) {
    const auto body = card_body(config_, part.user, part.card, with_thumb ? thumb_of(part, again) : std::string{});
    if (!body) return failure::unsupported("WeChat cannot show this card");
    auto answer = api_.call("POST", "/cgi-bin/message/custom/send", *body);
    if (with_thumb && !again && answer && answer->code == kBadMediaId) continue;
    return answered(part, answer);
  }
}

Result<std::string> Client::send_choice(const channel::Part& part) {
  const std::string prefix = fmt::format("{}-", part.seq);
  for (std::size_t i = 0; i < part.buttons.size(); ++i) {
    if (!part.buttons[i].url.empty()) continue;
    const auto kept = services_->channel->memory().put(choice_name(part.user, fmt::format("{}{}", prefix, i)),
                                                       part.buttons[i].value, kChoiceLife);
    if (!kept) return kept.error();
  }
  return post(part, choice_body(part.user, part, prefix));
}

Result<std::string> Client::send_notice(const channel::Part& part) {
  const auto settings = config_.notices.find(part.notice);
  if (settings == config_.notices.end()) return failure::window_closed("no template for this notice");
  const Call call = notice_call(config_, settings->second, part);
  return answered(part, api_.call("POST", call.path, call.body));
}

Result<void> Client::typing(const std::string& user, bool on) {
  {
    const SteadyTime now = services_->host.clock().steady();
    const std::lock_guard lock(mutex_);
    if (typing_.size() >= kMostTyping) typing_.clear();
    auto& [was, at] = typing_[user];
    if (was == on && now - at < kTypingShown) return {};
    was = on;
    at = now;
  }
  auto answer = api_.call("POST", "/cgi-bin/message/custom/typing",
                          {{"touser", user}, {"command", on ? "Typing" : "CancelTyping"}});
  if (!answer) return answer.error();
  if (answer->code != 0 && !is_typing_error(answer->code)) return api_.refusal(*answer);
  return {};
}

Result<contract::ConnectorTested> Client::test() {
  auto token = api_.fetch_token();
  if (!token) return token.error();
  return contract::ConnectorTested{
      fmt::format("WeChat gave {} an access token that is good for {} min; callbacks go to "
                  "/hooks/{}",
                  config_.app_id, token->life.count() / 60, services_->host.instance())};
}

void Client::close() noexcept {
  if (reception_) reception_->close();
  exchanges_->finish_all();
}

void Client::apply_menu() {
  const Json menu = menu_body(config_);
  const std::string digest = channel::hex(channel::sha1(menu.dump()));
  auto known = services_->channel->memory().get("menu");
  if (known && *known && **known == digest) return;
  auto set = api_.ask("POST", "/cgi-bin/menu/create", menu);
  if (set) {
    services_->host.log().info("the account's menu is set");
    (void)services_->channel->memory().put("menu", digest);
    return;
  }
  services_->host.log().warn("the account's menu is not set: {}", set.error().message);
  services_->host.bus().after(kMenuPause, kSetUpLane, [this] { apply_menu(); });
}

}  // namespace qiao::wechat
