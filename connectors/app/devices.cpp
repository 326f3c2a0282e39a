#include "connectors/app/devices.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "qiao/json.hpp"

namespace qiao::app {
namespace {

constexpr std::size_t kMostDevices = 10;

/// The device as it is kept: `since` orders a customer's devices.
struct Kept {
  Device device;
  std::int64_t since = 0;
};
QIAO_FIELDS(Kept, device, since)

std::string hash_of(const std::string& provider, const std::string& token) {
  return channel::hex(channel::sha256(provider + ":" + token)).substr(0, 32);
}
std::string prefix_of(const std::string& user) { return "user:" + user + ":device:"; }
std::string owner_of(const std::string& hash) { return "device:" + hash; }

}  // namespace

Result<void> Devices::put(const std::string& user, const Device& device) {
  const std::string hash = hash_of(device.provider, device.token);
  auto owner = memory_.get(owner_of(hash));
  if (!owner) return owner.error();
  if (*owner && **owner != user) {
    if (auto gone = memory_.erase(prefix_of(**owner) + hash); !gone) return gone;
  }
  auto known = memory_.list(prefix_of(user), static_cast<int>(kMostDevices) * 2);
  if (!known) return known.error();
  std::vector<std::pair<std::int64_t, std::string>> others;
  std::int64_t newest = 0;
  for (const auto& [name, value] : *known) {
    auto kept = from_json<Kept>(value);
    const std::int64_t since = kept ? kept->since : 0;
    newest = std::max(newest, since);
    if (name != prefix_of(user) + hash) others.emplace_back(since, name);
  }
  std::sort(others.begin(), others.end());
  for (std::size_t i = 0; others.size() - i >= kMostDevices; ++i) {
    if (auto gone = memory_.erase(others[i].second); !gone) return gone;
    if (auto gone = memory_.erase(owner_of(others[i].second.substr(prefix_of(user).size()))); !gone) return gone;
  }
  if (auto kept = memory_.put(prefix_of(user) + hash, to_json(Kept{device, newest + 1}), life_); !kept) return kept;
  return memory_.put(owner_of(hash), user, life_);
}

Result<void> Devices::remove(const std::string& user, const std::string& provider, const std::string& token) {
  const std::string hash = hash_of(provider, token);
  auto owner = memory_.get(owner_of(hash));
  if (!owner) return owner.error();
  if (!*owner || **owner != user) return {};
  if (auto gone = memory_.erase(prefix_of(user) + hash); !gone) return gone;
  return memory_.erase(owner_of(hash));
}

Result<std::int64_t> Devices::forget(const std::string& user) {
  auto known = memory_.list(prefix_of(user), static_cast<int>(kMostDevices) * 2);
  if (!known) return known.error();
  for (const auto& [name, value] : *known) {
    if (auto gone = memory_.erase(owner_of(name.substr(prefix_of(user).size()))); !gone) return gone.error();
  }
  return memory_.erase_all(prefix_of(user));
}

Result<std::vector<Device>> Devices::of(const std::string& user) {
  auto known = memory_.list(prefix_of(user), static_cast<int>(kMostDevices) * 2);
  if (!known) return known.error();
  std::vector<Device> devices;
  for (const auto& [name, value] : *known) {
    auto kept = from_json<Kept>(value);
    if (kept) devices.push_back(std::move(kept->device));
  }
  return devices;
}

Result<void> check_device(const Device& device, const std::vector<std::string>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), device.provider) == allowed.end()) {
    return Error{Errc::bad_value, "app.provider",
                 allowed.empty() ? "provider: no push service is set up in this hub"
                                 : fmt::format("provider: expected {}", fmt::join(allowed, " or "))};
  }
  const auto plain = [](char c) { return c > ' ' && c < 127; };
  if (device.token.empty() || device.token.size() > 4096 ||
      !std::all_of(device.token.begin(), device.token.end(), plain)) {
    return Error{Errc::bad_value, "app.token", "token: expected the device's token as the platform gave it"};
  }
  // It becomes part of an address.
  if (device.provider == "apns" &&
      (device.token.size() > 200 || device.token.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)) {
    return Error{Errc::bad_value, "app.token", "token: APNs tokens are written as hexadecimal digits"};
  }
  if (device.language.size() > 35) return Error{Errc::bad_value, "language: expected a tag like zh-CN"};
  if (std::abs(device.utc_offset) > 14 * 60) {
    return Error{Errc::bad_value, "utc_offset: expected minutes between -840 and 840"};
  }
  return {};
}

}  // namespace qiao::app
