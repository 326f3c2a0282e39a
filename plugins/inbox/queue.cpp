#include "plugins/inbox/queue.hpp"

#include <cmath>

namespace qiao::inbox {
namespace {

/// Up to here every step is told.
constexpr std::int32_t kNear = 20;

bool worth_telling(std::int32_t told, std::int32_t now) {
  if (told == now) return false;
  return told == 0 || now <= kNear || std::abs(told - now) * 10 >= told;
}

}  // namespace

void QueueBoard::put(const std::string& group, const Ticket& ticket) {
  const auto it = where_.find(ticket.conversation);
  std::int32_t told = 0;
  if (it != where_.end()) {
    if (it->second.group == group && it->second.ticket == ticket) return;
    told = it->second.group == group ? it->second.told : 0;
    remove(ticket.conversation);
  }
  Line& line = lines_[group];
  line.waiting.insert(ticket);
  line.changed = true;
  where_[ticket.conversation] = {group, ticket, told};
}

bool QueueBoard::remove(Id conversation) {
  const auto it = where_.find(conversation);
  if (it == where_.end()) return false;
  Line& line = lines_[it->second.group];
  line.waiting.erase(it->second.ticket);
  line.changed = true;
  where_.erase(it);
  return true;
}

std::vector<std::string> QueueBoard::groups() const {
  std::vector<std::string> names;
  for (const auto& [name, line] : lines_) {
    if (!line.waiting.empty()) names.push_back(name);
  }
  return names;
}

std::vector<Id> QueueBoard::line(const std::string& group, std::size_t from, std::size_t count) const {
  std::vector<Id> ids;
  const auto it = lines_.find(group);
  if (it == lines_.end()) return ids;
  for (const Ticket& ticket : it->second.waiting) {
    if (from > 0) {
      --from;
      continue;
    }
    if (ids.size() == count) break;
    ids.push_back(ticket.conversation);
  }
  return ids;
}

std::int32_t QueueBoard::ahead_of(const std::string& group, const Ticket& ticket) const {
  const auto it = lines_.find(group);
  if (it == lines_.end()) return 0;
  std::int32_t ahead = 0;
  for (const Ticket& other : it->second.waiting) {
    if (other.conversation == ticket.conversation) continue;
    if (ticket < other) break;
    ++ahead;
  }
  return ahead;
}

std::vector<QueueBoard::Move> QueueBoard::moves() {
  std::vector<Move> moved;
  for (auto& [group, line] : lines_) {
    if (!line.changed) continue;
    line.changed = false;
    std::int32_t place = 0;
    for (const Ticket& ticket : line.waiting) {
      ++place;
      Where& where = where_[ticket.conversation];
      if (!worth_telling(where.told, place)) continue;
      where.told = place;
      moved.push_back({ticket.conversation, place, estimate(group, place)});
    }
  }
  return moved;
}

void QueueBoard::learn_pace(const std::string& group, std::int32_t place, std::int32_t estimate_s) {
  if (place > 0 && estimate_s > 0) lines_[group].seconds_a_place = static_cast<double>(estimate_s) / place;
}

std::int32_t QueueBoard::estimate(const std::string& group, std::int32_t place) const {
  const auto it = lines_.find(group);
  return it == lines_.end() ? 0 : static_cast<std::int32_t>(std::lround(it->second.seconds_a_place * place));
}

void AgentLoads::count(Id agent, std::int32_t by) {
  std::int32_t& open = open_[agent];
  open += by;
  if (open <= 0) open_.erase(agent);
}

void AgentLoads::set(Id conversation, Id agent) {
  release(conversation);
  if (const auto it = with_.find(conversation); it != with_.end()) {
    count(it->second, -1);
    with_.erase(it);
  }
  if (agent) {
    with_[conversation] = agent;
    count(agent, 1);
  }
}

void AgentLoads::replace(const std::vector<std::pair<Id, Id>>& served) {
  with_.clear();
  open_.clear();
  for (const auto& [conversation, agent] : served) {
    with_[conversation] = agent;
    count(agent, 1);
  }
  for (const auto& [conversation, agent] : reserved_) count(agent, 1);
}

void AgentLoads::reserve(Id conversation, Id agent) {
  release(conversation);
  reserved_[conversation] = agent;
  count(agent, 1);
}

void AgentLoads::release(Id conversation) {
  const auto it = reserved_.find(conversation);
  if (it == reserved_.end()) return;
  count(it->second, -1);
  reserved_.erase(it);
}

std::vector<contract::AgentLoad> AgentLoads::all() const {
  std::vector<contract::AgentLoad> loads;
  loads.reserve(open_.size());
  for (const auto& [agent, open] : open_) loads.push_back({agent, open});
  return loads;
}

std::int32_t AgentLoads::of(Id agent) const {
  const auto it = open_.find(agent);
  return it == open_.end() ? 0 : it->second;
}

}  // namespace qiao::inbox
