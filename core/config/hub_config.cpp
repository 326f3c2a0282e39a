#include "core/config/hub_config.hpp"

namespace qiao::core {

using namespace std::chrono_literals;

void describe(Schema<LogConfig>& s) {
  s.optional("level", &LogConfig::level, LogLevel::info).reloadable().doc("Least important lines that are written");
  s.optional("format", &LogConfig::format, LogFormat::text)
      .doc("text for people, json (one object a line) for collectors");
  s.optional("file", &LogConfig::file)
      .doc("Log file, relative to the data folder; without it lines go to standard error");
  s.optional("max_size", &LogConfig::max_size, 64_MB).range(1_MB, 4_GB).doc("A log file is rotated at this size");
  s.optional("keep", &LogConfig::keep, 5).range(1, 1000).doc("Rotated log files that are kept");
}

void describe(Schema<TlsConfig>& s) {
  s.required("certificate", &TlsConfig::certificate)
      .doc("PEM file with the certificate chain, relative to the configuration's folder");
  s.required("key", &TlsConfig::key).doc("PEM file with the private key, relative to the configuration's folder");
}

void describe(Schema<LimitsConfig>& s) {
  s.optional("connections", &LimitsConfig::connections, 0)
      .range(0, 1'000'000)
      .doc("Open connections in all; 0: what the limit of file descriptors allows");
  s.optional("connections_per_address", &LimitsConfig::connections_per_address, 1024)
      .range(1, 1'000'000)
      .doc("Open connections of one address; those of trusted proxies are not counted");
  s.optional("connections_per_second", &LimitsConfig::connections_per_second, 100)
      .range(1, 1'000'000)
      .doc("New connections of one address; twice that at once");
  s.optional("requests_per_second", &LimitsConfig::requests_per_second, 100)
      .range(1, 1'000'000)
      .doc("Requests of one address; twice that at once");
  s.optional("session_requests_per_second", &LimitsConfig::session_requests_per_second, 50)
      .range(1, 1'000'000)
      .doc("Requests of one logged-in session; twice that at once");
  s.optional("header", &LimitsConfig::header, 16_KB).range(1_KB, 64_KB).doc("Request line and header fields");
  s.optional("body_memory", &LimitsConfig::body_memory, 256_MB)
      .range(16_MB, 64_GB)
      .doc("All request bodies that are being received or handled, together; each route limits its own besides");
  s.optional("websocket_queue", &LimitsConfig::websocket_queue, 1_MB)
      .range(64_KB, 64_MB)
      .doc("Unsent bytes of one WebSocket before it is closed as too slow");
  s.optional("header_timeout", &LimitsConfig::header_timeout, 5s)
      .range(100ms, 2min)
      .doc("Time to send the whole header");
  s.optional("request_timeout", &LimitsConfig::request_timeout, 30s)
      .range(100ms, 10min)
      .doc("Time to send the body, and to be answered");
  s.optional("idle_timeout", &LimitsConfig::idle_timeout, 75s)
      .range(1s, 1h)
      .doc("Silence after which a connection is closed");
}

void describe(Schema<HubSettings>& s) {
  s.optional("listen", &HubSettings::listen, "127.0.0.1:8080")
      .pattern(R"((\[[0-9A-Fa-f:.]+\]|[0-9]{1,3}(\.[0-9]{1,3}){3}|localhost):(0|[1-9][0-9]{0,4}))",
               "an address and a port such as 127.0.0.1:8080 or [::1]:8080")
      .doc("Address and port of the HTTP front; port 0 takes a free one");
  s.optional("data", &HubSettings::data, "data")
      .doc("Folder for everything that is kept, relative to where the hub was started");
  s.optional("io_threads", &HubSettings::io_threads, 1).range(1, 64).doc("Threads that read and write sockets");
  s.optional("workers", &HubSettings::workers, 0)
      .range(0, 64)
      .doc("Threads that run handlers of the bus; 0: one a core, at least two");
  s.optional("blocking_threads", &HubSettings::blocking_threads, 16)
      .range(1, 256)
      .doc("Threads for work that waits (database, ERP, mail)");
  s.optional("drain", &HubSettings::drain, 10s)
      .range(0s, 10min)
      .doc("Time to finish accepted work when the hub stops or an instance is replaced");
  s.optional("handler_watchdog", &HubSettings::handler_watchdog, 5s)
      .range(100ms, 10min)
      .reloadable()
      .doc("A handler that runs longer is reported");
  s.optional("keep_dead_letters", &HubSettings::keep_dead_letters, std::chrono::hours(30 * 24))
      .range(1h, 3650 * 24h)
      .reloadable()
      .doc("Messages that no handler could take are removed at this age");
  s.section("log", &HubSettings::log).doc("What is logged, and how");
  s.optional("trusted_proxies", &HubSettings::trusted_proxies)
      .pattern(R"([0-9A-Fa-f:.]+(/[0-9]{1,3})?)", "an address or a network such as 10.0.0.0/8")
      .doc("Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed");
  s.optional("tls", &HubSettings::tls).doc("Serve HTTPS instead of HTTP");
  s.section("limits", &HubSettings::limits).doc("What the HTTP front takes before it refuses");
}

void describe(Schema<StoreTlsConfig>& s) {
  s.required("mode", &StoreTlsConfig::mode)
      .doc(
          "verify: encrypted, the server's certificate is checked; required: encrypted only; none: a network that is "
          "trusted");
  s.optional("ca", &StoreTlsConfig::ca)
      .doc(
          "PEM file with the authority that signed the server's certificate, relative to the configuration's folder; "
          "without it the system's authorities are believed");
}

void describe(Schema<BackupKeepConfig>& s) {
  s.optional("last", &BackupKeepConfig::last, 3).range(1, 10'000).doc("The newest ones");
  s.optional("daily", &BackupKeepConfig::daily, 7).range(0, 10'000).doc("The newest of each of so many days");
  s.optional("weekly", &BackupKeepConfig::weekly, 4).range(0, 1000).doc("The newest of each of so many weeks");
  s.optional("monthly", &BackupKeepConfig::monthly, 0).range(0, 1000).doc("The newest of each of so many months");
}

void describe(Schema<BackupConfig>& s) {
  s.optional("every", &BackupConfig::every).range(1min, 8760h).doc("Time between two backups; or `at`");
  s.optional("at", &BackupConfig::at)
      .pattern("([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day such as 03:30")
      .doc("Time of day of a daily backup, by the machine's clock; or `every`");
  s.required("folder", &BackupConfig::folder)
      .doc("Where backups are kept, relative to the data folder; best on another disk");
  s.section("keep", &BackupConfig::keep).doc("Which backups are kept; a backup is removed when no rule keeps it");
  s.rule("folder", [](const BackupConfig& c) -> std::string {
    if (c.every.has_value() != !c.at.empty()) return {};
    return "say when backups are taken, by either every: 6h or at: \"03:30\"";
  });
}

namespace {

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

void describe(Schema<StoreReplicaConfig>& s) {
  s.optional("host", &StoreReplicaConfig::host, "127.0.0.1").doc("Name or address of the server");
  s.optional("port", &StoreReplicaConfig::port, 3306).range(1, 65535).doc("Its port");
  s.optional("socket", &StoreReplicaConfig::socket).doc("A Unix socket, used instead of host and port");
}

void describe(Schema<StoreConfig>& s) {
  s.optional("kind", &StoreConfig::kind, StoreKind::sqlite)
      .doc("Database system: sqlite keeps a file in the data folder, mysql uses a MariaDB or MySQL server");
  s.optional("readers", &StoreConfig::readers, 4).range(1, 64).doc("Connections that read in parallel");
  s.optional("host", &StoreConfig::host, "127.0.0.1").doc("mysql: name or address of the server");
  s.optional("port", &StoreConfig::port, 3306).range(1, 65535).doc("mysql: port of the server");
  s.optional("socket", &StoreConfig::socket)
      .doc("mysql: path of the server's Unix socket, used instead of host and port");
  s.optional("database", &StoreConfig::database, "qiao")
      .pattern("[A-Za-z0-9_-]{1,64}", "a name of letters, digits, _ and -")
      .doc("mysql: the hub's own database, made by you");
  s.optional("user", &StoreConfig::user, "qiao").doc("mysql: user that owns that database");
  s.optional("password", &StoreConfig::password).doc("mysql: the user's password, as ${env:…} or ${file:…}");
  s.optional("tls", &StoreConfig::tls).doc("mysql: encryption of the connection; needed to reach another machine");
  s.optional("replicas", &StoreConfig::replicas)
      .doc("mysql: servers that follow this one, for reports and exports; user, password and database are the same");
  s.optional("replica_lag", &StoreConfig::replica_lag, std::chrono::seconds(30))
      .range(std::chrono::seconds(1), std::chrono::seconds(3600))
      .doc("mysql: a replica that is further behind is not asked");
  s.optional("backup", &StoreConfig::backup).doc("Backups that the hub takes by itself; without it none");
  s.rule("socket", [](const StoreConfig& c) -> std::string {
    if (c.socket.empty() || c.socket.front() == '/') return {};
    return "expected an absolute path such as /run/mysqld/mysqld.sock";
  });
  s.rule("kind", [](const StoreConfig& c) -> std::string {
    const bool names_server = !c.socket.empty() || !c.password.empty() || c.tls;
    if (c.kind == StoreKind::mysql || !names_server) return {};
    return "socket, password and tls belong to a server: write kind: mysql, or remove them";
  });
  s.rule("host", [](const StoreConfig& c) -> std::string {
    if (c.kind != StoreKind::mysql || !c.socket.empty() || c.tls || is_this_machine(c.host)) return {};
    return "another machine is reached with tls: {mode: verify, ca: …}; where the network itself is trusted, say so "
           "with tls: {mode: none}";
  });
}

namespace {

/// What is wrong with the form of a master key, without showing it.
std::string key_problem(const Secret& key) {
  std::string_view text = key.reveal();
  const bool hex = text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (text.empty() || hex) return {};
  if (text.ends_with('=')) text.remove_suffix(1);
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
  if (text.size() == 43 && text.find_first_not_of(kBase64) == std::string_view::npos) return {};
  return "expected 32 bytes as 64 hexadecimal digits or base64; openssl rand -hex 32 makes them";
}

}  // namespace

void describe(Schema<VaultConfig>& s) {
  s.optional("key", &VaultConfig::key)
      .doc(
          "Master key, 32 bytes as 64 hexadecimal digits or base64, as ${file:…} or ${env:…}; without it the hub makes "
          "one in keys/master.key of the data folder");
  s.optional("previous", &VaultConfig::previous)
      .doc("Earlier master keys; needed until every node has started with the new one");
  s.optional("rotate_every", &VaultConfig::rotate_every, std::chrono::hours(90 * 24))
      .range(24h, 3650 * 24h)
      .doc("Age at which the key below the master key is replaced");
  s.rule("key", [](const VaultConfig& c) { return key_problem(c.key); });
  s.rule("previous", [](const VaultConfig& c) -> std::string {
    for (const Secret& key : c.previous) {
      if (key.reveal().empty()) return "one of them is empty";
      if (std::string problem = key_problem(key); !problem.empty()) return problem;
    }
    return {};
  });
}

void describe(Schema<PluginConfig>& s) {
  s.required("use", &PluginConfig::use).doc("Name of the plugin");
  s.optional("enabled", &PluginConfig::enabled, true).doc("false: the instance is not started");
  s.optional("required", &PluginConfig::required, true).doc("false: the hub runs on when this instance fails to start");
  s.optional("isolation", &PluginConfig::isolation, Isolation::in_process).doc("Where the plugin runs");
  s.optional("config", &PluginConfig::config).doc("The plugin's own settings");
}

void describe(Schema<RouteConfig>& s) {
  s.optional("from", &RouteConfig::from)
      .doc("Publishing instance; without it every publisher that has no entry of its own");
  s.required("to", &RouteConfig::to).doc("The only instances that receive the event");
}

void describe(Schema<HubConfig>& s) {
  s.section("hub", &HubConfig::hub).doc("The hub itself");
  s.section("store", &HubConfig::store).doc("The database");
  s.section("vault", &HubConfig::vault).doc("Encryption of personal data in the database");
  s.optional("plugin_dirs", &HubConfig::plugin_dirs)
      .doc("Further folders with plugins, relative to the configuration's folder");
  s.optional("plugins", &HubConfig::plugins).doc("Instances by name, each using a plugin");
  s.optional("routes", &HubConfig::routes)
      .doc("Event name → the only instances that receive it; events without an entry reach everybody");
  s.optional("bindings", &HubConfig::bindings).doc("Request name → the instance that serves it");
}

}  // namespace qiao::core
