#include "plugins/bot/personal_data.hpp"

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <algorithm>
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

}  // namespace

struct PersonalData::Patterns {
  std::unique_ptr<icu::RegexPattern> web;
  std::vector<std::unique_ptr<icu::RegexPattern>> kinds;

  void remove(icu::UnicodeString& text, bool zh) const {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      UErrorCode status = U_ZERO_ERROR;
      const std::unique_ptr<icu::RegexMatcher> matcher(kinds[k]->matcher(text, status));
      matcher->setTimeLimit(kMostSteps, status);
      const icu::UnicodeString out = matcher->replaceAll(zh ? kKinds[k].zh : kKinds[k].en, status);
      if (U_SUCCESS(status)) text = out;
    }
  }
};

PersonalData::PersonalData() : patterns_(std::make_unique<Patterns>()) {
  const auto compile = [](const char16_t* pattern) {
    UErrorCode status = U_ZERO_ERROR;
    UParseError where;
    return std::unique_ptr<icu::RegexPattern>(icu::RegexPattern::compile(pattern, where, status));
  };
  patterns_->web = compile(u"https?://[!-~]+");
  for (const Kind& kind : kKinds) patterns_->kinds.push_back(compile(kind.pattern));
}
PersonalData::~PersonalData() = default;
PersonalData::PersonalData(PersonalData&&) noexcept = default;
PersonalData& PersonalData::operator=(PersonalData&&) noexcept = default;

std::string PersonalData::removed(std::string_view utf8, std::span<const std::string> names) const {
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
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::RegexMatcher> web(patterns_->web->matcher(text, status));
  std::int32_t at = 0;
  while (web->find(status) && U_SUCCESS(status)) {
    keep_without(at, web->start(status));
    at = web->end(status);
    out += icu::UnicodeString(text, web->start(status), at - web->start(status));
  }
  keep_without(at, text.length());
  std::string result;
  out.toUTF8String(result);
  return result;
}

}  // namespace qiao::bot
