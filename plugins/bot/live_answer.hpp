#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plugins/bot/entry.hpp"
#include "qiao/bus.hpp"
#include "qiao/contract/bot.hpp"
#include "qiao/contract/erp.hpp"

namespace qiao::bot {

/// A question whose answer is not in the knowledge base but in the ERP at this moment.
struct LiveQuestion {
  std::vector<std::string> codes;  ///< what looks like a SKU or an order number, as typed; at most three
  std::string words;               ///< what is left of the text without the asking itself: a product's name
};

/// What a customer wants to know about, from the text and, when that names nothing, from what they wrote just before.
LiveQuestion live_question(const contract::AskBot& ask);

/// True when the bot's last words asked for the product, so that this text names it.
bool was_asked_for_product(const contract::AskBot& ask);

/// What finds an order of somebody who has not proven who they are.
struct OrderSlots {
  std::string number;
  std::string phone;  ///< "+8613800138000" for a mobile number of China, otherwise as typed
};
/// From the text and from what was answered to the questions before it.
OrderSlots order_slots(const contract::AskBot& ask);

/// True when the bot's last words asked for the order's number or the phone number, so that this text gives it.
bool was_asked_for_order(const contract::AskBot& ask);

/// Answers from the ERP over the bus: stock of a product, or where an order is. Whoever asks has an answer within two
/// seconds: the ERP's, with its age when it is old; a question back; or that a person will see to it. Used on one lane.
class LiveAnswers {
 public:
  using Done = std::function<void(contract::BotAnswer)>;

  LiveAnswers(Bus& bus, const Clock& clock) : bus_(bus), clock_(clock) {}

  /// `draft` is what the knowledge base says: it carries entry, intent and group, and its text is the answer when the
  /// customer cannot be told more.
  void answer(Live kind, const contract::AskBot& ask, bool chinese, contract::BotAnswer draft, Done done);

 private:
  struct Turn;
  void stock(const std::shared_ptr<Turn>& turn);
  void find_product(const std::shared_ptr<Turn>& turn);
  void tell_stock(const std::shared_ptr<Turn>& turn, const Result<contract::StockList>& stock);
  void order(const std::shared_ptr<Turn>& turn);
  void order_of_stranger(const std::shared_ptr<Turn>& turn);
  void tell_order(const std::shared_ptr<Turn>& turn, const Result<contract::OrderList>& orders);

  Bus& bus_;
  const Clock& clock_;
};

}  // namespace qiao::bot
