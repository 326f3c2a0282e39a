#include "qiao/testkit/conformance.hpp"

#include <compare>

namespace qiao::testkit::conformance {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstance = "conformance";

/// What a process holds.
struct Held {
  std::ptrdiff_t descriptors = 0;
  std::ptrdiff_t threads = 0;
  auto operator<=>(const Held&) const = default;
};

Held held() {
  const auto count = [](const char* folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
  };
  return {count("/proc/self/fd"), count("/proc/self/task")};
}

std::string more(const Held& before, const Held& after) {
  if (before == after) return {};
  return fmt::format("{} file descriptors and {} threads before, {} and {} after", before.descriptors, before.threads,
                     after.descriptors, after.threads);
}

/// Runs a question; an exception is an answer too.
std::string ask(const std::function<std::string()>& question) {
  try {
    return question();
  } catch (const std::exception& e) {
    return e.what();
  }
}

/// Does `cycle` until what the process holds no longer grows: pools that fill up once are no leak, a leak grows each
/// time.
std::string stays_the_same(const std::function<void()>& cycle) {
  constexpr int kCycles = 4;
  cycle();
  Held before = held();
  for (int i = 0; i < kCycles; ++i) {
    cycle();
    const Held after = held();
    if (after.descriptors <= before.descriptors && after.threads <= before.threads) return {};
    if (i + 1 == kCycles) return "each time more is held: " + more(before, after);
    before = after;
  }
  return {};
}

}  // namespace

std::string configure_opens_nothing(const std::string& plugin, const std::string& config) {
  return ask([&]() -> std::string {
    TestHub hub;
    hub.configure_only(plugin, config);  // loads the library
    const Held before = held();
    hub.configure_only(plugin, config);
    return more(before, held());
  });
}

std::string abandoned_start_leaves_nothing(const std::string& plugin, const std::string& config,
                                           const Preparation& prepare) {
  return ask([&] {
    TestHub hub;
    if (prepare) prepare(hub);
    return stays_the_same([&] {
      if (auto done = hub.rehearse(plugin, config); !done) throw std::runtime_error(done.error().message);
    });
  });
}

std::string stop_returns_everything(const std::string& plugin, const std::string& config, const Preparation& prepare) {
  return ask([&] {
    TestHub hub;
    if (prepare) prepare(hub);
    return stays_the_same([&] {
      hub.start_plugin(plugin, config, kInstance);
      hub.stop_plugin(kInstance);
    });
  });
}

std::string drain_loses_nothing(const std::string& plugin, const std::string& config, const Preparation& prepare) {
  return ask([&]() -> std::string {
    TestHub hub({.threads = true});
    if (prepare) prepare(hub);
    hub.start_plugin(plugin, config, kInstance);
    hub.feed(kInstance, 100);
    hub.stop_plugin(kInstance);
    const auto dropped = hub.dropped(kInstance);
    return dropped == 0 ? std::string() : fmt::format("{} accepted messages were never handled", dropped);
  });
}

std::string starts_again_on_its_data(const std::string& plugin, const std::string& config, const Preparation& prepare) {
  return ask([&]() -> std::string {
    TestHub hub;
    if (prepare) prepare(hub);
    hub.start_plugin(plugin, config, kInstance);
    hub.restart();
    const std::string state = hub.state(kInstance);
    return state == "running" ? std::string() : "after a restart it is " + state;
  });
}

std::string hands_over_to_its_successor(const std::string& plugin, const std::string& config,
                                        const Preparation& prepare) {
  return ask([&]() -> std::string {
    TestHub hub;
    if (prepare) prepare(hub);
    hub.start_plugin(plugin, config, kInstance);
    for (int i = 0; i < 3; ++i) {
      if (auto done = hub.reload_plugin(kInstance); !done) return done.error().message;
    }
    const std::string state = hub.state(kInstance);
    if (state != "running") return "after a reload it is " + state;
    return hub.log().find("parked") == std::string::npos ? std::string() : "the old generation did not let go";
  });
}

}  // namespace qiao::testkit::conformance
