#include "core/app/tools.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/app/arguments.hpp"
#include "core/app/paths.hpp"

namespace qiao::core {

namespace fs = std::filesystem;

std::vector<Tool> tools_in(const fs::path& folder) {
  constexpr std::string_view kBefore = "qiao-";
  std::vector<Tool> tools;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(kBefore) || file.find('.') != std::string::npos) continue;
    if (!entry.is_regular_file(none) || ::access(entry.path().c_str(), X_OK) != 0) continue;
    Tool tool{file.substr(kBefore.size()), {}, entry.path()};
    std::ifstream about(entry.path().string() + ".txt");
    std::getline(about, tool.summary);
    tools.push_back(std::move(tool));
  }
  std::sort(tools.begin(), tools.end(), [](const Tool& a, const Tool& b) { return a.name < b.name; });
  return tools;
}

int become_tool(const Tool& tool, std::span<const std::string> rest) {
  std::vector<std::string> words{tool.program.string(), "--share=" + own_share_dir().string()};
  words.insert(words.end(), rest.begin(), rest.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(words[0].c_str(), pointers.data());
  fmt::print(stderr, "qiao {}: cannot run {}: {}\n", tool.name, words[0], std::strerror(errno));
  return exit_code::kUnavailable;
}

}  // namespace qiao::core
