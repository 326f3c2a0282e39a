#include "qiao/config.hpp"

#include <algorithm>
#include <tuple>

#include "config_text.hpp"
#include "qiao/json.hpp"

namespace qiao {

bool same_config(const ConfigNode& a, const ConfigNode& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case ConfigNode::Kind::null:
      return true;
    case ConfigNode::Kind::scalar:
      return a.text == b.text && a.quoted == b.quoted;
    case ConfigNode::Kind::list:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_config);
    case ConfigNode::Kind::map:
      break;
  }
  if (a.entries.size() != b.entries.size()) return false;
  return std::all_of(a.entries.begin(), a.entries.end(), [&b](const ConfigNode::Entry& entry) {
    const ConfigNode* other = b.find(entry.name);
    return other != nullptr && same_config(entry.value, *other);
  });
}

std::string to_string(const ConfigProblem& problem) {
  std::string out;
  if (!problem.file.empty()) out = problem.file + ":";
  if (problem.line != 0) out += fmt::format("{}:{}:", problem.line, problem.column);
  if (!out.empty()) out += " ";
  out += fmt::format("error[{}]: ", problem.id);
  if (!problem.path.empty()) out += problem.path + ": ";
  out += problem.message;
  if (!problem.nearest.empty()) out += fmt::format("; did you mean \"{}\"?", problem.nearest);
  return out;
}

ConfigProblem config_problem(std::string id, const ConfigMark& mark, std::string path, std::string message,
                             std::string nearest) {
  return {std::move(id),     mark.file ? *mark.file : std::string(),
          mark.line,         mark.column,
          std::move(path),   std::move(message),
          std::move(nearest)};
}

void sort_problems(std::vector<ConfigProblem>& problems) {
  const auto rank = [](const ConfigProblem& p) { return std::tie(p.file, p.line, p.column, p.path, p.id, p.message); };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const ConfigProblem& a, const ConfigProblem& b) { return rank(a) < rank(b); });
  problems.erase(std::unique(problems.begin(), problems.end(),
                             [&](const ConfigProblem& a, const ConfigProblem& b) { return rank(a) == rank(b); }),
                 problems.end());
}

namespace {

std::size_t typing_slips(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t kLongest = 128;  // the work grows with the square
  if (word.empty() || word.size() > kLongest) return {};
  const std::string* best = nullptr;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongest || candidate == word) continue;
    std::size_t slips = typing_slips(word, candidate);
    // `warning` for `warn`: one being the beginning of the other is as near as the most slips allowed.
    constexpr std::size_t kBeginning = 3;
    const bool begins = std::min(word.size(), candidate.size()) >= kBeginning &&
                        (word.starts_with(candidate) || candidate.starts_with(word));
    if (begins) slips = std::min(slips, std::max<std::size_t>(1, word.size() / 3));
    if (slips < fewest && slips < candidate.size()) {
      fewest = slips;
      best = &candidate;
    }
  }
  return best ? *best : std::string();
}

Section::Section() : node_(std::make_shared<ConfigNode>()) {}

Section::Section(std::shared_ptr<const ConfigNode> node, std::string path)
    : node_(node ? std::move(node) : std::make_shared<const ConfigNode>()), path_(std::move(path)) {}

Result<void> Section::bind_into(const SchemaInfo& schema, void* record) const {
  std::vector<ConfigProblem> problems;
  bind_into(schema, record, problems);
  if (problems.empty()) return {};
  sort_problems(problems);
  std::string text;
  for (const ConfigProblem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_string(problem);
  }
  return Error{Errc::bad_value, problems.size() == 1 ? problems.front().id : "config.invalid", std::move(text)};
}

void Section::check(const SchemaInfo& schema, std::vector<ConfigProblem>& problems) const {
  const std::shared_ptr<void> scratch = schema.make();
  bind_into(schema, scratch.get(), problems);
}

namespace detail {

namespace {
struct JsonList {
  const ConfigType* element;
  std::string* out;
  bool keyed;
  bool complete = true;
};
}  // namespace

std::string config_json(const ConfigType& type, const void* value) {
  using Kind = ConfigType::Kind;
  std::string out;
  switch (type.kind) {
    case Kind::boolean:
      return type.load(value) != 0 ? "true" : "false";
    case Kind::integer:
      return std::to_string(type.load(value));
    case Kind::real:
      return fmt::format("{}", type.load_real(value));
    case Kind::text:
      append_json_string(out, type.load_text(value));
      return out;
    case Kind::duration:
      append_json_string(out, duration_text(std::chrono::microseconds(type.load(value))));
      return out;
    case Kind::size:
      append_json_string(out, to_string(Bytes{static_cast<std::uint64_t>(type.load(value))}));
      return out;
    case Kind::choice:
      for (const EnumName& name : type.names) {
        if (name.value == type.load(value)) append_json_string(out, name.name);
      }
      return out;
    case Kind::optional:
    case Kind::list:
    case Kind::map:
      break;
    case Kind::secret:
    case Kind::section:
    case Kind::any:
      return {};
  }
  std::string inside;
  JsonList list{&type.element(), &inside, type.kind == Kind::map};
  type.each(value, &list, [](void* context, const std::string* key, const void* item) {
    auto& to = *static_cast<JsonList*>(context);
    const std::string json = config_json(*to.element, item);
    if (json.empty()) to.complete = false;
    if (!to.out->empty()) *to.out += ", ";
    if (to.keyed) {
      append_json_string(*to.out, *key);
      *to.out += ": ";
    }
    *to.out += json;
  });
  if (!list.complete) return {};
  if (type.kind == Kind::optional) return inside;
  return type.kind == Kind::list ? "[" + inside + "]" : "{" + inside + "}";
}

}  // namespace detail

}  // namespace qiao
