#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "qiao/audit.hpp"
#include "qiao/bus.hpp"
#include "qiao/config.hpp"
#include "qiao/health.hpp"
#include "qiao/http.hpp"
#include "qiao/log.hpp"
#include "qiao/metrics.hpp"
#include "qiao/result.hpp"
#include "qiao/store.hpp"
#include "qiao/vault.hpp"

namespace qiao {

/// What a plugin says about itself before any of it runs: its config, and the messages that it deals in. The host
/// checks wiring with it, prints it (`qiao plugins`), and makes the JSON Schema from it.
class QIAO_API Manifest {
 public:
  struct Port {
    enum class Type : std::uint8_t { serves, asks, publishes, subscribes };
    Type type;
    const MessageType* message;
    bool optional = false;
  };

  /// The plugin's settings; their schema is `describe(qiao::Schema<T>&)`, found beside T.
  template <class T>
  Manifest& config() {
    config_ = &schema_of<T>;
    return *this;
  }
  template <Request Q>
  Manifest& serves() {
    return add(Port::Type::serves, qiao_request_type(static_cast<const Q*>(nullptr)));
  }
  /// Requests that somebody must serve, or the hub does not start; with `optional` the plugin copes without.
  template <Request Q>
  Manifest& asks(bool optional = false) {
    return add(Port::Type::asks, qiao_request_type(static_cast<const Q*>(nullptr)), optional);
  }
  template <Event E>
  Manifest& publishes() {
    return add(Port::Type::publishes, qiao_event_type(static_cast<const E*>(nullptr)));
  }
  template <Event E>
  Manifest& subscribes() {
    return add(Port::Type::subscribes, qiao_event_type(static_cast<const E*>(nullptr)));
  }
  Manifest& summary(std::string text) {
    summary_ = std::move(text);
    return *this;
  }

  [[nodiscard]] const std::vector<Port>& ports() const noexcept { return ports_; }
  [[nodiscard]] const std::string& summary() const noexcept { return summary_; }
  /// Null when the plugin takes no config.
  [[nodiscard]] const SchemaInfo* config_schema() const { return config_ ? &config_() : nullptr; }

 private:
  Manifest& add(Port::Type type, const MessageType& message, bool optional = false) {
    ports_.push_back({type, &message, optional});
    return *this;
  }
  const SchemaInfo& (*config_)() = nullptr;
  std::vector<Port> ports_;
  std::string summary_;
};

/// What the host lends to one instance from `start` to `stop`. Everything obtained through it ends with the instance.
class QIAO_API Context {
 public:
  virtual ~Context() = default;
  [[nodiscard]] virtual const std::string& instance() const noexcept = 0;
  virtual Bus& bus() = 0;
  virtual Http& http() = 0;
  virtual Database& store() = 0;
  /// Encryption of fields with personal data; see qiao/vault.hpp.
  virtual Vault& vault() = 0;
  /// The log of what must be answered for later; see qiao/audit.hpp.
  virtual Audit& audit() = 0;
  virtual Logger& log() = 0;
  virtual Metrics& metrics() = 0;
  virtual Health& health() = 0;
  [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
  /// A folder of this instance's own below the data folder; exists.
  [[nodiscard]] virtual const std::filesystem::path& data_dir() const noexcept = 0;
  /// Where the hub's read-only files are (web pages, demo data): `<prefix>/share/qiao`, or the build tree.
  [[nodiscard]] virtual const std::filesystem::path& share_dir() const noexcept = 0;
  /// True when the hub runs with demo data (`qiao run --demo`).
  [[nodiscard]] virtual bool demo() const noexcept = 0;
};

using Deadline = SteadyTime;

/// A plugin: one object per instance and generation. The host calls it from its controller thread only, in the order
/// configure, start, (reconfigure)*, drain, stop; handlers registered in `start` run on their lanes meanwhile.
class QIAO_API Plugin {
 public:
  virtual ~Plugin() = default;

  /// Bind the settings; open nothing. Also called by `qiao check`.
  virtual Result<void> configure(const Section& section) = 0;
  /// Register and open. What was registered becomes visible when this returns success; on failure all of it is taken
  /// back and the object is destroyed without `stop`.
  virtual Result<void> start(Context& host) = 0;
  /// New settings of keys marked `reloadable`, while running. The default asks for a restart of the instance.
  virtual Result<void> reconfigure(const Section&) {
    return Error{Errc::unsupported, "plugin.restart_needed", "restart needed"};
  }
  /// Finish what has been accepted; new work no longer arrives. Bus handlers may still be running on their lanes.
  /// Returning late is survivable: after `deadline` the generation is parked instead of stopped.
  virtual void drain(Deadline) {}
  /// Close what `start` opened. Nothing of this instance runs any more.
  virtual void stop() noexcept = 0;
};

/// The edge between the hub and a plugin's library: plain C, checked before any code of the plugin runs.
struct PluginDescriptor {
  std::uint32_t magic;
  std::uint32_t size;
  const char* abi_tag;
  const char* name;
  const char* kind;
  const char* version;
  void (*describe)(Manifest&);
  Plugin* (*create)();
  void (*destroy)(Plugin*);
};

inline constexpr std::uint32_t kPluginMagic = 0x6F616951;  // "Qiao"
inline constexpr const char* kPluginSymbol = "qiao_plugin_descriptor";

}  // namespace qiao

#ifndef QIAO_SANITIZE_TAG
#define QIAO_SANITIZE_TAG "none"
#endif
#define QIAO_STRINGIFY_(x) #x
#define QIAO_STRINGIFY(x) QIAO_STRINGIFY_(x)
/// Everything that must agree between a hub and a plugin that share C++ types.
#define QIAO_ABI_TAG \
  "qiao-abi-1/gcc-" QIAO_STRINGIFY(__GNUC__) "/cxx11-" QIAO_STRINGIFY(_GLIBCXX_USE_CXX11_ABI) "/"       \
  "ptr-" QIAO_STRINGIFY(__SIZEOF_POINTER__) "/sanitize-" QIAO_SANITIZE_TAG

/// Makes a class loadable: QIAO_PLUGIN(StockPlugin, "erp-stock", "erp", "1.2.0"). Kinds: channel, crm, erp, bot,
/// routing, ticket, service. Once per library.
#define QIAO_PLUGIN(Class, NAME, KIND, VERSION)                                 \
  extern "C" QIAO_API const ::qiao::PluginDescriptor qiao_plugin_descriptor;    \
  extern "C" QIAO_API const ::qiao::PluginDescriptor qiao_plugin_descriptor = { \
      ::qiao::kPluginMagic,                                                     \
      sizeof(::qiao::PluginDescriptor),                                         \
      QIAO_ABI_TAG,                                                             \
      NAME,                                                                     \
      KIND,                                                                     \
      VERSION,                                                                  \
      [](::qiao::Manifest& manifest) { Class::describe(manifest); },            \
      []() -> ::qiao::Plugin* { return new Class; },                            \
      [](::qiao::Plugin* plugin) { delete plugin; }};
