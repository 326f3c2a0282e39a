#include "core/app/paths.hpp"

namespace qiao::core {

namespace fs = std::filesystem;

namespace {

fs::path program_dir() {
  std::error_code failed;
  fs::path self = fs::read_symlink("/proc/self/exe", failed);
  return failed ? fs::current_path() : self.parent_path();
}

fs::path first_that_exists(std::initializer_list<fs::path> candidates) {
  std::error_code ignored;
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate, ignored)) return candidate.lexically_normal();
  }
  return candidates.begin()->lexically_normal();
}

}  // namespace

fs::path own_plugin_dir() {
  return first_that_exists({program_dir() / "../lib/qiao/plugins", program_dir() / "../plugins"});
}

fs::path tool_dir() { return first_that_exists({program_dir() / "../lib/qiao/tools", program_dir() / "../tools"}); }

fs::path own_share_dir() { return (program_dir() / "../share/qiao").lexically_normal(); }

fs::path default_config() {
  return first_that_exists({"config/qiao.yaml", "/etc/qiao/qiao.yaml", own_share_dir() / "config/qiao.yaml"});
}

fs::path template_dir() { return own_share_dir() / "template"; }

}  // namespace qiao::core
