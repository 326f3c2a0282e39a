#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plugins/contacts/config.hpp"
#include "plugins/contacts/people.hpp"
#include "qiao/contract/crm.hpp"

namespace qiao::contacts {

/// What outside systems say about one contact, each at its own time.
struct Known {
  std::vector<contract::CustomerCard> customers;  ///< one a CRM that knows them or knew them
  std::vector<std::string> silent;                ///< instances that did not answer and never said anything before
  std::vector<contract::ProfileCard> cards;       ///< of other plugins
  contract::OrderList orders;                     ///< of the ERP
};

/// What is told beside a conversation.
struct CardsView {
  contract::ContactSummary summary;
  std::vector<contract::ProfileCard> cards;
};
QIAO_FIELDS(CardsView, summary, cards)

struct OrderSource {
  std::string source;
  Time as_of;
  bool stale = false;
};
QIAO_FIELDS(OrderSource, source, as_of, stale)

struct OrdersView {
  std::vector<contract::Order> orders;
  std::vector<OrderSource> sources;
};
QIAO_FIELDS(OrdersView, orders, sources)

/// Asks CRMs, ERPs and whoever has profile cards about contacts. Nobody waits longer than the deadline of the settings:
/// a CRM that does not answer is shown as it answered last, with that time. Its answers are kept sealed.
class Crm {
 public:
  Crm(Database& store, Bus& bus, const Clock& clock, Logger& log, const ContactsConfig& config, const Book& book);

  using Done = std::function<void(Known)>;
  /// `done` runs on a blocking lane of this plugin, once all have answered or the deadline is over. Any thread that may
  /// read the database.
  void ask(const contract::ContactView& contact, const std::string& language, bool cards, Done done);
  /// What CRMs said last.
  [[nodiscard]] Result<std::vector<contract::CustomerCard>> remembered(Session& session,
                                                                       const std::vector<Id>& contacts) const;

  [[nodiscard]] CardsView cards(const contract::ContactView& contact, const Known& known,
                                const contract::ConversationList& talks, std::string_view language) const;
  [[nodiscard]] static OrdersView orders(const Known& known);

 private:
  struct Asking;
  void answered(const std::shared_ptr<Asking>& asking);
  void keep(Id contact, const contract::CustomerCard& card);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  const ContactsConfig& config_;
  const Book& book_;
};

/// Whom to look for in one CRM: by its own id, then by what is proven, then by what is shown.
[[nodiscard]] contract::LookupCustomer lookup_of(const contract::ContactView& contact, std::string_view instance);
/// "3 conversations, last: 退货流程 (2026-11-02)"
[[nodiscard]] std::string asked_before(const contract::ConversationList& talks, std::string_view language);
[[nodiscard]] bool chinese(std::string_view language) noexcept;
/// "2026-11-02"
[[nodiscard]] std::string day(Time at);

}  // namespace qiao::contacts
