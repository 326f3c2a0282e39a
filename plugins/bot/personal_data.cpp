#include "plugins/bot/personal_data.hpp"

#include <dlfcn.h>
#include <unicode/unistr.h>
#include <unicode/uregex.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace qiao::bot {
namespace {

constexpr std::int32_t kMostSteps = 200;  // of the regex engine, in thousands; a hostile text ends with less removed

struct Kind {
  const char16_t* pattern;
  const char16_t* zh;
  const char16_t* en;
};

#define QIAO_SURNAMES                                                                                                                                                          \
  u"[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭" \
  u"陆"                                                                                                                                                                       \
  u"汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤]"

// In this order: what is longer and surer first.
constexpr Kind kKinds[] = {
    {u"[A-Za-z0-9._%+-]{1,64}[@＠][A-Za-z0-9.-]{1,190}\\.[A-Za-z]{2,24}", u"[邮箱]", u"[e-mail]"},
    {u"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{5}[0-9Xx](?![0-9])", u"[证件号]", u"[id number]"},
    {u"(?<![0-9A-Za-z])(?:(?:\\+|00)?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9])", u"[电话]", u"[phone]"},
    {u"(?<![0-9])0[0-9]{2,3}[- ][0-9]{7,8}(?![0-9])", u"[电话]", u"[phone]"},
    {u"\\+[0-9]{1,3}(?:[ .-]?\\(?[0-9]{1,4}\\)?){2,5}", u"[电话]", u"[phone]"},
    {u"(?<![0-9])\\(?[0-9]{3}\\)?[ .-][0-9]{3}[ .-][0-9]{4}(?![0-9])", u"[电话]", u"[phone]"},
    {u"(?<![0-9])[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{3,4}(?:[ -]?[0-9]{1,3})?(?![0-9])", u"[卡号]", u"[card]"},
    // Whatever has six digits or more in one word, a date aside: an order, a parcel, an account.
    {u"(?<![A-Za-z0-9-])(?![0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9-]))(?=(?:[A-Za-z-]*[0-9]){6})[A-Za-z0-9]+(?:-[A-Za-z0-"
     u"9]+)*",
     u"[号码]", u"[number]"},
    {u"(?:(?<=[到在是址寄送住给：:])|(?<![\\p{Han}]))[\\p{Han}]{0,20}(?:路|街|道|巷|弄|胡同|村|苑|小区|花园|公寓|大厦|"
     u"里)[\\p{Han}A-Za-z]{0,8}[0-9零一二三四五六七八九十百]{1,6}(?:号|弄|栋|幢|单元|室|楼|座|层|巷)(?:[\\p{Han}]{0,6}["
     u"0-9A-Za-z一二三四五六七八九十-]{1,6}(?:号楼|号|弄|栋|幢|单元|室|楼|座|层))*(?:[0-9]{2,5}室?)?",
     u"[地址]", u"[address]"},
    {u"(?<![0-9])[0-9]{1,5}[A-Za-z]? (?:[A-Z][A-Za-z'.]+ ){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|"
     u"Boulevard|Blvd|Court|Ct|Square|Sq|Way)\\b\\.?(?:,? (?:Apt|Flat|Unit|Suite|#) ?[0-9A-Za-z]+)?",
     u"[地址]", u"[address]"},
    {u"(?<=我叫|我的名字是|姓名|姓名[：:是]|收件人|收件人[：:是]|收货人|收货人[：:是]|联系人|联系人[：:是])[ "
     u"]?[\\p{Han}·]"
     u"{2,4}?(?=$|[^\\p{Han}·]|的|电话|手机|地址)",
     u"[姓名]", u"[name]"},
    {u"(?<=我是|我係)" QIAO_SURNAMES u"[\\p{Han}]{1,2}(?=$|[^\\p{Han}])", u"[姓名]", u"[name]"},
    {QIAO_SURNAMES u"[\\p{Han}]{0,2}?(?=先生|女士|小姐|太太)", u"[姓名]", u"[name]"},
    {u"(?<=[Mm]y name is |[Mm]y name's |[Nn]ame: |[Ii] am |[Ii]'m |[Tt]his is )[A-Z][a-z]+(?: [A-Z][a-z]+){1,2}",
     u"[姓名]", u"[name]"},
    {u"(?<=[Mm]y name is |[Mm]y name's |[Nn]ame: )[A-Za-z]{2,20}", u"[姓名]", u"[name]"},
    {u"(?<=\\bMr |\\bMr\\. |\\bMs |\\bMs\\. |\\bMrs |\\bMrs\\. |\\bMiss |\\bDear )[A-Z][a-z]+(?: [A-Z][a-z]+)?",
     u"[姓名]", u"[name]"},
};
#undef QIAO_SURNAMES

bool has_han(const icu::UnicodeString& text) {
  for (std::int32_t i = 0; i < text.length(); ++i) {
    if (text[i] >= 0x3400 && text[i] <= 0x9FFF) return true;
  }
  return false;
}

/// Full-width letters and digits as the plain ones, so that one pattern fits both.
void fold_width(icu::UnicodeString& text) {
  for (std::int32_t i = 0; i < text.length(); ++i) {
    const char16_t c = text[i];
    const bool wide = (c >= u'０' && c <= u'９') || (c >= u'Ａ' && c <= u'Ｚ') || (c >= u'ａ' && c <= u'ｚ');
    if (wide) text.setCharAt(i, static_cast<char16_t>(c - 0xFEE0));
  }
}

/// ICU's regular expressions. They lie in a library that the hub needs for nothing else, of two megabytes, so it is
/// loaded when the first text is looked at. Its functions carry ICU's version in their names.
class Engine {
 public:
  static const Engine& get() {
    static const Engine engine;
    return engine;
  }

#define QIAO_TEXT_OF(name) #name
#define QIAO_ICU_NAME(name) QIAO_TEXT_OF(name)
  decltype(&uregex_open) open = find<decltype(&uregex_open)>(QIAO_ICU_NAME(uregex_open));
  decltype(&uregex_clone) clone = find<decltype(&uregex_clone)>(QIAO_ICU_NAME(uregex_clone));
  decltype(&uregex_close) close = find<decltype(&uregex_close)>(QIAO_ICU_NAME(uregex_close));
  decltype(&uregex_setText) set_text = find<decltype(&uregex_setText)>(QIAO_ICU_NAME(uregex_setText));
  decltype(&uregex_setTimeLimit) set_time_limit =
      find<decltype(&uregex_setTimeLimit)>(QIAO_ICU_NAME(uregex_setTimeLimit));
  decltype(&uregex_findNext) find_next = find<decltype(&uregex_findNext)>(QIAO_ICU_NAME(uregex_findNext));
  decltype(&uregex_start) start = find<decltype(&uregex_start)>(QIAO_ICU_NAME(uregex_start));
  decltype(&uregex_end) end = find<decltype(&uregex_end)>(QIAO_ICU_NAME(uregex_end));
#undef QIAO_ICU_NAME
#undef QIAO_TEXT_OF

 private:
  Engine() = default;

  template <class Function>
  static Function find(const char* name) {
    constexpr const char* kLibrary = "libicui18n.so." U_ICU_VERSION_SHORT;
    void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void* found = library ? ::dlsym(library, name) : nullptr;
    if (!found) throw std::runtime_error(std::string("ICU cannot be used: ") + ::dlerror());
    return reinterpret_cast<Function>(found);
  }
};

struct Close {
  void operator()(URegularExpression* expression) const { Engine::get().close(expression); }
};
using Expression = std::unique_ptr<URegularExpression, Close>;

Expression compile(const char16_t* pattern) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  return Expression(Engine::get().open(pattern, -1, 0, &where, &status));
}

/// Looks for a pattern in a text; both outlive it.
class Search {
 public:
  Search(const Expression& pattern, const icu::UnicodeString& text)
      : expression_(Engine::get().clone(pattern.get(), &status_)) {
    Engine::get().set_text(expression_.get(), text.getBuffer(), text.length(), &status_);
  }
  void limit(std::int32_t steps) { Engine::get().set_time_limit(expression_.get(), steps, &status_); }
  bool next() { return Engine::get().find_next(expression_.get(), &status_) != 0 && ok(); }
  [[nodiscard]] std::int32_t begin() { return Engine::get().start(expression_.get(), 0, &status_); }
  [[nodiscard]] std::int32_t end() { return Engine::get().end(expression_.get(), 0, &status_); }
  [[nodiscard]] bool ok() const { return U_SUCCESS(status_); }

 private:
  UErrorCode status_ = U_ZERO_ERROR;
  Expression expression_;
};

}  // namespace

struct PersonalData::Patterns {
  std::once_flag once;
  Expression web;
  std::vector<Expression> kinds;

  void compile_once() {
    std::call_once(once, [this] {
      web = compile(u"https?://[!-~]+");
      for (const Kind& kind : kKinds) kinds.push_back(compile(kind.pattern));
    });
  }

  void remove(icu::UnicodeString& text, bool zh) const {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      Search search(kinds[k], text);
      search.limit(kMostSteps);
      icu::UnicodeString out;
      std::int32_t kept = 0;
      while (search.next()) {
        out.append(text, kept, search.begin() - kept).append(zh ? kKinds[k].zh : kKinds[k].en, -1);
        kept = search.end();
      }
      if (search.ok() && kept > 0) text = out.append(text, kept, text.length() - kept);
    }
  }
};

PersonalData::PersonalData() : patterns_(std::make_unique<Patterns>()) {}
PersonalData::~PersonalData() = default;
PersonalData::PersonalData(PersonalData&&) noexcept = default;
PersonalData& PersonalData::operator=(PersonalData&&) noexcept = default;

std::string PersonalData::removed(std::string_view utf8, std::span<const std::string> names) const {
  patterns_->compile_once();
  const auto piece = icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size()));
  icu::UnicodeString text = icu::UnicodeString::fromUTF8(piece);
  fold_width(text);
  const bool zh = has_han(text);
  icu::UnicodeString out;
  const auto keep_without = [&](std::int32_t begin, std::int32_t end) {
    icu::UnicodeString part(text, begin, end - begin);
    for (const std::string& name : names) {
      const icu::UnicodeString known = icu::UnicodeString::fromUTF8(name);
      if (known.countChar32() >= 2) part.findAndReplace(known, zh ? u"[姓名]" : u"[name]");
    }
    patterns_->remove(part, zh);
    out += part;
  };
  Search web(patterns_->web, text);
  std::int32_t at = 0;
  while (web.next()) {
    keep_without(at, web.begin());
    at = web.end();
    out.append(text, web.begin(), at - web.begin());
  }
  keep_without(at, text.length());
  std::string result;
  out.toUTF8String(result);
  return result;
}

}  // namespace qiao::bot
