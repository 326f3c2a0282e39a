#include "plugins/bot/personal_data.hpp"

#include <Poco/Exception.h>
#include <Poco/RegularExpression.h>
#include <Poco/String.h>
#include <unicode/unistr.h>

#include <mutex>
#include <vector>

namespace qiao::bot {
namespace {

using Expression = Poco::RegularExpression;

// Of the engine, at one place of a text; a hostile text ends with less removed.
constexpr const char* kLimits = "(*LIMIT_MATCH=100000)(*LIMIT_RECURSION=1000)";

struct Kind {
  const char* pattern;
  const char* zh;
  const char* en;
};

// In brackets. After \p{Han}: the ideographs that are younger than the engine's table (Unicode 7).
#define QIAO_HAN "\\p{Han}\\x{4DB6}-\\x{4DBF}\\x{9FCD}-\\x{9FFF}\\x{2A6D7}-\\x{323AF}"

// Where a word begins and ends: in letters of any script, and an accent belongs to the letter before it.
#define QIAO_LETTER "\\p{L}\\p{Mc}\\p{Nd}\\p{Nl}\\p{Pc}" QIAO_HAN
#define QIAO_BEGIN "(?<![" QIAO_LETTER "])(?<![" QIAO_LETTER "][\\p{Mn}\\p{Me}\\p{Cf}])"
#define QIAO_END "(?![" QIAO_LETTER "\\p{Mn}\\p{Me}\\p{Cf}])"

#define QIAO_SURNAMES                                                                                                                                                         \
  "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭" \
  "陆"                                                                                                                                                                       \
  "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤]"

// In this order: what is longer and surer first.
constexpr Kind kKinds[] = {
    {"[A-Za-z0-9._%+-]{1,64}[@＠][A-Za-z0-9.-]{1,190}\\.[A-Za-z]{2,24}", "[邮箱]", "[e-mail]"},
    {"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{5}[0-9Xx](?![0-9])", "[证件号]", "[id number]"},
    {"(?<![0-9A-Za-z])(?:(?:\\+|00)?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9])", "[电话]", "[phone]"},
    {"(?<![0-9])0[0-9]{2,3}[- ][0-9]{7,8}(?![0-9])", "[电话]", "[phone]"},
    {"\\+[0-9]{1,3}(?:[ .-]?\\(?[0-9]{1,4}\\)?){2,5}", "[电话]", "[phone]"},
    {"(?<![0-9])\\(?[0-9]{3}\\)?[ .-][0-9]{3}[ .-][0-9]{4}(?![0-9])", "[电话]", "[phone]"},
    {"(?<![0-9])[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{3,4}(?:[ -]?[0-9]{1,3})?(?![0-9])", "[卡号]", "[card]"},
    // Whatever has six digits or more in one word, a date aside: an order, a parcel, an account.
    {"(?<![A-Za-z0-9-])(?![0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9-]))(?=(?:[A-Za-z-]*[0-9]){6})"
     "[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+",
     "[号码]", "[number]"},
    {"(?:(?<=[到在是址寄送住给：:])|(?<![" QIAO_HAN "]))[" QIAO_HAN
     "]{0,20}(?:路|街|道|巷|弄|胡同|村|苑|小区|花园|公寓|大厦|里)[" QIAO_HAN
     "A-Za-z]{0,8}[0-9零一二三四五六七八九十百]{1,6}(?:号|弄|栋|幢|单元|室|楼|座|层|巷)(?:[" QIAO_HAN
     "]{0,6}[0-9A-Za-z一二三四五六七八九十-]{1,6}(?:号楼|号|弄|栋|幢|单元|室|楼|座|层))*+(?:[0-9]{2,5}室?)?",
     "[地址]", "[address]"},
    {"(?<![0-9])[0-9]{1,5}[A-Za-z]? (?:[A-Z][A-Za-z'.]+ ){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|"
     "Boulevard|Blvd|Court|Ct|Square|Sq|Way)" QIAO_END "\\.?(?:,? (?:Apt|Flat|Unit|Suite|#) ?[0-9A-Za-z]+)?",
     "[地址]", "[address]"},
    {"(?<=我叫|我的名字是|姓名|姓名[：:是]|收件人|收件人[：:是]|收货人|收货人[：:是]|联系人|联系人[：:是])"
     "[ ]?[" QIAO_HAN "·]{2,4}?(?=$|[^" QIAO_HAN "·]|的|电话|手机|地址)",
     "[姓名]", "[name]"},
    {"(?<=我是|我係)" QIAO_SURNAMES "[" QIAO_HAN "]{1,2}(?=$|[^" QIAO_HAN "])", "[姓名]", "[name]"},
    {QIAO_SURNAMES "[" QIAO_HAN "]{0,2}?(?=先生|女士|小姐|太太)", "[姓名]", "[name]"},
    {"(?<=[Mm]y name is |[Mm]y name's |[Nn]ame: |[Ii] am |[Ii]'m |[Tt]his is )[A-Z][a-z]+(?: [A-Z][a-z]+){1,2}",
     "[姓名]", "[name]"},
    {"(?<=[Mm]y name is |[Mm]y name's |[Nn]ame: )[A-Za-z]{2,20}", "[姓名]", "[name]"},
    {"(?<=" QIAO_BEGIN "Mr |" QIAO_BEGIN "Mr\\. |" QIAO_BEGIN "Ms |" QIAO_BEGIN "Ms\\. |" QIAO_BEGIN "Mrs |" QIAO_BEGIN
     "Mrs\\. |" QIAO_BEGIN "Miss |" QIAO_BEGIN "Dear )[A-Z][a-z]+(?: [A-Z][a-z]+)?",
     "[姓名]", "[name]"},
};
#undef QIAO_SURNAMES
#undef QIAO_END
#undef QIAO_BEGIN
#undef QIAO_LETTER
#undef QIAO_HAN

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

std::string utf8(const icu::UnicodeString& text) {
  std::string bytes;
  return text.toUTF8String(bytes);
}

std::unique_ptr<Expression> compile(const std::string& pattern) {
  return std::make_unique<Expression>(kLimits + pattern, Expression::RE_UTF8);
}

/// The next place from `at` on that fits, in a text that is known to be UTF-8.
bool find(const Expression& pattern, const std::string& text, std::size_t at, Expression::Match& found) {
  return pattern.match(text, at, found, Expression::RE_NO_UTF8_CHECK) > 0;
}

}  // namespace

struct PersonalData::Patterns {
  std::once_flag once;
  std::unique_ptr<Expression> web;
  std::vector<std::unique_ptr<Expression>> kinds;

  /// With the first text: they serve what is learned from people's answers, which many hubs never do.
  void compile_once() {
    std::call_once(once, [this] {
      web = compile("https?://[!-~]+");
      for (const Kind& kind : kKinds) kinds.push_back(compile(kind.pattern));
    });
  }

  void remove(std::string& text, bool zh) const {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      std::string out;
      std::size_t kept = 0;
      try {
        for (Expression::Match found; find(*kinds[k], text, kept, found); kept = found.offset + found.length) {
          out.append(text, kept, found.offset - kept).append(zh ? kKinds[k].zh : kKinds[k].en);
        }
      } catch (const Poco::RegularExpressionException&) {
        continue;
      }
      if (kept > 0) text = out.append(text, kept);
    }
  }
};

PersonalData::PersonalData() : patterns_(std::make_unique<Patterns>()) {}
PersonalData::~PersonalData() = default;
PersonalData::PersonalData(PersonalData&&) noexcept = default;
PersonalData& PersonalData::operator=(PersonalData&&) noexcept = default;

std::string PersonalData::removed(std::string_view said, std::span<const std::string> names) const {
  patterns_->compile_once();
  icu::UnicodeString folded = icu::UnicodeString::fromUTF8({said.data(), static_cast<std::int32_t>(said.size())});
  fold_width(folded);
  const bool zh = has_han(folded);
  const std::string text = utf8(folded);
  std::string out;
  const auto keep_without = [&](std::size_t begin, std::size_t end) {
    std::string part = text.substr(begin, end - begin);
    for (const std::string& name : names) {
      const icu::UnicodeString known = icu::UnicodeString::fromUTF8(name);
      if (known.countChar32() >= 2) Poco::replaceInPlace(part, utf8(known), std::string(zh ? "[姓名]" : "[name]"));
    }
    patterns_->remove(part, zh);
    out += part;
  };
  std::size_t at = 0;
  for (Expression::Match web; find(*patterns_->web, text, at, web); at = web.offset + web.length) {
    keep_without(at, web.offset);
    out.append(text, web.offset, web.length);
  }
  keep_without(at, text.size());
  return out;
}

}  // namespace qiao::bot
