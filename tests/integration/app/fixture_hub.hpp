#pragma once

#include <string>

#include "tests/integration/support/hub_process.hpp"

namespace qiao::testing {

/// A folder with a configuration that runs fixture plugins, and the plugins that lie in it.
class FixtureFolder {
 public:
  FixtureFolder() { std::filesystem::create_directories(plugins()); }

  [[nodiscard]] std::filesystem::path config() const { return folder_.path() / "qiao.yaml"; }
  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path plugins() const { return folder_.path() / "plugins"; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

  /// Lets the library of <build>/fixtures/FOLDER lie among the plugins.
  void put(const std::string& folder, const std::string& name) const {
    put_in_place(std::filesystem::path(QIAO_FIXTURES) / folder / (name + ".so"), plugins() / (name + ".so"));
  }
  void configure(const std::string& plugins_yaml) const {
    write_file(config(), "plugin_dirs: [plugins]\nplugins:\n" + plugins_yaml);
  }
  /// The echo plugin with these settings.
  void configure_echo(const std::string& settings = "{}") const {
    configure("  echo:\n    use: fixture-echo\n    config: " + settings + "\n");
  }

 private:
  TempFolder folder_;
};

}  // namespace qiao::testing
