#include <algorithm>
#include <span>

#include "plugins/bot/mood.hpp"
#include "plugins/bot/nlu/syllables.hpp"

namespace qiao::bot {
namespace {

using View = std::u32string_view;

// Texts are compared in simplified characters, so traditional ones are covered; Cantonese words stand for themselves.
constexpr View kSaid[] = {
    U"转人工",     U"转接人工",   U"人工客服",   U"人工服务",   U"人工坐席",   U"人工座席",   U"人工台",
    U"人工帮",     U"人工处理",   U"人工接待",   U"找人工",     U"要人工",     U"接人工",     U"换人工",
    U"叫人工",     U"请人工",     U"来人工",     U"等人工",     U"切人工",     U"人工呢",     U"人工在",
    U"真人",       U"活人",       U"真的人",     U"找客服",     U"转客服",     U"转接客服",   U"叫客服",
    U"联系客服",   U"在线客服",   U"要客服",     U"换客服",     U"接客服",     U"喊客服",     U"呼叫客服",
    U"召唤客服",   U"客服在吗",   U"客服在不",   U"有客服吗",   U"客服人员",   U"客服小姐姐", U"客服呢",
    U"接线员",     U"话务员",     U"有人吗",     U"有人在吗",   U"有人在不",   U"有没有人",   U"有没人",
    U"有活的",     U"找个人",     U"来个人",     U"换个人",     U"派个人",     U"叫个人",     U"有个人来",
    U"跟人说",     U"和人说",     U"跟人聊",     U"和人聊",     U"跟人讲",     U"同人讲",     U"和人沟通",
    U"不要机器人", U"不想跟机器", U"不想和机器", U"不和机器人", U"不跟机器",   U"别让机器人", U"别用机器",
    U"机器人走开", U"机器人滚",   U"机器人闭嘴", U"退出机器人", U"关掉机器人", U"唔要机器",   U"找经理",
    U"叫经理",     U"你们经理",   U"找主管",     U"你们主管",   U"找负责人",   U"你们负责人", U"找店长",
    U"你们领导",   U"找领导",     U"你们老板",   U"找专员",     U"转专员",     U"揾人",       U"搵人",
    U"揾真人",     U"搵真人",     U"揾客服",     U"搵客服",     U"同真人",     U"有冇人",     U"冇人应",
    U"同人倾",     U"转agent",    U"转human",    U"找agent",    U"要agent",    U"找human",    U"要human",
    U"转cs",       U"找cs",       U"转真人",     U"人工可服",   U"人工克服",   U"亲自跟我说", U"打电话给我",
    U"给我打电话", U"给我回电",   U"回个电话",   U"让人联系我",
};
// Said like this it is the whole message, more or less.
constexpr View kAlone[] = {U"客服", U"人工", U"人呢",         U"人在吗",   U"转人",   U"找人",
                           U"rg",   U"zrg",  U"zhuanrengong", U"rengong",  U"kefu",   U"agent",
                           U"cs",   U"csr",  U"human",        U"operator", U"support"};
// The word is there, the wish is not.
constexpr View kOther[] = {U"人工费",   U"人工智能", U"人工湖",   U"人工降雨", U"人工养殖", U"人工种植",
                           U"人工色素", U"人工添加", U"人工香",   U"人工甜",   U"人工授粉", U"真人秀",
                           U"客服电话", U"客服热线", U"人工合成", U"人工钱",   U"人工电话", U"人工成本"};

constexpr View kWords[] = {
    U"human",
    U"humans",
    U"humen",
    U"huamn",
    U"hooman",
    U"real person",
    U"actual person",
    U"live person",
    U"living person",
    U"real agent",
    U"live agent",
    U"live support",
    U"live chat",
    U"representative",
    U"representitive",
    U"represntative",
    U"representive",
    U"operator",
    U"operater",
    U"talk to someone",
    U"talk to somebody",
    U"talk with someone",
    U"speak to someone",
    U"speak to somebody",
    U"speak with someone",
    U"chat with someone",
    U"someone real",
    U"talk to a person",
    U"talk to a real",
    U"speak to a person",
    U"speak with a person",
    U"talk to an agent",
    U"speak to an agent",
    U"speak with an agent",
    U"transfer me",
    U"connect me",
    U"agent please",
    U"agent pls",
    U"agent plz",
    U"customer service",
    U"customer support",
    U"customer care",
    U"customer rep",
    U"not a bot",
    U"no bot",
    U"no bots",
    U"not a robot",
    U"stop the bot",
    U"hate bots",
    U"get me a person",
    U"get me someone",
    U"give me a person",
    U"your manager",
    U"the manager",
    U"a manager",
    U"a supervisor",
    U"your supervisor",
    U"is anyone there",
    U"is anybody there",
    U"anyone real",
    U"call me back",
};

constexpr std::size_t kShort = 8;

bool any_in(const std::u32string& text, std::span<const View> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](View part) { return has(text, part); });
}

/// 转人公, 专人工, 人工客付: what sounds like 转人工 or 人工客服 and is little else.
bool sounds_like_it(const std::u32string& compact) {
  if (compact.size() < 3 || compact.size() > kShort || !std::all_of(compact.begin(), compact.end(), is_han))
    return false;
  const auto sounds = [&](View wanted) {
    for (std::size_t at = 0; at + wanted.size() <= compact.size(); ++at) {
      const bool same = std::equal(wanted.begin(), wanted.end(), compact.begin() + static_cast<std::ptrdiff_t>(at),
                                   [](char32_t a, char32_t b) { return syllable_of(a) == syllable_of(b); });
      if (same) return true;
    }
    return false;
  };
  return sounds(U"转人工") || sounds(U"人工客服") || sounds(U"找人工") || sounds(U"转客服");
}

}  // namespace

bool asks_for_person(const Plain& text) {
  if (any_in(text.compact, kOther)) return false;
  if (any_in(text.compact, kSaid)) return true;
  if (std::find(std::begin(kAlone), std::end(kAlone), text.compact) != std::end(kAlone)) return true;
  if (text.compact.size() <= kShort && has(text.compact, U"人工")) return true;
  if (sounds_like_it(text.compact)) return true;
  const auto said = [&](View w) { return has_words(text.text, w); };
  if (std::any_of(std::begin(kWords), std::end(kWords), said)) return true;
  if (said(U"zhuan ren gong") || said(U"zhuan rengong") || said(U"ren gong") || said(U"rengong kefu")) return true;
  return !text.han && text.words <= 4 && (said(U"agent") || said(U"person") || said(U"kefu"));
}

}  // namespace qiao::bot
