#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <optional>

#include "plugins/bot/config.hpp"
#include "plugins/bot/tool/evaluation.hpp"

/// \file
/// `qiao bot …`: what the bot understands, measured without a hub.

namespace {

using namespace qiao;
using namespace qiao::bot;

constexpr int kFailed = 1;
constexpr int kUsage = 64;

constexpr const char* kHelp =
    "Usage: qiao bot train|eval|ask [arguments]\n\n"
    "Teach the bot a knowledge base or labelled sentences, and measure what it understands. Needs no hub.\n\n"
    "  train FROM                    learn, and print time, size and how well questions are told apart\n"
    "  eval  ROWS FROM               ask every row and print what was right\n"
    "  ask   TEXT... FROM            ask, and print the five best with their scores\n\n"
    "FROM is one of\n"
    "  --knowledge FILE              a knowledge base (YAML)\n"
    "  --train ROWS                  labelled sentences\n"
    "ROWS is FILE or FILE:SPLIT: TSV or CSV with columns text, intent and perhaps split and group, JSONL with these\n"
    "names, or CLINC150's JSON. The intent oos stands for what is out of scope.\n\n"
    "  --only COLUMN=VALUE[,...]     only rows with these values, of all files\n"
    "  --validate ROWS               choose the threshold on these rows\n"
    "  --threshold N                 refuse below this score (with --knowledge: what the bot has by itself)\n"
    "  --share DIR                   where bot/lexicon.yaml and bot/elsewhere.yaml are\n"
    "  --help                        show this text\n";

struct Line {
  std::vector<std::string> rest;
  std::string knowledge;
  std::string train;
  std::string validate;
  std::string share;
  std::map<std::string, std::string> only;
  std::optional<double> threshold;
  bool help = false;
  std::string wrong;
};

Line parse(int count, char** words) {
  Line line;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--help" || word == "-h") {
      line.help = true;
      continue;
    }
    if (!word.starts_with("--")) {
      line.rest.push_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < count) {
      value = words[++i];
    } else {
      line.wrong = "--" + name + " needs a value";
      return line;
    }
    if (name == "knowledge") {
      line.knowledge = value;
    } else if (name == "train") {
      line.train = value;
    } else if (name == "validate") {
      line.validate = value;
    } else if (name == "share") {
      line.share = value;
    } else if (name == "threshold") {
      double number = 0;
      const auto done = std::from_chars(value.data(), value.data() + value.size(), number);
      if (done.ec != std::errc{} || done.ptr != value.data() + value.size()) {
        line.wrong = "--threshold: expected a number, got \"" + value + "\"";
        return line;
      }
      line.threshold = number;
    } else if (name == "only") {
      for (std::size_t begin = 0; begin < value.size();) {
        const std::size_t end = std::min(value.find(',', begin), value.size());
        const std::string pair = value.substr(begin, end - begin);
        const std::size_t split = pair.find('=');
        if (split == std::string::npos) {
          line.wrong = "--only: expected COLUMN=VALUE, got \"" + pair + "\"";
          return line;
        }
        line.only[pair.substr(0, split)] = pair.substr(split + 1);
        begin = end + 1;
      }
    } else {
      line.wrong = "unknown option --" + name;
      return line;
    }
  }
  return line;
}

int usage_error(const std::string& message) {
  fmt::print(stderr, "qiao bot: {}\nSee `qiao bot --help`.\n", message);
  return kUsage;
}

int failed(const Error& error) {
  fmt::print(stderr, "qiao bot: error[{}]: {}\n", error.name(), error.message);
  return kFailed;
}

Result<std::vector<Labelled>> rows_of(const std::string& words, const Line& line) {
  Rows rows = Rows::of(words);
  rows.only = line.only;
  return read_labelled(rows);
}

Result<Subject> learn(const Line& line, const Background& background) {
  if (!line.knowledge.empty()) {
    auto entries = read_knowledge(line.knowledge);
    if (!entries) return entries.error();
    return Subject::of_knowledge(std::move(*entries), background);
  }
  auto rows = rows_of(line.train, line);
  if (!rows) return rows.error();
  return Subject::of_sentences(*rows, background);
}

/// Every fifth question of each intent is asked of what learned the others.
Result<Figures> held_out(const Line& line, const Background& background) {
  std::vector<Labelled> all;
  if (line.knowledge.empty()) {
    auto rows = rows_of(line.train, line);
    if (!rows) return rows.error();
    all = std::move(*rows);
  } else {
    auto entries = read_knowledge(line.knowledge);
    if (!entries) return entries.error();
    for (const KnowledgeEntry& e : *entries) {
      for (const std::string& q : e.questions) all.push_back({q, e.key, e.group});
    }
  }
  std::map<std::string, int> seen;
  std::vector<Labelled> learned;
  std::vector<Labelled> asked;
  for (Labelled& row : all) (++seen[row.intent] % 5 == 0 ? asked : learned).push_back(std::move(row));
  if (asked.empty()) return Error{Errc::bad_value, "bot.too_few", "no intent has five sentences; nothing to hold out"};
  return measure(Subject::of_sentences(learned, background), asked, std::nullopt);
}

int run(const Line& line) {
  const std::string action = line.rest.front();
  if (action != "train" && action != "eval" && action != "ask") return usage_error("unknown action \"" + action + "\"");
  if (line.knowledge.empty() == line.train.empty()) return usage_error("name either --knowledge FILE or --train ROWS");
  if (action == "eval" && line.rest.size() != 2) return usage_error("eval: which rows? FILE or FILE:SPLIT");
  if (action == "ask" && line.rest.size() < 2) return usage_error("ask: what?");
  auto background = Background::read(std::filesystem::path(line.share) / "bot");
  if (!background) return failed(background.error());
  auto subject = learn(line, *background);
  if (!subject) return failed(subject.error());

  if (action == "train") {
    fmt::print("learned {} sentences of {} intents in {:.2f} s; {:.1f} MB\n", subject->sentences, subject->intents,
               subject->seconds, static_cast<double>(subject->bytes) / 1e6);
    if (auto figures = held_out(line, *background)) {
      fmt::print("every fifth sentence, asked of what learned the others: {:.1f} % right, {:.1f} % among three\n",
                 figures->top1, figures->top3);
    }
    return 0;
  }
  if (action == "ask") {
    std::string text = line.rest[1];
    for (std::size_t i = 2; i < line.rest.size(); ++i) text += " " + line.rest[i];
    for (const Subject::Said& said : subject->ask(text, 5)) {
      fmt::print("{:7.3f}  {:<10} {}\n", said.score, said.reason, said.intent);
    }
    return 0;
  }
  auto rows = rows_of(line.rest[1], line);
  if (!rows) return failed(rows.error());
  std::optional<double> threshold = line.threshold;
  if (!line.validate.empty()) {
    auto validation = rows_of(line.validate, line);
    if (!validation) return failed(validation.error());
    threshold = best_threshold(*subject, *validation);
  } else if (!threshold && !line.knowledge.empty()) {
    threshold = BotConfig{}.threshold;
  }
  fmt::print("{}", report(*subject, measure(*subject, *rows, threshold)));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const Line line = parse(count, words);
  if (!line.wrong.empty()) return usage_error(line.wrong);
  if (line.help || line.rest.empty()) {
    fmt::print(line.help ? stdout : stderr, "{}", kHelp);
    return line.help ? 0 : kUsage;
  }
  return run(line);
}
