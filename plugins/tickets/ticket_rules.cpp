#include "plugins/tickets/ticket_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "qiao/utf8.hpp"

namespace qiao::tickets {
namespace {

Error wrong(std::string what) { return {Errc::bad_value, std::move(what)}; }

/// Templates have little room, and a notice is a hint: the whole text stands in the conversation.
std::string cut(const std::string& text) {
  constexpr std::size_t kMost = 600;
  if (text.size() <= kMost) return text;
  return std::string(utf8_head(text, kMost)) + "…";
}

}  // namespace

Result<void> check_new(const contract::CreateTicket& wanted, const std::vector<contract::GroupView>& departments,
                       Time now) {
  if (wanted.subject.empty() || wanted.subject.size() > 200) return wrong("subject: 1 to 200 bytes are needed");
  if (wanted.description.size() > 8 * 1024) return wrong("description: more than 8 KiB");
  if (wanted.fields.size() > 20) return wrong("fields: more than 20");
  for (const auto& [name, value] : wanted.fields) {
    if (name.empty() || name.size() > 64 || value.size() > 1000)
      return wrong("fields: names have 1 to 64 bytes, values at most 1,000");
  }
  if (wanted.deadline != Time{} && wanted.deadline <= now) return wrong("deadline: lies in the past");
  if (wanted.department.empty()) return wrong("department: is needed");
  const auto takes = [&](const contract::GroupView& g) { return g.department && g.key == wanted.department; };
  if (!departments.empty() && std::none_of(departments.begin(), departments.end(), takes)) {
    std::string names;
    for (const contract::GroupView& g : departments) {
      if (g.department) names += (names.empty() ? "" : ", ") + g.key;
    }
    return wrong(fmt::format("department: \"{}\" takes no tickets; these do: {}", wanted.department, names));
  }
  return {};
}

Time deadline_for(const TicketsConfig& config, const std::string& department, Time now) {
  const auto own = config.deadlines.find(department);
  return now + (own == config.deadlines.end() ? config.default_deadline : own->second);
}

bool may_work_on(const Principal& who, const contract::TicketView& ticket) {
  if (who.may(contract::permission::kTicketsAll)) return true;
  return who.may(contract::permission::kTickets) && contract::in_group(who, ticket.department);
}

bool may_see(const Principal& who, const contract::TicketView& ticket) {
  return may_work_on(who, ticket) || (who.may(contract::permission::kTickets) && ticket.created_by == who.id);
}

std::string created_note(const contract::TicketView& ticket, const std::string& department_name) {
  return fmt::format("工单 #{} → {}：{}", ticket.number, department_name, ticket.subject);
}

std::string resolved_text(const contract::TicketView& ticket, const std::string& language) {
  if (language.empty() || language.starts_with("zh"))
    return fmt::format("您的工单 #{} 已处理：{}", ticket.number, ticket.resolution);
  return fmt::format("Your request #{} is resolved: {}", ticket.number, ticket.resolution);
}

std::map<std::string, std::string> resolved_values(const contract::TicketView& ticket, const std::string& language) {
  const bool chinese = language.empty() || language.starts_with("zh");
  return {{"number", std::to_string(ticket.number)},
          {"title", cut(ticket.subject)},
          {"status", chinese ? "已处理" : "resolved"},
          {"text", cut(ticket.resolution)},
          {"time", to_iso8601(ticket.resolved_at)}};
}

}  // namespace qiao::tickets
