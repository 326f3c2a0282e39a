#include <unistd.h>

#include <cstdio>

#include "core/app/command.hpp"
#include "core/app/setup.hpp"
#include "core/archive/place.hpp"
#include "core/archive/schedule.hpp"
#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/store/folder_lock.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

/// What fills a database without a hub, with its errors on standard error.
struct Standby {
  Logs logs{{.level = LogLevel::error, .format = LogFormat::text, .file = {}},
            [](std::string_view line) { fmt::print(stderr, "{}", line); }};
  MetricsRegistry metrics;
  HealthBoard health;
  OfflineHost host{logs.logger("store"), metrics, health.for_instance("store")};
};

/// The configuration and the data folder of a command, or the exit code with which it ends.
struct Place {
  LoadedConfig loaded;
  fs::path data;
  int failed = exit_code::kOk;
};

Place place_of(const Arguments& arguments) {
  Place place{load_config(config_file(arguments)), {}, exit_code::kOk};
  if (!place.loaded.ok()) {
    fmt::print(stderr, "{}", problems_text(place.loaded.problems));
    place.failed = exit_code::kConfig;
    return place;
  }
  place.data = data_folder(arguments, &place.loaded);
  return place;
}

StoreSettings sqlite_in(const fs::path& data) {
  StoreSettings settings;
  settings.folder = data;
  return settings;
}

int code_of(const Error& error) {
  if (error.code == Errc::conflict && error.name() != "store.locked") return exit_code::kUsage;
  return error.code == Errc::bad_value ? exit_code::kFailed : exit_code::kUnavailable;
}

int fail(std::string_view command, const Error& error) {
  print_error(command, error);
  return code_of(error);
}

Progress to_terminal() {
  return [](std::string_view table, std::int64_t rows, bool compared) {
    if (compared) {
      fmt::print("{:<32} {:>10} rows, compared\n", table, rows);
    } else if (rows > 0) {
      fmt::print("{:<32} {:>10} rows …\n", table, rows);
    }
    std::fflush(stdout);
  };
}

/// The engine that an option names; the configuration's when there is none.
Result<std::string> engine_asked(const Arguments& arguments, std::string_view option, std::string_view fallback) {
  std::string engine = arguments.value(option, std::string(fallback));
  if (engine == "sqlite" || engine == "mysql") return engine;
  return Error{Errc::bad_value, "usage.bad_value", fmt::format("--{} is sqlite or mysql, not \"{}\"", option, engine)};
}

Result<StoreSettings> settings_of(const Place& place, std::string_view engine) {
  if (engine == "sqlite") return sqlite_in(place.data);
  StoreSettings settings = store_settings(place.loaded, place.data);
  if (settings.mysql) return settings;
  return Error{Errc::bad_value, "usage.no_server",
               "the configuration names no server: give the one with store: {kind: mysql, …} by --config"};
}

int verify(const std::string& folder) {
  auto archive = Archive::open(folder);
  if (!archive) return fail("backup", archive.error());
  if (auto right = (*archive)->verify(); !right) return fail("backup", right.error());
  std::int64_t rows = 0;
  for (const ArchivedTable& table : (*archive)->manifest().tables) rows += table.rows;
  fmt::print("{} is whole: {} tables, {} rows, {} files\n", folder, (*archive)->manifest().tables.size(), rows,
             (*archive)->manifest().files.size());
  return exit_code::kOk;
}

}  // namespace

int command_backup(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.rest();
  if (!words.empty() && words[0] == "verify") {
    return words.size() == 2 ? verify(words[1]) : usage_error("backup", "verify needs one backup");
  }
  if (words.size() != 1) return usage_error("backup", "name the folder to make");
  const Place place = place_of(arguments);
  if (place.failed != exit_code::kOk) return place.failed;
  auto snapshot = Snapshot::open(store_settings(place.loaded, place.data));
  if (!snapshot) return fail("backup", snapshot.error());
  BackupOrder order;
  order.target = fs::absolute(words[0]);
  if (!order.target.has_filename()) order.target = order.target.parent_path();
  order.files = place.data / "instances";
  order.hub_version = QIAO_VERSION;
  order.now = system_clock().now();
  auto report = write_archive((*snapshot)->source(), order);
  if (!report) return fail("backup", report.error());
  fmt::print("{}: {} rows, {} files, {} bytes\n", report->folder.string(), report->rows, report->files, report->bytes);
  return exit_code::kOk;
}

int command_restore(const Arguments& arguments) {
  if (arguments.rest().size() != 1) return usage_error("restore", "name the backup to restore");
  const Place place = place_of(arguments);
  if (place.failed != exit_code::kOk) return place.failed;
  const StoreSettings configured = store_settings(place.loaded, place.data);
  auto engine = engine_asked(arguments, "to", engine_of(configured));
  if (!engine) return usage_error("restore", engine.error().message);
  auto settings = settings_of(place, *engine);
  if (!settings) return usage_error("restore", settings.error().message);
  auto archive = Archive::open(arguments.rest()[0]);
  if (!archive) return fail("restore", archive.error());
  if (auto right = (*archive)->verify(); !right) return fail("restore", right.error());
  Standby standby;
  auto placed = fill_database(*settings, **archive, true, standby.host, to_terminal());
  if (!placed) return fail("restore", placed.error());
  auto files = (*archive)->copy_files(place.data / "instances");
  if (!files) return fail("restore", files.error());
  fmt::print("{} tables, {} rows, {} files restored\n", placed->transfer.tables, placed->transfer.rows, *files);
  if (!placed->before.empty()) fmt::print("the database that was there is now {}\n", placed->before.string());
  return exit_code::kOk;
}

int command_migrate(const Arguments& arguments) {
  if (!arguments.rest().empty()) return usage_error("migrate", "say --from sqlite --to mysql, or the other way round");
  auto from = engine_asked(arguments, "from", "");
  if (!from) return usage_error("migrate", from.error().message);
  auto to = engine_asked(arguments, "to", "");
  if (!to) return usage_error("migrate", to.error().message);
  if (*from == *to) return usage_error("migrate", "--from and --to are the same; to copy, use backup and restore");
  const Place place = place_of(arguments);
  if (place.failed != exit_code::kOk) return place.failed;
  auto source = settings_of(place, *from);
  if (!source) return usage_error("migrate", source.error().message);
  auto target = settings_of(place, *to);
  if (!target) return usage_error("migrate", target.error().message);

  Standby standby;
  std::optional<FolderLock> lock;
  if (target->mysql) {
    // The target's own lock is that of the data folder: a scratch folder, so that the source's is held here.
    auto taken = FolderLock::take(place.data);
    if (!taken) return fail("migrate", taken.error());
    lock.emplace(std::move(*taken));
    target->folder = place.data / "migrate.part";
  }
  auto snapshot = Snapshot::open(*source);
  if (!snapshot) return fail("migrate", snapshot.error());
  auto placed = fill_database(*target, (*snapshot)->source(), false, standby.host, to_terminal());
  if (target->mysql) {
    std::error_code ignored;
    fs::remove_all(target->folder, ignored);
  }
  if (!placed) return fail("migrate", placed.error());
  fmt::print("{} tables, {} rows moved from {} to {} and compared; the source is as it was\n", placed->transfer.tables,
             placed->transfer.rows, *from, *to);
  return exit_code::kOk;
}

}  // namespace qiao::core
