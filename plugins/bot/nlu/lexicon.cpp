#include "plugins/bot/nlu/lexicon.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "plugins/bot/nlu/syllables.hpp"

namespace qiao::bot {
namespace {

std::uint32_t id_of(std::string_view name) {
  std::uint32_t h = 0x811c9dc5U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return h;
}

bool inside_word(const std::u32string& text, std::size_t at) {
  return at > 0 && at < text.size() && text[at - 1] != U' ' && text[at] != U' ' && !is_han(text[at - 1]) &&
         !is_han(text[at]);
}

}  // namespace

const std::uint32_t Lexicon::kNothing = id_of("nothing");

Lexicon::Lexicon(const std::map<std::string, std::vector<std::string>>& concepts) {
  for (const auto& [name, words] : concepts) {
    for (const std::string& word : words) add(word, id_of(name));
  }
}

void Lexicon::add(const std::string& word, std::uint32_t concept_id) {
  const std::u32string text = make_plain(word).text;
  if (text.empty()) return;
  add(written_, text, concept_id);
  ++words_;
  if (text.size() < 2 || !std::all_of(text.begin(), text.end(), is_han)) return;
  std::u32string sounds;
  for (const char32_t c : text) sounds += static_cast<char32_t>(syllable_of(c));
  add(spoken_, sounds, concept_id);
}

void Lexicon::add(Tree& tree, const std::u32string& keys, std::uint32_t concept_id) {
  std::uint32_t node = 0;
  for (const char32_t key : keys) {
    const auto [it, fresh] = tree[node].next.try_emplace(key, static_cast<std::uint32_t>(tree.size()));
    node = it->second;
    if (fresh) tree.emplace_back();
  }
  auto& ids = tree[node].concepts;
  if (std::find(ids.begin(), ids.end(), concept_id) == ids.end()) ids.push_back(concept_id);
}

std::vector<Lexicon::Hit> Lexicon::find(const Plain& plain) const {
  const std::u32string& text = plain.text;
  std::u32string sounds;
  for (const char32_t c : text) sounds += static_cast<char32_t>(syllable_of(c));
  std::vector<Hit> hits;
  for (std::size_t begin = 0; begin < text.size();) {
    if (inside_word(text, begin)) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    const auto longest = [&](const Tree& tree, const std::u32string& keys) {
      const Node* best = nullptr;
      const Node* node = tree.data();
      for (std::size_t i = begin; i < keys.size(); ++i) {
        const auto next = node->next.find(keys[i]);
        if (next == node->next.end()) break;
        node = &tree[next->second];
        if (node->concepts.empty() || inside_word(text, i + 1)) continue;
        best = node;
        end = i + 1;
      }
      return best;
    };
    const Node* best = longest(written_, text);
    if (best == nullptr) best = longest(spoken_, sounds);
    if (best == nullptr) {
      ++begin;
      continue;
    }
    for (const std::uint32_t id : best->concepts) hits.push_back({id, begin, end});
    begin = end;
  }
  return hits;
}

Result<Lexicon> Lexicon::read(const std::filesystem::path& file) {
  const auto wrong = [&](const YAML::Mark& mark, const std::string& what) {
    return Error{Errc::bad_value, "bot.bad_lexicon",
                 fmt::format("{}:{}:{}: {}", file.string(), mark.line + 1, mark.column + 1, what)};
  };
  try {
    const YAML::Node root = YAML::LoadFile(file.string());
    if (!root.IsMap()) return wrong(root.Mark(), "expected concepts with lists of words");
    std::map<std::string, std::vector<std::string>> concepts;
    for (const auto& pair : root) {
      if (!pair.second.IsSequence()) return wrong(pair.second.Mark(), "expected a list of words");
      auto& words = concepts[pair.first.Scalar()];
      for (const YAML::Node& word : pair.second) {
        if (!word.IsScalar()) return wrong(word.Mark(), "expected a word");
        words.push_back(word.Scalar());
      }
    }
    return Lexicon(concepts);
  } catch (const YAML::BadFile&) {
    return Error{Errc::not_found, "bot.bad_lexicon", fmt::format("cannot read {}", file.string())};
  } catch (const YAML::Exception& e) {
    return wrong(e.mark, e.msg);
  }
}

}  // namespace qiao::bot
