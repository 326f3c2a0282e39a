// A channel over signed webhooks: the platform posts what customers write, and gets the answers posted.
#include <Poco/HMACEngine.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/SHA2Engine.h>
#include <Poco/URI.h>

#include "qiao/contract/conversation.hpp"
#include "qiao/plugin.hpp"

namespace qiao::samples {

using namespace std::chrono_literals;

struct Config {
  Secret secret;
  std::string endpoint;
  std::chrono::milliseconds timeout{3000};
  std::chrono::minutes give_up{60};
};
void describe(Schema<Config>& s) {
  s.required("secret", &Config::secret).doc("Both sides sign the body with it: HMAC-SHA256 as hex in X-Signature");
  s.required("endpoint", &Config::endpoint).url().pattern("http://.+", "an http:// URL").doc("Takes our messages");
  s.optional("timeout", &Config::timeout).range(100ms, 30s).doc("Upper bound for posting one message");
  s.optional("give_up", &Config::give_up).doc("A message that could not be posted for so long has failed");
}

/// What the platform posts.
struct Incoming {
  std::string id;  ///< unique in the platform: the inbox stores a repeated one once
  std::string user;
  std::string name;
  std::string text;
};
QIAO_FIELDS(Incoming, id, user, name, text)

/// What it gets posted. `id` stays the same when a message is posted again, so that the platform can drop the second.
struct Outgoing {
  Id id;
  std::string user;
  std::string text;
};
QIAO_FIELDS(Outgoing, id, user, text)

struct Sha256 : Poco::SHA2Engine {
  enum { BLOCK_SIZE = 64, DIGEST_SIZE = 32 };
};

std::string sign(const Secret& secret, const std::string& body) {
  Poco::HMACEngine<Sha256> engine(secret.reveal());
  engine.update(body);
  return Poco::DigestEngine::digestToHex(engine.digest());
}

bool same(std::string_view a, std::string_view b) {
  return Poco::DigestEngine::constantTimeEquals({a.begin(), a.end()}, {b.begin(), b.end()});
}

class ChannelPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>().asks<contract::AcceptMessage>().asks<contract::ReportDelivery>();
    m.subscribes<contract::MessageOutgoing>();
    m.summary("Customers of a platform that speaks signed webhooks");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = *bound;
    return {};
  }

  Result<void> start(Context& host) override {
    host_ = &host;
    // raw, because the signature is over the bytes; direct, because nothing in the handler waits.
    host.http().raw(
        {.method = "POST",
         .path = "/hooks/" + host.instance(),
         .access = Access::anyone(),
         .summary = "A customer wrote",
         .run = Run::direct,
         .max_body = 64 * 1024},
        [this](const std::shared_ptr<const HttpRequest>& r, HttpReply reply) { accept(*r, std::move(reply)); });
    // One at a time keeps the order of what the customer reads.
    host.bus().subscribe<contract::MessageOutgoing>({.kind = Lane::blocking, .concurrency = 1, .name = "post"},
                                                    [this](const contract::MessageOutgoing& out, const Headers&) {
                                                      if (out.channel == host_->instance()) deliver(out);
                                                    });
    return {};
  }

  void stop() noexcept override {}

 private:
  /// The platform hears of success only once the message is stored; after anything else it posts again.
  void accept(const HttpRequest& request, HttpReply reply) {
    if (!same(request.header("x-signature"), sign(config_.secret, request.body))) {
      return reply(HttpResponse::problem({Errc::unauthorized, "X-Signature does not fit the body"}));
    }
    auto in = from_json<Incoming>(request.body);
    if (!in) return reply(HttpResponse::problem(in.error()));
    contract::AcceptMessage message;
    message.channel = host_->instance();
    message.external_id = in->id;
    message.user = in->user;
    message.user_name = in->name;
    message.content.text = in->text;
    host_->bus().request(std::move(message), 4s, [reply = std::move(reply)](const Result<contract::Accepted>& stored) {
      reply(stored ? HttpResponse{.body = to_json(*stored)} : HttpResponse::problem(stored.error()));
    });
  }

  /// Delivered and refused messages are reported; one that may succeed later is not, and the inbox publishes it again.
  void deliver(const contract::MessageOutgoing& out) {
    const auto answer = post(to_json(Outgoing{out.message.id, out.user, out.message.content.text}));
    const bool down = !answer && answer.error().code == Errc::unavailable;
    host_->health().report(down ? Health::State::degraded : Health::State::ok, down ? answer.error().message : "");
    if (down && host_->clock().now() - out.message.at < config_.give_up) {
      host_->log().warn("will be posted again: {}, conversation={} seq={}", answer.error().message,
                        out.message.conversation.str(), out.message.seq);
      return;
    }
    report(out, answer ? contract::Delivery::sent : contract::Delivery::failed, answer ? "" : answer.error().message);
  }

  /// `unavailable` may succeed later; `bad_value` never will.
  Result<void> post(const std::string& body) const try {
    const Poco::URI uri(config_.endpoint);
    Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
    session.setTimeout(Poco::Timespan(std::chrono::duration_cast<std::chrono::microseconds>(config_.timeout).count()));
    Poco::Net::HTTPRequest request("POST", uri.getPathAndQuery().empty() ? "/" : uri.getPathAndQuery(), "HTTP/1.1");
    request.setContentType("application/json");
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
    request.set("X-Signature", sign(config_.secret, body));
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    session.receiveResponse(response);
    const int status = response.getStatus();
    if (status / 100 == 2) return {};
    const bool later = status >= 500 || status == 408 || status == 429;
    return Error{later ? Errc::unavailable : Errc::bad_value, fmt::format("the platform answered {}", status)};
  } catch (const Poco::Exception& e) {
    return Error{Errc::unavailable, "the platform cannot be reached: " + e.displayText()};
  }

  void report(const contract::MessageOutgoing& out, contract::Delivery state, std::string detail) {
    // A report that does not arrive is made again with the next delivery of the same message.
    host_->bus().request(contract::ReportDelivery{out.message.conversation, out.message.seq, state, std::move(detail)},
                         {}, [](const Result<contract::Done>&) {});
  }

  Config config_;
  Context* host_ = nullptr;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::ChannelPlugin, "sample-channel", "channel", "1.0.0")
