#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace qiao::core {

/// Where this binary's own files are, installed (`<prefix>/bin/qiao`) or in the build tree.
std::filesystem::path own_plugin_dir();
std::filesystem::path own_share_dir();
/// The configuration that is used when none is named: ./config/qiao.yaml, /etc/qiao/qiao.yaml, or the one that came
/// along.
std::filesystem::path default_config();
/// Programs behind commands that the hub itself does not need: `qiao NAME` runs `qiao-NAME` there.
std::filesystem::path tool_dir();
/// The installed SDK's folder with the scaffolds.
std::filesystem::path template_dir();

}  // namespace qiao::core
