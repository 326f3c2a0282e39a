#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/observe/log.hpp"
#include "qiao/config.hpp"

namespace qiao {
QIAO_ENUM(LogLevel, debug, info, warn, error)
}  // namespace qiao

/// \file
/// The typed top level of `qiao.yaml`. Every key, its default and its limits stand in hub_config.cpp.

namespace qiao::core {

QIAO_ENUM(LogFormat, text, json)

enum class StoreKind : std::uint8_t { sqlite, mysql };
QIAO_ENUM(StoreKind, sqlite, mysql)

enum class StoreTlsMode : std::uint8_t { none, required, verify };
QIAO_ENUM(StoreTlsMode, none, required, verify)

enum class Isolation : std::uint8_t { in_process, process };
QIAO_ENUM(Isolation, in_process, process)

struct LogConfig {
  LogLevel level{};
  LogFormat format{};
  std::string file;  ///< empty: standard error
  Bytes max_size;    ///< a file is rotated at this size
  std::uint32_t keep = 0;
};

struct TlsConfig {
  std::string certificate;  ///< PEM file
  std::string key;          ///< PEM file
};

/// What the front takes from outside before it refuses.
struct LimitsConfig {
  std::uint32_t connections = 0;
  std::uint32_t connections_per_address = 0;
  std::uint32_t connections_per_second = 0;  ///< new ones, of one address
  std::uint32_t requests_per_second = 0;     ///< of one address
  std::uint32_t session_requests_per_second = 0;
  Bytes header;
  Bytes body_memory;
  Bytes websocket_queue;  ///< unsent bytes of one socket before it is closed as too slow
  std::chrono::milliseconds header_timeout{};
  std::chrono::milliseconds request_timeout{};
  std::chrono::milliseconds idle_timeout{};
};

struct HubSettings {
  std::string listen;
  std::string data;
  std::uint32_t io_threads = 0;
  std::uint32_t workers = 0;
  std::uint32_t blocking_threads = 0;
  std::chrono::milliseconds drain{};
  std::chrono::milliseconds handler_watchdog{};
  std::chrono::hours keep_dead_letters{};
  LogConfig log;
  std::vector<std::string> trusted_proxies;
  std::optional<TlsConfig> tls;
  LimitsConfig limits;
};

struct StoreTlsConfig {
  StoreTlsMode mode{};
  std::string ca;  ///< PEM file
};

/// A server that follows the database's, for reports.
struct StoreReplicaConfig {
  std::string host;
  std::uint16_t port = 0;
  std::string socket;  ///< instead of host and port
};

/// How many backups are kept: the newest ones, and the newest of each of the last days, weeks and months.
struct BackupKeepConfig {
  std::uint32_t last = 0;
  std::uint32_t daily = 0;
  std::uint32_t weekly = 0;
  std::uint32_t monthly = 0;
};

/// Backups that the hub takes by itself; either `every` or `at`.
struct BackupConfig {
  std::optional<std::chrono::milliseconds> every;
  std::string at;      ///< "03:30"
  std::string folder;  ///< relative to the data folder
  BackupKeepConfig keep;
};

/// What names a server concerns `kind: mysql` only.
struct StoreConfig {
  StoreKind kind{};
  std::uint32_t readers = 0;
  std::string host;
  std::uint16_t port = 0;
  std::string socket;  ///< instead of host and port
  std::string database;
  std::string user;
  Secret password;
  std::optional<StoreTlsConfig> tls;
  std::vector<StoreReplicaConfig> replicas;
  std::chrono::seconds replica_lag{};
  std::optional<BackupConfig> backup;
};

/// Encryption of personal data in the database.
struct VaultConfig {
  Secret key;                    ///< the master key; empty: one in the data folder
  std::vector<Secret> previous;  ///< master keys of earlier times
  std::chrono::hours rotate_every{};
};

struct PluginConfig {
  std::string use;
  bool enabled = true;
  bool required = true;
  Isolation isolation{};
  Section config;
};

/// Narrows one event: what `from` publishes goes to the instances in `to` and nowhere else.
struct RouteConfig {
  std::string from;  ///< empty: every publisher that has no entry of its own
  std::vector<std::string> to;
};

struct HubConfig {
  HubSettings hub;
  StoreConfig store;
  VaultConfig vault;
  std::vector<std::string> plugin_dirs;
  std::map<std::string, PluginConfig> plugins;             ///< by instance
  std::map<std::string, std::vector<RouteConfig>> routes;  ///< event → where it goes
  std::map<std::string, std::string> bindings;             ///< request → the instance that serves it
};

void describe(Schema<LogConfig>& s);
void describe(Schema<TlsConfig>& s);
void describe(Schema<LimitsConfig>& s);
void describe(Schema<HubSettings>& s);
void describe(Schema<StoreTlsConfig>& s);
void describe(Schema<StoreReplicaConfig>& s);
void describe(Schema<BackupKeepConfig>& s);
void describe(Schema<BackupConfig>& s);
void describe(Schema<StoreConfig>& s);
void describe(Schema<VaultConfig>& s);
void describe(Schema<PluginConfig>& s);
void describe(Schema<RouteConfig>& s);
void describe(Schema<HubConfig>& s);

}  // namespace qiao::core
