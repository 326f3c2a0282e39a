#include "plugins/bot/nlu/lexicon.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <deque>

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

std::u32string sounds_of(const std::u32string& text) {
  std::u32string sounds;
  for (const char32_t c : text) sounds += static_cast<char32_t>(syllable_of(c));
  return sounds;
}

}  // namespace

const std::uint32_t Lexicon::kNothing = id_of("nothing");

Lexicon::Tree::Tree(const Words& words) {
  struct Range {
    std::uint32_t node;
    Words::const_iterator begin;
    Words::const_iterator end;
    std::size_t depth;
  };
  nodes_.resize(1);
  std::deque<Range> open{{0, words.begin(), words.end(), 0}};
  for (; !open.empty(); open.pop_front()) {
    Range range = open.front();
    nodes_[range.node].first_concept = static_cast<std::uint32_t>(concepts_.size());
    if (range.begin != range.end && range.begin->first.size() == range.depth) {
      const std::vector<std::uint32_t>& ids = range.begin->second;
      concepts_.insert(concepts_.end(), ids.begin(), ids.end());
      ++range.begin;
    }
    nodes_[range.node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (range.begin != range.end) {
      const char32_t key = range.begin->first[range.depth];
      const auto next =
          std::find_if(range.begin, range.end, [&](const auto& w) { return w.first[range.depth] != key; });
      open.push_back({static_cast<std::uint32_t>(nodes_.size()), range.begin, next, range.depth + 1});
      nodes_.emplace_back().key = key;
      range.begin = next;
    }
  }
  nodes_.push_back({0, static_cast<std::uint32_t>(nodes_.size()), static_cast<std::uint32_t>(concepts_.size())});
  nodes_.shrink_to_fit();
  concepts_.shrink_to_fit();
}

const Lexicon::Tree::Node* Lexicon::Tree::child(const Node& node, char32_t key) const noexcept {
  const auto children = std::span(nodes_).subspan(node.first_child, (&node + 1)->first_child - node.first_child);
  const auto at = std::lower_bound(children.begin(), children.end(), key,
                                   [](const Node& child, char32_t wanted) { return child.key < wanted; });
  return at != children.end() && at->key == key ? &*at : nullptr;
}

Lexicon::Lexicon(const std::map<std::string, std::vector<std::string>>& concepts) {
  Tree::Words written;
  Tree::Words spoken;
  const auto add = [](Tree::Words& words, const std::u32string& keys, std::uint32_t concept_id) {
    auto& ids = words[keys];
    if (std::find(ids.begin(), ids.end(), concept_id) == ids.end()) ids.push_back(concept_id);
  };
  for (const auto& [name, words] : concepts) {
    const std::uint32_t id = id_of(name);
    for (const std::string& word : words) {
      const std::u32string text = make_plain(word).text;
      if (text.empty()) continue;
      add(written, text, id);
      ++words_;
      if (text.size() >= 2 && std::all_of(text.begin(), text.end(), is_han)) add(spoken, sounds_of(text), id);
    }
  }
  written_ = Tree(written);
  spoken_ = Tree(spoken);
}

std::vector<Lexicon::Hit> Lexicon::find(const Plain& plain) const {
  const std::u32string& text = plain.text;
  const std::u32string sounds = sounds_of(text);
  std::vector<Hit> hits;
  for (std::size_t begin = 0; begin < text.size();) {
    if (inside_word(text, begin)) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    std::span<const std::uint32_t> found;
    const auto longest = [&](const Tree& tree, const std::u32string& keys) {
      const Tree::Node* node = tree.root();
      for (std::size_t i = begin; i < keys.size(); ++i) {
        node = tree.child(*node, keys[i]);
        if (node == nullptr) break;
        const auto ending = tree.concepts(*node);
        if (ending.empty() || inside_word(text, i + 1)) continue;
        found = ending;
        end = i + 1;
      }
    };
    longest(written_, text);
    if (found.empty()) longest(spoken_, sounds);
    if (found.empty()) {
      ++begin;
      continue;
    }
    for (const std::uint32_t id : found) hits.push_back({id, begin, end});
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
