#include "plugins/bot/live_answer.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "plugins/bot/text.hpp"
#include "qiao/contract/contacts.hpp"

namespace qiao::bot {
namespace {

using namespace std::chrono_literals;
using contract::AskBot;
using contract::Author;
using contract::BotAnswer;
using contract::BotOutcome;

constexpr auto kPatience = 900ms;  // for each of at most two questions
constexpr std::size_t kMostCodes = 3;
constexpr std::size_t kMostProducts = 3;
constexpr double kFew = 10;  // below it customers are told how many are left
constexpr const char* kWhichZh = "请问您想查哪一款？告诉我商品名或货号就行。";
constexpr const char* kWhichEn = "Which product would you like to check? Its name or number is enough.";

constexpr const char* kOrderZh = "好的，请把订单号发给我，在“我的订单”里可以看到。";
constexpr const char* kOrderEn = "Sure. Please send me the order number; it stands under \"My orders\".";
constexpr const char* kPhoneZh = "为了保护您的隐私，请再发一下下单时填的手机号，我核对后马上告诉您。";
constexpr const char* kPhoneEn =
    "To protect your privacy, please send the phone number of the order too; then I can tell you.";
constexpr const char* kNoOrderZh =
    "没有查到这个订单号和手机号的订单。请核对后把订单号再发一次，或者回复“人工”请同事帮您查。";
constexpr const char* kNoOrderEn =
    "I found no order with this number and phone number. Please check and send the order number again, or say "
    "\"human\".";
constexpr std::size_t kShortestOrder = 5;

// The asking itself; what is left names the product. Longer phrases first.
constexpr std::u32string_view kAsking[] = {
    U"还有没有货", U"有没有现货", U"有没有货", U"什么时候有货", U"还有货吗", U"还有多少", U"库存多少", U"多少库存",
    U"还有货",     U"有现货",     U"有货吗",   U"有货",         U"没货",     U"缺货",     U"现货",     U"库存",
    U"有没有",     U"还有吗",     U"能买到",   U"买得到",       U"帮我查",   U"查一下",   U"看一下",   U"看看",
    U"想买",       U"我要",       U"请问",     U"你们",         U"你好",     U"现在",     U"目前",     U"这款",
    U"这个",       U"那个",       U"那款",     U"店里",         U"商品",     U"产品",     U"货号",     U"还有",
    U"多少",       U"吗",         U"呢",       U"呀",           U"啊",       U"么",       U"吧",       U"查",
    U"有",         U"还",         U"没",       U"了",           U"它",
};
constexpr std::string_view kAskingWords[] = {
    "is",     "are",       "the",          "a",     "an",  "any",  "do",        "does", "you",   "have",
    "in",     "stock",     "of",           "left",  "how", "many", "much",      "i",    "it",    "this",
    "that",   "there",     "got",          "still", "for", "me",   "my",        "hi",   "hello", "check",
    "please", "available", "availability", "can",   "get", "buy",  "inventory", "and",
};

std::vector<std::string> codes_in(const std::string& text) {
  std::vector<std::string> codes;
  const auto of_code = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  for (std::size_t i = 0; i < text.size() && codes.size() < kMostCodes;) {
    if (std::isalnum(static_cast<unsigned char>(text[i])) == 0) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && of_code(static_cast<unsigned char>(text[end]))) ++end;
    std::string code = text.substr(i, end - i);
    while (!code.empty() && std::isalnum(static_cast<unsigned char>(code.back())) == 0) code.pop_back();
    const bool digit = std::any_of(code.begin(), code.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (digit && code.size() >= 3 && code.size() <= 40) codes.push_back(std::move(code));
    i = end;
  }
  return codes;
}

std::string words_in(const std::string& text) {
  std::u32string rest = make_plain(text).text;
  for (const std::u32string_view phrase : kAsking) {
    for (std::size_t at = rest.find(phrase); at != std::u32string::npos; at = rest.find(phrase, at)) {
      rest.replace(at, phrase.size(), U" ");
    }
  }
  std::string out;
  const std::string all = to_utf8(rest);
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t end = std::min(all.find(' ', i), all.size());
    const std::string_view word = std::string_view(all).substr(i, end - i);
    if (!word.empty() && std::find(std::begin(kAskingWords), std::end(kAskingWords), word) == std::end(kAskingWords)) {
      if (!out.empty()) out += ' ';
      out += word;
    }
    i = end + 1;
  }
  return out == "的" ? std::string() : out;
}

std::string quantity(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? fmt::format("{}", static_cast<std::int64_t>(value))
             : fmt::format("{:.2f}", value);
}

std::string day_of(Time at) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(to_micros(at) / 1'000'000)));
}

std::string age_note(bool chinese, Duration age) {
  const auto minutes = std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::minutes>(age).count());
  if (minutes < 120) {
    return chinese ? fmt::format("（{} 分钟前的数据）", minutes) : fmt::format(" (as of {} minutes ago)", minutes);
  }
  return chinese ? fmt::format("（{} 小时前的数据）", minutes / 60)
                 : fmt::format(" (as of {} hours ago)", minutes / 60);
}

std::string stock_words(bool chinese, const contract::Stock& stock) {
  if (stock.available <= 0) return chinese ? "暂时缺货" : "out of stock at the moment";
  if (stock.available >= kFew) return chinese ? "有货" : "in stock";
  const std::string count = quantity(stock.available);
  if (chinese) return fmt::format("有货，仅剩 {} {}", count, stock.unit.empty() ? "件" : stock.unit);
  return fmt::format("in stock, only {} left", count);
}

}  // namespace

LiveQuestion live_question(const AskBot& ask) {
  LiveQuestion question{codes_in(ask.text), words_in(ask.text)};
  if (!question.codes.empty() || !question.words.empty()) return question;
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
    if (turn->author != Author::customer || turn->text == ask.text) continue;
    return {codes_in(turn->text), words_in(turn->text)};
  }
  return question;
}

bool was_asked_for_product(const AskBot& ask) {
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::bot) return turn->text == kWhichZh || turn->text == kWhichEn;
  }
  return false;
}

namespace {

bool one_of(const std::string& text, std::initializer_list<const char*> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}
bool asks_for_order(const std::string& text) { return one_of(text, {kOrderZh, kOrderEn, kNoOrderZh, kNoOrderEn}); }
bool asks_for_phone(const std::string& text) { return one_of(text, {kPhoneZh, kPhoneEn}); }

/// "138 0013 8000", "+44 20 7946 0958": digits with what people write between them; the rest of the text remains.
std::string take_phone(std::string& text) {
  constexpr std::size_t kMobile = 11;
  constexpr std::size_t kLongest = 15;
  const auto digit = [&](std::size_t i) {
    return i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0;
  };
  const auto inside_word = [&](std::size_t i) {
    return i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0;
  };
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    const bool plus = text[begin] == '+' && digit(begin + 1);
    if (!plus && (!digit(begin) || inside_word(begin))) continue;
    std::string digits;
    for (std::size_t end = begin + (plus ? 1 : 0); digits.size() <= kLongest; ++end) {
      if (digit(end)) digits += text[end];
      if (digit(end)) continue;
      const bool between = end < text.size() && (text[end] == ' ' || text[end] == '-') && digit(end + 1);
      const bool mobile = digits.size() == kMobile && digits[0] == '1' && digits[1] >= '3';
      const bool with_country = digits.size() == kMobile + 2 && digits.starts_with("861");
      if (plus ? !between && digits.size() >= 8 : mobile || with_country) {
        text.erase(begin, end - begin);
        return (mobile && !plus ? "+86" : "+") + digits;
      }
      if (!between) break;
    }
    while (digit(begin + 1)) ++begin;
  }
  return {};
}

}  // namespace

bool was_asked_for_order(const AskBot& ask) {
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::bot) return asks_for_order(turn->text) || asks_for_phone(turn->text);
  }
  return false;
}

OrderSlots order_slots(const AskBot& ask) {
  // Newest first: this text, and what was answered as long as the bot went on asking.
  std::vector<std::string> texts{ask.text};
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::customer) texts.push_back(turn->text);
    if (turn->author == Author::bot && !asks_for_order(turn->text) && !asks_for_phone(turn->text)) break;
    // An order that was not found is asked for anew.
    if (turn->author == Author::bot && one_of(turn->text, {kNoOrderZh, kNoOrderEn})) break;
  }
  OrderSlots slots;
  for (std::string& text : texts) {
    std::string phone = take_phone(text);
    if (slots.phone.empty()) slots.phone = std::move(phone);
    for (const std::string& code : codes_in(text)) {
      if (slots.number.empty() && code.size() >= kShortestOrder) slots.number = code;
    }
  }
  return slots;
}

struct LiveAnswers::Turn {
  LiveQuestion question;
  OrderSlots slots;
  bool asked_again = false;  ///< an order was not found a moment ago
  Id contact;
  bool chinese = true;
  BotAnswer draft;
  Done done;

  void say(std::string text) {
    draft.outcome = BotOutcome::answer;
    draft.reason = "live";
    draft.content.text = std::move(text);
    done(std::move(draft));
  }
  /// A question back: what the draft would show beside it does not belong there.
  void ask(std::string text) {
    draft.content = {};
    say(std::move(text));
  }
  void leave_to_person(const char* reason, std::string text) {
    draft.outcome = BotOutcome::decline;
    draft.reason = reason;
    draft.content = {};
    draft.content.text = std::move(text);
    done(std::move(draft));
  }
  void no_answer() {
    leave_to_person("erp_unavailable", chinese ? "系统暂时查不到实时数据，我请同事为您确认。"
                                               : "I cannot get live data right now. Let me ask a colleague to check.");
  }
};

void LiveAnswers::answer(Live kind, const AskBot& ask, bool chinese, BotAnswer draft, Done done) {
  const bool again = std::any_of(ask.recent.begin(), ask.recent.end(), [](const contract::Turn& t) {
    return t.author == Author::bot && one_of(t.text, {kNoOrderZh, kNoOrderEn});
  });
  auto turn = std::make_shared<Turn>(
      Turn{live_question(ask), order_slots(ask), again, ask.contact, chinese, std::move(draft), std::move(done)});
  kind == Live::order ? order(turn) : stock(turn);
}

void LiveAnswers::stock(const std::shared_ptr<Turn>& turn) {
  if (turn->question.codes.empty()) return find_product(turn);
  bus_.request(contract::StockBatchQuery{turn->question.codes, {}}, kPatience,
               [this, turn](const Result<contract::StockList>& stock) {
                 const bool nothing = stock && stock->found.empty() && stock->unavailable.empty();
                 nothing ? find_product(turn) : tell_stock(turn, stock);
               });
}

void LiveAnswers::find_product(const std::shared_ptr<Turn>& turn) {
  if (turn->question.words.empty()) return turn->say(turn->chinese ? kWhichZh : kWhichEn);
  contract::ProductSearch search{turn->question.words, static_cast<std::int32_t>(kMostProducts)};
  bus_.request(std::move(search), kPatience, [this, turn](const Result<contract::ProductList>& found) {
    if (!found) return turn->no_answer();
    if (found->products.empty()) {
      const std::string& words = turn->question.words;
      return turn->leave_to_person(
          "product_unknown", turn->chinese
                                 ? fmt::format("没有查到“{}”，我请同事为您确认。", words)
                                 : fmt::format("I could not find \"{}\". Let me ask a colleague to check.", words));
    }
    contract::StockBatchQuery query;
    for (const contract::Product& product : found->products) query.skus.push_back(product.sku);
    bus_.request(std::move(query), kPatience,
                 [this, turn](const Result<contract::StockList>& stock) { tell_stock(turn, stock); });
  });
}

void LiveAnswers::tell_stock(const std::shared_ptr<Turn>& turn, const Result<contract::StockList>& stock) {
  if (!stock || stock->found.empty()) return turn->no_answer();
  const bool chinese = turn->chinese;
  std::string text = chinese ? "为您查到：" : "Here is what I found:";
  const bool single = stock->found.size() == 1;
  if (single) text.clear();
  bool stale = false;
  Time oldest = clock_.now();
  for (const contract::Stock& s : stock->found) {
    if (!single) text += "\n· ";
    text += s.name.empty() ? s.sku : s.name + (chinese ? "（" : " (") + s.sku + (chinese ? "）" : ")");
    text += (chinese ? "：" : ": ") + stock_words(chinese, s);
    stale = stale || s.stale;
    oldest = std::min(oldest, s.as_of);
  }
  if (single) text += chinese ? "。" : ".";
  if (stale) text += age_note(chinese, clock_.now() - oldest);
  turn->say(std::move(text));
}

void LiveAnswers::order(const std::shared_ptr<Turn>& turn) {
  // Who asks must be proven, or anybody could read anybody's order. Without a proof both numbers of the order are
  // needed.
  bus_.request(contract::GetContact{turn->contact}, kPatience, [this, turn](const Result<contract::ContactView>& who) {
    contract::OrderQuery query;
    if (who) {
      for (const contract::Claim& claim : who->claims) {
        if (!claim.verified) continue;
        if (claim.kind == contract::identity_kind::kPhone && query.phone.empty()) query.phone = claim.value;
        if (claim.kind == contract::identity_kind::kEmail && query.email.empty()) query.email = claim.value;
      }
    }
    if (query.phone.empty() && query.email.empty()) return order_of_stranger(turn);
    if (!turn->question.codes.empty()) query.number = turn->question.codes.front();
    query.limit = 1;
    bus_.request(std::move(query), kPatience,
                 [this, turn](const Result<contract::OrderList>& orders) { tell_order(turn, orders); });
  });
}

void LiveAnswers::order_of_stranger(const std::shared_ptr<Turn>& turn) {
  if (bus_.servers<contract::OrderQuery>().empty()) return turn->done(std::move(turn->draft));
  const bool chinese = turn->chinese;
  if (turn->slots.number.empty()) return turn->ask(chinese ? kOrderZh : kOrderEn);
  if (turn->slots.phone.empty()) return turn->ask(chinese ? kPhoneZh : kPhoneEn);
  contract::OrderQuery query;
  query.number = turn->slots.number;
  query.phone = turn->slots.phone;
  query.limit = 1;
  bus_.request(std::move(query), kPatience, [this, turn, chinese](const Result<contract::OrderList>& orders) {
    const bool none = orders ? orders->orders.empty() : orders.error().code == Errc::not_found;
    if (!none) return tell_order(turn, orders);
    if (!turn->asked_again) return turn->ask(chinese ? kNoOrderZh : kNoOrderEn);
    turn->leave_to_person("order_unknown", chinese ? "还是没有查到这个订单，我请同事帮您查。"
                                                   : "I still cannot find it. Let me ask a colleague to look for it.");
  });
}

void LiveAnswers::tell_order(const std::shared_ptr<Turn>& turn, const Result<contract::OrderList>& orders) {
  const bool chinese = turn->chinese;
  const bool none = orders ? orders->orders.empty() : orders.error().code == Errc::not_found;
  if (none) return turn->done(std::move(turn->draft));
  if (!orders) return turn->no_answer();
  const contract::Order& o = orders->orders.front();
  std::string text = chinese ? fmt::format("订单 {}（{}）：{}", o.number, day_of(o.placed_at), o.status)
                             : fmt::format("Order {} ({}): {}", o.number, day_of(o.placed_at), o.status);
  for (const contract::Shipment& s : o.shipments) {
    text += fmt::format("\n· {} {} {}", s.carrier, s.tracking, s.status);
    if (to_micros(s.expected_at) > 0) {
      text += chinese ? fmt::format("，预计 {} 送达", day_of(s.expected_at))
                      : fmt::format(", expected {}", day_of(s.expected_at));
    }
  }
  if (orders->stale) text += age_note(chinese, clock_.now() - orders->as_of);
  turn->say(std::move(text));
}

}  // namespace qiao::bot
