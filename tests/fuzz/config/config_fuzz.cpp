#include <cstdlib>

#include "core/config/load.hpp"
#include "core/config/merge.hpp"
#include "core/config/yaml_reader.hpp"
#include "tests/fixtures/config/plugins/stock_config.hpp"

// What an operator could have typed: never a crash, always a place for each mistake, and no secret in any of them.

using qiao::core::Problems;

namespace {

constexpr std::string_view kCanary = "canary-93751";

void require(bool condition) {
  if (!condition) std::abort();
}

void check_report(std::string_view input, const Problems& problems) {
  const std::string text = qiao::core::problems_text(problems) + qiao::core::problems_json(problems);
  if (input.find("93751") == std::string_view::npos) require(text.find(kCanary) == std::string::npos);
  for (const qiao::ConfigProblem& problem : problems) {
    require(problem.line >= 1 && problem.column >= 1 && !problem.message.empty());
    require(problem.line <= static_cast<std::size_t>(std::count(input.begin(), input.end(), '\n')) + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Problems problems;
  const auto read = qiao::core::read_yaml(input, "fuzz.yaml", problems, {.nodes = 5000, .expanded_bytes = 1U << 18U});
  require(read != nullptr || !problems.empty());
  if (read) {
    require(qiao::same_config(*read, *read));
    auto tree = std::make_shared<qiao::ConfigNode>(*read);
    qiao::core::resolve_references(
        *tree,
        [](const std::string& name) { return name.empty() ? std::nullopt : std::optional<std::string>(kCanary); },
        "/nonexistent", problems);
    const qiao::Section section(tree, {});
    const auto hub = section.bind<qiao::core::HubConfig>(problems);
    if (hub) {
      for (const auto& [name, plugin] : hub->plugins) {
        plugin.config.check(qiao::schema_of<qiao::fixture::StockConfig>(), problems);
      }
    }
    section.check(qiao::schema_of<qiao::fixture::StockConfig>(), problems);
    qiao::core::merge(*tree, *read, problems);
  }
  qiao::sort_problems(problems);
  check_report(input, problems);
  return 0;
}
