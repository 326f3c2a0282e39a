#include "connectors/voice/voice_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/seldom.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/voice/client/ami.hpp"
#include "connectors/voice/client/ari.hpp"
#include "connectors/voice/client/esl.hpp"
#include "connectors/voice/client/webhook.hpp"

namespace qiao::voice {
namespace {

using namespace std::chrono_literals;

constexpr Lane kLineLane{.kind = Lane::blocking, .capacity = 16, .concurrency = 1, .name = "line", .budget = 60s};
constexpr Lane kDialLane{.kind = Lane::blocking, .capacity = 64, .concurrency = 2, .name = "dial", .budget = 60s};
constexpr auto kWait = 1s;        // of one step
constexpr auto kLetIn = 10s;      // for the log-in
constexpr auto kDialAnswer = 8s;  // for the exchange's word about an order
constexpr std::size_t kMostHook = 64 * 1024;
constexpr std::size_t kMostOrders = 100;

std::string seconds_now(Time now) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace

VoiceClient::VoiceClient(VoiceConfig config, std::shared_ptr<channel::Services> services)
    : config_(std::move(config)), services_(std::move(services)), pause_(config_.reconnect_first) {}

Result<void> VoiceClient::start(Context& host) {
  desk_ = std::make_shared<Desk>(host, *services_->channel, config_,
                                 [this](const DialOrder& order, Desk::Done done) { dial(order, std::move(done)); });
  desk_->start();
  if (has_line()) {
    exchange_ = make_exchange();
    step_after(Duration(0));
    return {};
  }
  host.http().raw({.method = "POST",
                   .path = "/hooks/" + host.instance(),
                   .access = Access::anyone(),
                   .summary = "Events of a telephone service, signed; see docs/connectors/voice.md",
                   .run = Run::direct,
                   .max_body = kMostHook},
                  [self = shared_from_this()](const std::shared_ptr<const HttpRequest>& request,
                                              const HttpReply& reply) { self->hook(request, reply); });
  return {};
}

contract::ChannelCapabilities VoiceClient::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  return can;
}

Result<std::string> VoiceClient::send(const channel::Part&) {
  return Error{Errc::bad_value, "voice.no_text",
               "电话不能接收文字，请点客户资料里的电话按钮回拨 · A telephone takes no text: call back with the phone "
               "button beside the customer's name"};
}

/// With the line while it connects, and with one write.
std::chrono::milliseconds VoiceClient::patience() const {
  return std::min(config_.timeout, std::chrono::milliseconds(10s));
}

StreamSettings VoiceClient::address() const {
  StreamSettings address;
  address.ca_file = config_.ca_file;
  address.connect_timeout = patience();
  if (config_.system != System::asterisk_ari) {
    address.host = config_.host;
    address.port = config_.line_port();
    address.tls = config_.tls;
    return address;
  }
  const std::string place = host_and_port(config_.url);
  const std::size_t colon = place.rfind(':');
  address.host = place.substr(0, colon);
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  address.port = static_cast<std::uint16_t>(std::stoi(place.substr(colon + 1)));
  address.tls = config_.url.starts_with("https");
  return address;
}

std::unique_ptr<Exchange> VoiceClient::make_exchange() const {
  std::vector<std::string> phones;
  for (const auto& [login, extension] : config_.agents) phones.push_back(extension);
  std::sort(phones.begin(), phones.end());
  const IsExtension is_extension = [phones](const std::string& number) {
    return std::binary_search(phones.begin(), phones.end(), number);
  };
  const Clock& clock = services_->host.clock();
  switch (config_.system) {
    case System::asterisk_ami:
      return std::make_unique<AmiExchange>(AmiSettings{.user = config_.user,
                                                       .secret = config_.secret.reveal(),
                                                       .technology = config_.technology,
                                                       .context = config_.context,
                                                       .ring = config_.dial_ring},
                                           is_extension, clock);
    case System::asterisk_ari: {
      std::string base = config_.url;
      while (base.ends_with('/')) base.pop_back();
      return std::make_unique<AriExchange>(
          AriSettings{.base = base,
                      .user = config_.user,
                      .secret = config_.secret.reveal(),
                      .app = config_.app,
                      .technology = config_.technology,
                      .context = config_.context,
                      .ring = config_.dial_ring},
          is_extension, clock,
          [http = services_->http](const OutboundRequest& request) { return http->send(request); });
    }
    case System::freeswitch:
    case System::webhook:
      break;
  }
  return std::make_unique<EslExchange>(EslSettings{.password = config_.secret.reveal(),
                                                   .dial_endpoint = config_.dial_endpoint,
                                                   .dial_action = config_.dial_action},
                                       is_extension, clock);
}

// ---- the line ----------------------------------------------------------------------------------------------------

void VoiceClient::step_after(Duration pause) {
  services_->host.bus().after(pause, kLineLane, [self = shared_from_this()] { self->step(); });
}

/// Opens the line or reads from it once, and comes again. Short, so that the lane never waits for long.
void VoiceClient::step() {
  if (ended_) return hold(nullptr);
  auto done = line_ ? read_line() : open_line();
  if (ended_) return hold(nullptr);
  if (done) return step_after(1ms);
  lost(done.error());
  step_after(pause_);
  pause_ = std::min(pause_ * 2, config_.reconnect_last);
}

/// Others see the line from before it connects, so that `close` ends that too.
void VoiceClient::hold(std::unique_ptr<OutboundStream> line) {
  const std::lock_guard lock(mutex_);
  line_.swap(line);
  if (ended_ && line_) line_->close();
}

Result<void> VoiceClient::open_line() {
  hold(std::make_unique<OutboundStream>(address()));
  if (auto connected = line_->connect(); !connected) return connected;
  accepted_ = false;
  opened_ = heard_ = beaten_ = services_->host.clock().steady();
  Turn turn;
  exchange_->begin(turn);
  return deal_with(turn);
}

Result<void> VoiceClient::read_line() {
  auto came = line_->wait(std::min<std::chrono::milliseconds>(kWait, config_.heartbeat));
  if (!came) return came.error();
  const SteadyTime now = services_->host.clock().steady();
  Turn turn;
  if (*came) {
    auto bytes = line_->read_some();
    if (!bytes) return bytes.error();
    heard_ = now;
    auto taken = exchange_->take(*bytes, turn);
    // What was told before the mistake counts.
    if (auto dealt = deal_with(turn); !dealt) return dealt;
    if (!taken) return taken;
    turn = {};
  }
  if (!accepted_) {
    return now - opened_ < kLetIn ? Result<void>()
                                  : Error{Errc::timeout, "voice.no_login", "the exchange did not answer the log-in"};
  }
  if (now - heard_ > 2 * config_.heartbeat + kWait) {
    return Error{Errc::timeout, "voice.silent", "the exchange gave no sign of life"};
  }
  if (now - beaten_ >= config_.heartbeat) {
    beaten_ = now;
    exchange_->beat(turn);
  }
  if (auto given = give_orders(turn); !given) return given;
  return deal_with(turn);
}

Result<void> VoiceClient::deal_with(Turn& turn) {
  if (!turn.say.empty()) {
    line_->within(patience());
    if (auto said = line_->write(turn.say); !said) return said;
  }
  if (turn.accepted && !accepted_) {
    accepted_ = true;
    failures_ = 0;
    pause_ = config_.reconnect_first;
    services_->channel->alert_over("voice.line");
    services_->host.log().info("connected to {}", exchange_->what());
    const std::lock_guard lock(mutex_);
    online_ = true;
  }
  for (const auto& [call, result] : turn.dialled) answer_dial(call, result);
  const bool listed = !turn.listed || desk_->compare(std::move(turn.list));
  const bool heard = turn.heard.empty() || desk_->hear(std::move(turn.heard));
  if ((!listed || !heard) && !ended_) {
    // Too much at once: the list of calls after the next connection says what was missed.
    return Error{Errc::overloaded, "voice.overloaded", "the hub is too busy for the exchange's events"};
  }
  return {};
}

void VoiceClient::lost(const Error& error) {
  hold(nullptr);
  std::deque<Order> given_up;
  {
    const std::lock_guard lock(mutex_);
    online_ = false;
    given_up.swap(orders_);
  }
  for (const Order& order : given_up) order.done(Error{Errc::unavailable, "voice.offline", error.message});
  ++failures_;
  const bool refused = error.code == Errc::unauthorized || error.code == Errc::forbidden;
  services_->host.log().warn("no line to the telephone exchange, error={}: {}", error.name(), error.message);
  // Two hubs that take the line from each other would do so for ever if each came back at once.
  const bool replaced = error.code == Errc::conflict;
  if (replaced) pause_ = config_.reconnect_last;
  // A line that breaks once and is back at the first try is nobody's business.
  if (refused || replaced || failures_ > 1)
    services_->channel->alert("voice.line", "Telephony is offline: " + error.message);
}

void VoiceClient::close() noexcept {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  if (line_) line_->close();
}

// ---- click to call -----------------------------------------------------------------------------------------------

void VoiceClient::dial(const DialOrder& order, Desk::Done done) {
  if (!has_line()) {
    if (config_.dial_url.empty()) {
      return done(
          Error{Errc::unsupported, "voice.no_dial", "this telephone service offers no click to call (dial_url)"});
    }
    auto shared = std::make_shared<Desk::Done>(std::move(done));
    if (!services_->host.bus().post(
            kDialLane, [self = shared_from_this(), order, shared] { self->dial_by_webhook(order, *shared); })) {
      (*shared)(Error{Errc::overloaded, "too many calls are being placed"});
    }
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (!online_ || orders_.size() >= kMostOrders) {
      const Error error = online_
                              ? Error{Errc::overloaded, "voice.busy", "too many calls are being placed"}
                              : Error{Errc::unavailable, "voice.offline", "the telephone exchange is not connected"};
      return done(error);
    }
    orders_.push_back({order, std::move(done)});
    if (line_) line_->wake();
  }
  services_->host.bus().after(kDialAnswer, Lane{}, [self = shared_from_this(), call = order.call] {
    self->answer_dial(call, Error{Errc::timeout, "voice.dial_failed", "the exchange did not answer"});
  });
}

Result<void> VoiceClient::give_orders(Turn& turn) {
  std::vector<DialOrder> fresh;
  {
    const std::lock_guard lock(mutex_);
    for (Order& order : orders_) {
      if (!std::exchange(order.given, true)) fresh.push_back(order.what);
    }
  }
  for (const DialOrder& order : fresh) {
    if (auto dialled = exchange_->dial(order, turn); !dialled) answer_dial(order.call, dialled);
  }
  return {};
}

void VoiceClient::answer_dial(const std::string& call, const Result<void>& result) {
  Desk::Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto order =
        std::find_if(orders_.begin(), orders_.end(), [&](const Order& o) { return o.what.call == call; });
    if (order == orders_.end()) return;
    done = std::move(order->done);
    orders_.erase(order);
  }
  done(result);
}

void VoiceClient::dial_by_webhook(const DialOrder& order, const Desk::Done& done) {
  std::string body = R"({"event":"dial","call_id":)";
  append_json_string(body, order.call);
  body += R"(,"agent":)";
  append_json_string(body, order.extension);
  body += R"(,"to":)";
  append_json_string(body, order.number);
  body += '}';
  const std::string stamp = seconds_now(services_->host.clock().now());
  auto answer =
      services_->http->send({.method = "POST",
                             .url = config_.dial_url,
                             .headers = {{"content-type", "application/json"},
                                         {"x-hub-timestamp", stamp},
                                         {"x-hub-signature", cti_signature(config_.secret.reveal(), stamp, body)}},
                             .body = body});
  if (!answer) return done(answer.error());
  if (answer->status >= 300) {
    return done(Error{Errc::unavailable, "voice.dial_failed",
                      fmt::format("the telephone service answered {} to the order to dial", answer->status)});
  }
  done({});
}

// ---- webhooks ----------------------------------------------------------------------------------------------------

Result<CallEvent> VoiceClient::verified_event(const HttpRequest& request) const {
  const Error refused{Errc::forbidden, "voice.signature", "the signature is missing or wrong"};
  const std::string& secret = config_.secret.reveal();
  if (config_.form == HookForm::qiao) {
    const std::string stamp(request.header("x-hub-timestamp"));
    if (!cti_fresh(stamp, services_->host.clock().now(), config_.tolerance)) {
      return Error{Errc::forbidden, "voice.stale", "X-Hub-Timestamp is missing or too far from the hub's clock"};
    }
    if (!channel::same(cti_signature(secret, stamp, request.body), request.header("x-hub-signature"))) return refused;
    return read_cti_event(request.body);
  }
  std::string url = config_.public_url;
  for (const auto& [key, value] : request.query) {
    url += (url.find('?') == std::string::npos ? '?' : '&') + url_encode(key) + "=" + url_encode(value);
  }
  if (!twilio_signed(secret, url, request.header("content-type"), request.body, request.header("x-twilio-signature"))) {
    return refused;
  }
  return read_twilio_event(read_form(request.body));
}

void VoiceClient::hook(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
  auto event = verified_event(*request);
  if (!event) {
    // Strangers find every address; a wrong secret is for the operator to see all the same.
    if (channel::seldom(warned_at_, services_->host.clock().now())) {
      services_->host.log().warn("a call of the webhook was refused: {}", event.error().message);
    }
    return reply(HttpResponse::problem(event.error()));
  }
  // Answered when what follows is stored: a service that hears nothing tells it again.
  const bool taken = desk_->hear({std::move(*event)}, [reply](const Result<void>& stored) {
    reply(stored ? HttpResponse{.status = 204, .content_type = "", .body = ""} : HttpResponse::problem(stored.error()));
  });
  if (!taken) reply(HttpResponse::problem({Errc::overloaded, "the hub is busy; tell it again"}));
}

// ---- qiao connector test -----------------------------------------------------------------------------------------

Result<contract::ConnectorTested> VoiceClient::test() {
  if (!has_line()) {
    return contract::ConnectorTested{fmt::format("Waits for signed events at /hooks/{}; {} agents' phones are known",
                                                 services_->host.instance(), config_.agents.size())};
  }
  const std::unique_ptr<Exchange> exchange = make_exchange();
  Turn turn;
  auto looked = exchange->look(turn);
  if (!looked) return looked.error();
  std::size_t calls = turn.list.size();
  if (!*looked) {
    OutboundStream line(address());
    if (auto connected = line.connect(); !connected) return connected.error();
    exchange->begin(turn);
    const SteadyTime end = services_->host.clock().steady() + config_.timeout;
    while (!turn.listed) {
      if (services_->host.clock().steady() > end) {
        return Error{Errc::timeout, "voice.no_login", "the exchange did not answer the log-in"};
      }
      auto came = line.wait(200ms);
      if (!came) return came.error();
      if (!*came) continue;
      auto bytes = line.read_some();
      if (!bytes) return bytes.error();
      Turn next;
      if (auto taken = exchange->take(*bytes, next); !taken) return taken.error();
      if (!next.say.empty()) {
        line.within(patience());
        if (auto said = line.write(next.say); !said) return said.error();
      }
      turn.listed = next.listed;
      calls = next.list.size();
    }
  }
  return contract::ConnectorTested{fmt::format("Logged in to {}; {} agents' phones are known{}", exchange->what(),
                                               config_.agents.size(), calls > 0 ? "; calls are going on" : "")};
}

}  // namespace qiao::voice
