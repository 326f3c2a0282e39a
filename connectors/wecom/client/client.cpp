#include "connectors/wecom/client/client.hpp"

#include <fmt/format.h>

#include <utility>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/seldom.hpp"
#include "connectors/wecom/client/outbound.hpp"

namespace qiao::wecom {

namespace {

using platform::at;
using platform::Json;
using namespace std::chrono_literals;

/// A message id lives three days there; ours ends a little earlier.
constexpr std::chrono::hours kMediaLife{66};
constexpr std::chrono::hours kSessionLife{47};

HttpResponse plain(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

bool state_error(const Error& error) { return error.id == "wecom.state"; }

}  // namespace

Client::Client(const WecomConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config), services_(std::move(services)), english_(config_.language.starts_with("en")) {}

Result<void> Client::start(Context& host) {
  auto crypt = channel::WechatCrypt::make(config_.token.reveal(), config_.encoding_aes_key.reveal(), config_.corp_id);
  if (!crypt) return crypt.error();
  crypt_ = std::make_unique<channel::WechatCrypt>(std::move(*crypt));
  api_ = std::make_unique<Api>(config_, services_->http, services_->channel->memory(), host.clock());

  channel::Receiver::Options options;
  options.fetch = [this](const channel::Media& media) { return fetch(media.ref); };
  receiver_ = std::make_shared<channel::Receiver>(services_, std::move(options));
  receiver_->start();

  const std::string path = "/hooks/" + host.instance();
  host.http().raw(
      {.method = "GET",
       .path = path,
       .access = Access::anyone(),
       .summary = "WeCom checks the address of its callbacks",
       .run = Run::direct},
      [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) { verify(*request, reply); });
  host.http().raw(
      {.method = "POST",
       .path = path,
       .access = Access::anyone(),
       .summary = "WeCom says that there is something to pull",
       .run = Run::direct,
       .max_body = 64 * 1024},
      [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) { called(*request, reply); });
  if (!config_.rating_question.empty()) {
    host.bus().subscribe<contract::ConversationChanged>(
        [this](const contract::ConversationChanged& change, const Headers&) { ask_rating(change); });
  }
  start_pulling();
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  can.kinds = {"image", "voice", "video", "file", "link", "location", "mini_program", "buttons"};
  can.max_text = 512;  // 2,048 bytes, whatever the script
  can.max_file = static_cast<std::int64_t>(config_.max_file.count);
  can.window = config_.window;
  can.window_messages = static_cast<std::int32_t>(config_.window_messages);
  return can;
}

void Client::verify(const HttpRequest& request, const HttpReply& reply) {
  // Where a proxy has decoded "+" already, base64 has got a space.
  std::string sealed(request.query_value("echostr"));
  for (char& c : sealed) {
    if (c == ' ') c = '+';
  }
  auto open = crypt_->open(request.query_value("msg_signature"), request.query_value("timestamp"),
                           request.query_value("nonce"), sealed);
  if (!open) return refuse(open.error(), reply);
  reply(plain(std::move(*open)));
}

/// One line tells the operator of a wrong Token, however many strangers call.
void Client::refuse(const Error& error, const HttpReply& reply) {
  if (channel::seldom(refused_at_, services_->host.clock().now())) {
    services_->host.log().warn("a callback was refused: {}", error.message);
  }
  reply(HttpResponse::problem(error));
}

void Client::called(const HttpRequest& request, const HttpReply& reply) {
  auto sealed = read_envelope(request.body);
  if (!sealed) return refuse(sealed.error(), reply);
  auto open = crypt_->open(request.query_value("msg_signature"), request.query_value("timestamp"),
                           request.query_value("nonce"), *sealed);
  if (!open) return refuse(open.error(), reply);
  auto callback = read_callback(*open);
  if (!callback) return refuse(callback.error(), reply);
  bool taken = true;
  if (callback->event == "kf_msg_or_event") {
    if (wanted(callback->open_kfid)) taken = pull(callback->open_kfid, callback->token);
  } else if (callback->event == "kf_account_auth_change") {
    services_->host.log().info("the rights of customer-service accounts have changed");
    taken = post([this] { pull_all(); });
  }
  // The callback carries no message: what it speaks of stays at the platform until the cursor has passed it.
  reply(taken ? plain("success")
              : HttpResponse::problem({Errc::overloaded, "wecom.busy", "too much to do; send it again"}));
}

Result<int> Client::session_state(const Customer& customer) {
  auto answer = api_->call("/cgi-bin/kf/service_state/get", state_body(customer, -1));
  if (!answer) return answer.error();
  return static_cast<int>(platform::integer(at(*answer, "service_state")));
}

/// While the assistant has the session (state 1), WeCom leaves it to the API; a new one (0) would be given to
/// employees.
void Client::hold_session(const Customer& customer) {
  channel::Memory& memory = services_->channel->memory();
  const std::string name = "user:" + user_of(customer) + ":session";
  if (auto held = memory.get(name); held && held->has_value()) return;
  auto moved = api_->call("/cgi-bin/kf/service_state/trans", state_body(customer, 1));
  if (!moved && state_error(moved.error())) {
    auto state = session_state(customer);
    if (!state || *state != 1) return;
  } else if (!moved) {
    services_->host.log().warn("a session was not taken over: {}", moved.error().message);
    return;
  }
  static_cast<void>(memory.put(name, "1", kSessionLife));
}

Error Client::wrong_state(const Customer& customer, Error error) {
  const auto state = session_state(customer);
  if (!state) return error;
  if (*state == 0 || *state == 1) {
    return {Errc::unavailable, "wecom.state", "WeCom is just moving the session; it will be tried again"};
  }
  if (*state == 4) {
    return channel::failure::window_closed(english_ ? "the session has ended at WeCom; wait until the customer writes"
                                                    : "会话在企业微信一侧已结束，客户再次发言后才能发送");
  }
  return {Errc::conflict, "wecom.with_servicer",
          english_ ? "the customer is with somebody in the WeCom client (or waits there); answer there, or end the "
                     "session there so that the customer's next message comes here"
                   : "客户正由企业微信客户端接待（或在其接待池排队）：请在企业微信中回复，或先在那里结束会话，客户再次"
                     "发言后即由此处接待"};
}

Result<std::string> Client::send(const channel::Part& part) {
  auto to = customer_of(part.user);
  if (!to) return to.error();
  bool fresh_media = false;
  for (int tries = 0;; ++tries) {
    auto body = body_of(part, *to, fresh_media);
    if (!body) return body.error();
    auto answer = api_->call("/cgi-bin/kf/send_msg", *body);
    if (answer) {
      std::string id = platform::text(at(*answer, "msgid"));
      return id.empty() ? part.key : id;
    }
    if (tries > 0) return state_error(answer.error()) ? wrong_state(*to, answer.error()) : answer.error();
    if (answer.error().id == "wecom.media") {
      fresh_media = true;
    } else if (state_error(answer.error())) {
      const auto state = session_state(*to);
      if (!state || *state > 1) return wrong_state(*to, answer.error());
      static_cast<void>(services_->channel->memory().erase("user:" + part.user + ":session"));
      hold_session(*to);
    } else {
      return answer.error();
    }
  }
}

Result<std::string> Client::body_of(const channel::Part& part, const Customer& to, bool fresh) {
  using Kind = channel::Part::Kind;
  if (part.kind == Kind::choice) {
    if (part.buttons.size() > kMenuEntries) return channel::failure::unsupported("a menu of WeCom has ten entries");
    std::string head = part.text;
    if (auto done = send_long_head(part, to, head); !done) return done.error();
    return menu_body(to, part.key, head, part.buttons);
  }
  if (part.kind == Kind::file) {
    const std::string kind = media_kind(part.file, config_);
    if (kind.empty()) return channel::failure::unsupported("the file is too large for WeCom");
    auto media = uploaded(part.file, kind, fresh);
    if (!media) return media.error();
    return media_body(to, part.key, kind, *media);
  }
  if (part.kind == Kind::card) {
    std::string picture;
    if (part.card.kind != "location") {
      auto made = thumb(part.card, fresh);
      if (!made) return made.error();
      picture = std::move(*made);
    }
    std::string body = card_body(to, part.key, part.card, picture);
    if (body.empty()) return channel::failure::unsupported("WeCom shows cards with a picture and an address only");
    return body;
  }
  return text_body(to, part.key, part.text);
}

/// What does not fit above a menu goes before it, under a key of its own: in another try the platform knows it already.
Result<void> Client::send_long_head(const channel::Part& part, const Customer& to, std::string& head) {
  if (head.size() <= kMenuHead) return {};
  const std::string end = channel::split_text(head, kMenuHead / 4).back();
  auto sent = api_->call("/cgi-bin/kf/send_msg", text_body(to, part.key + "h", head.substr(0, head.rfind(end))));
  if (!sent) return sent.error();
  head = end;
  return {};
}

Result<std::string> Client::uploaded(const contract::Attachment& file, const std::string& kind, bool fresh) {
  channel::Memory& memory = services_->channel->memory();
  const std::string name = "media/" + kind + "/" + file.id.str();
  if (!fresh) {
    if (auto known = memory.get(name); known && known->has_value()) return **known;
  }
  auto stored = services_->channel->read_file(file.id);
  if (!stored) return stored.error();
  auto media = api_->upload(kind, file.name, file.media_type, stored->bytes);
  if (!media) return media.error();
  static_cast<void>(memory.put(name, *media, kMediaLife));
  return media;
}

/// The media id of a card's picture; empty when it has none.
Result<std::string> Client::thumb(const contract::Card& card, bool fresh) {
  if (card.picture.empty()) return std::string();
  if (const auto id = parse_id(card.picture)) {
    auto stored = services_->channel->read_file(*id);
    if (!stored) return stored.error();
    return uploaded(stored->about, "image", fresh);
  }
  OutboundRequest request;
  request.url = card.picture;
  auto picture = services_->http->send(request);
  // A card without its picture is none there; it goes out as text.
  if (!picture || picture->status != 200) return std::string();
  const bool png = picture->body.starts_with("\x89PNG");
  return api_->upload("image", png ? "card.png" : "card.jpg", png ? "image/png" : "image/jpeg", picture->body);
}

void Client::ask_rating(const contract::ConversationChanged& change) {
  const contract::ConversationView& c = change.conversation;
  if (change.what != "resolved" || c.channel != services_->host.instance() || c.rating != 0) return;
  static constexpr const char* kGrades[2][5] = {{"非常不满意", "不满意", "一般", "满意", "非常满意"},
                                                {"Very bad", "Bad", "So-so", "Good", "Very good"}};
  contract::WriteMessage message;
  message.conversation = c.id;
  message.author = contract::Author::system;
  message.content.text = config_.rating_question;
  for (int score = 5; score >= 1; --score) {
    message.content.buttons.push_back({kGrades[english_ ? 1 : 0][score - 1], grade_value({c.id, score}), ""});
  }
  message.client_id = fmt::format("rating-{}", to_micros(c.resolved_at));
  services_->channel->write(std::move(message));
}

Result<bool> Client::graded(const Item& item) {
  const Grade grade = grade_of(menu_value(item.menu_id));
  if (grade.score == 0) return false;
  auto done = services_->host.bus().ask(contract::Rate{grade.conversation, grade.score, {}}, RequestOptions(5s));
  if (!done) {
    services_->host.log().warn("a rating was not kept: {}", done.error().message);
    if (!channel::is_final(done.error())) return done.error();  // the cursor waits
    return false;
  }
  services_->channel->opens_window(user_of(item.customer), item.at);
  if (!config_.rating_thanks.empty()) {
    contract::WriteMessage thanks;
    thanks.conversation = grade.conversation;
    thanks.author = contract::Author::system;
    thanks.content.text = config_.rating_thanks;
    thanks.client_id = clip("thanks-" + item.id, 64);
    services_->channel->write(std::move(thanks));
  }
  return true;
}

Result<contract::ConnectorTested> Client::test() {
  auto list = api_->accounts();
  if (!list) return list.error();
  std::string says;
  for (const auto& [id, name] : *list) {
    if (!wanted(id)) continue;
    auto people = api_->call("/cgi-bin/kf/servicer/list", {}, "open_kfid=" + url_encode(id));
    std::size_t all = 0, receiving = 0;
    if (people) {
      for (const Json& one : platform::items(at(*people, "servicer_list"))) {
        ++all;
        if (platform::integer(at(one, "status")) == 0) ++receiving;
      }
    }
    says += fmt::format("{}{} ({}), {} of {} servicers receiving", says.empty() ? "" : "; ", name, id, receiving, all);
  }
  if (says.empty()) {
    return Error{Errc::not_found, "wecom.no_account",
                 "the token works, but the secret may use none of the 客服账号; allow them in the console"};
  }
  return contract::ConnectorTested{fmt::format("{}: {}", config_.corp_id, says)};
}

void Client::renew_credentials() { api_->renew(); }

Result<std::int64_t> Client::forget(const std::string& user) {
  const auto customer = customer_of(user);
  if (!customer) return 0;
  {
    const std::lock_guard lock(mutex_);
    names_.erase(customer->external_userid);
  }
  return receiver_->forget(user);
}

}  // namespace qiao::wecom
