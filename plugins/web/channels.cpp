#include "plugins/web/channels.hpp"

#include "plugins/web/audience.hpp"
#include "qiao/contract/access.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/files.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;
using contract::ChannelCapabilities;

constexpr Lane kFileLane{
    .kind = Lane::blocking, .capacity = 1024, .concurrency = 4, .name = "channel-files", .budget = 60s};
constexpr auto kLongestLink = 24h * 90;

struct ChannelInfo {
  std::string instance;
  ChannelCapabilities can;
};
QIAO_FIELDS(ChannelInfo, instance, can)
struct ChannelList {
  std::vector<ChannelInfo> channels;
};
QIAO_FIELDS(ChannelList, channels)
struct WindowQuery {
  Id id;
};
QIAO_FIELDS(WindowQuery, id)

ChannelCapabilities describe_web(const Services& services) {
  ChannelCapabilities can;
  can.platform = "web";
  can.kinds = {"image", "voice", "video", "file", "link", "location", "product", "buttons"};
  can.max_file = static_cast<std::int64_t>(services.settings.agent_file_limit.count);
  can.typing = true;
  can.read = true;
  return can;
}

/// News reach a visitor while the chat is open somewhere, and on the phone of a site that wakes its app. What is
/// written otherwise waits until they come back.
void tell_visitor_window(const std::shared_ptr<Services>& services, const std::string& user,
                         const Responder<contract::ChannelWindow>& answer) {
  const auto reached = [answer](bool open) {
    contract::ChannelWindow window;
    window.limited = !open;
    window.open = open;
    answer(window);
  };
  if (const auto visitor = parse_id(user); visitor && services->audience->is_here(*visitor)) return reached(true);
  services->bus.request(contract::FindConversation{services->channel, user}, 3s,
                        [services, reached, answer](const Result<contract::ConversationView>& found) {
                          if (!found) return answer(found.error());
                          const auto site = services->settings.sites.find(found->site);
                          reached(site != services->settings.sites.end() && site->second.push);
                        });
}

Result<contract::Attachment> store_file(Services& services, const contract::StoreFile& q) {
  if (q.bytes.size() > services.settings.agent_file_limit.count) {
    return Error{Errc::too_large, "web.file_too_large",
                 fmt::format("the file has {} bytes, more than {} allows", q.bytes.size(),
                             to_string(services.settings.agent_file_limit))};
  }
  return services.files.keep(q.name, q.bytes, "c:" + q.channel + ":" + q.user);
}

Result<contract::StoredFile> read_file(Services& services, const contract::ReadFile& q) {
  auto file = services.files.open(q.file);
  if (!file) return file.error();
  auto bytes = services.files.content(*file);
  if (!bytes) return bytes.error();
  return contract::StoredFile{file->about, std::move(*bytes)};
}

Result<contract::FileLink> link_file(const Services& services, const contract::LinkFile& q) {
  const std::string& base = services.settings.public_url;
  if (base.empty()) {
    return Error{Errc::unsupported, "web.no_public_url",
                 "nobody outside can open a file's link: set public_url of the web plugin to the address that "
                 "customers reach the hub at"};
  }
  const Time until = services.clock.now() + std::min<std::chrono::seconds>(q.life, kLongestLink);
  return contract::FileLink{
      fmt::format("{}/api/v1/files/{}?{}", base, q.file.str(), services.tokens.file_link(q.file, until)), until};
}

void list_channels(Bus& bus, const HttpReply& reply) {
  bus.gather(contract::DescribeChannel{}, 2s, [reply](const std::vector<Answer<ChannelCapabilities>>& answers) {
    ChannelList list;
    for (const auto& answer : answers) {
      if (answer.reply) list.channels.push_back({answer.instance, *answer.reply});
    }
    reply({.body = to_json(list)});
  });
}

void tell_window(Bus& bus, Id id, const HttpRequest& request, const HttpReply& reply) {
  bus.request(contract::GetConversation{id}, 5s,
              [&bus, who = request.principal, reply](const Result<contract::ConversationView>& found) {
                if (!found) return reply(HttpResponse::problem(found.error()));
                if (!contract::may_see(who, *found)) {
                  return reply(HttpResponse::problem({Errc::forbidden, "this conversation is somebody else's"}));
                }
                const std::vector<std::string> limited = bus.servers<contract::GetChannelWindow>();
                if (std::find(limited.begin(), limited.end(), found->channel) == limited.end()) {
                  return reply({.body = to_json(contract::ChannelWindow{})});
                }
                RequestOptions to(5s);
                to.to = found->channel;
                bus.request(contract::GetChannelWindow{found->user}, to,
                            [reply](const Result<contract::ChannelWindow>& window) {
                              if (!window) return reply(HttpResponse::problem(window.error()));
                              reply({.body = to_json(*window)});
                            });
              });
}

}  // namespace

void declare_channels(Manifest& m) {
  m.serves<contract::StoreFile>().serves<contract::ReadFile>().serves<contract::LinkFile>();
  m.serves<contract::DescribeChannel>().serves<contract::GetChannelWindow>();
  m.asks<contract::DescribeChannel>(true).asks<contract::GetChannelWindow>(true);
  m.subscribes<contract::ConnectorAlert>();
}

void serve_channels(Context& host, const std::shared_ptr<Services>& services) {
  Bus& bus = host.bus();
  bus.serve<contract::StoreFile>(
      kFileLane, [services](const contract::StoreFile& q, const Headers&) { return store_file(*services, q); });
  bus.serve<contract::ReadFile>(
      kFileLane, [services](const contract::ReadFile& q, const Headers&) { return read_file(*services, q); });
  bus.serve<contract::LinkFile>({.kind = Lane::direct}, [services](const contract::LinkFile& q, const Headers&) {
    return link_file(*services, q);
  });
  bus.serve<contract::DescribeChannel>({.kind = Lane::direct},
                                       [services](const contract::DescribeChannel&, const Headers&) {
                                         return Result<ChannelCapabilities>(describe_web(*services));
                                       });
  bus.serve<contract::GetChannelWindow>(
      {.kind = Lane::direct},
      [services](const contract::GetChannelWindow& q, const Headers&,
                 const Responder<contract::ChannelWindow>& answer) { tell_visitor_window(services, q.user, answer); });
  bus.subscribe<contract::ConnectorAlert>(
      {.kind = Lane::direct},
      [audience = services->audience](const contract::ConnectorAlert& e, const Headers&) { audience->alert(e); });

  const Access access = Access::needs(contract::permission::kConversations);
  host.http().route_reply<Nothing, ChannelList>({.method = "GET",
                                                 .path = "/api/v1/channels",
                                                 .access = access,
                                                 .summary = "The channels of this hub and what each can carry",
                                                 .run = Run::direct},
                                                [&bus](const Nothing&, const std::shared_ptr<const HttpRequest>&,
                                                       const HttpReply& reply) { list_channels(bus, reply); });
  host.http().route_reply<WindowQuery, contract::ChannelWindow>(
      {.method = "GET",
       .path = "/api/v1/conversations/{id}/window",
       .access = access,
       .summary = "Whether the customer can be written to now, where their platform limits that",
       .run = Run::direct},
      [&bus](const WindowQuery& in, const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
        tell_window(bus, in.id, *request, reply);
      });
}

}  // namespace qiao::web
