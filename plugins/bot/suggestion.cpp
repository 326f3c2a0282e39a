#include "plugins/bot/suggestion.hpp"

#include <algorithm>

#include "plugins/bot/text.hpp"

namespace qiao::bot {
namespace {

// Longer ones first: what is left when they are gone is the answer.
constexpr std::u32string_view kPolite[] = {
    U"很高兴为您服务",
    U"请问有什么可以帮您",
    U"有什么可以帮您",
    U"感谢您的耐心等待",
    U"马上为您查询",
    U"马上为您查",
    U"正在为您查询",
    U"我帮您查一下",
    U"帮您查一下",
    U"为您查询",
    U"我查一下",
    U"我看一下",
    U"我看看",
    U"帮您看看",
    U"让您久等了",
    U"请稍等一下",
    U"请您稍等",
    U"请稍等",
    U"请稍候",
    U"稍等一下",
    U"稍等",
    U"不客气",
    U"您好",
    U"你好",
    U"在的",
    U"好的",
    U"收到",
    U"抱歉",
    U"谢谢",
    U"亲亲",
    U"thank you",
    U"thanks",
    U"let me check",
    U"i will check",
    U"i ll check",
    U"one moment",
    U"just a moment",
    U"please wait",
    U"how can i help you",
    U"how can i help",
    U"good morning",
    U"good afternoon",
    U"hello",
    U"sorry",
    U"hi",
    U"please",
};
constexpr std::size_t kLeastHan = 3;
constexpr std::size_t kLeastLetters = 8;

/// "我是李婷": who answers, not an answer.
void remove_introduction(std::u32string& text) {
  constexpr std::size_t kName = 4;
  const std::size_t at = text.find(U"我是");
  if (at == std::u32string::npos) return;
  const std::size_t end = std::min(text.find(U' ', at), text.size());
  if (end - at <= 2 + kName) text.erase(at, end - at);
}

}  // namespace

bool is_answer(const std::string& text) {
  const Plain plain = make_plain(text);
  if (plain.question && plain.text.size() < 60) return false;
  if (text.find("http://") != std::string::npos || text.find("https://") != std::string::npos) return true;
  std::u32string rest = plain.text;
  remove_introduction(rest);
  for (const std::u32string_view polite : kPolite) {
    for (std::size_t at = rest.find(polite); at != std::u32string::npos; at = rest.find(polite, at)) {
      rest.replace(at, polite.size(), U" ");
    }
  }
  const auto han = static_cast<std::size_t>(std::count_if(rest.begin(), rest.end(), is_han));
  std::erase(rest, U' ');
  return han >= kLeastHan || rest.size() >= kLeastLetters;
}

}  // namespace qiao::bot
