#include "plugins/bot/intent_names.hpp"

#include <algorithm>

namespace qiao::bot {
namespace {

struct Named {
  std::string_view intent;
  const char* zh;
  const char* en;
};
constexpr Named kOwn[] = {
    {"return_status", "退货进度", "Where the return stands"},
    {"refund_status", "退款进度", "Where the refund stands"},
    {"delivery_status", "配送进度", "Where the order is"},
    {"parcel_lost", "包裹丢失", "Parcel lost"},
    {"invoice_status", "发票进度", "Where the invoice is"},
    {"tech_problem", "系统故障", "Technical problem"},
    {"complaint", "投诉", "Complaint"},
    {"ask_person", "要求人工", "Wants a person"},
};

}  // namespace

std::string name_of_intent(const std::vector<KnowledgeEntry>& entries, std::string_view intent, bool chinese) {
  for (const Named& own : kOwn) {
    if (own.intent == intent) return chinese ? own.zh : own.en;
  }
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const KnowledgeEntry& e) {
    return (e.intent.empty() ? e.key : e.intent) == intent;
  });
  return entry == entries.end() || entry->questions.empty() ? std::string() : title_of(*entry, chinese);
}

}  // namespace qiao::bot
