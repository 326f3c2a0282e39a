#include "plugins/bot/mood.hpp"

#include <algorithm>
#include <span>

namespace qiao::bot {
namespace {

using View = std::u32string_view;

bool any_part(const Plain& text, std::span<const View> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](View part) { return has(text.compact, part); });
}
bool any_words(const Plain& text, std::span<const View> words) {
  return std::any_of(words.begin(), words.end(), [&](View w) { return has_words(text.text, w); });
}

struct Topic {
  const char* intent;
  const char* group;
  std::span<const View> zh;
  std::span<const View> en;
};

constexpr View kRefundZh[] = {U"退款", U"退钱", U"到账", U"返款"};
constexpr View kRefundEn[] = {U"refund", U"refunded", U"money back"};
constexpr View kReturnZh[] = {U"退货", U"换货", U"退换", U"售后", U"审核"};
constexpr View kReturnEn[] = {U"return", U"returned", U"exchange", U"replacement"};
constexpr View kDeliveryZh[] = {U"快递", U"物流", U"配送", U"送货",   U"送到",   U"发货",  U"派送",
                                U"骑手", U"包裹", U"订单", U"收到货", U"我的货", U"我的菜"};
constexpr View kDeliveryEn[] = {U"delivery", U"delivered", U"package",  U"parcel", U"order",
                                U"courier",  U"shipment",  U"shipping", U"rider"};
constexpr View kTechZh[] = {U"登录", U"登不上", U"登陆", U"系统", U"闪退", U"报错", U"app", U"验证码", U"小程序"};
constexpr View kTechEn[] = {U"app", U"log in", U"login", U"crash", U"crashes", U"error", U"website"};
constexpr View kInvoiceZh[] = {U"发票"};
constexpr View kInvoiceEn[] = {U"invoice"};

// In this order: who writes of a refund for a return waits for the money.
constexpr Topic kTopics[] = {
    {"refund_status", "finance", kRefundZh, kRefundEn},
    {"return_status", "after-sales", kReturnZh, kReturnEn},
    {"invoice_status", "finance", kInvoiceZh, kInvoiceEn},
    {"delivery_status", "logistics", kDeliveryZh, kDeliveryEn},
    {"tech_problem", "tech", kTechZh, kTechEn},
};

constexpr View kWaitingZh[] = {U"没动静", U"没反应", U"没消息",   U"没进展",     U"没结果",   U"没处理",
                               U"没人理", U"没人管", U"没人处理", U"没人回",     U"没收到",   U"没到",
                               U"没送",   U"没发",   U"没退",     U"没审",       U"还没",     U"还不",
                               U"一直没", U"一直不", U"迟迟",     U"怎么还",     U"等了",     U"等到现在",
                               U"催",     U"太慢",   U"到现在",   U"什么时候才", U"还在审核", U"不处理"};
constexpr View kWaitingEn[] = {U"still not",      U"still no",        U"still haven",   U"still havent", U"still hasn",
                               U"still hasnt",    U"still waiting",   U"still pending", U"not yet",      U"haven t",
                               U"havent",         U"have not",        U"hasn t",        U"hasnt",        U"has not",
                               U"didn t receive", U"did not receive", U"never arrived", U"not arrived",  U"no update",
                               U"no updates",     U"no response",     U"no reply",      U"nobody",       U"waiting for",
                               U"been waiting",   U"where is my",     U"where s my"};
constexpr View kStrongZh[] = {U"投诉",   U"要赔偿",   U"要求赔偿", U"赔偿我", U"赔我",     U"骗人",     U"骗子",
                              U"欺骗",   U"差评",     U"维权",     U"曝光",   U"12315",    U"消协",     U"消费者协会",
                              U"太差",   U"垃圾",     U"气死",     U"无语",   U"忍无可忍", U"给个说法", U"讨个说法",
                              U"举报",   U"起诉",     U"律师",     U"报警",   U"差劲",     U"坑人",     U"坑爹",
                              U"黑心",   U"无良",     U"忽悠",     U"耍我",   U"太过分",   U"离谱",     U"火大",
                              U"受不了", U"什么破",   U"他妈",     U"妈的",   U"傻逼",     U"扑街",     U"好嬲",
                              U"很生气", U"非常生气", U"很失望",   U"太失望", U"一肚子火", U"踢皮球"};
constexpr View kStrongEn[] = {
    U"complaint", U"complain",   U"compensation", U"compensate", U"unacceptable", U"scam",     U"ridiculous",
    U"terrible",  U"disgusting", U"lawyer",       U"furious",    U"outrageous",   U"fed up",   U"rip off",
    U"ripoff",    U"fraud",      U"worst",        U"awful",      U"wtf",          U"fuck",     U"fucking",
    U"bullshit",  U"very angry", U"so angry",     U"sue you",    U"pathetic",     U"joke of a"};
// The word is there, the anger is not.
constexpr View kCalm[] = {U"垃圾袋", U"垃圾桶", U"垃圾分类", U"厨余垃圾"};
constexpr View kLostZh[] = {U"丢了", U"丢件", U"丢失", U"弄丢", U"不见了"};
constexpr View kLostEn[] = {U"lost", U"stolen", U"missing"};
constexpr View kRuleZh[] = {U"可以", U"能不能", U"能否",   U"可不可以", U"怎么办理",
                            U"规则", U"多久",   U"几天能", U"多少天"};

bool is_number(char32_t c) {
  constexpr View kChinese = U"一二两三四五六七八九十几半多好";
  return (c >= U'0' && c <= U'9') || kChinese.find(c) != View::npos;
}

/// "3天了", "两个星期还", "半个月都": how long it has been, said by somebody who waits.
bool has_waited_zh(const std::u32string& text) {
  constexpr View kUnits[] = {U"个小时", U"小时", U"个星期", U"星期", U"个礼拜", U"礼拜", U"个月", U"天", U"周"};
  constexpr View kAfter = U"了还都没也仍";
  for (View unit : kUnits) {
    for (std::size_t at = text.find(unit); at != std::u32string::npos; at = text.find(unit, at + 1)) {
      const std::size_t end = at + unit.size();
      if (at > 0 && is_number(text[at - 1]) && end < text.size() && kAfter.find(text[end]) != View::npos) return true;
    }
  }
  return false;
}

bool has_waited_en(const Plain& text) {
  constexpr View kUnits[] = {U"hours", U"days", U"weeks", U"day", U"week", U"month"};
  constexpr View kSays[] = {U"my", U"already", U"ago", U"since", U"now", U"waiting"};
  const bool number = std::any_of(text.text.begin(), text.text.end(), is_number) ||
                      any_words(text, std::span<const View>({U"two", U"three"}));
  return number && any_words(text, kUnits) && any_words(text, kSays);
}

const Topic* topic_of(const Plain& text) {
  const auto found = std::find_if(std::begin(kTopics), std::end(kTopics),
                                  [&](const Topic& t) { return any_part(text, t.zh) || any_words(text, t.en); });
  return found == std::end(kTopics) ? nullptr : found;
}

constexpr std::size_t kShortReminder = 24;

}  // namespace

bool says_no_help(const Plain& text) {
  constexpr View kZh[] = {U"没用",     U"不管用",     U"没解决",       U"解决不了", U"还是不行",
                          U"答非所问", U"不是我问的", U"不是这个问题", U"没帮到",   U"听不懂"};
  constexpr View kEn[] = {U"not helpful",  U"didn t help",   U"doesn t help", U"does not help",    U"did not help",
                          U"doesn t work", U"does not work", U"useless",      U"not what i asked", U"didn t answer"};
  return any_part(text, kZh) || any_words(text, kEn);
}

std::optional<Complaint> complaint_in(const Plain& text, const std::vector<std::string>& before) {
  const Topic* topic = topic_of(text);
  const bool own_topic = topic != nullptr;
  for (std::size_t i = 0; topic == nullptr && i < before.size(); ++i) topic = topic_of(make_plain(before[i]));
  const bool about_delivery = topic != nullptr && std::string_view(topic->group) == "logistics";
  if (about_delivery && (any_part(text, kLostZh) || any_words(text, kLostEn)))
    return Complaint{"parcel_lost", "logistics"};

  const bool strong = (any_part(text, kStrongZh) && !any_part(text, kCalm)) || any_words(text, kStrongEn);
  if (strong) return topic ? Complaint{topic->intent, topic->group} : Complaint{"complaint", "after-sales"};
  if (topic == nullptr) return std::nullopt;

  const bool waited = has_waited_zh(text.compact) || has_waited_en(text);
  const bool waiting = any_part(text, kWaitingZh) || any_words(text, kWaitingEn);
  // "还没收到货可以退款吗" asks about the rules; with a time that has passed it is a complaint all the same.
  const bool rule = any_part(text, kRuleZh) && !waited && !has(text.compact, U"催");
  // Most troubles with the app have a known remedy: the bot may try it first.
  const bool tech = std::string_view(topic->group) == "tech";
  // "怎么还没好" without a word of what: only who has asked about something before can mean that.
  if (!own_topic && !waited && text.compact.size() > kShortReminder) return std::nullopt;
  if (waited || (waiting && !rule && !tech)) return Complaint{topic->intent, topic->group};
  return std::nullopt;
}

}  // namespace qiao::bot
