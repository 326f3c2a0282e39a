#include "plugins/bot/dialogue.hpp"

#include <algorithm>
#include <span>

namespace qiao::bot {
namespace {

using View = std::u32string_view;
using contract::AskBot;
using contract::Author;
using contract::Turn;

struct Ordinal {
  std::size_t place;  // kLast: the last one
  View text;
};
constexpr std::size_t kLast = 99;
constexpr Ordinal kOrdinals[] = {
    {0, U"1"},
    {0, U"一"},
    {0, U"第一个"},
    {0, U"第1个"},
    {0, U"第一"},
    {0, U"前者"},
    {0, U"前面的"},
    {0, U"前一个"},
    {0, U"上面的"},
    {0, U"第一种"},
    {0, U"选1"},
    {0, U"选一"},
    {0, U"first"},
    {0, U"one"},
    {0, U"the first"},
    {0, U"the first one"},
    {0, U"number one"},
    {0, U"number 1"},
    {1, U"2"},
    {1, U"二"},
    {1, U"第二个"},
    {1, U"第2个"},
    {1, U"第二"},
    {1, U"第二种"},
    {1, U"选2"},
    {1, U"选二"},
    {1, U"second"},
    {1, U"two"},
    {1, U"the second"},
    {1, U"the second one"},
    {1, U"number two"},
    {1, U"number 2"},
    {2, U"3"},
    {2, U"三"},
    {2, U"第三个"},
    {2, U"第3个"},
    {2, U"第三"},
    {2, U"第三种"},
    {2, U"选3"},
    {2, U"选三"},
    {2, U"third"},
    {2, U"three"},
    {2, U"the third"},
    {2, U"the third one"},
    {kLast, U"后者"},
    {kLast, U"最后一个"},
    {kLast, U"后面的"},
    {kLast, U"后一个"},
    {kLast, U"下面的"},
    {kLast, U"the last one"},
    {kLast, U"the latter"},
    {0, U"the former"},
};
constexpr View kNone[] = {
    U"都不是",     U"不是",   U"都不对", U"没有", U"没有一个", U"以上都不是",   U"都唔系",        U"唔系",
    U"不是这些",   U"不对",   U"no",     U"none", U"neither",  U"none of them", U"none of these", U"neither of them",
    U"not really", U"no none"};
constexpr View kYes[] = {U"是",   U"是的", U"对",   U"对的", U"嗯",   U"嗯嗯", U"系",    U"系啊",    U"没错",
                         U"就是", U"是啊", U"对啊", U"yes",  U"yeah", U"yep",  U"right", U"exactly", U"correct"};

bool one_of(const std::u32string& text, std::span<const View> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Longer ones first. What leans on what was said before.
constexpr View kLeaningZh[] = {U"那如果", U"那这个", U"那那个", U"那么", U"那要是", U"这个", U"那个", U"这款",
                               U"那款",   U"这种",   U"那种",   U"这样", U"那样",   U"它们", U"它的", U"它",
                               U"另外",   U"还有呢", U"那",     U"咁",   U"嗰个",   U"呢个"};
constexpr View kEndingZh[] = {U"的话呢", U"的话", U"又怎么样", U"怎么样呢", U"呢", U"咧"};
constexpr View kLeaningEn[] = {U"what about", U"how about", U"and what if", U"and if", U"and for",
                               U"and with",   U"what if",   U"same for",    U"and",    U"this one",
                               U"that one",   U"those",     U"these",       U"this",   U"that",
                               U"it",         U"them",      U"also",        U"then"};
constexpr std::size_t kShortZh = 14;
constexpr int kShortWords = 8;

struct Talk {
  View text;
  int kind;  // of kReplies
};
constexpr Talk kTalk[] = {
    {U"你好", 0},         {U"您好", 0},
    {U"在吗", 0},         {U"在不在", 0},
    {U"嗨", 0},           {U"哈喽", 0},
    {U"早上好", 0},       {U"早", 0},
    {U"晚上好", 0},       {U"下午好", 0},
    {U"你好啊", 0},       {U"你好呀", 0},
    {U"hello", 0},        {U"hi", 0},
    {U"hey", 0},          {U"hi there", 0},
    {U"hello there", 0},  {U"good morning", 0},
    {U"good evening", 0}, {U"good afternoon", 0},
    {U"谢谢", 1},         {U"谢谢你", 1},
    {U"谢谢您", 1},       {U"多谢", 1},
    {U"感谢", 1},         {U"谢了", 1},
    {U"好的谢谢", 1},     {U"唔该", 1},
    {U"唔该晒", 1},       {U"thanks", 1},
    {U"thank you", 1},    {U"thx", 1},
    {U"ty", 1},           {U"thank you very much", 1},
    {U"thanks a lot", 1}, {U"ok thanks", 1},
    {U"再见", 2},         {U"拜拜", 2},
    {U"没事了", 2},       {U"没有了", 2},
    {U"先这样", 2},       {U"不用了", 2},
    {U"bye", 2},          {U"goodbye", 2},
    {U"see you", 2},      {U"that is all", 2},
    {U"that s all", 2},   {U"no thanks", 2},
    {U"好", 3},           {U"好的", 3},
    {U"好吧", 3},         {U"嗯", 3},
    {U"嗯嗯", 3},         {U"知道了", 3},
    {U"明白了", 3},       {U"了解", 3},
    {U"收到", 3},         {U"行", 3},
    {U"可以", 3},         {U"哦", 3},
    {U"ok", 3},           {U"okay", 3},
    {U"got it", 3},       {U"i see", 3},
    {U"alright", 3},      {U"great", 3},
    {U"fine", 3},         {U"cool", 3},
    {U"懂了", 3},         {U"ok好的", 3},
    {U"okok", 3},
};
struct Reply {
  const char* zh;
  const char* en;
};
constexpr Reply kReplies[] = {
    {"您好！请问有什么可以帮您？", "Hello! What can I do for you?"},
    {"不客气，还有问题随时找我。", "You're welcome. Just ask if there is anything else."},
    {"好的，祝您愉快，再见！", "All right. Have a nice day!"},
    {"好的，还有什么可以帮您？", "All right. Is there anything else?"},
};

/// "好的呀～" is "好的": particles at the end say nothing.
std::u32string without_particles(std::u32string text) {
  constexpr View kParticles = U"啊呀哦噢喔啦嘛哈哟喽咯呗哒滴了";
  while (text.size() > 1 && kParticles.find(text.back()) != View::npos) text.pop_back();
  return text;
}

const Talk* talk_in(const Plain& text) {
  for (const bool stripped : {false, true}) {
    const std::u32string plain = text.han ? (stripped ? without_particles(text.compact) : text.compact) : text.text;
    const auto found = std::find_if(std::begin(kTalk), std::end(kTalk), [&](const Talk& t) { return t.text == plain; });
    if (found != std::end(kTalk)) return found;
  }
  return nullptr;
}

}  // namespace

const Turn* last_of_bot(const AskBot& ask) {
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
    if (turn->author == Author::bot) return &*turn;
  }
  return nullptr;
}

int times_said(const AskBot& ask, const std::string& text) {
  return static_cast<int>(std::count_if(ask.recent.begin(), ask.recent.end(), [&](const Turn& turn) {
    return turn.author == Author::bot && turn.text == text;
  }));
}

std::optional<Choice> choice_in(const AskBot& ask, const Plain& text) {
  const Turn* asked = last_of_bot(ask);
  if (asked == nullptr || text.compact.empty()) return std::nullopt;
  std::vector<std::string> choices = asked->choices;
  std::erase_if(choices, [](const std::string& c) { return thumb_in(c) != Thumb::none; });
  if (choices.empty()) return std::nullopt;
  const bool back = asked->text == kAskBackZh || asked->text == kAskBackEn;
  const std::u32string& plain = text.han ? text.compact : text.text;
  Choice choice;
  for (const std::string& c : choices) {
    if (make_plain(c).compact == text.compact) choice.value = c;
  }
  if (!choice.value.empty()) return choice;
  const std::u32string bare = without_particles(plain);
  for (const Ordinal& o : kOrdinals) {
    if (o.text != plain && o.text != bare) continue;
    if (o.place == kLast) choice.value = choices.back();
    if (o.place < choices.size()) choice.value = choices[o.place];
    return choice;
  }
  // Other choices are offers below an answer: "不是" says nothing about them.
  if (!back) return std::nullopt;
  choice.none = one_of(plain, kNone) || one_of(bare, kNone);
  if (choices.size() == 1 && (one_of(plain, kYes) || one_of(bare, kYes))) choice.value = choices[0];
  if (choice.none || !choice.value.empty()) return choice;
  // "退款那个": a part of one choice only.
  std::u32string part = bare;
  for (const View tail : {View(U"的那个"), View(U"那个"), View(U"这个"), View(U"的")}) {
    if (part.size() > tail.size() && part.ends_with(tail)) part.resize(part.size() - tail.size());
  }
  int fits = 0;
  for (const std::string& c : choices) {
    if (part.size() < 2 || !has(make_plain(c).compact, part)) continue;
    ++fits;
    choice.value = c;
  }
  if (fits != 1) choice.value.clear();
  return choice;
}

bool leans_on_before(const Plain& text) {
  if (text.han) {
    if (text.compact.size() > kShortZh) return false;
    const bool begins =
        std::any_of(std::begin(kLeaningZh), std::end(kLeaningZh), [&](View v) { return text.compact.starts_with(v); });
    const bool ends =
        std::any_of(std::begin(kEndingZh), std::end(kEndingZh), [&](View v) { return text.compact.ends_with(v); });
    return begins || ends || has(text.compact, U"它");
  }
  if (text.words == 0 || text.words > kShortWords) return false;
  const auto starts = [&](View v) {
    return text.text.starts_with(v) && (text.text.size() == v.size() || text.text[v.size()] == U' ');
  };
  if (std::any_of(std::begin(kLeaningEn), std::end(kLeaningEn), starts)) return true;
  return has_words(text.text, U"it") || has_words(text.text, U"that") || has_words(text.text, U"this one");
}

std::string without_leaning(const Plain& text) {
  std::u32string rest = text.text;
  if (text.han) {
    for (const View v : kLeaningZh) {
      if (!rest.starts_with(v)) continue;
      rest.erase(0, v.size());
      break;
    }
    for (const View v : kEndingZh) {
      if (rest.ends_with(v)) rest.resize(rest.size() - v.size());
    }
    return to_utf8(rest);
  }
  for (const View v : kLeaningEn) {
    if (!rest.starts_with(v) || (rest.size() > v.size() && rest[v.size()] != U' ')) continue;
    rest.erase(0, std::min(rest.size(), v.size() + 1));
    break;
  }
  return to_utf8(rest);
}

std::vector<std::string> asked_before(const AskBot& ask, std::size_t most) {
  std::vector<std::string> out;
  for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend() && out.size() < most; ++turn) {
    if (turn->author != Author::customer) continue;
    const Plain plain = make_plain(turn->text);
    if (plain.compact.size() < 2 || talk_in(plain) != nullptr) continue;
    out.push_back(turn->text);
  }
  return out;
}

Thumb thumb_in(const std::string& text) {
  const std::string_view plain(text);
  if (plain.starts_with("👍")) return Thumb::up;
  if (plain.starts_with("👎")) return Thumb::down;
  return Thumb::none;
}

std::optional<std::string> small_talk(const Plain& text, bool chinese) {
  const Talk* talk = talk_in(text);
  if (talk == nullptr) return std::nullopt;
  const Reply& reply = kReplies[talk->kind];
  return std::string(chinese ? reply.zh : reply.en);
}

}  // namespace qiao::bot
