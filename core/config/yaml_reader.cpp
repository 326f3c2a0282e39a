#include "core/config/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_map>

namespace qiao::core {
namespace {

struct Stop {
  ConfigProblem problem;
};

/// A stream over borrowed text.
struct Borrowed : std::streambuf {
  explicit Borrowed(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT: a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

struct Cost {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

Cost cost_of(const ConfigNode& node) {
  Cost cost{1, node.text.size()};
  const auto add = [&cost](const ConfigNode& child) {
    const Cost more = cost_of(child);
    cost.nodes += more.nodes;
    cost.bytes += more.bytes;
  };
  for (const ConfigNode& item : node.items) add(item);
  for (const ConfigNode::Entry& entry : node.entries) {
    cost.bytes += entry.name.size();
    add(entry.value);
  }
  return cost;
}

std::size_t height_of(const ConfigNode& node) {
  std::size_t height = 0;
  for (const ConfigNode& item : node.items) height = std::max(height, height_of(item));
  for (const ConfigNode::Entry& entry : node.entries) height = std::max(height, height_of(entry.value));
  return height + 1;
}

/// Builds the tree from yaml-cpp's events.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const SourceText& source, const YamlLimits& limits, Problems& problems)
      : source_(source), limits_(limits), problems_(problems) {}

  ConfigNode take() { return std::move(root_); }
  /// Where the innermost list or map that is still open began.
  [[nodiscard]] std::optional<ConfigMark> open_since() const {
    return frames_.empty() ? std::nullopt : std::optional(frames_.back().node.mark);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    const std::string_view rest = source_.from(source_.offset(mark.line, mark.column));
    stop("config.syntax", at(mark),
         rest.starts_with("---") ? "a second YAML document begins here; one file holds one document"
                                 : "this does not belong to what stands above; check the indentation");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode node;
    node.mark = at(mark);
    value(std::move(node), anchor, true);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_tag(tag, mark);
    ConfigNode node;
    node.kind = ConfigNode::Kind::scalar;
    node.quoted = tag == "!";
    node.text = text;
    node.mark = at(mark);
    if (node.quoted) refuse_open_quote(mark);
    if (!printable_utf8(text)) stop("config.bad_encoding", node.mark, "the text holds a control character; remove it");
    if (wants_key()) {
      name(node, mark);
      return;
    }
    value(std::move(node), anchor, true);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (++aliases_ > limits_.aliases) {
      stop("config.too_large", at(mark), fmt::format("more than {} aliases (*name)", limits_.aliases));
    }
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      stop("config.syntax", at(mark), "this alias (*name) names a key, or the value that it stands in");
    if (wants_key()) stop("config.syntax", at(mark), "an alias cannot be a key");
    const Anchored& anchored = known->second;
    count(anchored.cost, at(mark));
    if (frames_.size() + anchored.height > limits_.depth) too_deep(at(mark));
    ConfigNode copy = anchored.node;
    copy.mark = at(mark);
    value(std::move(copy), 0, false);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(ConfigNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(ConfigNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    ConfigNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool duplicate = false;
    std::string key;
    ConfigMark key_mark;
    std::unordered_map<std::string, ConfigMark> seen;
  };
  struct Anchored {
    ConfigNode node;
    Cost cost;
    std::size_t height = 0;
  };

  [[nodiscard]] ConfigMark at(const YAML::Mark& mark) const { return source_.mark(mark.line, mark.column); }
  [[nodiscard]] bool wants_key() const {
    return !frames_.empty() && frames_.back().node.kind == ConfigNode::Kind::map && !frames_.back().has_key;
  }
  [[noreturn]] static void stop(const char* id, const ConfigMark& mark, std::string message) {
    throw Stop{config_problem(id, mark, {}, std::move(message))};
  }
  [[noreturn]] void too_deep(const ConfigMark& mark) const {
    stop("config.too_large", mark, fmt::format("nested more than {} levels deep", limits_.depth));
  }

  void refuse_tag(const std::string& tag, const YAML::Mark& mark) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    stop("config.syntax", at(mark), "YAML tags (!…) are not used here; put a text in quotes");
  }

  // yaml-cpp takes the end of the file for a closing quote.
  void refuse_open_quote(const YAML::Mark& mark) const {
    std::string_view rest = source_.from(source_.offset(mark.line, mark.column));
    while (rest.starts_with('&') || rest.starts_with('!')) {
      rest.remove_prefix(std::min(rest.find_first_of(" \n"), rest.size()));
      rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
    }
    if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return;
    const char quote = rest.front();
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (quote == '"' && rest[i] == '\\')
        ++i;
      else if (quote == '\'' && rest[i] == quote && i + 1 < rest.size() && rest[i + 1] == quote)
        ++i;
      else if (rest[i] == quote)
        return;
    }
    stop("config.syntax", at(mark), fmt::format("the quote {} that opens here is never closed", quote));
  }

  void count(Cost cost, const ConfigMark& mark) {
    total_.nodes += cost.nodes;
    total_.bytes += cost.bytes;
    if (total_.nodes > limits_.nodes) {
      stop("config.too_large", mark, fmt::format("more than {} values once aliases are followed", limits_.nodes));
    }
    if (total_.bytes > limits_.expanded_bytes) {
      stop("config.too_large", mark,
           fmt::format("more than {} bytes of text once aliases are followed", limits_.expanded_bytes));
    }
  }

  void name(const ConfigNode& node, const YAML::Mark& mark) {
    Frame& frame = frames_.back();
    if (node.text.empty()) stop("config.syntax", node.mark, "a key must not be empty");
    if (node.text.find('\n') != std::string::npos) stop("config.syntax", node.mark, "a key must stand on one line");
    if (node.text == "<<" && !node.quoted) {
      stop("config.syntax", node.mark,
           "merge keys (<<) are not supported; use an alias for the whole value or repeat it");
    }
    const auto [seen, fresh] = frame.seen.emplace(node.text, node.mark);
    if (!fresh) {
      problems_.push_back(
          config_problem("config.duplicate_key", node.mark, {},
                         fmt::format("the key \"{}\" stands here a second time; the first is in line {}, column {}",
                                     node.text, seen->second.line, seen->second.column)));
    }
    frame.duplicate = !fresh;
    frame.has_key = true;
    frame.key = node.text;
    frame.key_mark = node.mark;
    key_end_ = node.quoted ? std::string_view::npos : source_.offset(mark.line, mark.column) + node.text.size();
  }

  // `retries 3` alone on a line reads as a key without a value; the person meant a colon.
  void refuse_missing_colon(const Frame& frame) const {
    if (key_end_ == std::string_view::npos) return;
    const std::string_view rest = source_.from(key_end_);
    const std::size_t next = rest.find_first_not_of(" \t");
    if (next != std::string_view::npos && rest[next] == ':') return;
    stop("config.syntax", frame.key_mark, fmt::format("\"{}\" has no colon; write \"key: value\"", frame.key));
  }

  void value(ConfigNode node, YAML::anchor_t anchor, bool counted) {
    if (counted) count({1, node.text.size()}, node.mark);
    if (wants_key()) {
      if (node.kind == ConfigNode::Kind::null) stop("config.syntax", node.mark, "a key must not be empty");
      stop("config.syntax", node.mark, "a key must be a plain text");
    }
    if (!frames_.empty() && frames_.back().has_key && node.kind == ConfigNode::Kind::null)
      refuse_missing_colon(frames_.back());
    node.key = node.mark;
    if (anchor != 0) {
      const Cost cost = cost_of(node);
      count(cost, node.mark);  // the copy that is kept costs like an alias: anchors nest
      anchors_[anchor] = {node, cost, height_of(node)};
    }
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == ConfigNode::Kind::list) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    node.key = frame.key_mark;
    if (node.kind == ConfigNode::Kind::null) node.mark = node.key;  // yaml-cpp puts it where the next thing begins
    if (!frame.duplicate) frame.node.entries.push_back({std::move(frame.key), std::move(node)});
    frame.has_key = false;
  }

  void open(ConfigNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(tag, mark);
    if (wants_key()) stop("config.syntax", at(mark), "a key must be a plain text");
    if (frames_.size() >= limits_.depth) too_deep(at(mark));
    count({1, 0}, at(mark));
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = at(mark);
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    value(std::move(frame.node), frame.anchor, false);
  }

  const SourceText& source_;
  const YamlLimits& limits_;
  Problems& problems_;
  ConfigNode root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  Cost total_;
  std::size_t aliases_ = 0;
  std::size_t key_end_ = std::string_view::npos;
  int documents_ = 0;
};

/// yaml-cpp's words for what a person can act upon.
std::string sentence(const std::string& theirs) {
  const auto says = [&theirs](std::string_view words) { return theirs.find(words) != std::string::npos; };
  if (says("end of map not found") || says("end of sequence not found")) {
    return "the indentation does not fit the lines above, or something stands behind a finished value";
  }
  if (says("illegal map value")) return "this colon does not belong here; put a text that holds \": \" in quotes";
  if (says("end of sequence flow not found")) return "a list that was opened with [ is not closed with ]";
  if (says("end of map flow not found")) return "a map that was opened with { is not closed with }";
  if (says("illegal flow end")) return "this bracket closes nothing; put a text that begins with a bracket in quotes";
  if (says("illegal block entry")) return "a list cannot begin on the line of its key; put \"- \" on a line of its own";
  if (says("unknown token")) return "a text cannot begin with this character; put it in quotes";
  if (says("referenced anchor is not defined"))
    return "this alias (*name) names nothing; put a text that begins with * in quotes";
  if (says("illegal EOF in scalar")) return "a quote is never closed";
  if (says("unknown escape character"))
    return "unknown escape after \\ in double quotes; write \\\\ for a backslash or use single quotes";
  return "not valid YAML: " + theirs;
}

ConfigProblem explain(const YAML::Exception& failed, const SourceText& source, const Builder& builder) {
  ConfigMark mark = source.mark(failed.mark.line, failed.mark.column);
  std::string text = sentence(failed.msg);
  if (failed.msg.find("flow not found") != std::string::npos) {
    // The brace of `${env:X}` ends a flow map; the person sees no other bracket that could be wrong.
    const std::size_t at = source.offset(failed.mark.line, failed.mark.column);
    if (at > 0 && source.from(at - 1).starts_with("${"))
      text = "inside { } and [ ] a text with ${…} needs quotes";
    else if (const auto opened = builder.open_since())
      mark = *opened;
  }
  return config_problem("config.syntax", mark, {}, std::move(text));
}

}  // namespace

std::shared_ptr<const ConfigNode> read_yaml(std::string_view text, const std::string& file, Problems& problems,
                                            const YamlLimits& limits) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  auto name = file.empty() ? nullptr : std::make_shared<const std::string>(file);
  const SourceText source(text, name);
  if (!source.acceptable(limits.bytes, problems)) return nullptr;
  Builder builder(source, limits, problems);
  try {
    Borrowed buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stopped) {
    problems.push_back(stopped.problem);
    return nullptr;
  } catch (const YAML::Exception& failed) {
    problems.push_back(explain(failed, source, builder));
    return nullptr;
  }
  auto root = std::make_shared<ConfigNode>(builder.take());
  if (root->kind == ConfigNode::Kind::null) root->mark = {name, 1, 1};
  root->key = root->mark;
  return root;
}

Result<Section> section_from_yaml(std::string_view text, const std::string& path) {
  Problems problems;
  auto tree = read_yaml(text, {}, problems);
  if (tree && problems.empty()) return Section(std::move(tree), path);
  sort_problems(problems);
  std::string all;
  for (const ConfigProblem& problem : problems) {
    if (!all.empty()) all += '\n';
    all += to_string(problem);
  }
  return Error{Errc::bad_value, "config.syntax", std::move(all)};
}

}  // namespace qiao::core
