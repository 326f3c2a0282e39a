#include "connectors/wechat/client/reception.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/wechat/client/menu.hpp"
#include "connectors/wechat/client/user_data.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/json.hpp"

namespace qiao::wechat {
namespace {

using namespace std::chrono_literals;
using platform::at;
using platform::text;

constexpr Lane kMediaLane{.kind = Lane::blocking, .capacity = 4096, .concurrency = 8, .name = "media", .budget = 60s};
constexpr Lane kPendingLane{.kind = Lane::blocking, .concurrency = 1, .name = "pending", .budget = 600s};
constexpr Lane kPeopleLane{.kind = Lane::blocking,
                           .capacity = 16384,
                           .overflow = Overflow::drop_oldest,
                           .concurrency = 2,
                           .name = "people",
                           .budget = 60s};
constexpr Lane kAnswerLane{.capacity = 65536, .name = "answers"};
constexpr std::size_t kMostBody = 256 * 1024;
constexpr std::size_t kMostKnown = 50'000;
constexpr std::chrono::seconds kAskAgainAbout = 24h;
constexpr std::chrono::seconds kEventWindow = 60s;
/// The platform cuts a post after 5 s and posts it again.
constexpr std::chrono::milliseconds kAnswerWithin = 4300ms;
constexpr std::chrono::milliseconds kLeastTime = 200ms;
constexpr int kMostTries = 15;
/// The platform keeps what customers send for three days.
constexpr std::chrono::seconds kPendingLife = 72h;
constexpr const char* kPending = "pending:";
/// Its own alert: what may be sent says nothing about what may be fetched, and the other way round.
constexpr const char* kMediaAlert = "wechat.media";

/// A message whose file is still to be fetched.
struct Pending {
  std::string user;
  std::string body;
  std::int32_t tries = 0;
};
QIAO_FIELDS(Pending, user, body, tries)

std::string pending_name(const std::string& user, const std::string& key) {
  return fmt::format("user:{}:in:{}", user, key);
}

/// The same call may succeed later.
bool passing(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::timeout || error.code == Errc::overloaded ||
         error.code == Errc::cancelled || error.code == Errc::internal || error.code == Errc::rate_limited ||
         error.code == Errc::unauthorized;
}

/// How many messages the platform takes in the minute after an event; 0: none.
int messages_after(const std::string& event) {
  if (event == "user_enter_tempsession") return 2;
  return event == "subscribe" || event == "SCAN" || event == "CLICK" || event.starts_with("scancode_") ? 3 : 0;
}

/// A tap on an item of the account's menu. QR codes (SCAN) have keys too.
bool taps_menu(const std::string& event) {
  return event == "CLICK" || event == "pic_sysphoto" || event == "pic_photo_or_album" || event == "location_select" ||
         event.starts_with("scancode_");
}

std::string lost_file(const Incoming& m, bool english) {
  const bool picture = m.type == "image";
  const bool voice = m.type == "voice";
  if (english) {
    return fmt::format("[{} could not be fetched from WeChat]", picture ? "A picture"
                                                                : voice ? "A voice message"
                                                                        : "A video");
  }
  return fmt::format("[{}未能从微信下载]", picture ? "图片" : voice ? "语音" : "视频");
}

Time time_of(const Incoming& m) { return from_micros(m.created * 1'000'000); }

}  // namespace

std::string choice_name(const std::string& user, const std::string& id) {
  return fmt::format("user:{}:choice:{}", user, id.substr(0, 40));
}

Reception::Reception(const WechatConfig& config, const Callback& callback, Api& api,
                     std::shared_ptr<Exchanges> exchanges, std::shared_ptr<channel::Services> services)
    : config_(config),
      callback_(callback),
      api_(api),
      exchanges_(std::move(exchanges)),
      services_(std::move(services)),
      received_(services_->host.metrics().counter("qiao_wechat_callbacks_total", "Callbacks that were signed right")),
      repeated_(services_->host.metrics().counter("qiao_wechat_repetitions_total", "Callbacks that came before")),
      refused_(services_->host.metrics().counter("qiao_wechat_refused_total", "Callbacks that were refused")) {}

void Reception::start() {
  Context& host = services_->host;
  const std::string path = "/hooks/" + host.instance();
  host.http().raw(
      {.method = "GET",
       .path = path,
       .access = Access::anyone(),
       .summary = "WeChat tries the callback address",
       .run = Run::direct},
      [self = shared_from_this()](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
        auto echo = self->callback_.echo(*request);
        if (!echo) return reply(HttpResponse::problem(echo.error()));
        HttpResponse response;
        response.content_type = "text/plain; charset=utf-8";
        response.body = std::move(*echo);
        reply(std::move(response));
      });
  host.http().raw({.method = "POST",
                   .path = path,
                   .access = Access::anyone(),
                   .summary = "WeChat delivers messages and events",
                   .run = Run::direct,
                   .max_body = kMostBody},
                  [self = shared_from_this()](const std::shared_ptr<const HttpRequest>& request,
                                              const HttpReply& reply) { self->post(request, reply); });
  if (!config_.official() && !config_.identify_secret.empty()) {
    host.http().route<LoginRequest, LoginAnswer>(
        {.method = "POST",
         .path = path + "/login",
         .access = Access::anyone(),
         .summary = "Who the user of the mini program is, for its own chat",
         .max_body = 16 * 1024},
        [self = shared_from_this()](const LoginRequest& in, const HttpRequest&) { return self->login(in); });
  }
  host.bus().every(config_.media_retry, kPendingLane, [self = shared_from_this()] { self->fetch_pending(); });
}

void Reception::post(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
  const auto refuse = [&](const Error& error) {
    refused_.add();
    services_->host.log().debug("a callback was refused: {}", error.name());
    reply(HttpResponse::problem(error));
  };
  auto opened = callback_.open(*request, services_->host.clock().now());
  if (!opened) return refuse(opened.error());
  auto m = read_message(opened->message);
  if (!m) return refuse(m.error());
  if (!config_.account.empty() && m->to != config_.account) {
    return refuse({Errc::forbidden, "wechat.account", "this message is for another account than `account`"});
  }
  received_.add();
  Exchanges::Exchange begun;
  begun.user = m->from;
  begun.key = external_id(*m);
  begun.account = m->to;
  begun.sealed = opened->sealed;
  const Exchanges::Ref exchange = exchanges_->begin(std::move(begun), reply);
  if (!exchange) return repeated_.add();
  if (m->is_event()) return event(exchange, *m);
  if (!m->has_media() && m->choice.empty()) return message(exchange, *m, content_of(*m, config_.english()));
  const bool queued =
      services_->host.bus().post(kMediaLane, [self = shared_from_this(), exchange, m = std::move(*m),
                                              body = std::move(opened->message)] { self->prepare(exchange, m, body); });
  if (!queued)
    exchanges_->fail(exchange, HttpResponse::problem({Errc::overloaded, "too many files are being fetched"}));
}

void Reception::event(const Exchanges::Ref& exchange, const Incoming& m) {
  if (m.event == "TEMPLATESENDJOBFINISH") {
    const bool fine = m.status == "success";
    services_->channel->receipt(m.about, fine ? contract::Delivery::delivered : contract::Delivery::failed,
                                fine ? std::string{} : "WeChat: " + m.status.substr(0, 100));
    return exchanges_->finish(exchange);
  }
  if (const std::string words = menu_words(config_, m.event_key); taps_menu(m.event) && !words.empty()) {
    contract::Content content;
    content.text = words;
    return message(exchange, m, std::move(content));
  }
  const std::string note = event_note(m, config_.english());
  if (note.empty()) return exchanges_->finish(exchange);
  contract::RecordEvent record;
  record.external_id = exchange->key;
  record.user = m.from;
  record.content.text = note;
  record.at = time_of(m);
  if (const int more = messages_after(m.event); more > 0) {
    services_->channel->opens_window_briefly(m.from, kEventWindow, more);
  }
  const bool greets = m.event == "subscribe" || m.event == "user_enter_tempsession";
  services_->channel->record(
      std::move(record),
      [self = shared_from_this(), exchange, welcome = greets ? config_.welcome : std::string{}](
          const Result<contract::Accepted>& result) { self->stored(exchange, result, welcome); },
      left(exchange));
}

void Reception::message(const Exchanges::Ref& exchange, const Incoming& m, contract::Content content) {
  contract::AcceptMessage accept;
  accept.external_id = exchange->key;
  accept.user = m.from;
  accept.content = std::move(content);
  accept.at = time_of(m);
  services_->channel->accept(
      std::move(accept),
      [self = shared_from_this(), exchange](const Result<contract::Accepted>& result) {
        self->stored(exchange, result, {});
      },
      left(exchange));
}

void Reception::stored(const Exchanges::Ref& exchange, const Result<contract::Accepted>& result,
                       const std::string& welcome) {
  if (!result) {
    services_->host.log().warn("a message of WeChat was not stored: {}", result.error().name());
    // What will never be taken is not asked for again: the customer would read of a fault of the account.
    if (!passing(result.error())) return exchanges_->finish(exchange);
    return exchanges_->fail(exchange, HttpResponse::problem(result.error()));
  }
  if (!welcome.empty()) {
    contract::WriteMessage write;
    write.conversation = result->conversation;
    write.author = contract::Author::bot;
    write.content.text = welcome;
    write.client_id = "welcome-" + exchange->key.substr(0, 48);
    exchanges_->wait(exchange);
    services_->channel->write(std::move(write));
    wait_for_answer(exchange);
  } else if (result->duplicate || !config_.official() || config_.passive_wait.count() == 0) {
    exchanges_->finish(exchange);
  } else {
    exchanges_->wait(exchange);
    wait_for_answer(exchange);
    services_->host.bus().request(contract::FindConversation{services_->host.instance(), exchange->user},
                                  RequestOptions(1s),
                                  [self = shared_from_this(), exchange](const Result<contract::ConversationView>& c) {
                                    // Only the bot is fast enough to be waited for.
                                    if (!c || c->state != contract::ConversationState::bot) {
                                      self->exchanges_->finish(exchange);
                                    }
                                  });
  }
  if (!result->duplicate) get_to_know(exchange->user);
}

std::chrono::milliseconds Reception::left(const Exchanges::Ref& exchange) const {
  const Duration gone = services_->host.clock().steady() - exchange->began;
  return std::max(kLeastTime, kAnswerWithin - std::chrono::duration_cast<std::chrono::milliseconds>(gone));
}

void Reception::wait_for_answer(const Exchanges::Ref& exchange) {
  if (closed_ || !config_.official() || config_.passive_wait.count() == 0) return exchanges_->finish(exchange);
  services_->host.bus().after(std::min(config_.passive_wait, left(exchange)), kAnswerLane,
                              [self = shared_from_this(), exchange] { self->exchanges_->finish(exchange); });
}

void Reception::prepare(const Exchanges::Ref& exchange, const Incoming& m, const std::string& body) {
  contract::Content content = content_of(m, config_.english());
  if (!m.choice.empty()) {
    auto says = services_->channel->memory().get(choice_name(m.from, m.choice));
    if (says && *says && !(*says)->empty()) content.text = **says;
  }
  if (m.has_media()) {
    if (auto got = attach(m, content, std::min(config_.media_wait, left(exchange) - kLeastTime)); !got) {
      channel::Memory& memory = services_->channel->memory();
      auto kept = memory.put(pending_name(m.from, exchange->key), to_json(Pending{m.from, body, 1}), kPendingLife);
      if (kept) kept = memory.put(kPending + exchange->key, m.from, kPendingLife);
      if (!kept) return exchanges_->fail(exchange, HttpResponse::problem(kept.error()));
      services_->host.log().info("a file of WeChat is fetched later: {}", got.error().name());
      return exchanges_->finish(exchange);
    }
  }
  message(exchange, m, std::move(content));
}

Result<void> Reception::attach(const Incoming& m, contract::Content& content, std::chrono::milliseconds within) {
  const auto failed = [&](const Error& error) -> Result<void> {
    if (passing(error)) return error;
    services_->host.log().warn("a file of WeChat cannot be kept: {}", error.name());
    content.text += (content.text.empty() ? "" : "\n") + lost_file(m, config_.english());
    return {};
  };
  auto media = api_.download(m.media, within);
  if (!media) {
    if (media.error().name() == "channel.token") services_->channel->alert(kMediaAlert, media.error().message);
    return failed(media.error());
  }
  services_->channel->alert_over(kMediaAlert);
  auto kept =
      services_->channel->keep_file(m.from, media->name.empty() ? file_name(m) : media->name, std::move(media->bytes));
  if (!kept) return failed(kept.error());
  content.attachments.push_back(std::move(*kept));
  return {};
}

void Reception::fetch_pending() {
  channel::Memory& memory = services_->channel->memory();
  auto list = memory.list(kPending, 100);
  if (!list) return;
  for (const auto& [name, user] : *list) {
    if (closed_) return;
    const std::string key = name.substr(std::string_view(kPending).size());
    const std::string place = pending_name(user, key);
    auto value = memory.get(place);
    if (!value) continue;
    auto pending = *value ? from_json<Pending>(**value) : Error{Errc::not_found, "erased meanwhile"};
    auto m = pending ? read_message(pending->body) : pending.error();
    if (m) {
      contract::Content content = content_of(*m, config_.english());
      if (auto got = attach(*m, content, config_.timeout); !got) {
        if (++pending->tries < kMostTries) {
          (void)memory.put(place, to_json(*pending), kPendingLife);
          continue;
        }
        content.text += (content.text.empty() ? "" : "\n") + lost_file(*m, config_.english());
      }
      contract::AcceptMessage accept;
      accept.external_id = key;
      accept.user = m->from;
      accept.content = std::move(content);
      accept.at = time_of(*m);
      if (!services_->channel->accept_and_wait(std::move(accept))) continue;
    }
    (void)memory.erase(name);
    (void)memory.erase(place);
  }
}

void Reception::get_to_know(const std::string& user) {
  if (!config_.official() || !config_.user_info) return;
  {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    if (!known_.insert(user).second) return;
  }
  services_->host.bus().post(
      kPeopleLane,
      [self = shared_from_this(), user] {
        channel::Memory& memory = self->services_->channel->memory();
        const std::string name = fmt::format("user:{}:asked", user);
        auto asked = memory.get(name);
        if (!asked || *asked) return;
        auto info = self->api_.ask("GET", "/cgi-bin/user/info", {}, "openid=" + url_encode(user) + "&lang=zh_CN");
        if (!info) {
          self->services_->host.log().info("who a customer is was not told: {}", info.error().name());
          if (info.error().code == Errc::unavailable || info.error().code == Errc::timeout) {
            const std::lock_guard lock(self->mutex_);
            self->known_.erase(user);
          }
          return;
        }
        (void)memory.put(name, "1", kAskAgainAbout);
        std::vector<contract::Claim> claims;
        if (const std::string id = text(at(*info, "unionid")); !id.empty()) {
          claims.push_back({contract::identity_kind::kUnionId, id, true});
        }
        std::map<std::string, std::string> attributes;
        for (const auto& [field, attribute] :
             {std::pair{"subscribe_scene", "wechat_subscribe_scene"}, std::pair{"qr_scene_str", "wechat_qr_scene"},
              std::pair{"remark", "wechat_remark"}}) {
          if (const std::string value = text(at(*info, field)); !value.empty()) attributes[attribute] = value;
        }
        std::string tags;
        for (const platform::Json& tag : platform::items(at(*info, "tagid_list"))) {
          tags += (tags.empty() ? "" : ",") + text(tag);
        }
        if (!tags.empty()) attributes["wechat_tags"] = tags;
        if (!claims.empty() || !attributes.empty()) {
          self->services_->channel->identify(user, {}, std::move(claims), std::move(attributes));
        }
      },
      Priority::enrich);
}

Result<LoginAnswer> Reception::login(const LoginRequest& request) {
  if (request.code.empty() || request.code.size() > 256 || request.phone_code.size() > 256) {
    return Error{Errc::bad_value, "wechat.code", "code: what wx.login gave"};
  }
  auto session = api_.code_to_session(request.code);
  if (!session) return session.error();
  MiniProgramUser user{text(at(*session, "openid")), text(at(*session, "unionid")), {}};
  if (user.open_id.empty()) return Error{Errc::unavailable, "wechat.bad_answer", "WeChat told no OpenID"};
  if (!request.phone_code.empty()) {
    auto phone = api_.ask("POST", "/wxa/business/getuserphonenumber", {{"code", request.phone_code}});
    if (!phone) return phone.error();
    const std::string country = text(at(*phone, {"phone_info", "countryCode"}));
    const std::string number = text(at(*phone, {"phone_info", "purePhoneNumber"}));
    if (!number.empty()) user.phone = country.empty() ? number : "+" + country + number;
  } else if (!request.encrypted_data.empty()) {
    auto opened = open_user_data(text(at(*session, "session_key")), request.iv, request.encrypted_data, config_.app_id);
    if (!opened) return opened.error();
    const auto phone = platform::read_json(*opened, "wechat");
    if (!phone) return phone.error();
    const std::string number = text(at(*phone, "purePhoneNumber"));
    if (!number.empty()) user.phone = "+" + text(at(*phone, "countryCode")) + number;
  }
  // The same person in the mini program's customer service, which knows them by OpenID alone.
  std::vector<contract::Claim> claims{{contract::identity_kind::kAppUser, user.open_id, true}};
  if (!user.union_id.empty()) claims.push_back({contract::identity_kind::kUnionId, user.union_id, true});
  services_->channel->identify(user.open_id, {}, std::move(claims));
  return LoginAnswer{sign_identity(user, config_.identify_secret.reveal(), services_->host.clock().now())};
}

}  // namespace qiao::wechat
