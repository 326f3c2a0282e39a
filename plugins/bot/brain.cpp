#include "plugins/bot/brain.hpp"

#include <algorithm>

#include "plugins/bot/dialogue.hpp"
#include "plugins/bot/mood.hpp"

namespace qiao::bot {
namespace {

using contract::AskBot;
using contract::Author;
using contract::BotAnswer;
using contract::BotOutcome;

constexpr std::size_t kMostChoices = 3;
constexpr std::size_t kMostHidden = 5;  // entries in a row that a customer does not have yet
// Worth a question back: a second entry that is this close to the best one, the surer the closer.
constexpr double kSure = 0.5;
constexpr double kClose = 0.5;
constexpr double kVeryClose = 0.85;
constexpr double kNearlySure = 0.72;  // no question back from here on
constexpr double kLeastChoice = 0.1;
constexpr double kSureByItself = 0.6;  // a text that leans on what was said before, but needs it not
constexpr double kSureTogether = 0.4;  // for a short text that shows no sign of leaning
constexpr std::size_t kShortText = 8;
constexpr int kShortWords = 4;
constexpr int kMostTimes = 2;  // the same answer, anywhere in the talk

BotAnswer person_needed(BotOutcome outcome, std::string reason, std::string sentence) {
  BotAnswer out;
  out.outcome = outcome;
  out.reason = std::move(reason);
  out.content.text = std::move(sentence);
  return out;
}

bool by_meaning(const Match& match) {
  const std::string_view reason(match.reason);
  return reason == "learned" || reason == "similar";
}

}  // namespace

struct Brain::Turn {
  const AskBot& ask;
  Plain text;
  bool chinese;
  std::vector<std::string> before;  ///< what the customer wrote about, newest first
  bool was_asked_back = false;
  bool refused = false;  ///< 都不是

  [[nodiscard]] std::string say(const char* zh, const char* en) const { return chinese ? zh : en; }
};

bool Brain::speaks_chinese(const Plain& text, const std::string& language) {
  if (text.han) return true;
  // A number alone is no language.
  const bool letters = std::any_of(text.text.begin(), text.text.end(), [](char32_t c) { return c > U'9'; });
  if (!letters) return !language.starts_with("en");
  if (language.starts_with("zh")) return text.words < 2;
  return language.empty() && text.words == 0;
}

std::string Brain::group_of_talk(const AskBot& ask) const {
  const auto group_of = [&](const std::string& text) -> std::string {
    const auto matches = best(make_plain(text), ask, 1);
    return matches.empty() || matches[0].score < settings_.threshold ? "" : matches[0].entry->group;
  };
  std::string group = group_of(ask.text);
  for (auto turn = ask.recent.rbegin(); group.empty() && turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::customer) group = group_of(turn->text);
  }
  return group;
}

/// The entry whose answer the bot gave last, so far as it still stands there as it was said.
std::string Brain::said_last(const AskBot& ask) const {
  const contract::Turn* said = last_of_bot(ask);
  if (said == nullptr || said->text.empty()) return {};
  for (const KnowledgeEntry& entry : matcher_.entries()) {
    if (entry.answer_zh == said->text || entry.answer_en == said->text) return entry.key;
    if (entry.variants.empty()) continue;
    for (const bool chinese : {true, false}) {
      if (content_of(entry, chinese, ask.channel, ask.site).text == said->text) return entry.key;
    }
  }
  return {};
}

std::optional<BotAnswer> Brain::leave_to_person(const Turn& turn) const {
  if (asks_for_person(turn.text)) {
    // No sentence: where they are being connected to is said by who connects them.
    BotAnswer out = person_needed(BotOutcome::handoff, "asked", {});
    out.intent = "ask_person";
    out.group = group_of_talk(turn.ask);
    return out;
  }
  if (const auto complaint = complaint_in(turn.text, turn.before)) {
    BotAnswer out = person_needed(
        BotOutcome::decline, "complaint",
        turn.say("非常抱歉给您添麻烦了。这件事需要同事为您核实；前面的对话他们都看得到，您不用再说一遍。",
                 "I'm sorry about this. A colleague needs to look into it; they can see our conversation, so "
                 "there is no need to repeat anything."));
    out.intent = complaint->intent;
    out.group = complaint->group;
    return out;
  }
  const bool thumb_down = thumb_in(turn.ask.text) == Thumb::down;
  if ((thumb_down || says_no_help(turn.text)) && last_of_bot(turn.ask) != nullptr) {
    BotAnswer out = person_needed(
        BotOutcome::decline, "not_helped",
        turn.say("抱歉没能帮到您，请同事来看一下。", "I'm sorry that I couldn't help. Let me ask a colleague."));
    out.group = group_of_talk(turn.ask);
    out.entry = said_last(turn.ask);
    return out;
  }
  return std::nullopt;
}

std::vector<Match> Brain::best(const Plain& text, const AskBot& ask, std::size_t most, bool asked) const {
  if (!settings_.version) return matcher_.best(text, ask.site, most);
  std::vector<Match> found;
  bool first = asked;
  for (Match match : matcher_.best(text, ask.site, most + kMostHidden)) {
    match.entry = settings_.version(*match.entry, first && match.score >= settings_.threshold);
    first = false;
    if (match.entry != nullptr && found.size() < most) found.push_back(match);
  }
  return found;
}

std::vector<Match> Brain::understand(const Turn& turn) const {
  std::vector<Match> alone = best(turn.text, turn.ask, kMostChoices, true);
  if (turn.before.empty()) return alone;
  const double score = alone.empty() ? 0 : alone[0].score;
  if (!alone.empty() && !by_meaning(alone[0])) return alone;
  const bool leans = leans_on_before(turn.text);
  const bool brief =
      turn.text.han ? turn.text.compact.size() <= kShortText : turn.text.words > 0 && turn.text.words <= kShortWords;
  const bool alone_will_do = leans ? score >= kSureByItself : score >= settings_.threshold || !brief;
  if (alone_will_do) return alone;

  const std::string rest = leans ? without_leaning(turn.text) : turn.ask.text;
  const std::string last = said_last(turn.ask);
  std::vector<Match> chosen = std::move(alone);
  double best_score = leans ? score : std::max(score, kSureTogether);
  const auto consider = [&](const std::string& text) {
    if (text.empty()) return;
    std::vector<Match> found = best(make_plain(text), turn.ask, kMostChoices);
    // What was answered a moment ago is not what they go on to ask.
    std::erase_if(found, [&](const Match& m) { return m.entry->key == last || m.entry->small_talk; });
    if (found.empty() || found[0].score <= best_score) return;
    best_score = found[0].score;
    chosen = std::move(found);
  };
  if (leans && make_plain(rest).compact.size() >= 2) consider(rest);
  if (!rest.empty()) consider(turn.before[0] + " " + rest);
  return chosen;
}

std::optional<BotAnswer> Brain::ask_back(const Turn& turn, const std::vector<Match>& matches) const {
  if (turn.was_asked_back || matches.size() < 2) return std::nullopt;
  const double top = matches[0].score;
  if (!by_meaning(matches[0]) || top < settings_.threshold || top >= kNearlySure) return std::nullopt;
  if (matches[0].entry->small_talk) return std::nullopt;
  const double close_enough = std::max(kLeastChoice, top * (top < kSure ? kClose : kVeryClose));
  std::vector<const Match*> close;
  for (const Match& m : matches) {
    if (m.score >= close_enough && !m.entry->small_talk) close.push_back(&m);
  }
  if (close.size() < 2) return std::nullopt;
  BotAnswer out;
  out.outcome = BotOutcome::answer;
  out.reason = "clarify";
  out.score = matches[0].score;
  out.content.text = turn.chinese ? kAskBackZh : kAskBackEn;
  for (const Match* m : close) {
    const std::string& title = title_of(*m->entry, turn.chinese);
    out.content.buttons.push_back({title, title, {}});
  }
  return out;
}

BotAnswer Brain::from_entry(const Match& match, const Turn& turn) const {
  const KnowledgeEntry& entry = *match.entry;
  BotAnswer out;
  out.outcome = entry.handoff ? BotOutcome::decline : BotOutcome::answer;
  out.content = content_of(entry, turn.chinese, turn.ask.channel, turn.ask.site);
  for (const std::string& key : entry.related) {
    if (const KnowledgeEntry* other = matcher_.find(key)) {
      out.content.buttons.push_back({other->questions.front(), other->questions.front(), {}});
    }
  }
  out.entry = entry.key;
  out.intent = entry.intent.empty() ? entry.key : entry.intent;
  out.group = entry.group;
  out.score = match.score;
  out.reason = entry.handoff ? "needs_person" : match.reason;
  if (out.outcome != BotOutcome::answer || entry.small_talk) return out;
  const contract::Turn* said = last_of_bot(turn.ask);
  const bool twice = said != nullptr && said->text == out.content.text;
  if (twice || times_said(turn.ask, out.content.text) >= kMostTimes) {
    out.outcome = BotOutcome::decline;
    out.reason = "repeated";
    out.content = {};
    out.content.text = turn.say("看来我的回答没能解决您的问题，请同事来帮您。",
                                "It seems my answer did not solve it. Let me ask a colleague.");
  }
  return out;
}

BotAnswer Brain::give_up(const Turn& turn, const std::vector<Match>& matches) const {
  const char* reason = turn.refused                ? "none_of_choices"
                       : turn.text.compact.empty() ? "no_text"
                       : matches.empty()           ? "no_match"
                                                   : "low_score";
  BotAnswer out = person_needed(BotOutcome::decline, reason,
                                turn.say("这个问题我还答不上来，请同事来回答您。",
                                         "I don't know the answer to that yet. Let me ask a colleague."));
  if (!matches.empty() && !turn.refused) {
    out.score = matches[0].score;
    out.entry = matches[0].entry->key;
  }
  return out;
}

BotAnswer Brain::answer(const AskBot& asked) const {
  AskBot ask = asked;
  Turn turn{ask, make_plain(asked.text), false, asked_before(asked, 3)};
  turn.chinese = speaks_chinese(turn.text, asked.language);
  if (const auto choice = choice_in(asked, turn.text)) {
    turn.was_asked_back = true;
    turn.refused = choice->none;
    if (!choice->value.empty()) {
      ask.text = choice->value;
      turn.text = make_plain(choice->value);
      turn.chinese = speaks_chinese(turn.text, asked.language);
    }
  }
  if (thumb_in(asked.text) == Thumb::up && last_of_bot(asked) != nullptr) {
    BotAnswer out;
    out.outcome = BotOutcome::answer;
    out.reason = "helped";
    out.entry = said_last(asked);
    out.content.text = turn.say("太好了，还有问题随时找我。", "Glad to hear that. Just ask if there is anything else.");
    return out;
  }
  if (auto out = leave_to_person(turn)) return std::move(*out);
  if (turn.refused) return give_up(turn, {});
  const std::vector<Match> matches = understand(turn);
  const bool known = !matches.empty() && matches[0].score >= settings_.threshold;
  if (!known || (by_meaning(matches[0]) && !matches[0].entry->small_talk)) {
    if (auto talk = small_talk(turn.text, turn.chinese)) {
      BotAnswer out;
      out.outcome = BotOutcome::answer;
      out.reason = "small_talk";
      out.content.text = std::move(*talk);
      return out;
    }
  }
  if (auto out = ask_back(turn, matches)) return std::move(*out);
  return known ? from_entry(matches[0], turn) : give_up(turn, matches);
}

}  // namespace qiao::bot
