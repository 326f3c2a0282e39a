#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace qiao::core {

/// A command that is a program of its own, which reads its line itself: `qiao-NAME` in the tools folder, with what the
/// list of commands says of it in the first line of `qiao-NAME.txt` beside it. Plugins bring tools along; the kernel
/// knows none.
struct Tool {
  std::string name;
  std::string summary;
  std::filesystem::path program;
};

/// In the order of their names; what cannot be run is none.
[[nodiscard]] std::vector<Tool> tools_in(const std::filesystem::path& folder);

/// Becomes the tool, with what follows its name; comes back, with an exit code, only when that is not possible.
int become_tool(const Tool& tool, std::span<const std::string> rest);

}  // namespace qiao::core
