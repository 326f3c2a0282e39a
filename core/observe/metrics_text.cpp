#include "core/observe/metrics_text.hpp"

#include <fmt/format.h>

namespace qiao::core {
namespace {

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

constexpr std::string_view kTypeNames[] = {"counter", "gauge", "histogram"};

}  // namespace

MetricsText::Family& MetricsText::family(std::string_view name, Type type, std::string_view help) {
  const auto found = families_.find(name);
  if (found != families_.end()) return found->second;
  return families_.emplace(std::string(name), Family{type, std::string(help), {}}).first->second;
}

void MetricsText::add_line(std::string& lines, std::string_view name, const Labels& labels, std::string_view extra,
                           std::string_view value) {
  lines += name;
  if (!labels.empty() || !extra.empty()) {
    char separator = '{';
    for (const auto& [key, text] : labels) {
      lines += separator;
      separator = ',';
      lines += key;
      lines += "=\"";
      append_escaped(lines, text, true);
      lines += '"';
    }
    if (!extra.empty()) {
      lines += separator;
      lines += extra;
    }
    lines += '}';
  }
  lines += ' ';
  lines += value;
  lines += '\n';
}

void MetricsText::sample(std::string_view name, Type type, std::string_view help, const Labels& labels, double value) {
  add_line(family(name, type, help).lines, name, labels, {}, fmt::format("{}", value));
}

void MetricsText::sample(std::string_view name, Type type, std::string_view help, const Labels& labels,
                         std::uint64_t value) {
  add_line(family(name, type, help).lines, name, labels, {}, fmt::format("{}", value));
}

void MetricsText::histogram(std::string_view name, std::string_view help, const Labels& labels,
                            const Histogram& value) {
  std::string& lines = family(name, Type::histogram, help).lines;
  const std::string bucket = fmt::format("{}_bucket", name);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    total += value.bucket(i);
    const std::string bound =
        i + 1 < Histogram::kBuckets ? fmt::format("le=\"{}\"", Histogram::kBounds[i]) : std::string("le=\"+Inf\"");
    add_line(lines, bucket, labels, bound, fmt::format("{}", total));
  }
  add_line(lines, fmt::format("{}_sum", name), labels, {}, fmt::format("{}", value.sum()));
  add_line(lines, fmt::format("{}_count", name), labels, {}, fmt::format("{}", total));
}

std::string MetricsText::str() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP ";
    out += name;
    out += ' ';
    append_escaped(out, family.help, false);
    out += "\n# TYPE ";
    out += name;
    out += ' ';
    out += kTypeNames[static_cast<std::size_t>(family.type)];
    out += '\n';
    out += family.lines;
  }
  return out;
}

}  // namespace qiao::core
