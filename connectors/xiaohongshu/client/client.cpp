#include "connectors/xiaohongshu/client/client.hpp"

#include <fmt/format.h>

#include <utility>

#include "connectors/channel/places.hpp"
#include "connectors/channel/seldom.hpp"
#include "connectors/channel/signing.hpp"

namespace qiao::xiaohongshu {

namespace {

using namespace std::chrono_literals;
using platform::at;
using platform::Json;
using platform::text;

constexpr std::chrono::hours kOrderLife{24 * 180};
constexpr std::size_t kOrdersShown = 10;
constexpr std::chrono::seconds kHandOver{20};

Lane hooks() {
  Lane lane;
  lane.kind = Lane::blocking;
  lane.name = "hooks";
  lane.capacity = 256;  // beyond it the platform keeps them and sends again
  lane.budget = 60s;
  return lane;
}

std::string tag_text(const std::string& tag, bool english) {
  struct Words {
    const char* tag;
    const char* zh;
    const char* en;
  };
  static constexpr Words kWords[] = {
      {"msg_fulfillment_status_change", "订单状态变更", "Order changed"},
      {"msg_fulfillment_receiver_change", "收件信息变更", "Receiver changed"},
      {"msg_fulfillment_seller_remark_change", "商家备注变更", "Remark changed"},
      {"msg_fulfillment_delivery_time_change", "发货时间变更", "Delivery time changed"},
      {"msg_after_sale_create", "售后单已创建", "After-sales case opened"},
      {"msg_after_sale_transfer", "售后单已流转", "After-sales case moved on"},
  };
  for (const Words& words : kWords) {
    if (tag == words.tag) return english ? words.en : words.zh;
  }
  return tag;
}

/// Ids of the inbox are at most 128 bytes.
std::string short_id(const std::string& id) { return id.size() <= 128 ? id : channel::hex(channel::sha256(id)); }

HttpResponse answered(const Result<void>& done) {
  if (!done) return HttpResponse::problem(done.error());
  HttpResponse response;
  response.body = R"({"success":true})";
  return response;
}

}  // namespace

Client::Client(const XiaohongshuConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config), services_(std::move(services)), english_(config_.language.starts_with("en")) {
  no_access_ = {Errc::unsupported, "xiaohongshu.invitation",
                english_ ? "private messages and comments need Xiaohongshu's invitation; answer in its own app"
                         : "小红书私信和评论接口需平台邀请，尚未接入：请在小红书客户端回复"};
  if (!config_.messages) return;
  auto access = make_access(*config_.messages, services_->http);
  if (access) {
    access_ = std::move(*access);
  } else {
    no_access_ = access.error();
  }
}

Result<void> Client::start(Context& host) {
  if (config_.messages && !access_) return no_access_;
  const std::string path = "/hooks/" + host.instance();
  if (access_) {
    host.bus().serve<TakeMessage>(hooks(), [this](const TakeMessage& handed, const Headers&) -> Result<contract::Done> {
      if (auto done = take(handed.message); !done) return done.error();
      return contract::Done{};
    });
    host.http().raw({.method = "GET",
                     .path = path,
                     .access = Access::anyone(),
                     .summary = "Xiaohongshu checks the address of its pushes",
                     .run = Run::direct},
                    [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
                      auto echo = access_->check(*request);
                      if (!echo) return reply(HttpResponse::problem(echo.error()));
                      HttpResponse response;
                      response.content_type = "text/plain; charset=utf-8";
                      response.body = *echo;
                      reply(std::move(response));
                    });
    host.http().raw(
        {.method = "POST",
         .path = path,
         .access = Access::anyone(),
         .summary = "Xiaohongshu's messages, for companies that were invited",
         .run = Run::direct,
         .max_body = 256 * 1024},
        [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) { pushed(request, reply); });
  }
  if (config_.ark) {
    shop_ = std::make_unique<Shop>(*config_.ark, services_->http, services_->channel->memory(), host.clock());
    host.http().raw({.method = "POST",
                     .path = path + "/shop",
                     .access = Access::anyone(),
                     .summary = "Events of the Xiaohongshu shop",
                     .run = Run::direct,
                     .max_body = 1024 * 1024},
                    [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
                      shop_pushed(request, reply);
                    });
    // A shop without events for two weeks would lose its authorisation unseen.
    host.bus().every(6h, hooks(), [this] {
      auto token = shop_->token();
      shop_answered(token ? Result<void>() : token.error());
    });
  }
  Lane lane = hooks();
  lane.name = "cards";
  host.bus().serve<contract::AskProfileCards>(
      lane, [this](const contract::AskProfileCards& asked, const Headers&) -> Result<contract::ProfileCards> {
        return cards(asked);
      });
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  if (access_) can = access_->capabilities();
  can.platform = kName;
  can.title = config_.title;
  return can;
}

void Client::pushed(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
  auto list = access_->read(*request);
  if (!list) {
    if (channel::seldom(refused_at_, services_->host.clock().now())) {
      services_->host.log().warn("a push was refused: {}", list.error().message);
    }
    return reply(HttpResponse::problem(list.error()));
  }
  const bool queued = services_->host.bus().post(hooks(), [this, list = std::move(*list), reply] {
    Result<void> done;
    for (const Incoming& message : list) {
      if (done = sort(message); !done) break;
    }
    if (!done) services_->host.log().warn("a push was not taken: {}", done.error().message);
    reply(answered(done));
  });
  if (!queued) reply(HttpResponse::problem({Errc::overloaded, "xiaohongshu.busy", "too much to do; send it again"}));
}

Result<void> Client::sort(Incoming message) {
  const std::string& other = config_.messages->others_to;
  if (other.empty() || message.comment == access_->capabilities().public_thread) return take(std::move(message));
  RequestOptions options(kHandOver);
  options.to = other;
  auto handed = services_->host.bus().ask(TakeMessage{std::move(message)}, options);
  return handed ? Result<void>() : handed.error();
}

Result<void> Client::take(Incoming in) {
  contract::AcceptMessage message;
  message.external_id = short_id(in.id);
  message.user = in.user;
  message.user_name = in.name;
  message.content = std::move(in.content);
  message.at = in.at;
  if (!in.picture.empty()) {
    OutboundRequest request;
    request.url = in.picture;
    auto picture = services_->http->send(request);
    Result<contract::Attachment> kept = Error{Errc::unavailable, "the picture was not fetched"};
    if (picture && picture->status == 200) {
      kept = services_->channel->keep_file(in.user, "picture", std::move(picture->body));
    }
    if (kept) {
      message.content.attachments.push_back(std::move(*kept));
    } else {
      services_->host.log().warn("a picture was not fetched: {} id={}", kept.error().message, in.id);
      message.content.text +=
          english_ ? "[The customer sent a picture that could not be fetched]" : "［客户发送的图片未能取回］";
    }
  }
  if (message.content.text.empty() && message.content.attachments.empty()) {
    message.content.text =
        english_ ? "[A message without text; see it in Xiaohongshu]" : "［没有文字的消息，请在小红书中查看］";
  }
  auto accepted = services_->channel->accept_and_wait(std::move(message));
  if (!accepted) return accepted.error();
  return channel::Places(services_->channel->memory()).put(in.user, *accepted, in.place);
}

Result<std::string> Client::send(const channel::Part& part) {
  if (!access_) return no_access_;
  auto place = channel::Places(services_->channel->memory()).of(part);
  if (!place) return place.error();
  return access_->send(part, place->value_or(""));
}

void Client::shop_pushed(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
  if (!shop_->signed_by_platform(*request)) {
    // One project's reading of the rule: the names tell which other one it might be.
    std::string names;
    for (const auto& [name, value] : request->query) names += (names.empty() ? "" : ",") + clip(name, 32);
    if (channel::seldom(shop_refused_at_, services_->host.clock().now())) {
      services_->host.log().warn("a push of the shop is not signed as expected: parameters={}", clip(names, 200));
    }
    return reply(HttpResponse::problem(
        {Errc::unauthorized, "channel.signature", "the signature does not fit: another app_secret, or another rule?"}));
  }
  auto pushes = read_ark_pushes(request->body);
  if (!pushes) {
    return reply(HttpResponse::problem({Errc::bad_value, "xiaohongshu.bad_push", "this is no push of the shop"}));
  }
  if (pushes->test) return reply(answered({}));
  const bool queued = services_->host.bus().post(hooks(), [this, list = std::move(pushes->list), reply] {
    Result<void> done;
    for (const ArkPush& push : list) {
      if (done = take_push(push); !done) break;
    }
    reply(answered(done));
  });
  if (!queued) reply(HttpResponse::problem({Errc::overloaded, "xiaohongshu.busy", "too much to do; send it again"}));
}

void Client::shop_answered(const Result<void>& answer) {
  if (answer) {
    services_->channel->alert_over("xiaohongshu.shop");
  } else if (answer.error().name() == "channel.token") {
    services_->channel->alert("xiaohongshu.shop", answer.error().message);
  }
}

/// An order's event belongs to its buyer; the push itself does not say who that is.
Result<void> Client::take_push(const ArkPush& push) {
  const ArkConfig& ark = *config_.ark;
  const std::string number = text_at(push.data, ark.order_path, 64);
  if (number.empty()) return {};
  auto order = shop_->order(number);
  shop_answered(order ? Result<void>() : order.error());
  if (!order) {
    services_->host.log().warn("an order's details were not fetched: {}", order.error().message);
    // The platform sends it again; what it refuses for good is not asked for again.
    return channel::is_final(order.error()) ? Result<void>() : order.error();
  }
  const std::string user = text_at(*order, ark.user_path, 128);
  if (user.empty()) return {};
  const std::string status = text_at(*order, ark.status_path, 100);
  const std::string what = tag_text(push.tag, english_);
  const Time now = services_->host.clock().now();
  auto kept = services_->channel->memory().put("user:" + user + ":order:" + number,
                                               Json{{"status", status}, {"what", what}, {"at", to_micros(now)}}.dump(
                                                   -1, ' ', false, Json::error_handler_t::replace),
                                               kOrderLife);
  if (!kept) return kept;
  if (std::find(ark.notes.begin(), ark.notes.end(), push.tag) == ark.notes.end()) return {};
  // Nobody who has never written gets a conversation from an order.
  auto found =
      services_->host.bus().ask(contract::FindConversation{services_->host.instance(), user}, RequestOptions(5s));
  if (!found || !found->id) return {};
  contract::RecordEvent event;
  event.external_id = short_id(
      fmt::format("{}/{}/{}", push.tag, number,
                  channel::hex(channel::sha1(push.data.dump(-1, ' ', false, Json::error_handler_t::replace)))));
  event.user = user;
  event.content.text = fmt::format(fmt::runtime(english_ ? "{}: order {}{}" : "{}：订单 {}{}"), what, number,
                                   status.empty() ? "" : (english_ ? ", status " : "，状态 ") + status);
  event.at = now;
  auto recorded = services_->channel->record_and_wait(std::move(event));
  return recorded ? Result<void>() : recorded.error();
}

contract::ProfileCards Client::cards(const contract::AskProfileCards& asked) {
  contract::ProfileCards cards;
  const bool english = asked.language.starts_with("en");
  for (const contract::Identity& identity : asked.person.identities) {
    if (identity.channel != services_->host.instance()) continue;
    const std::string prefix = "user:" + identity.user + ":order:";
    auto known = services_->channel->memory().list(prefix);
    if (!known || known->empty()) continue;
    contract::ProfileCard card;
    card.title = english ? "Orders in Xiaohongshu" : "小红书订单";
    for (auto order = known->rbegin(); order != known->rend() && card.rows.size() < kOrdersShown; ++order) {
      auto json = platform::read_json(order->second, "xiaohongshu");
      if (!json) continue;
      const std::string status = text(at(*json, "status")), what = text(at(*json, "what"));
      card.rows.push_back({order->first.substr(prefix.size()), status.empty() ? what : what + " · " + status});
      card.as_of = std::max(card.as_of, from_micros(platform::integer(at(*json, "at"))));
    }
    cards.cards.push_back(std::move(card));
  }
  return cards;
}

Result<contract::ConnectorTested> Client::test() {
  std::string says;
  if (shop_) {
    auto token = shop_->token();
    shop_answered(token ? Result<void>() : token.error());
    if (!token) return token.error();
    says = fmt::format("shop: the app {} is authorised", config_.ark->app_id);
  }
  if (access_) {
    auto tested = access_->test();
    if (!tested) return tested.error();
    says += (says.empty() ? "" : "; ") + *tested;
  } else {
    says += (says.empty() ? "" : "; ") + std::string("messages: ") + no_access_.message;
  }
  return contract::ConnectorTested{says};
}

void Client::renew_credentials() {
  if (shop_) shop_->renew();
}

}  // namespace qiao::xiaohongshu
