#include "connectors/wechat/client/exchanges.hpp"

#include <algorithm>

namespace qiao::wechat {
namespace {

constexpr const char* kNothing = "success";

HttpResponse as_response(const std::string& body) {
  HttpResponse response;
  response.content_type = body.starts_with('<') ? "application/xml; charset=utf-8" : "text/plain; charset=utf-8";
  response.body = body;
  return response;
}

}  // namespace

Exchanges::Ref Exchanges::begin(Exchange exchange, HttpReply reply) {
  std::unique_lock lock(mutex_);
  sweep();
  const auto name = std::pair(exchange.user, exchange.key);
  if (const auto known = exchanges_.find(name); known != exchanges_.end()) {
    if (known->second->state != Exchange::State::over) {
      known->second->open.push_back(std::move(reply));
      return nullptr;
    }
    const std::string body = known->second->body;
    lock.unlock();
    reply(as_response(body));
    return nullptr;
  }
  auto ref = std::make_shared<Exchange>(std::move(exchange));
  ref->open.push_back(std::move(reply));
  ref->began = clock_.steady();
  exchanges_.emplace(name, ref);
  begun_.emplace_back(ref->began, name);
  return ref;
}

void Exchanges::wait(const Ref& exchange) {
  const std::lock_guard lock(mutex_);
  if (exchange->state != Exchange::State::working) return;
  exchange->state = Exchange::State::waiting;
  waiting_[exchange->user].push_back(exchange);
}

/// Answers outside the lock: whoever is answered may call back.
void Exchanges::settle(std::unique_lock<std::mutex>& lock, const Ref& exchange, std::string body) {
  if (exchange->state == Exchange::State::over) return;
  if (exchange->state == Exchange::State::waiting) {
    const auto list = waiting_.find(exchange->user);
    if (list != waiting_.end()) {
      std::erase(list->second, exchange);
      if (list->second.empty()) waiting_.erase(list);
    }
  }
  exchange->state = Exchange::State::over;
  exchange->body = std::move(body);
  const std::vector<HttpReply> open = std::exchange(exchange->open, {});
  const std::string text = exchange->body;
  lock.unlock();
  // The newest is the one that the platform still listens to; an answer goes out once.
  for (std::size_t i = 0; i < open.size(); ++i) open[i](as_response(i + 1 == open.size() ? text : kNothing));
}

void Exchanges::finish(const Ref& exchange) {
  std::unique_lock lock(mutex_);
  settle(lock, exchange, kNothing);
}

void Exchanges::fail(const Ref& exchange, HttpResponse why) {
  std::vector<HttpReply> open;
  {
    const std::lock_guard lock(mutex_);
    if (exchange->state == Exchange::State::over) return;
    exchange->state = Exchange::State::over;
    open = std::exchange(exchange->open, {});
    exchanges_.erase({exchange->user, exchange->key});
  }
  for (const HttpReply& reply : open) reply(why);
}

bool Exchanges::answer(const std::string& user, const std::function<Result<std::string>(const Exchange&)>& body) {
  std::unique_lock lock(mutex_);
  const auto list = waiting_.find(user);
  if (list == waiting_.end()) return false;
  const Ref newest = list->second.back();
  auto made = body(*newest);
  if (!made) return false;
  answered_[user] = clock_.steady();
  settle(lock, newest, std::move(*made));
  return true;
}

void Exchanges::release(const std::string& user) {
  std::vector<Ref> all;
  {
    const std::lock_guard lock(mutex_);
    const auto list = waiting_.find(user);
    if (list != waiting_.end()) all = list->second;
  }
  for (const Ref& exchange : all) finish(exchange);
}

bool Exchanges::just_answered(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto at = answered_.find(user);
  return at != answered_.end() && clock_.steady() - at->second < kOvertakes;
}

void Exchanges::finish_all() {
  std::vector<Ref> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [user, list] : waiting_) all.insert(all.end(), list.begin(), list.end());
  }
  for (const Ref& exchange : all) finish(exchange);
}

void Exchanges::sweep() {
  const SteadyTime now = clock_.steady();
  while (!begun_.empty() && begun_.front().first + kRemembered < now) {
    const auto found = exchanges_.find(begun_.front().second);
    // One that failed and came again has an entry of its own further on.
    if (found != exchanges_.end() && found->second->began == begun_.front().first) exchanges_.erase(found);
    begun_.pop_front();
  }
  if (answered_.size() > 1024) {
    std::erase_if(answered_, [&](const auto& entry) { return entry.second + kOvertakes < now; });
  }
}

}  // namespace qiao::wechat
