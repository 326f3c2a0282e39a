#include "plugins/bot/brain.hpp"

#include "plugins/bot/mood.hpp"

namespace qiao::bot {
namespace {

using contract::AskBot;
using contract::Author;
using contract::BotAnswer;
using contract::BotOutcome;

BotAnswer leave_to_person(BotOutcome outcome, std::string reason, std::string sentence) {
  BotAnswer out;
  out.outcome = outcome;
  out.reason = std::move(reason);
  out.content.text = std::move(sentence);
  return out;
}

const std::string* last_bot_text(const AskBot& ask) {
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::bot) return &turn->text;
  }
  return nullptr;
}

contract::Content content_of(const KnowledgeEntry& entry, bool chinese) {
  contract::Content out;
  const bool use_zh = entry.answer_en.empty() || (chinese && !entry.answer_zh.empty());
  out.text = use_zh ? entry.answer_zh : entry.answer_en;
  for (const EntryButton& b : entry.buttons) {
    const bool zh_label = b.label_en.empty() || (use_zh && !b.label_zh.empty());
    const std::string& label = zh_label ? b.label_zh : b.label_en;
    out.buttons.push_back({label, b.url.empty() && b.value.empty() ? label : b.value, b.url});
  }
  return out;
}

}  // namespace

bool Brain::speaks_chinese(const Plain& text, const std::string& language) {
  if (text.han) return true;
  if (language.starts_with("zh")) return text.words < 2;
  return language.empty() && text.words == 0;
}

std::string Brain::group_of_talk(const AskBot& ask) const {
  const auto group_of = [&](const std::string& text) -> std::string {
    const auto matches = matcher_.best(make_plain(text), ask.site, 1);
    return matches.empty() || matches[0].score < settings_.threshold ? "" : matches[0].entry->group;
  };
  std::string group = group_of(ask.text);
  for (auto turn = ask.recent.rbegin(); group.empty() && turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::customer) group = group_of(turn->text);
  }
  return group;
}

BotAnswer Brain::from_entry(const Match& match, bool chinese, const AskBot& ask) const {
  const KnowledgeEntry& entry = *match.entry;
  BotAnswer out;
  out.outcome = entry.handoff ? BotOutcome::decline : BotOutcome::answer;
  out.content = content_of(entry, chinese);
  out.entry = entry.key;
  out.intent = entry.intent.empty() ? entry.key : entry.intent;
  out.group = entry.group;
  out.score = match.score;
  out.reason = entry.handoff ? "needs_person" : match.reason;
  const std::string* said = last_bot_text(ask);
  if (out.outcome == BotOutcome::answer && !entry.small_talk && said != nullptr && *said == out.content.text) {
    out.outcome = BotOutcome::decline;
    out.reason = "repeated";
    out.content = {};
    out.content.text = chinese ? "看来我的回答没能解决您的问题，马上为您转接人工客服。"
                               : "It seems my answer did not solve it. I'm connecting you with a colleague.";
  }
  return out;
}

BotAnswer Brain::answer(const AskBot& ask) const {
  const Plain text = make_plain(ask.text);
  const bool chinese = speaks_chinese(text, ask.language);
  const auto say = [chinese](const char* zh, const char* en) { return std::string(chinese ? zh : en); };

  if (asks_for_person(text)) {
    BotAnswer out = leave_to_person(
        BotOutcome::handoff, "asked",
        say("好的，正在为您转接人工客服，请稍等。", "Sure, I'm connecting you with a colleague. One moment, please."));
    out.intent = "ask_person";
    out.group = group_of_talk(ask);
    return out;
  }
  if (const auto complaint = complaint_in(text)) {
    BotAnswer out = leave_to_person(
        BotOutcome::decline, "complaint",
        say("非常抱歉让您久等了。这件事需要同事为您核实，我马上转给他们；前面的对话他们都看得到，您不用再说一遍。",
            "I'm sorry about this. A colleague needs to look into it and I'm passing you on right away; "
            "they can see our conversation, so there is no need to repeat anything."));
    out.intent = complaint->intent;
    out.group = complaint->group;
    return out;
  }
  if (says_no_help(text) && last_bot_text(ask) != nullptr) {
    BotAnswer out = leave_to_person(BotOutcome::decline, "not_helped",
                                    say("抱歉没能帮到您，马上为您转接人工客服。",
                                        "I'm sorry that I couldn't help. I'm connecting you with a colleague."));
    out.group = group_of_talk(ask);
    return out;
  }
  const auto matches = matcher_.best(text, ask.site, 1);
  if (!matches.empty() && matches[0].score >= settings_.threshold) return from_entry(matches[0], chinese, ask);

  BotAnswer out = leave_to_person(BotOutcome::decline,
                                  text.compact.empty() ? "no_text"
                                  : matches.empty()    ? "no_match"
                                                       : "low_score",
                                  say("这个问题我还不太会，马上为您转接人工客服。",
                                      "I don't know the answer to that yet. I'm connecting you with a colleague."));
  if (!matches.empty()) {
    out.score = matches[0].score;
    out.entry = matches[0].entry->key;
  }
  return out;
}

}  // namespace qiao::bot
