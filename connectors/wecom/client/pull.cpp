// From the platform to the inbox.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "connectors/channel/signing.hpp"
#include "connectors/channel/wire.hpp"
#include "connectors/wecom/client/client.hpp"
#include "connectors/wecom/client/outbound.hpp"

namespace qiao::wecom {

namespace {

using platform::at;
using platform::Json;
using namespace std::chrono_literals;

constexpr std::size_t kNames = 10'000, kAskedAtOnce = 100;
// What Memory says about a greeting.
constexpr const char* kGreeting = "1";
constexpr const char* kGreeted = "2";
constexpr std::chrono::hours kGreetingLife{24};

Lane pulling() {
  Lane lane;
  lane.kind = Lane::blocking;
  lane.name = "pull";
  lane.budget = 120s;
  return lane;
}

}  // namespace

void Client::start_pulling() {
  post([this] {
    if (auto done = ensure_servicers(); !done) {
      services_->host.log().warn("servicers were not added: {}", done.error().message);
    }
    pull_all();
  });
  services_->host.bus().every(config_.catch_up, pulling(), [this] { pull_all(); });
}

Result<Time> Client::begun() {
  channel::Memory& memory = services_->channel->memory();
  const Time now = services_->host.clock().now();
  auto first = memory.claim("since", std::to_string(to_micros(now - 10min)), std::chrono::hours(24 * 3650));
  if (!first) return first.error();
  auto since = memory.get("since");
  if (!since) return since.error();
  return from_micros(std::strtoll(since->value_or("0").c_str(), nullptr, 10));
}

bool Client::post(std::function<void()> work) { return services_->host.bus().post(pulling(), std::move(work)); }

void Client::close() noexcept {
  const std::lock_guard lock(mutex_);
  closing_ = true;
}

bool Client::wanted(const std::string& open_kfid) const {
  return !open_kfid.empty() && (config_.accounts.empty() || std::find(config_.accounts.begin(), config_.accounts.end(),
                                                                      open_kfid) != config_.accounts.end());
}

void Client::pull_all() {
  if (!config_.accounts.empty()) {
    for (const std::string& account : config_.accounts) static_cast<void>(pull(account, {}));
    return;
  }
  auto list = api_->accounts();
  pulled({}, list ? Result<void>() : list.error());
  if (!list) return;
  for (const Api::Account& account : *list) static_cast<void>(pull(account.open_kfid, {}));
}

bool Client::pull(const std::string& open_kfid, std::string token) {
  const std::lock_guard lock(mutex_);
  if (closing_) return false;
  Pull& state = pulls_[open_kfid];
  if (!token.empty()) state.token = std::move(token);
  if (state.running) {
    state.again = true;
    return true;
  }
  state.running = post([this, open_kfid] { work(open_kfid); });
  return state.running;
}

void Client::work(const std::string& open_kfid) {
  for (;;) {
    std::string token;
    {
      const std::lock_guard lock(mutex_);
      Pull& state = pulls_[open_kfid];
      state.again = false;
      if (closing_) {
        state.running = false;
        return;
      }
      token = std::exchange(state.token, {});
    }
    auto done = pages(open_kfid, token);
    // Without a list of one's own the platform's list says what there is; it is asked again at the next catch-up.
    const bool gone = !done && config_.accounts.empty() && done.error().code == Errc::not_found;
    pulled(open_kfid, gone ? Result<void>() : done);
    const std::lock_guard lock(mutex_);
    Pull& state = pulls_[open_kfid];
    if (done || gone) {
      state.failures = 0;
      if (done && state.again) continue;
      state.running = false;
      return;
    }
    if (state.token.empty()) state.token = token;
    const auto pause = std::max<std::chrono::milliseconds>(
        done.error().retry_after, std::min(1000ms * (1 << std::min(state.failures, 9)), 300'000ms));
    ++state.failures;
    // Nobody else begins meanwhile: it would meet the same failure.
    services_->host.bus().after(pause, pulling(), [this, open_kfid] { work(open_kfid); });
    return;
  }
}

void Client::pulled(const std::string& open_kfid, const Result<void>& result) {
  if (result) {
    const std::lock_guard lock(mutex_);
    if (failing_.erase(open_kfid) > 0 && failing_.empty()) services_->channel->alert_over("wecom.pull");
    return;
  }
  const Error& error = result.error();
  if (error.code == Errc::cancelled) return;
  services_->host.log().warn("pulling from WeCom failed: {} account={}", error.message, open_kfid);
  if (!channel::is_final(error) && error.name() != "channel.quota") return;
  {
    const std::lock_guard lock(mutex_);
    failing_.insert(open_kfid);
  }
  services_->channel->alert("wecom.pull", fmt::format("No messages come from WeCom{}{}: {}",
                                                      open_kfid.empty() ? "" : " for ", open_kfid, error.message));
}

Result<void> Client::pages(const std::string& open_kfid, std::string token) {
  channel::Memory& memory = services_->channel->memory();
  const std::string name = "cursor/" + open_kfid;
  auto kept = memory.get(name);
  if (!kept) return kept.error();
  std::string cursor = kept->value_or("");
  for (;;) {
    auto body = api_->call_text("/cgi-bin/kf/sync_msg", pull_body(open_kfid, cursor, token));
    if (!body && body.error().id == "wecom.pull_token" && !token.empty()) {
      token.clear();
      continue;
    }
    if (!body) return body.error();
    auto page = read_page(*body, english_);
    if (!page) return page.error();
    for (Item& item : page->items) {
      if (item.customer.open_kfid.empty()) item.customer.open_kfid = open_kfid;
    }
    if (auto done = take(page->items); !done) return done;
    if (!page->next_cursor.empty() && page->next_cursor != cursor) {
      cursor = page->next_cursor;
      if (auto put = memory.put(name, cursor); !put) return put;
    } else if (page->more) {
      return Error{Errc::unavailable, "wecom.bad_answer", "WeCom says that there is more, and gives no new cursor"};
    }
    if (!page->more) return {};
    const std::lock_guard lock(mutex_);
    if (closing_) return Error{Errc::cancelled, "the hub stops"};
  }
}

Result<void> Client::take(std::vector<Item>& items) {
  const auto oldest = begun();
  if (!oldest) return oldest.error();
  std::erase_if(items, [&](const Item& item) { return item.at < *oldest; });
  greet(items);
  introduce(items);
  std::set<std::string> held;
  for (Item& item : items) {
    auto done = item.type == "event" ? take_event(item) : take_message(item);
    if (!done) {
      if (!channel::is_final(done.error())) return done;
      services_->host.log().warn("a message of WeCom was refused by the hub: {} id={}", done.error().message, item.id);
    }
    if (item.origin == Origin::customer && held.insert(user_of(item.customer)).second) hold_session(item.customer);
  }
  return {};
}

/// A welcome code is good for seconds: greetings come before everything else.
void Client::greet(const std::vector<Item>& items) {
  if (config_.welcome.empty()) return;
  const Time now = services_->host.clock().now();
  for (const Item& item : items) {
    if (item.welcome_code.empty() || now - item.at > 1min) continue;
    channel::Memory& memory = services_->channel->memory();
    const std::string name = "welcome/" + item.id;
    auto first = memory.claim(name, kGreeting, kGreetingLife);
    if (!first || !*first) continue;
    auto sent = api_->call("/cgi-bin/kf/send_msg_on_event", welcome_body(item.welcome_code, channel::random_token(24),
                                                                         config_.welcome, config_.welcome_menu));
    if (sent) {
      static_cast<void>(memory.put(name, kGreeted, kGreetingLife));
    } else {
      services_->host.log().warn("a customer was not greeted: {}", sent.error().message);
    }
  }
}

/// Names and UnionIDs of customers that are new here.
void Client::introduce(const std::vector<Item>& items) {
  std::map<std::string, std::set<std::string>> users;  ///< of each external_userid
  for (const Item& item : items) {
    const std::string& id = item.customer.external_userid;
    const bool comes = item.origin == Origin::customer || item.event == "enter_session";
    if (comes && !id.empty() && !known(id)) users[id].insert(user_of(item.customer));
  }
  std::vector<std::string> ids;
  for (const auto& [id, _] : users) ids.push_back(id);
  for (std::size_t begin = 0; begin < ids.size(); begin += kAskedAtOnce) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<std::string> some(
        first, first + static_cast<std::ptrdiff_t>(std::min(kAskedAtOnce, ids.size() - begin)));
    auto answer = api_->call("/cgi-bin/kf/customer/batchget", customers_body(some));
    if (!answer) {
      services_->host.log().info("customers' names are not known: {}", answer.error().message);
      return;
    }
    {
      // Whom the platform does not know has no name, and is not asked for again.
      const std::lock_guard lock(mutex_);
      if (names_.size() + some.size() > kNames) names_.clear();
      for (const std::string& id : some) names_[id].clear();
    }
    for (const Json& one : platform::items(at(*answer, "customer_list"))) {
      const std::string id = platform::text(at(one, "external_userid"));
      const auto found = users.find(id);
      if (found == users.end()) continue;
      const std::string name = clip(platform::text(at(one, "nickname")), 200);
      {
        const std::lock_guard lock(mutex_);
        names_[id] = name;
      }
      std::vector<contract::Claim> claims;
      if (const std::string union_id = platform::text(at(one, "unionid")); !union_id.empty()) {
        claims.push_back({contract::identity_kind::kUnionId, union_id, true});
      }
      for (const std::string& user : found->second) services_->channel->identify(user, name, claims);
    }
  }
}

bool Client::known(const std::string& external_userid) {
  const std::lock_guard lock(mutex_);
  return names_.contains(external_userid);
}

std::string Client::name_of(const std::string& external_userid) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(external_userid);
  return found == names_.end() ? std::string() : found->second;
}

Result<channel::Receiver::File> Client::fetch(const std::string& media_id) {
  auto media = api_->media(media_id);
  if (!media) return media.error();
  return channel::Receiver::File{std::move(media->name), std::move(media->bytes)};
}

Result<void> Client::take_message(Item& item) {
  if (item.customer.external_userid.empty()) return {};
  if (item.origin == Origin::customer) {
    auto grade = graded(item);
    if (!grade) return grade.error();
    if (*grade) return {};
    channel::Incoming in;
    contract::AcceptMessage& message = in.message;
    message.external_id = item.id;
    message.user = user_of(item.customer);
    message.user_name = name_of(item.customer.external_userid);
    // A tap on one of our menus says what the entry stands for, not what it shows.
    const std::string value = menu_value(item.menu_id);
    if (!value.empty() && grade_of(value).score == 0) item.content.text = value;
    message.content = std::move(item.content);
    message.at = item.at;
    if (!item.media_id.empty()) in.media.push_back({item.media_id, {}, item.type});
    return receiver_->take_and_wait({std::move(in)});
  }
  if (item.origin == Origin::servicer) {
    if (!item.media_id.empty()) {
      auto file = fetch(item.media_id);
      Result<contract::Attachment> kept = Error{};
      if (file) {
        kept = services_->channel->keep_file(user_of(item.customer), file->name.empty() ? item.type : file->name,
                                             std::move(file->bytes));
      }
      if (kept) {
        item.content.attachments.push_back(std::move(*kept));
      } else {
        item.content.text = item.type;
      }
    }
    item.content.text = fmt::format(fmt::runtime(english_ ? "[WeCom client, {}] {}" : "［企业微信客户端 {}］{}"),
                                    item.servicer, item.content.text);
    return note(item, std::move(item.content));
  }
  return {};
}

Result<void> Client::take_event(const Item& item) {
  if (item.event == "msg_send_fail") {
    if (!item.about.empty()) {
      services_->channel->receipt(item.about, contract::Delivery::failed, failure_text(item.detail, english_));
    }
    return {};
  }
  if (item.event == "servicer_status_change") {
    services_->host.log().info("servicer {} {} customers", item.servicer,
                               item.detail == 1 ? "receives" : "stops receiving");
    return {};
  }
  if (item.customer.external_userid.empty()) return {};
  if (item.event == "session_status_change") {
    static_cast<void>(services_->channel->memory().erase("user:" + user_of(item.customer) + ":session"));
  }
  contract::Content content;
  content.text = event_text(item, english_);
  if (content.text.empty()) return {};
  if (item.event == "enter_session") {
    const auto greeting = services_->channel->memory().get("welcome/" + item.id);
    if (greeting && *greeting == kGreeted)
      content.text += (english_ ? "; greeted: " : "；已发送欢迎语：") + config_.welcome;
  }
  return note(item, std::move(content));
}

Result<void> Client::note(const Item& item, contract::Content content) {
  contract::RecordEvent event;
  event.external_id = item.id;
  event.user = user_of(item.customer);
  event.user_name = name_of(item.customer.external_userid);
  event.content = std::move(content);
  event.at = item.at;
  auto recorded = services_->channel->record_and_wait(std::move(event));
  return recorded ? Result<void>() : recorded.error();
}

Result<void> Client::ensure_servicers() {
  for (const auto& [account, wanted_people] : config_.servicers) {
    auto list = api_->call("/cgi-bin/kf/servicer/list", {}, "open_kfid=" + url_encode(account));
    if (!list) return list.error();
    std::set<std::string> there;
    for (const Json& one : platform::items(at(*list, "servicer_list"))) there.insert(platform::text(at(one, "userid")));
    std::vector<std::string> missing;
    for (const std::string& one : wanted_people) {
      if (!there.contains(one)) missing.push_back(one);
    }
    if (missing.empty()) continue;
    if (auto added = api_->call("/cgi-bin/kf/servicer/add", servicers_body(account, missing)); !added) {
      return added.error();
    }
    services_->host.log().info("{} servicers were added to {}", missing.size(), account);
  }
  return {};
}

}  // namespace qiao::wecom
