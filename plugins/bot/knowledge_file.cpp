#include "plugins/bot/knowledge_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

namespace qiao::bot {
namespace {

constexpr std::size_t kLargestFile = std::size_t{4} << 20U;
constexpr std::size_t kMostEntries = 10'000;

/// Carries a mistake out of the walk; never leaves this file.
struct Mistake {
  YAML::Mark mark;
  std::string what;
};

std::string text_of(const YAML::Node& node, const std::string& key) {
  if (!node.IsScalar()) throw Mistake{node.Mark(), key + ": expected a text"};
  return node.Scalar();
}

bool flag_of(const YAML::Node& node, const std::string& key) {
  const std::string text = text_of(node, key);
  if (text != "true" && text != "false")
    throw Mistake{node.Mark(), key + ": expected true or false, got \"" + text + "\""};
  return text == "true";
}

std::vector<std::string> list_of(const YAML::Node& node, const std::string& key) {
  if (!node.IsSequence()) throw Mistake{node.Mark(), key + ": expected a list of texts"};
  std::vector<std::string> out;
  for (const YAML::Node& item : node) out.push_back(text_of(item, key));
  return out;
}

using Readers = std::map<std::string, std::function<void(const YAML::Node&)>>;

void read_map(const YAML::Node& node, const std::string& what, const Readers& readers) {
  if (!node.IsMap()) throw Mistake{node.Mark(), what + ": expected keys and values"};
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const std::string key = text_of(pair.first, what);
    if (!seen.insert(key).second) throw Mistake{pair.first.Mark(), key + ": stands there twice"};
    const auto reader = readers.find(key);
    if (reader == readers.end()) throw Mistake{pair.first.Mark(), key + ": unknown key"};
    reader->second(pair.second);
  }
}

EntryButton button_of(const YAML::Node& node) {
  EntryButton b;
  read_map(node, "buttons",
           {{"label_zh", [&](const auto& n) { b.label_zh = text_of(n, "label_zh"); }},
            {"label_en", [&](const auto& n) { b.label_en = text_of(n, "label_en"); }},
            {"value", [&](const auto& n) { b.value = text_of(n, "value"); }},
            {"url", [&](const auto& n) { b.url = text_of(n, "url"); }}});
  return b;
}

Live live_of(const YAML::Node& node) {
  const std::string text = text_of(node, "live");
  if (text == "stock") return Live::stock;
  if (text == "order") return Live::order;
  throw Mistake{node.Mark(), "live: expected stock or order, got \"" + text + "\""};
}

Time time_of(const YAML::Node& node, const std::string& key) {
  const std::string text = text_of(node, key);
  const auto at = from_iso8601(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!at) throw Mistake{node.Mark(), key + ": expected a time such as 2026-11-22 or 2026-11-22T08:00:00Z"};
  return *at;
}

/// Reads each item of a list by `read`.
template <class T, class F>
void read_list(const YAML::Node& node, const std::string& key, std::vector<T>& into, F read) {
  if (!node.IsSequence()) throw Mistake{node.Mark(), key + ": expected a list"};
  for (const YAML::Node& item : node) into.push_back(read(item));
}

contract::Card card_of(const YAML::Node& node) {
  contract::Card card;
  const auto text = [](const char* key, std::string& into) {
    return Readers::value_type{key, [key, &into](const YAML::Node& n) { into = text_of(n, key); }};
  };
  const auto data = [&card](const YAML::Node& n) {
    if (!n.IsMap()) throw Mistake{n.Mark(), "data: expected keys and values"};
    for (const auto& pair : n) card.data[text_of(pair.first, "data")] = text_of(pair.second, "data");
  };
  read_map(node, "card",
           {text("kind", card.kind),
            text("title", card.title),
            text("text", card.text),
            text("url", card.url),
            text("picture", card.picture),
            {"data", data}});
  return card;
}

EntryVariant variant_of(const YAML::Node& node) {
  EntryVariant v;
  const auto text = [](const char* key, std::string& into) {
    return Readers::value_type{key, [key, &into](const YAML::Node& n) { into = text_of(n, key); }};
  };
  read_map(node, "variants",
           {text("channel", v.channel),
            text("site", v.site),
            text("answer_zh", v.answer_zh),
            text("answer_en", v.answer_en),
            {"card", [&v](const YAML::Node& n) { v.card = card_of(n); }},
            {"buttons", [&v](const YAML::Node& n) { read_list(n, "buttons", v.buttons, button_of); }}});
  return v;
}

EntryFile file_of(const YAML::Node& node) {
  EntryFile f;
  read_map(node, "attachments",
           {{"name", [&](const auto& n) { f.name = text_of(n, "name"); }},
            {"url", [&](const auto& n) { f.url = text_of(n, "url"); }}});
  return f;
}

KnowledgeEntry entry_of(const YAML::Node& node) {
  KnowledgeEntry e;
  const auto text = [](const char* key, std::string& into) {
    return Readers::value_type{key, [key, &into](const YAML::Node& n) { into = text_of(n, key); }};
  };
  const auto flag = [](const char* key, bool& into) {
    return Readers::value_type{key, [key, &into](const YAML::Node& n) { into = flag_of(n, key); }};
  };
  const auto list = [](const char* key, std::vector<std::string>& into) {
    return Readers::value_type{key, [key, &into](const YAML::Node& n) { into = list_of(n, key); }};
  };
  read_map(node, "entry",
           {text("key", e.key),
            text("site", e.site),
            list("questions", e.questions),
            list("keywords", e.keywords),
            text("answer_zh", e.answer_zh),
            text("answer_en", e.answer_en),
            {"buttons", [&e](const YAML::Node& n) { read_list(n, "buttons", e.buttons, button_of); }},
            {"card", [&e](const YAML::Node& n) { e.card = card_of(n); }},
            {"variants", [&e](const YAML::Node& n) { read_list(n, "variants", e.variants, variant_of); }},
            {"attachments", [&e](const YAML::Node& n) { read_list(n, "attachments", e.attachments, file_of); }},
            list("related", e.related),
            list("labels", e.labels),
            {"valid_from", [&e](const YAML::Node& n) { e.valid_from = time_of(n, "valid_from"); }},
            {"valid_until", [&e](const YAML::Node& n) { e.valid_until = time_of(n, "valid_until"); }},
            text("intent", e.intent),
            text("group", e.group),
            flag("handoff", e.handoff),
            flag("small_talk", e.small_talk),
            flag("enabled", e.enabled),
            {"live", [&e](const YAML::Node& n) { e.live = live_of(n); }}});
  if (auto ok = check_entry(e); !ok) throw Mistake{node.Mark(), ok.error().message};
  return e;
}

}  // namespace

Result<std::vector<KnowledgeEntry>> read_knowledge_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{Errc::not_found, "bot.no_knowledge_file", "cannot read the knowledge file " + file.string()};
  std::ostringstream text;
  text << in.rdbuf();
  return parse_knowledge_yaml(text.str(), file.string());
}

Result<std::vector<KnowledgeEntry>> parse_knowledge_yaml(std::string_view text, const std::string& name) {
  const auto wrong = [&](const YAML::Mark& mark, const std::string& what) {
    return Error{Errc::bad_value, "bot.bad_knowledge",
                 fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, what)};
  };
  if (text.size() > kLargestFile) return wrong({}, "larger than 4 MiB");
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsSequence()) throw Mistake{root.Mark(), "expected a list of entries"};
    if (root.size() > kMostEntries) throw Mistake{root.Mark(), "more than 10,000 entries"};
    std::vector<KnowledgeEntry> out;
    std::set<std::string> keys;
    for (const YAML::Node& node : root) {
      out.push_back(entry_of(node));
      if (!keys.insert(out.back().key).second)
        throw Mistake{node.Mark(), "key: \"" + out.back().key + "\" stands there twice"};
    }
    return out;
  } catch (const Mistake& mistake) {
    return wrong(mistake.mark, mistake.what);
  } catch (const YAML::Exception& e) {
    return wrong(e.mark, e.msg);
  }
}

namespace {

/// Texts are quoted where YAML would take them for something else.
class Writer {
 public:
  YAML::Emitter out;
  void put(const std::string& value) {
    const bool quoted =
        value.find('\n') != std::string::npos || value == "~" || value == "null" || value == "Null" || value == "NULL";
    if (quoted) out << YAML::DoubleQuoted;
    out << value;
  }
  void text(const char* key, const std::string& value) {
    if (value.empty()) return;
    out << YAML::Key << key << YAML::Value;
    put(value);
  }
  void list(const char* key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
    for (const std::string& value : values) put(value);
    out << YAML::EndSeq;
  }
  void flag(const char* key, bool value, bool usual) {
    if (value != usual) out << YAML::Key << key << YAML::Value << value;
  }
  void time(const char* key, Time at) {
    if (at != Time{}) text(key, to_iso8601(at));
  }
  void card(const contract::Card& c) {
    if (c.kind.empty()) return;
    out << YAML::Key << "card" << YAML::Value << YAML::BeginMap;
    text("kind", c.kind);
    text("title", c.title);
    text("text", c.text);
    text("url", c.url);
    text("picture", c.picture);
    if (!c.data.empty()) out << YAML::Key << "data" << YAML::Value << c.data;
    out << YAML::EndMap;
  }
  void buttons(const std::vector<EntryButton>& all) {
    if (all.empty()) return;
    out << YAML::Key << "buttons" << YAML::Value << YAML::BeginSeq;
    for (const EntryButton& b : all) {
      out << YAML::BeginMap;
      text("label_zh", b.label_zh);
      text("label_en", b.label_en);
      text("value", b.value);
      text("url", b.url);
      out << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
};

}  // namespace

std::string write_knowledge_yaml(const std::vector<KnowledgeEntry>& entries) {
  Writer w;
  w.out << YAML::BeginSeq;
  for (const KnowledgeEntry& e : entries) {
    w.out << YAML::BeginMap;
    w.text("key", e.key);
    w.text("site", e.site);
    w.list("questions", e.questions);
    w.list("keywords", e.keywords);
    w.text("answer_zh", e.answer_zh);
    w.text("answer_en", e.answer_en);
    w.buttons(e.buttons);
    w.card(e.card);
    if (!e.variants.empty()) {
      w.out << YAML::Key << "variants" << YAML::Value << YAML::BeginSeq;
      for (const EntryVariant& v : e.variants) {
        w.out << YAML::BeginMap;
        w.text("channel", v.channel);
        w.text("site", v.site);
        w.text("answer_zh", v.answer_zh);
        w.text("answer_en", v.answer_en);
        w.card(v.card);
        w.buttons(v.buttons);
        w.out << YAML::EndMap;
      }
      w.out << YAML::EndSeq;
    }
    if (!e.attachments.empty()) {
      w.out << YAML::Key << "attachments" << YAML::Value << YAML::BeginSeq;
      for (const EntryFile& f : e.attachments) {
        w.out << YAML::BeginMap;
        w.text("name", f.name);
        w.text("url", f.url);
        w.out << YAML::EndMap;
      }
      w.out << YAML::EndSeq;
    }
    w.list("related", e.related);
    w.list("labels", e.labels);
    w.text("intent", e.intent);
    w.text("group", e.group);
    w.flag("handoff", e.handoff, false);
    w.flag("small_talk", e.small_talk, false);
    w.flag("enabled", e.enabled, true);
    if (e.live != Live::none) w.text("live", e.live == Live::stock ? "stock" : "order");
    w.time("valid_from", e.valid_from);
    w.time("valid_until", e.valid_until);
    w.out << YAML::EndMap;
  }
  w.out << YAML::EndSeq;
  return std::string(w.out.c_str()) + "\n";
}

}  // namespace qiao::bot
