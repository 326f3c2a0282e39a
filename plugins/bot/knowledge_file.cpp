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
  const auto buttons = [&e](const YAML::Node& n) {
    if (!n.IsSequence()) throw Mistake{n.Mark(), "buttons: expected a list"};
    for (const YAML::Node& item : n) e.buttons.push_back(button_of(item));
  };
  read_map(node, "entry",
           {text("key", e.key),
            text("site", e.site),
            list("questions", e.questions),
            list("keywords", e.keywords),
            text("answer_zh", e.answer_zh),
            text("answer_en", e.answer_en),
            {"buttons", buttons},
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
  const auto wrong = [&](const YAML::Mark& mark, const std::string& what) {
    return Error{Errc::bad_value, "bot.bad_knowledge",
                 fmt::format("{}:{}:{}: {}", file.string(), mark.line + 1, mark.column + 1, what)};
  };
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{Errc::not_found, "bot.no_knowledge_file", "cannot read the knowledge file " + file.string()};
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().size() > kLargestFile) return wrong({}, "larger than 4 MiB");
  try {
    const YAML::Node root = YAML::Load(text.str());
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

}  // namespace qiao::bot
