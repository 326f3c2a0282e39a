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

/// The entry whose answer the bot gave last, so far as it still stands there as it was said.
std::string entry_said_last(const Matcher& matcher, const AskBot& ask) {
  const std::string* said = last_bot_text(ask);
  if (said == nullptr || said->empty()) return {};
  for (const KnowledgeEntry& entry : matcher.entries()) {
    if (entry.answer_zh == *said || entry.answer_en == *said) return entry.key;
  }
  return {};
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
    out.content.text = chinese ? "看来我的回答没能解决您的问题，请同事来帮您。"
                               : "It seems my answer did not solve it. Let me ask a colleague.";
  }
  return out;
}

BotAnswer Brain::answer(const AskBot& ask) const {
  const Plain text = make_plain(ask.text);
  const bool chinese = speaks_chinese(text, ask.language);
  const auto say = [chinese](const char* zh, const char* en) { return std::string(chinese ? zh : en); };

  if (asks_for_person(text)) {
    // No sentence: where they are being connected to is said by who connects them.
    BotAnswer out = leave_to_person(BotOutcome::handoff, "asked", {});
    out.intent = "ask_person";
    out.group = group_of_talk(ask);
    return out;
  }
  if (const auto complaint = complaint_in(text)) {
    BotAnswer out = leave_to_person(
        BotOutcome::decline, "complaint",
        say("非常抱歉给您添麻烦了。这件事需要同事为您核实；前面的对话他们都看得到，您不用再说一遍。",
            "I'm sorry about this. A colleague needs to look into it; they can see our conversation, so "
            "there is no need to repeat anything."));
    out.intent = complaint->intent;
    out.group = complaint->group;
    return out;
  }
  if (says_no_help(text) && last_bot_text(ask) != nullptr) {
    BotAnswer out = leave_to_person(
        BotOutcome::decline, "not_helped",
        say("抱歉没能帮到您，请同事来看一下。", "I'm sorry that I couldn't help. Let me ask a colleague."));
    out.group = group_of_talk(ask);
    out.entry = entry_said_last(matcher_, ask);
    return out;
  }
  const auto matches = matcher_.best(text, ask.site, 1);
  if (!matches.empty() && matches[0].score >= settings_.threshold) return from_entry(matches[0], chinese, ask);

  BotAnswer out = leave_to_person(
      BotOutcome::decline,
      text.compact.empty() ? "no_text"
      : matches.empty()    ? "no_match"
                           : "low_score",
      say("这个问题我还答不上来，请同事来回答您。", "I don't know the answer to that yet. Let me ask a colleague."));
  if (!matches.empty()) {
    out.score = matches[0].score;
    out.entry = matches[0].entry->key;
  }
  return out;
}

}  // namespace qiao::bot
