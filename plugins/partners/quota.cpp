#include "plugins/partners/quota.hpp"

namespace qiao::partners {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kDay = 24 * 3600;

std::int64_t seconds_of(Time at) { return to_micros(at) / 1'000'000; }

}  // namespace

void Quota::roll(std::int64_t minute, std::int64_t day) {
  if (minute != minute_) {
    minute_ = minute;
    in_minute_ = 0;
    by_address_.clear();
  }
  if (day != day_) {
    day_ = day;
    in_day_ = 0;
  }
}

QuotaState Quota::take(Time now, const Allowance& allowance, std::string_view address) {
  const std::int64_t second = seconds_of(now);
  const std::lock_guard lock(mutex_);
  roll(second / kMinute, second / kDay);
  QuotaState state{true, allowance.per_minute, allowance.per_minute - in_minute_, kMinute - second % kMinute};
  const auto tighten = [&state](std::int64_t limit, std::int64_t used, std::int64_t reset) {
    // Of two windows that are over, the longer one decides when it goes on.
    const bool nearer = limit - used < state.remaining || (limit - used <= 0 && reset > state.reset_seconds);
    if (nearer) state = {true, limit, limit - used, reset};
  };
  tighten(allowance.per_day, in_day_, kDay - second % kDay);
  std::int64_t* of_address = nullptr;
  if (allowance.per_address_minute > 0) {
    const auto known = by_address_.find(std::string(address));
    if (known != by_address_.end()) {
      of_address = &known->second;
    } else if (by_address_.size() < kMostAddresses) {
      of_address = &by_address_.emplace(address, 0).first->second;
    }
    if (of_address) tighten(allowance.per_address_minute, *of_address, kMinute - second % kMinute);
  }
  if (state.remaining <= 0) {
    state.granted = false;
    state.remaining = 0;
    return state;
  }
  --state.remaining;
  ++in_minute_;
  ++in_day_;
  if (of_address) ++*of_address;
  return state;
}

void Quota::start_day(Time now, std::int64_t used) {
  const std::int64_t second = seconds_of(now);
  const std::lock_guard lock(mutex_);
  roll(second / kMinute, second / kDay);
  in_day_ = used;
}

std::int64_t Quota::used_today(Time now) const {
  const std::lock_guard lock(mutex_);
  return seconds_of(now) / kDay == day_ ? in_day_ : 0;
}

}  // namespace qiao::partners
