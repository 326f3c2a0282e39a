#include "connectors/email/client/html_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kMostDepth = 400;
constexpr std::size_t kMostPictures = 100;

void append_utf8(std::string& out, std::uint32_t c) {
  if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

/// Characters that are written as &name; or by number.
std::string without_entities(std::string_view s) {
  static constexpr std::pair<std::string_view, std::uint32_t> kNamed[] = {
      {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},      {"apos", '\''},    {"nbsp", 0xA0},
      {"copy", 0xA9},    {"reg", 0xAE},     {"trade", 0x2122}, {"hellip", 0x2026}, {"mdash", 0x2014}, {"ndash", 0x2013},
      {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D},  {"bull", 0x2022},  {"middot", 0xB7},
      {"yen", 0xA5},     {"euro", 0x20AC},  {"pound", 0xA3},   {"times", 0xD7},    {"deg", 0xB0},     {"auml", 0xE4},
      {"ouml", 0xF6},    {"uuml", 0xFC},    {"Auml", 0xC4},    {"Ouml", 0xD6},     {"Uuml", 0xDC},    {"szlig", 0xDF},
      {"eacute", 0xE9},  {"egrave", 0xE8},  {"agrave", 0xE0},  {"ccedil", 0xE7},   {"ensp", ' '},     {"emsp", ' '},
      {"thinsp", ' '},   {"zwnj", 0x200C},  {"laquo", 0xAB},   {"raquo", 0xBB},
  };
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto end = s[i] == '&' ? s.substr(i, 12).find(';') : std::string_view::npos;
    if (end == std::string_view::npos || end < 2) {
      out += s[i];
      continue;
    }
    const std::string_view name = s.substr(i + 1, end - 1);
    std::optional<std::uint32_t> c;
    if (name.front() == '#') {
      const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
      const std::string_view digits = name.substr(hex ? 2 : 1);
      std::uint32_t value = 0;
      const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
      if (error == std::errc{} && at == digits.data() + digits.size() && !digits.empty()) c = value;
    } else {
      for (const auto& [known, value] : kNamed) {
        if (name == known) c = value;
      }
    }
    if (!c) {
      out += s[i];
      continue;
    }
    append_utf8(out, *c == 0xA0 ? ' ' : *c);
    i += end;
  }
  return out;
}

struct Tag {
  std::string name;  // lower case; "/p" when it closes
  std::string_view inside;
};

std::string attribute(const Tag& tag, std::string_view wanted) {
  std::string_view s = tag.inside;
  for (int count = 0; count < 60 && !s.empty(); ++count) {
    const auto start = s.find_first_not_of(" \t\r\n/");
    if (start == std::string_view::npos) break;
    s.remove_prefix(start);
    const auto end = std::min(s.find_first_of(" \t\r\n=/"), s.size());
    const std::string_view name = s.substr(0, end);
    s.remove_prefix(std::max<std::size_t>(end, name.empty() ? 1 : 0));
    const auto equals = s.find_first_not_of(" \t\r\n");
    std::string_view value;
    if (equals != std::string_view::npos && s[equals] == '=') {
      s.remove_prefix(equals + 1);
      const auto first = std::min(s.find_first_not_of(" \t\r\n"), s.size());
      s.remove_prefix(first);
      if (!s.empty() && (s[0] == '"' || s[0] == '\'')) {
        const auto close = std::min(s.find(s[0], 1), s.size());
        value = s.substr(1, close - 1);
        s.remove_prefix(std::min(close + 1, s.size()));
      } else {
        const auto close = std::min(s.find_first_of(" \t\r\n"), s.size());
        value = s.substr(0, close);
        s.remove_prefix(close);
      }
    }
    if (same_word(name, wanted)) return without_entities(value);
  }
  return {};
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool has_class(const std::string& classes, std::string_view wanted) {
  for (std::size_t at = classes.find(wanted); at != std::string::npos; at = classes.find(wanted, at + 1)) {
    const bool begins = at == 0 || classes[at - 1] == ' ';
    const std::size_t end = at + wanted.size();
    if (begins && (end == classes.size() || classes[end] == ' ')) return true;
  }
  return false;
}

/// What mail programs put around the mail that is answered.
bool begins_quote(const Tag& tag) {
  if (!one_of(tag.name, {"div", "blockquote", "section", "table", "includetail", "span", "hr"})) return false;
  if (tag.name == "includetail") return true;
  const std::string id = attribute(tag, "id");
  if (one_of(id, {"appendonsend", "divRplyFwdMsg", "isReplyContent", "reply-intro", "origbody",
                  "mail-editor-reference-message-container"}))
    return true;
  const std::string classes = attribute(tag, "class");
  for (const std::string_view known : {"gmail_quote", "gmail_attr", "yahoo_quoted", "moz-cite-prefix",
                                       "protonmail_quote", "gmail_quote_container", "qmbox", "ntes_not_fresh"}) {
    if (has_class(classes, known) && !(known == "qmbox" && tag.name != "div")) return true;
  }
  return tag.name == "blockquote" && same_word(attribute(tag, "type"), "cite");
}

/// The rest of the mail belongs to the quotation, not only the element.
bool ends_new_text(const Tag& tag) {
  const std::string id = attribute(tag, "id");
  return one_of(id, {"appendonsend", "divRplyFwdMsg"});
}

class Reader {
 public:
  HtmlText read(std::string_view html) {
    for (std::size_t at = 0; at < html.size();) {
      if (html[at] != '<') {
        const auto end = std::min(html.find('<', at), html.size());
        text(html.substr(at, end - at));
        at = end;
      } else if (html.substr(at).starts_with("<!--")) {
        const auto end = html.find("-->", at + 4);
        at = end == std::string_view::npos ? html.size() : end + 3;
      } else {
        at = tag(html, at);
      }
    }
    result_.text = tidy(fresh_);
    result_.whole = tidy(all_);
    return std::move(result_);
  }

 private:
  void put(std::string_view s) {
    all_ += s;
    if (quote_depth_ == 0 && !rest_quoted_) fresh_ += s;
  }
  void line() {
    put("\n");
    blank_ = true;
  }

  void text(std::string_view raw) {
    const std::string s = without_entities(raw);
    if (pre_ > 0) {
      put(s);
      return;
    }
    std::string out;
    for (const char c : s) {
      const bool white = c == ' ' || c == '\t' || c == '\r' || c == '\n';
      if (white && blank_) continue;
      out += white ? ' ' : c;
      blank_ = white;
    }
    put(out);
    if (!link_.empty()) link_text_ += out;
  }

  /// The place behind the tag that begins at `at`.
  std::size_t tag(std::string_view html, std::size_t at) {
    std::size_t end = at + 1;
    char quote = 0;
    bool value = false;  // quotes mean something only behind an equals sign
    for (; end < html.size(); ++end) {
      const char c = html[end];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '>') {
        break;
      } else if ((c == '"' || c == '\'') && value) {
        quote = c;
        value = false;
      } else if (c != ' ') {
        value = c == '=';
      }
    }
    if (end >= html.size() && quote != 0) {
      // A quote that is never closed would swallow the mail: the tag ends at the next bracket.
      end = std::min(html.find('>', at), html.size());
    }
    const std::string_view inside = html.substr(at + 1, end - at - 1);
    const auto letter = inside.empty() ? ' ' : inside[inside[0] == '/' && inside.size() > 1 ? 1 : 0];
    const bool is_tag =
        (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '!' || letter == '?';
    if (!is_tag) {
      text("<");
      return at + 1;
    }
    const std::size_t name_end = std::min(inside.find_first_of(" \t\r\n/", 1), inside.size());
    Tag one{lower(inside.substr(0, name_end)), inside.substr(name_end)};
    if (one_of(one.name, {"script", "style", "head", "title", "template", "noscript", "svg", "select", "textarea"})) {
      const bool head = one.name == "head";
      const auto close = head && open_head_ ? std::string_view::npos : find_word(html, "</" + one.name, end);
      if (close != std::string_view::npos) return std::min(html.find('>', close), html.size() - 1) + 1;
      if (!head) return html.size();
      open_head_ = true;
    }
    element(one, inside.ends_with('/'));
    return std::min(end + 1, html.size());
  }

  void element(const Tag& tag, bool empty) {
    const bool closes = tag.name.starts_with('/');
    const std::string_view name = closes ? std::string_view(tag.name).substr(1) : std::string_view(tag.name);
    if (closes) {
      leave(name);
    } else if (!empty && !one_of(name, {"br", "img", "hr", "meta", "link", "input", "col", "wbr", "area", "base"}) &&
               open_.size() < kMostDepth) {
      const bool quoted = begins_quote(tag);
      if (quoted && ends_new_text(tag)) rest_quoted_ = true;
      open_.push_back({std::string(name), quoted});
      if (quoted) ++quote_depth_;
    } else if (begins_quote(tag) && ends_new_text(tag)) {
      rest_quoted_ = true;
    }
    if (name == "br") {
      line();
    } else if (one_of(name, {"p",      "div", "tr", "table",  "ul", "ol",      "blockquote", "h1",
                             "h2",     "h3",  "h4", "h5",     "h6", "section", "article",    "header",
                             "footer", "pre", "hr", "center", "dl", "dt",      "dd"})) {
      if (!all_.ends_with('\n') && !all_.empty()) line();
      if (one_of(name, {"p", "h1", "h2", "h3", "blockquote"}) && !all_.ends_with("\n\n") && !all_.empty()) line();
    } else if (name == "li" && !closes) {
      if (!all_.ends_with('\n')) line();
      put("- ");
      blank_ = true;
    } else if ((name == "td" || name == "th") && closes) {
      put(" ");
      blank_ = true;
    } else if (name == "a") {
      closes ? end_link() : begin_link(attribute(tag, "href"));
    } else if (name == "img" && !closes) {
      picture(tag);
    }
    if (name == "pre") pre_ = std::max(0, pre_ + (closes ? -1 : 1));
  }

  void leave(std::string_view name) {
    for (std::size_t i = open_.size(); i-- > 0;) {
      if (open_[i].name != name) continue;
      for (std::size_t k = i; k < open_.size(); ++k) quote_depth_ -= open_[k].quoted ? 1 : 0;
      open_.resize(i);
      return;
    }
  }

  void begin_link(std::string address) {
    link_text_.clear();
    link_ = address.starts_with("http://") || address.starts_with("https://") ? std::move(address) : std::string{};
  }
  /// The true target is told when the text does not.
  void end_link() {
    const std::string shown(trim(link_text_));
    if (!link_.empty() && link_.size() <= 500 && !shown.empty() && link_ != shown && link_ != shown + "/" &&
        link_ != "http://" + shown && link_ != "https://" + shown) {
      put(" <" + link_ + ">");
    }
    link_.clear();
  }

  void picture(const Tag& tag) {
    const std::string source = attribute(tag, "src");
    if (!source.starts_with("cid:")) return;
    if (quote_depth_ == 0 && !rest_quoted_ && result_.pictures.size() < kMostPictures) {
      result_.pictures.push_back(source.substr(4));
    }
  }

  /// No blanks at ends of lines, at most one empty line.
  static std::string tidy(std::string_view s) {
    std::string out;
    std::size_t breaks = 2;
    for (std::size_t at = 0; at < s.size();) {
      const auto end = std::min(s.find('\n', at), s.size());
      std::string_view one = s.substr(at, end - at);
      while (!one.empty() && (one.back() == ' ' || one.back() == '\t' || one.back() == '\r')) one.remove_suffix(1);
      if (one.empty()) {
        if (++breaks <= 2) out += '\n';
      } else {
        out += one;
        out += '\n';
        breaks = 1;
      }
      at = end + 1;
    }
    return std::string(trim(out));
  }

  struct Open {
    std::string name;
    bool quoted;
  };
  HtmlText result_;
  std::string fresh_;
  std::string all_;
  std::vector<Open> open_;
  int quote_depth_ = 0;
  bool rest_quoted_ = false;
  bool open_head_ = false;  // one began and none ends: the mail is read as if there were none
  bool blank_ = true;
  int pre_ = 0;
  std::string link_;
  std::string link_text_;
};

}  // namespace

HtmlText read_html(std::string_view html) { return Reader().read(html); }

}  // namespace qiao::email
