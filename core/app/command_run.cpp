#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <future>

#include "core/app/command.hpp"
#include "core/app/hub.hpp"
#include "core/app/process.hpp"

namespace qiao::core {
namespace {

using namespace std::chrono_literals;

/// Runs the request on the controller and waits for its answer; any other thread.
ControlReply on_controller(Controller& controller, std::function<ControlReply()> work) {
  auto answered = std::make_shared<std::promise<ControlReply>>();
  auto future = answered->get_future();
  controller.post([answered, work = std::move(work)] { answered->set_value(work()); });
  return future.get();
}

void announce(const Hub& hub, bool demo) {
  for (const std::string& address : hub.addresses()) {
    fmt::print("Qiao listens on {}\n", address);
    fmt::print("  workspace  {}/workspace\n", address);
    if (demo) fmt::print("  demo shop  {}/\n", address);
  }
  std::fflush(stdout);
}

ControlReply reload(Hub& hub, const std::string& only) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(system_clock().steady().time_since_epoch());
  notify_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
  ControlReply reply = hub.reload(only);
  notify_service_manager("READY=1");
  return reply;
}

}  // namespace

int command_run(const Arguments& arguments) {
  HubStart start;
  start.config = config_file(arguments);
  if (arguments.has("data")) start.data = arguments.value("data");
  if (arguments.has("listen")) start.listen = arguments.value("listen");
  if (arguments.has("plugin-dir")) start.plugin_dirs.emplace_back(arguments.value("plugin-dir"));
  start.demo = arguments.has("demo");
  start.safe_mode = arguments.has("safe-mode");
  if (const std::string format = arguments.value("log-format"); format == "json") {
    start.log_format = LogFormat::json;
  } else if (format == "text") {
    start.log_format = LogFormat::text;
  } else if (!format.empty()) {
    return usage_error("run", fmt::format("--log-format is text or json, not \"{}\"", format));
  }
  if (!arguments.rest().empty()) return usage_error("run", fmt::format("unexpected \"{}\"", arguments.rest()[0]));

  // Large blocks go back to the system when they are freed, however many came before; see mallopt(3).
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
  ::umask(0077);  // what the hub writes holds people's conversations
  Controller controller;
  std::atomic<bool> terminate{false};
  Hub hub(start);
  const SignalThread signals(
      [&] {
        terminate = true;
        controller.stop();
      },
      [&] { controller.post([&] { static_cast<void>(reload(hub, {})); }); });

  if (auto failed = hub.start([] { ::_exit(exit_code::kInternal); })) {
    fmt::print(stderr, "{}", failed->text);
    if (hub.must_leave_at_once()) ::_exit(failed->exit_code);
    return failed->exit_code;
  }
  std::unique_ptr<PidFile> pid_file;
  if (arguments.has("pid-file")) {
    auto written = PidFile::write(arguments.value("pid-file"));
    if (!written) return print_error("run", written.error()), exit_code::kUnavailable;
    pid_file = std::move(*written);
  }
  auto control = ControlServer::listen(control_socket(hub.data_dir()), [&](const ControlRequest& request) {
    if (terminate) return ControlReply{false, "control.stopping", "the hub is stopping\n"};
    // These wait for the database or for outside systems, and touch nothing of the controller's.
    if (request.command == "key" || request.command == "audit" || request.command == "connector" ||
        request.command == "partner-key") {
      return hub.control(request);
    }
    return on_controller(controller, [&hub, request] {
      return request.command == "reload" ? reload(hub, request.argument) : hub.control(request);
    });
  });
  if (!control) return print_error("run", control.error()), exit_code::kUnavailable;
  announce(hub, start.demo);
  notify_service_manager("READY=1");

  const auto watchdog = watchdog_period();
  auto fed = std::chrono::steady_clock::now();
  controller.run(1s, [&] {
    hub.tick();
    if (watchdog.count() > 0 && std::chrono::steady_clock::now() - fed >= watchdog / 3 && hub.alive()) {
      notify_service_manager("WATCHDOG=1");
      fed = std::chrono::steady_clock::now();
    }
  });
  notify_service_manager("STOPPING=1");
  control->reset();
  hub.stop();
  if (hub.must_leave_at_once()) {
    pid_file.reset();
    ::_exit(exit_code::kOk);
  }
  return exit_code::kOk;
}

}  // namespace qiao::core
