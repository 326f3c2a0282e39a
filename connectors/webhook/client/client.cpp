#include "connectors/webhook/client/client.hpp"

#include <algorithm>
#include <atomic>
#include <future>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::webhook {
namespace {

using channel::Part;

const Lane kMediaLane{.kind = Lane::blocking, .concurrency = 4, .name = "media", .budget = 120s};
const Lane kReplayLane{.kind = Lane::blocking, .concurrency = 1, .name = "replay", .budget = 120s};

/// Failures after which the same call may well succeed.
bool passes(const Error& error) {
  switch (error.code) {
    case Errc::rate_limited:
    case Errc::overloaded:
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::cancelled:
    case Errc::internal:
      return true;
    default:
      return false;
  }
}

contract::Delivery delivery_of(const std::string& state) {
  if (state == "delivered") return contract::Delivery::delivered;
  if (state == "read") return contract::Delivery::read;
  if (state == "failed") return contract::Delivery::failed;
  return contract::Delivery::sent;
}

bool is_off(const std::string& text) { return text == "false" || text == "0" || text == "no" || text == "off"; }

std::string name_of(const IncomingFile& file) {
  if (!file.name.empty()) return file.name;
  const std::string path = file.url.substr(0, file.url.find_first_of("?#"));
  const std::string last = path.substr(path.rfind('/') + 1);
  return last.empty() ? "file" : last;
}

}  // namespace

/// The events of one call: it is answered when the last of them is.
struct Client::Batch {
  HttpReply reply;
  std::string answer;
  std::atomic<std::size_t> open{0};
  std::atomic<bool> again{false};

  void one(const Result<void>& result) {
    if (!result) again = true;
    if (open.fetch_sub(1) != 1) return;
    if (!again) return reply({.body = answer});
    Error error{Errc::overloaded, "webhook.again", "the hub cannot take this now; send the same call again"};
    error.retry_after = 5s;
    reply(HttpResponse::problem(error));
  }
};

Client::Client(const WebhookConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config), services_(std::move(services)) {}

Result<void> Client::check(const WebhookConfig& config) {
  if (auto reader = Reader::compile(config.in, config.locale()); !reader) return reader.error();
  auto sender = Sender::make(config.out, {}, system_clock());
  if (!sender) return sender.error();
  return {};
}

void Client::declare(Manifest& m) {
  m.publishes<EventRefused>().subscribes<EventRefused>().publishes<MessageRefused>().subscribes<MessageRefused>();
}

Result<void> Client::start(Context& host) {
  auto reader = Reader::compile(config_.in, config_.locale());
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  auto sender = Sender::make(
      config_.out, [http = services_->http](const OutboundRequest& r) { return http->send(r); }, host.clock());
  if (!sender) return sender.error();
  sender_ = std::move(*sender);

  const auto self = shared_from_this();
  host.http().raw({.method = "POST",
                   .path = "/hooks/" + host.instance(),
                   .access = Access::anyone(),
                   .summary = "What the platform of this channel posts, signed",
                   .run = Run::direct,
                   .max_body = config_.in.max_body.count},
                  [self](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
                    self->called(*request, reply);
                  });
  host.bus().subscribe<EventRefused>(kReplayLane, [self](const EventRefused& e, const Headers& h) -> Result<void> {
    if (e.instance != self->services_->host.instance()) return {};
    if (!h.redelivered) return Error{Errc::bad_value, "webhook.event", e.why};
    auto event = platform::read_json(e.event, "webhook");
    if (!event) return event.error();
    auto read = self->reader_->read(*event);
    if (!read) return read.error();
    auto done = std::make_shared<std::promise<Result<void>>>();
    self->take(std::move(*read), [done](Result<void> result) { done->set_value(std::move(result)); });
    return done->get_future().get();
  });
  host.bus().subscribe<MessageRefused>(kReplayLane, [self](const MessageRefused& e, const Headers& h) -> Result<void> {
    if (e.instance != self->services_->host.instance()) return {};
    if (!h.redelivered) return Error{Errc::bad_value, "webhook.message", e.why};
    Part part;
    part.kind = e.file.id ? Part::Kind::file : Part::Kind::text;
    part.key = e.key;
    part.user = e.user;
    part.conversation = e.conversation;
    part.message = e.message;
    part.seq = e.seq;
    part.author = e.author;
    part.author_name = e.author_name;
    part.text = e.text;
    part.file = e.file;
    auto sent = self->send_now(part);
    if (!sent) return sent.error();
    return {};
  });
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = config_.platform;
  can.title = config_.title;
  if (config_.out.file) can.kinds = config_.out.kinds;
  can.max_text = config_.max_text;
  can.max_file = static_cast<std::int64_t>(config_.max_file.count);
  can.typing = config_.out.typing.has_value();
  const bool receipts = config_.in.fields.contains("message") && config_.in.fields.contains("state");
  can.delivered = receipts;
  can.read = receipts;
  return can;
}

void Client::called(const HttpRequest& request, const HttpReply& reply) {
  if (auto ok = check_signature(config_.in.signature, request, services_->host.clock().now()); !ok) {
    return reply(HttpResponse::problem(ok.error()));
  }
  auto events = reader_->events(request.body);
  if (!events) return reply(HttpResponse::problem(events.error()));
  auto batch = std::make_shared<Batch>();
  batch->reply = reply;
  batch->answer = config_.in.answer;
  // One more for this loop, so that an event that is done at once does not answer for the rest.
  batch->open = events->size() + 1;
  for (Json& event : *events) {
    take(std::move(event), [batch](const Result<void>& result) { batch->one(result); });
  }
  batch->one({});
}

void Client::take(Json event, Done done) {
  auto read = reader_->read(event);
  if (!read) {
    return done(refuse(event, read.error()));
  }
  take(std::move(*read),
       [self = shared_from_this(), event = std::move(event), done = std::move(done)](const Result<void>& result) {
         if (result || passes(result.error())) return done(result);
         done(self->refuse(event, result.error()));
       });
}

void Client::take(Event event, Done done) {
  const Incoming& what = event.what;
  channel::Channel& channel = *services_->channel;
  const auto needs = [&](const std::string& value, const char* name) {
    if (!value.empty()) return true;
    done(Error{Errc::bad_value, "webhook.event", "the event has no " + std::string(name) + "; look at in.fields"});
    return false;
  };
  if (what.kind == "message") {
    if (!needs(what.user, "user") || !needs(what.id, "id")) return;
    if (event.files.empty()) return accept(std::move(event), {}, {}, std::move(done));
    auto job = std::make_shared<std::pair<Event, Done>>(std::move(event), std::move(done));
    const bool queued = services_->host.bus().post(
        kMediaLane, [self = shared_from_this(), job] { self->fetch(std::move(job->first), std::move(job->second)); });
    if (!queued) job->second(Error{Errc::overloaded, "too many files at once"});
    return;
  }
  if (what.kind == "event") {
    if (!needs(what.user, "user") || !needs(what.id, "id")) return;
    contract::RecordEvent record;
    record.external_id = what.id;
    record.user = what.user;
    record.user_name = what.user_name;
    record.site = what.site;
    record.language = what.language;
    record.content.text = what.text;
    record.at = what.at;
    return channel.record(std::move(record), [done = std::move(done)](const Result<contract::Accepted>& stored) {
      done(stored ? Result<void>() : stored.error());
    });
  }
  if (what.kind == "receipt") {
    if (!needs(what.message, "message")) return;
    channel.receipt(what.message, delivery_of(what.state), what.detail);
  } else if (what.kind == "read") {
    if (!needs(what.user, "user")) return;
    channel.read_all(what.user);
  } else if (what.kind == "typing") {
    if (!needs(what.user, "user")) return;
    channel.customer_types(what.user, !is_off(what.typing));
  }
  done({});
}

void Client::fetch(Event event, Done done) {
  std::vector<contract::Attachment> files;
  std::string lost;
  for (const IncomingFile& file : event.files) {
    auto bytes = bytes_of(file);
    if (!bytes && passes(bytes.error())) return done(bytes.error());
    auto kept = bytes ? services_->channel->keep_file(event.what.user, name_of(file), std::move(*bytes))
                      : Result<contract::Attachment>(bytes.error());
    if (kept) {
      files.push_back(std::move(*kept));
    } else if (passes(kept.error())) {
      return done(kept.error());
    } else {
      lost +=
          (lost.empty() ? "" : "\n") + ("[文件未能接收 / file not received: " + platform::excerpt(name_of(file)) + "]");
    }
  }
  if (event.more_files > 0) {
    const std::string more = std::to_string(event.more_files);
    lost += (lost.empty() ? "" : "\n") + ("[另有 " + more + " 个文件未接收 / " + more + " more files not received]");
  }
  accept(std::move(event), std::move(files), std::move(lost), std::move(done));
}

Result<std::string> Client::bytes_of(const IncomingFile& file) const {
  if (!file.base64.empty()) return channel::from_base64(file.base64);
  OutboundRequest request;
  request.url = file.url;
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (response->status < 200 || response->status > 299) return platform::status_error("webhook", *response);
  return std::move(response->body);
}

void Client::accept(Event event, std::vector<contract::Attachment> files, std::string lost, Done done) {
  const Incoming& what = event.what;
  contract::AcceptMessage message;
  message.external_id = what.id;
  message.user = what.user;
  message.user_name = what.user_name;
  message.site = what.site;
  message.language = what.language;
  message.content.text = what.text + (what.text.empty() || lost.empty() ? "" : "\n") + lost;
  message.content.attachments = std::move(files);
  message.at = what.at;
  if (message.content.text.empty() && message.content.attachments.empty()) {
    return done(Error{Errc::bad_value, "webhook.event", "the message has neither text nor a file; look at in.fields"});
  }
  services_->channel->accept(std::move(message), [self = shared_from_this(), what,
                                                  done = std::move(done)](const Result<contract::Accepted>& stored) {
    if (!stored) return done(stored.error());
    auto claims = claims_of(what, self->config_.in.proven);
    if (!claims.empty() || !what.attributes.empty()) {
      self->services_->channel->identify(what.user, what.user_name, std::move(claims), what.attributes);
    }
    done({});
  });
}

Result<void> Client::refuse(const Json& event, const Error& error) {
  Context& host = services_->host;
  host.log().warn("an event of the platform is kept as a dead letter: {}", error.message);
  return host.bus().publish(EventRefused{host.instance(), error.message, event.dump()});
}

Result<std::string> Client::send_now(const Part& part) {
  return sender_->send(part, {.url = [&] { return services_->channel->file_link(part.file.id); },
                              .bytes = [&]() -> Result<std::string> {
                                auto file = services_->channel->read_file(part.file.id);
                                if (!file) return file.error();
                                return std::move(file->bytes);
                              }});
}

Result<std::string> Client::send(const Part& part) {
  auto sent = send_now(part);
  if (sent) return sent;
  const Error& error = sent.error();
  if (passes(error) || error.code == Errc::unauthorized || error.code == Errc::unsupported) return sent;
  (void)services_->host.bus().publish(MessageRefused{services_->host.instance(), error.message, part.key, part.user,
                                                     part.conversation, part.message, part.seq, part.author,
                                                     part.author_name, part.text, part.file});
  return sent;
}

Result<void> Client::typing(const std::string& user, bool on) { return sender_->typing(user, on); }

Result<contract::ConnectorTested> Client::test() { return sender_->test(); }

}  // namespace qiao::webhook
