#include "connectors/voice/words.hpp"

#include <fmt/format.h>

#include "qiao/outbound.hpp"

namespace qiao::voice {

std::string duration_text(std::int32_t seconds, bool english) {
  const std::int32_t minutes = seconds / 60;
  const std::int32_t rest = seconds % 60;
  if (minutes == 0) return english ? fmt::format("{} s", rest) : fmt::format("{} 秒", rest);
  return english ? fmt::format("{} min {} s", minutes, rest) : fmt::format("{} 分 {} 秒", minutes, rest);
}

std::string began_text(const CallNews& news, const std::string& number, bool english) {
  const Call& call = news.call;
  if (call.outbound) {
    return english ? fmt::format("Outgoing call to {}, extension {}", number, call.extension)
                   : fmt::format("呼出电话 {}，分机 {}", number, call.extension);
  }
  std::string text = english ? fmt::format("Incoming call from {}", number) : fmt::format("来电 {}", number);
  if (!call.queue.empty())
    text += english ? fmt::format(", queue {}", call.queue) : fmt::format("，队列 {}", call.queue);
  if (!news.extension.empty()) {
    text += english ? fmt::format(", rings at extension {}", news.extension)
                    : fmt::format("，分机 {} 响铃", news.extension);
  }
  return text;
}

std::string ended_text(const Call& call, const std::string& number, const std::string& agent, bool english) {
  if (call.was_answered()) {
    const std::string by = agent.empty() ? call.extension : agent;
    const std::string talked = duration_text(call.talk_s(), english);
    if (call.outbound) {
      return english ? fmt::format("Called {}: {} talked for {}", number, by, talked)
                     : fmt::format("呼出 {} 已结束：{} 通话 {}", number, by, talked);
    }
    return english ? fmt::format("Call from {} ended: answered by {}, {}", number, by, talked)
                   : fmt::format("来电 {} 已结束：{} 接听，通话 {}", number, by, talked);
  }
  if (call.outbound) {
    return english ? fmt::format("Called {}: no answer", number) : fmt::format("呼出 {} 未接通", number);
  }
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(call.ended - call.began).count();
  const std::string time = duration_text(static_cast<std::int32_t>(waited), english);
  std::string text = english ? fmt::format("Missed call from {}, waited {}", number, time)
                             : fmt::format("未接来电 {}，等待 {}", number, time);
  if (!call.last_rung.empty()) {
    text += english ? fmt::format(", rang last at extension {}", call.last_rung)
                    : fmt::format("，最后响铃分机 {}", call.last_rung);
  }
  return text;
}

std::string transferred_text(const std::string& to, bool english) {
  return english ? fmt::format("Call transferred to {}", to) : fmt::format("通话已转接给 {}", to);
}

std::string ticket_subject(const std::string& number, bool english) {
  return english ? fmt::format("Call back {}", number) : fmt::format("回拨 {}", number);
}

contract::Card recording_card(const std::string& url, std::int32_t talk_s, bool english) {
  contract::Card card;
  card.kind = "link";
  card.title = english ? "Recording of the call" : "通话录音";
  if (talk_s > 0) card.text = duration_text(talk_s, english);
  card.url = url;
  return card;
}

std::string recording_link(const std::string& pattern, const std::string& recording, const std::string& call) {
  if (recording.starts_with("https://") || recording.starts_with("http://")) return recording;
  if (pattern.empty() || recording.empty()) return {};
  std::string path;
  for (std::string_view rest = recording; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    path += url_encode(rest.substr(0, end));
    if (end < rest.size()) path += '/';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string link = pattern;
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"{file}", path.substr(path.rfind('/') + 1)},
        std::pair<std::string, std::string>{"{path}", path.substr(path.find_first_not_of('/'))},
        std::pair<std::string, std::string>{"{call}", url_encode(call)}}) {
    for (std::size_t at = link.find(name); at != std::string::npos; at = link.find(name, at + value.size())) {
      link.replace(at, name.size(), value);
    }
  }
  return link;
}

}  // namespace qiao::voice
