#include "plugins/routing/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace qiao::routing {
namespace {

using contract::AgentView;
using contract::ConversationState;
using contract::DecideRoute;
using contract::RouteDecision;

constexpr std::int32_t kRankOvernight = -10;
constexpr std::int32_t kRankInApp = 0;
constexpr std::int32_t kRankOthers = 10;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Chinese has no spaces; words of other scripts must not begin or end inside another word.
bool contains(const std::string& text, const std::string& keyword) {
  for (std::size_t at = text.find(keyword); at != std::string::npos; at = text.find(keyword, at + 1)) {
    const std::size_t end = at + keyword.size();
    const bool begins = at == 0 || !is_word(keyword.front()) || !is_word(text[at - 1]);
    const bool ends = end == text.size() || !is_word(keyword.back()) || !is_word(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

const std::string* keyword_in(const std::vector<std::string>& keywords, const std::string& text) {
  const auto found = std::find_if(keywords.begin(), keywords.end(),
                                  [&](const std::string& k) { return !k.empty() && contains(text, k); });
  return found == keywords.end() ? nullptr : &*found;
}

bool one_of(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

bool one_begins(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() ||
         std::any_of(list.begin(), list.end(), [&](const std::string& l) { return value.starts_with(l); });
}

std::int32_t load_of(const DecideRoute& q, Id agent) {
  for (const contract::AgentLoad& load : q.loads) {
    if (load.agent == agent) return load.open;
  }
  return 0;
}

}  // namespace

Router::Router(RoutingConfig config) : config_(std::move(config)), hours_(config_.hours) {
  for (Rule& rule : config_.rules) {
    for (std::string& keyword : rule.keywords) keyword = lower(std::move(keyword));
  }
}

Router::Group Router::group_of(const DecideRoute& q) const {
  if (!q.group_hint.empty()) return {q.group_hint, "asked for"};
  const bool with_people =
      q.conversation.state != ConversationState::bot && q.conversation.state != ConversationState::resolved;
  if (with_people && !q.conversation.group.empty()) return {q.conversation.group, "as before"};
  const std::string text = lower(q.text);
  const contract::ConversationView& c = q.conversation;
  const auto fits = [&](const Rule& rule) {
    return one_of(rule.intents, c.intent) && one_of(rule.channels, c.channel) && one_begins(rule.languages, c.language);
  };
  for (const Rule& rule : config_.rules) {
    if (rule.keywords.empty() || !fits(rule)) continue;
    if (const std::string* word = keyword_in(rule.keywords, text)) return {rule.group, "keyword " + *word};
  }
  for (const Rule& rule : config_.rules) {
    if (rule.keywords.empty() && fits(rule)) return {rule.group, "rule"};
  }
  return {config_.default_group, "default"};
}

bool Router::speaks(const AgentView& agent, const std::string& language) const {
  const auto known = config_.languages.find(agent.login);
  return known != config_.languages.end() && !language.empty() && !known->second.empty() &&
         one_begins(known->second, language);
}

RouteDecision Router::decide(const DecideRoute& q, const contract::AgentList& people,
                             std::chrono::seconds handling_time, Time now) const {
  const Group group = group_of(q);
  RouteDecision out;
  out.group = group.key;
  out.rank = q.in_app ? kRankInApp : kRankOthers;
  const Time queued_at = q.conversation.queued_at;
  const bool queued = q.conversation.state == ConversationState::queued && to_micros(queued_at) > 0;
  if (queued && !hours_.open(queued_at)) out.rank = kRankOvernight;

  const AgentView* best = nullptr;
  int online = 0;
  int free = 0;
  std::int64_t places = 0;
  const auto order = [&](const AgentView& a) {
    const bool known = config_.prefer_previous_agent && a.id == q.previous_agent;
    const double share = static_cast<double>(load_of(q, a.id)) / static_cast<double>(std::max(a.capacity, 1));
    return std::tuple(!known, !speaks(a, q.conversation.language), share, a.id.value);
  };
  for (const AgentView& agent : people.agents) {
    const bool member = std::find(agent.groups.begin(), agent.groups.end(), group.key) != agent.groups.end();
    const bool role =
        std::find(config_.assign_to.begin(), config_.assign_to.end(), agent.role) != config_.assign_to.end();
    if (!member || !role || !agent.active || agent.presence != contract::Presence::online) continue;
    ++online;
    places += std::max(agent.capacity, 1);
    if (load_of(q, agent.id) >= agent.capacity) continue;
    ++free;
    if (best == nullptr || order(agent) < order(*best)) best = &agent;
  }

  const std::string why = fmt::format("{} → {}", group.reason, group.key);
  if (best != nullptr) {
    out.agent = best->id;
    out.agent_name = best->name;
    const bool known = config_.prefer_previous_agent && best->id == q.previous_agent;
    out.reason = fmt::format("{}; {}", why, known ? "the agent they know" : fmt::format("least loaded of {}", free));
    return out;
  }
  if (!hours_.open(now)) {
    out.notice = hours_.promise(now, q.conversation.language.starts_with("zh"));
    out.reason = fmt::format("{}; closed", why);
    return out;
  }
  if (online > 0) {
    // Everybody is full: a place becomes free every handling_time / places.
    const auto seconds = (std::max(q.ahead, 0) + 1) * handling_time.count() / places;
    out.estimate_s = static_cast<std::int32_t>(std::clamp<std::int64_t>(seconds, 1, 24 * 3600));
  }
  out.reason = fmt::format("{}; {}", why, online == 0 ? "nobody online" : fmt::format("all {} busy", online));
  return out;
}

}  // namespace qiao::routing
