#include <Poco/Util/ServerApplication.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/app/command.hpp"

namespace {

/// The process: Poco's frame around the command line. Options are read by the commands, which know their own.
class HubApplication final : public Poco::Util::ServerApplication {
 public:
  explicit HubApplication(std::vector<std::string> line) : line_(std::move(line)) {}

 protected:
  int main(const std::vector<std::string>&) override {
    try {
      return qiao::core::run_command_line(line_);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "qiao: error[internal]: %s\n", e.what());
      return qiao::core::exit_code::kInternal;
    }
  }

 private:
  std::vector<std::string> line_;
};

}  // namespace

int main(int argc, char** argv) {
  HubApplication application(std::vector<std::string>(argv + 1, argv + argc));
  return application.run(std::vector<std::string>{argv[0]});
}
