// From the platform to the inbox.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "connectors/channel/places.hpp"
#include "connectors/channel/seldom.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/douyin/client/client.hpp"
#include "connectors/platform/http_answer.hpp"

namespace qiao::douyin {

namespace {

using namespace std::chrono_literals;
using platform::at;
using platform::Json;
using platform::text;

constexpr std::chrono::hours kPlaceLife{24 * 90};
constexpr std::chrono::hours kVideoLife{24};
/// The platform sends again what took longer than 5 s.
constexpr std::chrono::milliseconds kHandOver{4000};

/// Clocks differ by minutes; what was taken before is known by its id.
constexpr std::chrono::minutes kClocks{5};
constexpr int kPages = 50;

Lane hooks() {
  Lane lane;
  lane.kind = Lane::blocking;
  lane.name = "hooks";
  lane.capacity = 256;  // beyond it the platform keeps them and sends again
  lane.budget = 60s;
  lane.concurrency = 8;
  return lane;
}

Lane polling() {
  Lane lane;
  lane.kind = Lane::blocking;
  lane.name = "poll";
  lane.budget = 300s;
  lane.concurrency = 1;
  return lane;
}

std::string written(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

void Client::listen(Context& host) {
  host.bus().serve<TakeEvent>(hooks(), [this](const TakeEvent& event, const Headers&) -> Result<contract::Done> {
    if (auto done = take(event.body, event.id); !done) return done.error();
    return contract::Done{};
  });
  if (account_) {
    const std::string path = "/hooks/" + host.instance();
    host.http().raw(
        {.method = "POST",
         .path = path,
         .access = Access::anyone(),
         .summary = "Douyin tells what happened",
         .run = Run::direct,
         .max_body = 256 * 1024},
        [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) { called(request, reply); });
    host.http().raw({.method = "GET",
                     .path = path + "/authorised",
                     .access = Access::anyone(),
                     .summary = "The account's owner comes back from Douyin"},
                    [this](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
                      auto done = account_->authorised(std::string(request->query_value("code")),
                                                       std::string(request->query_value("state")));
                      if (!done) return reply(HttpResponse::problem(done.error()));
                      services_->channel->alert_over("channel.token");
                      HttpResponse page;
                      page.content_type = "text/plain; charset=utf-8";
                      page.body = "授权成功，可以关闭此页。 Authorised; this page can be closed.\n";
                      reply(std::move(page));
                    });
  }
  if (comments() && !config_.videos.empty()) {
    host.bus().post(polling(), [this] { poll(); });
    host.bus().every(config_.poll, polling(), [this] { poll(); });
  }
}

void Client::called(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
  if (!channel::same(signature(config_.client_secret.reveal(), request->body), request->header("x-douyin-signature"))) {
    if (channel::seldom(refused_at_, services_->host.clock().now())) {
      services_->host.log().warn("a webhook was refused: its signature does not fit client_secret");
    }
    return reply(HttpResponse::problem(
        {Errc::unauthorized, "channel.signature", "the signature does not fit: another client_secret?"}));
  }
  auto hook = read_webhook(request->body);
  if (!hook) return reply(HttpResponse::problem({Errc::bad_value, "douyin.bad_event", "this is no event of Douyin"}));
  if (!hook->challenge.empty()) {
    HttpResponse answer;
    answer.body = hook->challenge;
    return reply(std::move(answer));
  }
  const bool queued = services_->host.bus().post(hooks(), [this, request, reply] {
    auto done = take(request->body, std::string(request->header("msg-id")));
    if (!done) services_->host.log().warn("an event of Douyin was not taken: {}", done.error().message);
    HttpResponse answer;
    answer.body = "{}";
    reply(done || channel::is_final(done.error()) ? std::move(answer) : HttpResponse::problem(done.error()));
  });
  if (!queued) reply(HttpResponse::problem({Errc::overloaded, "douyin.busy", "too much to do; send it again"}));
}

Result<void> Client::take(const std::string& body, const std::string& id) {
  auto hook = read_webhook(body);
  if (!hook) return hook.error();
  if (hook->event == "authorize" || hook->event == "unauthorize" || hook->event == "contract_authorize" ||
      hook->event == "contract_unauthorize") {
    granted(*hook);
    return {};
  }
  const bool is_comment = hook->event == "item_comment_reply";
  const bool is_message = hook->event.starts_with("im_") && !hook->event.starts_with("im_group_");
  if (!is_comment && !is_message) return {};
  // One webhook serves all accounts of an app.
  if (hook->from != config_.open_id && hook->to != config_.open_id && !(is_comment && hook->to.empty())) return {};
  if (is_comment != comments()) {
    if (config_.others_to.empty()) {
      if (!told_of_others_.exchange(true)) {
        services_->host.log().warn("events for {} come and are not taken: no others_to names an instance for them",
                                   is_comment ? "comments" : "private messages");
      }
      return {};
    }
    RequestOptions options(kHandOver);
    options.to = config_.others_to;
    auto handed = services_->host.bus().ask(TakeEvent{body, id}, options);
    return handed ? Result<void>() : handed.error();
  }
  if (is_comment) return take_comment(hook->comment);
  if (hook->message.id.empty()) hook->message.id = id;
  if (hook->event == "im_receive_msg") return take_message(*hook);
  if (hook->event == "im_send_msg") {
    return answered_elsewhere(hook->message.id, hook->to, message_text(hook->message, english_), hook->message.at);
  }
  if (hook->event == "im_message_read") {
    services_->channel->read_all(hook->from);
    return {};
  }
  if (hook->event == "im_enter_direct_msg") {
    const Place place{hook->message.conversation, hook->message.id, "im_enter_direct_msg"};
    // What the customer said stays what is answered.
    static_cast<void>(services_->channel->memory().claim(
        "user:" + hook->from + ":dm",
        written({{"conversation", place.conversation}, {"message", place.message}, {"scene", place.scene}}), 30s));
    greet(*hook, place);
  }
  const std::string says = event_text(*hook, english_);
  if (says.empty()) return {};
  return note(id.empty() ? hook->event + hook->message.id : id, hook->from, hook->from_name, says, hook->message.at);
}

void Client::granted(const Webhook& hook) {
  if (hook.event.ends_with("unauthorize")) {
    services_->channel->alert("channel.token",
                              english_ ? "The authorisation of the Douyin account was withdrawn; authorise it again"
                                       : "抖音账号的授权已被取消，请重新授权");
  } else {
    services_->channel->alert_over("channel.token");
  }
}

Result<void> Client::take_comment(const Comment& comment) {
  if (comment.id.empty() || comment.user.empty()) {
    return Error{Errc::bad_value, "douyin.bad_event", "a comment without an id or a writer"};
  }
  if (comment.user == config_.open_id) {
    // The account's own words come back as an event; what was written in the app is none of the hub's threads.
    static_cast<void>(was_ours(comment.text));
    return {};
  }
  contract::AcceptMessage message;
  message.external_id = short_id(comment.id);
  message.user = comment.user;
  message.user_name = comment.name;
  message.content.text = comment_text(comment, english_);
  if (!comment.item.empty()) message.content.cards.push_back(post_card(comment.item));
  message.at = comment.at;
  auto accepted = services_->channel->accept_and_wait(std::move(message));
  if (!accepted) return accepted.error();
  // After the inbox has it, because the place counts in the inbox's order; a repetition comes here again.
  return channel::Places(services_->channel->memory())
      .put(comment.user, *accepted, written({{"item", comment.item}, {"comment", comment.id}}));
}

contract::Card Client::post_card(const std::string& item) {
  contract::Card card;
  card.kind = "post";
  card.title = english_ ? "Douyin video" : "抖音视频";
  card.data["id"] = item;
  if (config_.video_path.empty()) return card;
  channel::Memory& memory = services_->channel->memory();
  const std::string name = "video:" + channel::hex(channel::sha1(item));
  std::string kept;
  if (auto known = memory.get(name); known && *known) {
    kept = **known;
  } else {
    auto answer = api_->call(config_.video_path, {}, written({{"item_ids", Json::array({item})}}));
    if (!answer) {
      services_->host.log().info("a video's title is not known: {}", answer.error().message);
      signed_in(answer.error());
      return card;
    }
    const Json& video = at(at(answer->first, {"data", "list"}), std::size_t{0});
    kept = written({{"title", text(at(video, "title"))},
                    {"cover", text(at(video, "cover"))},
                    {"url", text(at(video, "share_url"))}});
    static_cast<void>(memory.put(name, kept, kVideoLife));
  }
  auto video = platform::read_json(kept, "douyin");
  if (!video) return card;
  if (const std::string title = text(at(*video, "title")); !title.empty()) card.title = clip(title, 200);
  const auto web = [](std::string url) { return url.starts_with("http") && url.size() <= 2000 ? url : std::string(); };
  card.picture = web(text(at(*video, "cover")));
  card.url = web(text(at(*video, "url")));
  return card;
}

Result<void> Client::take_message(const Webhook& hook) {
  const Message& m = hook.message;
  if (hook.from == config_.open_id || hook.from.empty() || m.id.empty()) return {};
  // Before the inbox has it: whoever answers finds where to.
  auto placed = services_->channel->memory().put(
      "user:" + hook.from + ":dm",
      written({{"conversation", m.conversation}, {"message", m.id}, {"scene", "im_reply_msg"}}), kPlaceLife);
  if (!placed) return placed;
  channel::Incoming item;
  contract::AcceptMessage& message = item.message;
  message.external_id = short_id(m.id);
  message.user = hook.from;
  message.user_name = hook.from_name;
  message.content.text = message_text(m, english_);
  message.at = m.at;
  if (!m.item.empty()) {
    message.content.cards.push_back(post_card(m.item));
  } else if (!m.media_url.empty() || m.type.starts_with("user_local_")) {
    const bool video = m.type.find("video") != std::string::npos;
    item.media.push_back(
        {m.media_url.empty() ? written({{"conversation", m.conversation}, {"message", m.id}}) : m.media_url,
         {},
         video ? "video" : "image"});
  }
  return receiver_->take_and_wait({std::move(item)});
}

/// `media.ref`: the file's address, or as JSON the message whose file has one.
Result<channel::Receiver::File> Client::fetch(const channel::Media& media) {
  OutboundRequest request;
  request.url = media.ref;
  request.timeout = 3s;
  if (media.ref.starts_with('{')) {
    auto message = platform::read_json(media.ref, "douyin");
    if (!message) return message.error();
    auto found =
        api_->call("/api/im/message/resources/", {},
                   resource_body(text(at(*message, "conversation")), text(at(*message, "message")), config_.open_id));
    if (!found) return found.error();
    request.url = text(at(found->first, {"data", "url"}));
    if (request.url.empty()) request.url = text(at(found->first, "url"));
  }
  auto file = services_->http->send(request);
  if (!file) return file.error();
  if (file->status != 200) return platform::status_error("douyin", *file);
  return channel::Receiver::File{{}, std::move(file->body)};
}

Result<void> Client::answered_elsewhere(const std::string& id, const std::string& user, const std::string& said,
                                        Time at) {
  if (user.empty() || said.empty() || was_ours(said)) return {};
  // After a restart the words are forgotten, the platform's id is not.
  if (auto ours = services_->channel->memory().get("sent:" + short_id(id)); ours && *ours) return {};
  return note(id, user, {}, (english_ ? "[Written in the Douyin app] " : "［在抖音 App 中回复］") + said, at);
}

Result<void> Client::note(const std::string& id, const std::string& user, const std::string& name, std::string says,
                          Time at) {
  if (user.empty() || user == config_.open_id) return {};
  contract::RecordEvent event;
  event.external_id = short_id(id);
  event.user = user;
  event.user_name = name;
  event.content.text = std::move(says);
  event.at = at;
  auto recorded = services_->channel->record_and_wait(std::move(event));
  return recorded ? Result<void>() : recorded.error();
}

/// Within 30 s of the opening, three texts are allowed.
void Client::greet(const Webhook& hook, const Place& place) {
  if (config_.welcome.empty() || place.conversation.empty()) return;
  auto first = services_->channel->memory().claim("welcome:" + short_id(place.message), "1", std::chrono::hours(24));
  if (!first || !*first) return;
  sending(config_.welcome);
  auto sent = api_->call("/im/send/msg/", {}, text_body(place, hook.from, config_.welcome));
  if (!sent) services_->host.log().warn("a customer was not greeted: {}", sent.error().message);
}

void Client::poll() {
  for (const std::string& item : config_.videos) {
    auto done = poll_video(item);
    if (done) {
      services_->channel->alert_over("douyin.poll");
      continue;
    }
    if (done.error().code == Errc::cancelled) return;
    services_->host.log().warn("comments were not fetched: {}", done.error().message);
    if (channel::is_final(done.error())) {
      services_->channel->alert("douyin.poll", fmt::format("No comments come from Douyin: {}", done.error().message));
    }
    // The others would meet the same.
    if (done.error().code == Errc::rate_limited || done.error().name() == "channel.token") return;
  }
}

/// Newest first; older ones than `since` only as far as they stand on the same page.
Result<std::vector<Comment>> Client::replies(const std::string& item, const std::string& comment, Time since) {
  std::vector<Comment> all;
  std::string cursor = "0";
  for (int page = 0; page < kPages; ++page) {
    auto answer = api_->call("/item/comment/reply/list/",
                             {{"item_id", item}, {"comment_id", comment}, {"cursor", cursor}, {"count", "20"}}, {});
    if (!answer) return answer.error();
    auto part = read_comments(answer->second, item);
    if (!part) return part.error();
    const bool recent =
        std::any_of(part->list.begin(), part->list.end(), [&](const Comment& one) { return one.at >= since; });
    std::move(part->list.begin(), part->list.end(), std::back_inserter(all));
    if (!part->more || !recent || part->cursor == cursor) break;
    cursor = part->cursor;
  }
  return all;
}

Result<void> Client::poll_video(const std::string& item) {
  channel::Memory& memory = services_->channel->memory();
  const std::string name = "seen:" + channel::hex(channel::sha1(item));
  auto kept = memory.get(name);
  if (!kept) return kept.error();
  // What stood there before the hub came is no work for it.
  const Time begun = services_->host.clock().now() - 10min;
  const Time seen = *kept ? from_micros(std::strtoll((*kept)->c_str(), nullptr, 10)) : begun;
  Time newest = seen;
  const auto take_all = [&](const std::vector<Comment>& list) -> Result<bool> {
    bool any = false;
    // Newest first there; in the order in which they were written here.
    for (auto comment = list.rbegin(); comment != list.rend(); ++comment) {
      if (comment->at < seen - kClocks) continue;
      any = true;
      if (auto taken = take_comment(*comment); !taken && !channel::is_final(taken.error())) return taken.error();
      newest = std::max(newest, comment->at);
    }
    return any;
  };
  const char* list_path = config_.mini_app ? "/api/apps/v1/item/list_comment/" : "/item/comment/list/";
  std::string cursor = "0";
  for (int page = 0; page < kPages; ++page) {
    auto answer =
        api_->call(list_path, {{"item_id", item}, {"cursor", cursor}, {"count", "20"}, {"sort_type", "time"}}, {});
    if (!answer) return answer.error();
    auto comments = read_comments(answer->second, item);
    if (!comments) return comments.error();
    for (const Comment& parent : comments->list) {
      if (parent.replies == 0 || config_.mini_app) continue;
      const std::string counter = "replies:" + channel::hex(channel::sha1(parent.id));
      const std::string count = std::to_string(parent.replies);
      auto before = memory.get(counter);
      if (before && *before == count) continue;
      auto list = replies(item, parent.id, seen - kClocks);
      if (!list) return list.error();
      if (auto taken = take_all(*list); !taken) return taken.error();
      static_cast<void>(memory.put(counter, count, kPlaceLife));
    }
    auto any = take_all(comments->list);
    if (!any) return any.error();
    if (!comments->more || !*any || comments->cursor == cursor) break;
    cursor = comments->cursor;
  }
  if (newest == seen && *kept) return {};
  return memory.put(name, std::to_string(to_micros(newest)));
}

}  // namespace qiao::douyin
