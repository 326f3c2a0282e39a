#include <memory>
#include <optional>

#include "plugins/web/agent_rest.hpp"
#include "plugins/web/agent_session.hpp"
#include "plugins/web/audience.hpp"
#include "plugins/web/calls.hpp"
#include "plugins/web/channels.hpp"
#include "plugins/web/config.hpp"
#include "plugins/web/leftovers.hpp"
#include "plugins/web/migrations.hpp"
#include "plugins/web/pages.hpp"
#include "plugins/web/privacy.hpp"
#include "plugins/web/receipts.hpp"
#include "plugins/web/services.hpp"
#include "plugins/web/visitor_rest.hpp"
#include "plugins/web/visitor_session.hpp"
#include "qiao/contract/visitors.hpp"
#include "qiao/plugin.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kIdentitiesPerHour = 60;

/// The secret that signs tokens: made at the first start, then read.
Result<std::string> load_secret(Database& database, Vault& vault) {
  const SealedPlace place{"web_secret", "value", 1};
  std::string secret;
  const auto find = [&](Session& s) -> Result<void> {
    auto rows = s.query("SELECT value FROM web_secret WHERE name = ?", "tokens");
    if (!rows->next()) return rows->status();
    auto opened = vault.open(s, place, rows->text(0));
    if (!opened) return opened.error();
    secret = std::move(*opened);
    return {};
  };
  if (auto read = database.read(find); !read) return read.error();
  if (!secret.empty()) return secret;
  secret = Tokens::random_secret();
  auto stored = database.write_and_wait([&](Session& s) -> Result<void> {
    auto sealed = vault.seal(s, Id{}, place, secret);
    if (!sealed) return sealed.error();
    auto rows = s.run("INSERT INTO web_secret (name, value) VALUES (?, ?)", "tokens", SqlArg::blob(*sealed));
    if (!rows) return rows.error();
    return {};
  });
  if (!stored) return stored.error();
  return secret;
}

class WebPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("The web channel: customer chat widget, agent workspace, their WebSockets and pages");
    m.config<WebSettings>();
    m.asks<contract::AcceptMessage>().asks<contract::WriteMessage>().asks<contract::FindConversation>();
    m.asks<contract::GetConversation>().asks<contract::GetTranscript>().asks<contract::Handoff>();
    m.asks<contract::MarkRead>().asks<contract::Rate>().asks<contract::ReportDelivery>();
    m.asks<contract::VerifySession>().asks<contract::SetPresence>();
    m.asks<contract::Identify>(true).asks<contract::Dial>(true).asks<contract::AskUploadsInUse>(true);
    m.serves<contract::VerifyVisitor>();
    m.serves<contract::ExportPerson>().serves<contract::ErasePerson>().serves<contract::CopyFiles>();
    declare_channels(m);
    m.publishes<contract::Typing>();
    m.subscribes<contract::MessageStored>()
        .subscribes<contract::MessageOutgoing>()
        .subscribes<contract::ConversationChanged>();
    m.subscribes<contract::Typing>().subscribes<contract::DeliveryChanged>().subscribes<contract::TicketChanged>();
    m.subscribes<contract::ContactChanged>().subscribes<contract::ContactMerged>();
    m.subscribes<contract::AgentChanged>().subscribes<contract::SessionEnded>().subscribes<contract::CallChanged>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<WebSettings>();
    if (!bound) return bound.error();
    settings_ = *bound;
    if (settings_.sites.empty()) settings_.sites["demo"] = {};
    return {};
  }

  Result<void> start(Context& host) override {
    if (auto migrated = host.store().migrate(migrations()); !migrated) return migrated;
    auto secret = load_secret(host.store(), host.vault());
    if (!secret) return secret.error();

    const Tokens tokens(*secret);
    const FileLinks links = [tokens, life = settings_.file_link_life, &clock = host.clock()](Id file) {
      return "/api/v1/files/" + file.str() + "?" + tokens.file_link(file, clock.now() + life);
    };
    audience_ = std::make_shared<Audience>(host.instance(), links);
    auto services = std::shared_ptr<Services>(
        new Services{.bus = host.bus(),
                     .log = host.log(),
                     .clock = host.clock(),
                     .channel = host.instance(),
                     .settings = settings_,
                     .tokens = tokens,
                     .files = {host.store(), host.vault(), host.bus(), host.clock(), host.data_dir() / "files"},
                     .newcomers = {settings_.new_visitors_per_minute, 1min},
                     .uploads = {settings_.visitor_uploads_per_hour, 1h},
                     .identities = {kIdentitiesPerHour, 1h},
                     .erased = {},
                     .audience = audience_,
                     .links = links,
                     .calls = std::make_shared<CallScreens>(audience_)});

    if (auto read = read_erased(host.store(), *services); !read) return read;
    serve_privacy(host, services);
    serve_channels(host, services);
    listen(host);
    serve_receipts(host.bus(), services);
    host.bus().subscribe<contract::CallChanged>(
        {.kind = Lane::direct},
        [calls = services->calls](const contract::CallChanged& e, const Headers&) { calls->call_changed(e); });
    open_sockets(host.http(), services);
    add_visitor_routes(host.http(), services);
    add_agent_routes(host.http(), services);
    add_call_routes(host.http(), services);
    std::filesystem::path pages = settings_.pages;
    if (pages.empty()) pages = host.share_dir() / "web";
    add_pages(host.http(), pages, host.log());
    count(host);
    purge(host, services);
    return {};
  }

  void stop() noexcept override { audience_.reset(); }

 private:
  /// Everything that goes to screens runs on the publisher's thread: the audience is made for that.
  void listen(Context& host) {
    Bus& bus = host.bus();
    const Lane direct{.kind = Lane::direct};
    const auto audience = audience_;
    bus.subscribe<contract::MessageStored>(direct,
                                           [audience](const auto& e, const Headers&) { audience->message_stored(e); });
    bus.subscribe<contract::ConversationChanged>(
        direct, [audience](const auto& e, const Headers&) { audience->conversation_changed(e); });
    bus.subscribe<contract::Typing>(direct, [audience](const auto& e, const Headers&) { audience->typing(e); });
    bus.subscribe<contract::DeliveryChanged>(
        direct, [audience](const auto& e, const Headers&) { audience->delivery_changed(e); });
    bus.subscribe<contract::TicketChanged>(direct,
                                           [audience](const auto& e, const Headers&) { audience->ticket_changed(e); });
    bus.subscribe<contract::AgentChanged>(direct,
                                          [audience](const auto& e, const Headers&) { audience->agent_changed(e); });
    bus.subscribe<contract::ContactChanged>(
        direct, [audience](const auto& e, const Headers&) { audience->contact_changed(e); });
    bus.subscribe<contract::ContactMerged>(direct,
                                           [audience](const auto& e, const Headers&) { audience->contact_merged(e); });
    bus.subscribe<contract::SessionEnded>(direct,
                                          [audience](const auto& e, const Headers&) { audience->session_ended(e); });
  }

  void open_sockets(Http& http, const std::shared_ptr<Services>& services) {
    std::vector<std::string> origins;
    for (const auto& [site, about] : settings_.sites)
      origins.insert(origins.end(), about.origins.begin(), about.origins.end());
    http.websocket({.path = "/api/v1/visitor",
                    .summary = "A customer's chat; see docs/reference/chat-protocol.md",
                    .messages_per_second = static_cast<unsigned>(settings_.visitor_messages_per_second),
                    .origins = origins},
                   [services](std::shared_ptr<Socket> socket) {
                     return std::make_shared<VisitorSession>(services, std::move(socket));
                   });
    http.websocket({.path = "/api/v1/agent",
                    .summary = "An agent's live view; see docs/reference/chat-protocol.md",
                    .messages_per_second = static_cast<unsigned>(settings_.agent_messages_per_second)},
                   [services](std::shared_ptr<Socket> socket) {
                     return std::make_shared<AgentSession>(services, std::move(socket));
                   });
  }

  void purge(Context& host, const std::shared_ptr<Services>& services) {
    const auto leftovers = std::make_shared<Leftovers>(host, services);
    host.bus().every(1h, {.kind = Lane::blocking, .concurrency = 1, .name = "leftovers", .budget = 300s},
                     [leftovers] { leftovers->look(); });
  }

  void count(Context& host) {
    Gauge& visitors = host.metrics().gauge("qiao_web_visitors", "Customers with an open socket");
    Gauge& agents = host.metrics().gauge("qiao_web_agent_screens", "Open agent screens");
    host.bus().every(5s, Lane{}, [audience = audience_, &visitors, &agents] {
      visitors.set(static_cast<std::int64_t>(audience->visitors()));
      agents.set(static_cast<std::int64_t>(audience->agents()));
    });
  }

  WebSettings settings_;
  std::shared_ptr<Audience> audience_;
};

}  // namespace
}  // namespace qiao::web

QIAO_PLUGIN(qiao::web::WebPlugin, "web", "channel", "0.1.0")
