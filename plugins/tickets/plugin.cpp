#include <optional>

#include "plugins/tickets/config.hpp"
#include "plugins/tickets/desk.hpp"
#include "plugins/tickets/person.hpp"
#include "plugins/tickets/routes.hpp"
#include "qiao/plugin.hpp"

namespace qiao::tickets {

class TicketsPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Tickets from conversations to departments, with deadlines; customer and agent are told");
    m.config<TicketsConfig>();
    m.serves<contract::CreateTicket>().serves<contract::ResolveTicket>().serves<contract::TicketsOfContacts>();
    m.serves<contract::ExportPerson>().serves<contract::ErasePerson>();
    m.asks<contract::GetConversation>().asks<contract::WriteMessage>();
    m.asks<contract::ListAgents>(true);
    m.publishes<contract::TicketChanged>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<TicketsConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    if (auto done = host.store().migrate(store::migrations()); !done) return done;
    Bus& bus = host.bus();
    desk_.emplace(config_, host.store(), host.vault(), bus, host.clock(), host.log());
    bus.serve<contract::CreateTicket>(
        desk_lane(), [this](const contract::CreateTicket& q, const Headers&) { return desk_->create(q); });
    bus.serve<contract::ResolveTicket>(
        desk_lane(), [this](const contract::ResolveTicket& q, const Headers&) { return desk_->resolve(q); });
    bus.serve<contract::TicketsOfContacts>(
        desk_lane(), [this](const contract::TicketsOfContacts& q, const Headers&) -> Result<contract::TicketList> {
          constexpr std::int32_t kMost = 500;
          contract::TicketList page;
          if (q.contacts.empty()) return page;
          store::Filter filter;
          filter.all = true;
          filter.contacts = q.contacts;
          filter.before_time = q.before;
          filter.limit = std::clamp(q.limit, 1, kMost) + 1;
          auto found = desk_->list(filter);
          if (!found) return found.error();
          page.tickets = std::move(*found);
          page.more = page.tickets.size() == static_cast<std::size_t>(filter.limit);
          if (page.more) page.tickets.pop_back();
          return page;
        });
    Database& db = host.store();
    bus.serve<contract::ExportPerson>(desk_lane(),
                                      [&db, &vault = host.vault()](const contract::ExportPerson& q, const Headers&) {
                                        return export_person(db, vault, q.person);
                                      });
    bus.serve<contract::ErasePerson>(
        desk_lane(), [&db](const contract::ErasePerson& q, const Headers&) { return erase_person(db, q.person); });
    bus.after(std::chrono::seconds(1), writer_lane(), [this] { desk_->retry_pending(); });
    bus.every(config_.check_every, writer_lane(), [this] {
      desk_->check_deadlines();
      desk_->retry_pending();
    });
    add_routes(host.http(), *desk_);
    return {};
  }

  void stop() noexcept override { desk_.reset(); }

 private:
  TicketsConfig config_;
  std::optional<Desk> desk_;
};

}  // namespace qiao::tickets

using qiao::tickets::TicketsPlugin;
QIAO_PLUGIN(TicketsPlugin, "tickets", "ticket", "0.1.0")
