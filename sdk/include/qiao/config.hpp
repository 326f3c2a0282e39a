#pragma once

#include <fmt/format.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "qiao/config_tree.hpp"
#include "qiao/export.hpp"
#include "qiao/fields.hpp"
#include "qiao/result.hpp"

/// \file
/// One line per key gives a setting its type, default, limits, documentation and reload class:
///
///     void describe(qiao::Schema<StockConfig>& s) {
///       s.required("endpoint", &StockConfig::endpoint).url().doc("Base URL of the ERP REST interface");
///       s.optional("timeout", &StockConfig::timeout, 800ms).range(50ms, 5s).reloadable().doc("Upper bound for one
///       lookup");
///     }
///
/// `describe` stands in the namespace of its struct; a struct that is nested in it has a `describe` of its own. From it
/// come the binding, `qiao check`, the JSON Schema for editors and the reference pages.
///
/// Types of a member: bool, integers, double, std::string, qiao::Secret, qiao::Bytes, std::chrono durations, enums
/// named by QIAO_ENUM, described structs, qiao::Section (kept as it is, to be bound later), and std::optional,
/// std::vector and std::map<std::string, T> of these.

namespace qiao {

/// A text that never shows: printing or formatting it gives `***`.
class Secret {
 public:
  Secret() = default;
  Secret(std::string text) : text_(std::move(text)) {}  // NOLINT: hiding is safe, showing is explicit
  Secret(const char* text) : text_(text) {}             // NOLINT
  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  std::string text_;
};

/// A number of bytes; in YAML `64KB`, `10MB`. Units are powers of 1024.
struct Bytes {
  std::uint64_t count = 0;
  friend constexpr auto operator<=>(const Bytes&, const Bytes&) = default;
};
inline namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return Bytes{n}; }
constexpr Bytes operator""_KB(unsigned long long n) { return Bytes{n << 10U}; }
constexpr Bytes operator""_MB(unsigned long long n) { return Bytes{n << 20U}; }
constexpr Bytes operator""_GB(unsigned long long n) { return Bytes{n << 30U}; }
}  // namespace literals

/// The shortest exact form: "64KB", "1500B".
QIAO_API std::string to_string(Bytes size);
QIAO_API Result<Bytes> parse_bytes(std::string_view text);
/// The shortest exact form: "300ms", "2m", "7d".
QIAO_API std::string duration_text(std::chrono::microseconds duration);
QIAO_API Result<std::chrono::microseconds> parse_duration(std::string_view text);

struct SchemaInfo;
class Section;
template <class T>
const SchemaInfo& schema_of();

/// How to put a value of one type into memory. Only the members that its kind needs are set.
struct ConfigType {
  enum class Kind : std::uint8_t {
    boolean,
    integer,
    real,
    text,
    secret,
    duration,
    size,
    choice,
    optional,
    list,
    map,
    section,
    any,
  };
  Kind kind;
  // boolean, integer, duration (µs), size (bytes), choice
  std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  std::int64_t step = 1;  ///< of a duration: its own tick in µs
  std::int64_t (*load)(const void*) = nullptr;
  void (*store)(void*, std::int64_t) = nullptr;
  // real
  double (*load_real)(const void*) = nullptr;
  void (*store_real)(void*, double) = nullptr;
  // text, secret
  const std::string& (*load_text)(const void*) = nullptr;
  void (*store_text)(void*, std::string) = nullptr;
  // choice
  std::span<const EnumName> names{};
  // optional, list, map
  const ConfigType& (*element)() = nullptr;
  void (*clear)(void*) = nullptr;
  void* (*append)(void*) = nullptr;                          ///< optional: make it hold a fresh value; list: add one
  void* (*insert)(void*, const std::string& key) = nullptr;  ///< map
  void (*each)(const void*, void* context,
               void (*visit)(void* context, const std::string* key, const void* value)) = nullptr;
  // section
  const SchemaInfo& (*section)() = nullptr;
  // any
  void (*store_any)(void*, const Section&) = nullptr;
};

/// Everything that is known of one key.
struct KeyInfo {
  std::string name;
  const ConfigType& (*type)() = nullptr;
  bool required = false;
  bool reloadable = false;  ///< a change reaches the running instance through Plugin::reconfigure
  bool secret = false;      ///< never printed, never a default
  bool url = false;
  bool descend = false;  ///< a nested struct whose required keys are missed even when it is left out
  std::string doc;
  std::string fallback;                  ///< the default as JSON, which is YAML too; empty: none, or not worth showing
  std::optional<std::int64_t> min, max;  ///< of integers, durations (µs), sizes; of each element of a list or map
  std::optional<double> min_real, max_real;
  std::vector<std::string> choices;
  std::string pattern;         ///< ECMAScript, matches the whole text
  std::string pattern_says;    ///< what the pattern wants, in words
  std::size_t max_length = 0;  ///< bytes; 0: no limit
  std::size_t max_items = 0;
  std::function<void*(void*)> at;    ///< record → member
  std::function<void(void*)> reset;  ///< sets the member of a record to its default
};

/// A described struct with its type erased: for checks, the JSON Schema and the reference. Lives as long as the code
/// that described it; the host forgets it before a plugin's generation goes.
struct SchemaInfo {
  struct Rule {
    std::string key;
    std::function<std::string(const void*)> broken;
  };
  std::vector<KeyInfo> keys;
  std::vector<Rule> rules;
  std::shared_ptr<void> (*make)() = nullptr;  ///< a fresh record, for checking without its type

  [[nodiscard]] const KeyInfo* find(std::string_view name) const noexcept {
    for (const KeyInfo& key : keys) {
      if (key.name == name) return &key;
    }
    return nullptr;
  }
};

/// A part of the configuration that somebody else binds: a plugin's `config`. Cheap to copy; immutable; any thread.
class QIAO_API Section {
 public:
  /// An empty section.
  Section();
  Section(std::shared_ptr<const ConfigNode> node, std::string path);

  /// The settings, defaults filled in. The error's message holds all mistakes, a line each, as `qiao check` prints
  /// them.
  template <class T>
  [[nodiscard]] Result<T> bind() const {
    T value{};
    if (auto done = bind_into(schema_of<T>(), &value); !done) return done.error();
    return value;
  }
  /// The same, with the mistakes as a list: appended to `problems`.
  template <class T>
  [[nodiscard]] std::optional<T> bind(std::vector<ConfigProblem>& problems) const {
    T value{};
    const std::size_t before = problems.size();
    bind_into(schema_of<T>(), &value, problems);
    if (problems.size() != before) return std::nullopt;
    return value;
  }
  /// What is right in it, with defaults in the place of what is not: to go on looking for further mistakes.
  template <class T>
  [[nodiscard]] T bind_partly(std::vector<ConfigProblem>& problems) const {
    T value{};
    bind_into(schema_of<T>(), &value, problems);
    return value;
  }
  /// Only the mistakes, for a schema whose type is not known here.
  void check(const SchemaInfo& schema, std::vector<ConfigProblem>& problems) const;

  [[nodiscard]] const ConfigNode& node() const noexcept { return *node_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  [[nodiscard]] Result<void> bind_into(const SchemaInfo& schema, void* record) const;
  void bind_into(const SchemaInfo& schema, void* record, std::vector<ConfigProblem>& problems) const;

  std::shared_ptr<const ConfigNode> node_;
  std::string path_;
};

template <class T>
const ConfigType& config_type_of();

namespace detail {

/// What the limits of a key speak about: the element of a list, a map or an optional, else the type itself.
template <class M>
struct ScalarOf {
  using type = M;
};
template <class M>
struct ScalarOf<std::optional<M>> : ScalarOf<M> {};
template <class M>
struct ScalarOf<std::vector<M>> : ScalarOf<M> {};
template <class M>
struct ScalarOf<std::map<std::string, M>> : ScalarOf<M> {};

template <class V>
std::int64_t limit(const V& value) {
  if constexpr (IsDuration<V>::value) {
    return std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  } else if constexpr (std::is_same_v<V, Bytes>) {
    return static_cast<std::int64_t>(value.count);
  } else {
    return static_cast<std::int64_t>(value);
  }
}

inline constexpr std::int64_t kLongestMicros = std::int64_t{3650} * 24 * 3600 * 1'000'000;

template <class T>
ConfigType describe_config() {
  ConfigType t{};
  using Kind = ConfigType::Kind;
  if constexpr (std::is_same_v<T, bool>) {
    t.kind = Kind::boolean;
    t.load = [](const void* p) -> std::int64_t { return as<bool>(p) ? 1 : 0; };
    t.store = [](void* p, std::int64_t v) { as<bool>(p) = v != 0; };
  } else if constexpr (std::is_integral_v<T>) {
    t.kind = Kind::integer;
    t.lowest = static_cast<std::int64_t>(std::numeric_limits<T>::min());
    if constexpr (sizeof(T) < 8) t.highest = static_cast<std::int64_t>(std::numeric_limits<T>::max());
    t.load = [](const void* p) { return static_cast<std::int64_t>(as<T>(p)); };
    t.store = [](void* p, std::int64_t v) { as<T>(p) = static_cast<T>(v); };
  } else if constexpr (std::is_floating_point_v<T>) {
    t.kind = Kind::real;
    t.load_real = [](const void* p) { return static_cast<double>(as<T>(p)); };
    t.store_real = [](void* p, double v) { as<T>(p) = static_cast<T>(v); };
  } else if constexpr (std::is_same_v<T, std::string>) {
    t.kind = Kind::text;
    t.load_text = [](const void* p) -> const std::string& { return as<std::string>(p); };
    t.store_text = [](void* p, std::string v) { as<std::string>(p) = std::move(v); };
  } else if constexpr (std::is_same_v<T, Secret>) {
    t.kind = Kind::secret;
    t.load_text = [](const void* p) -> const std::string& { return as<Secret>(p).reveal(); };
    t.store_text = [](void* p, std::string v) { as<Secret>(p) = Secret(std::move(v)); };
  } else if constexpr (std::is_same_v<T, Bytes>) {
    t.kind = Kind::size;
    t.lowest = 0;
    t.load = [](const void* p) { return static_cast<std::int64_t>(as<Bytes>(p).count); };
    t.store = [](void* p, std::int64_t v) { as<Bytes>(p).count = static_cast<std::uint64_t>(v); };
  } else if constexpr (IsDuration<T>::value) {
    t.kind = Kind::duration;
    t.lowest = 0;
    t.highest = kLongestMicros;
    t.step = std::chrono::duration_cast<std::chrono::microseconds>(T(1)).count();
    t.load = [](const void* p) -> std::int64_t {
      return std::chrono::duration_cast<std::chrono::microseconds>(as<T>(p)).count();
    };
    t.store = [](void* p, std::int64_t v) { as<T>(p) = std::chrono::duration_cast<T>(std::chrono::microseconds(v)); };
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(NamedEnum<T>, "name the enumerators with QIAO_ENUM");
    t.kind = Kind::choice;
    t.names = qiao_enum_of(static_cast<const T*>(nullptr));
    t.load = [](const void* p) { return static_cast<std::int64_t>(as<T>(p)); };
    t.store = [](void* p, std::int64_t v) { as<T>(p) = static_cast<T>(v); };
  } else if constexpr (IsOptional<T>::value) {
    t.kind = Kind::optional;
    t.element = &config_type_of<typename T::value_type>;
    t.clear = [](void* p) { as<T>(p).reset(); };
    t.append = [](void* p) -> void* { return &as<T>(p).emplace(); };
    t.each = [](const void* p, void* context, void (*visit)(void*, const std::string*, const void*)) {
      if (as<T>(p)) visit(context, nullptr, &*as<T>(p));
    };
  } else if constexpr (IsList<T>::value) {
    static_assert(!std::is_same_v<typename T::value_type, bool>, "a list of bool cannot be bound");
    t.kind = Kind::list;
    t.element = &config_type_of<typename T::value_type>;
    t.clear = [](void* p) { as<T>(p).clear(); };
    t.append = [](void* p) -> void* { return &as<T>(p).emplace_back(); };
    t.each = [](const void* p, void* context, void (*visit)(void*, const std::string*, const void*)) {
      for (const auto& value : as<T>(p)) visit(context, nullptr, &value);
    };
  } else if constexpr (IsMap<T>::value) {
    t.kind = Kind::map;
    t.element = &config_type_of<typename T::mapped_type>;
    t.clear = [](void* p) { as<T>(p).clear(); };
    t.insert = [](void* p, const std::string& key) -> void* { return &as<T>(p)[key]; };
    t.each = [](const void* p, void* context, void (*visit)(void*, const std::string*, const void*)) {
      for (const auto& [key, value] : as<T>(p)) visit(context, &key, &value);
    };
  } else if constexpr (std::is_same_v<T, Section>) {
    t.kind = Kind::any;
    t.store_any = [](void* p, const Section& section) { as<Section>(p) = section; };
  } else {
    static_assert(std::is_class_v<T>,
                  "this type cannot stand in a config struct; see qiao/config.hpp for those that can");
    t.kind = Kind::section;
    t.section = &schema_of<T>;
  }
  return t;
}

/// The value as JSON for `KeyInfo::fallback`; empty for secrets and structs.
QIAO_API std::string config_json(const ConfigType& type, const void* value);

}  // namespace detail

template <class T>
const ConfigType& config_type_of() {
  static const ConfigType type = detail::describe_config<T>();
  return type;
}

/// Refines one key; returned by Schema. Limits on a list or a map hold for each of its elements.
template <class M>
class Key {
  using Scalar = typename detail::ScalarOf<M>::type;

 public:
  Key(SchemaInfo& schema, std::size_t index) : schema_(&schema), index_(index) {}

  /// A sentence for the reference and the editor.
  Key& doc(std::string text) { return info().doc = std::move(text), *this; }
  /// Both ends belong to it.
  template <class L, class H>
  Key& range(L low, H high) {
    return min(low).max(high);
  }
  template <class L>
  Key& min(L low) {
    static_assert(std::is_arithmetic_v<Scalar> || detail::IsDuration<Scalar>::value || std::is_same_v<Scalar, Bytes>);
    if constexpr (std::is_floating_point_v<Scalar>)
      info().min_real = static_cast<double>(low);
    else
      info().min = detail::limit(low);
    return *this;
  }
  template <class H>
  Key& max(H high) {
    static_assert(std::is_arithmetic_v<Scalar> || detail::IsDuration<Scalar>::value || std::is_same_v<Scalar, Bytes>);
    if constexpr (std::is_floating_point_v<Scalar>)
      info().max_real = static_cast<double>(high);
    else
      info().max = detail::limit(high);
    return *this;
  }
  /// The texts that are allowed. Enums bring theirs.
  Key& choices(std::initializer_list<std::string_view> allowed) {
    static_assert(std::is_same_v<Scalar, std::string>, "choices are for texts");
    info().choices.assign(allowed.begin(), allowed.end());
    return *this;
  }
  /// http, https, ws or wss with a host.
  Key& url() { return info().url = true, *this; }
  /// The whole text must match (ECMAScript); `says` completes "expected …", e.g. "two upper-case letters".
  Key& pattern(std::string regex, std::string says) {
    info().pattern = std::move(regex);
    info().pattern_says = std::move(says);
    return *this;
  }
  Key& max_length(std::size_t bytes) { return info().max_length = bytes, *this; }
  Key& max_items(std::size_t count) { return info().max_items = count, *this; }
  /// Never printed, whatever its type. Secret members are so by themselves.
  Key& secret() {
    info().secret = true;
    info().fallback.clear();
    return *this;
  }
  /// A change of this key alone needs no restart of the instance; on a nested struct it covers all keys inside.
  Key& reloadable() { return info().reloadable = true, *this; }

 private:
  KeyInfo& info() { return schema_->keys[index_]; }
  SchemaInfo* schema_;
  std::size_t index_;
};

/// What `describe` fills.
template <class T>
class Schema {
 public:
  explicit Schema(SchemaInfo& info) : info_(&info) {}

  /// Must be given; a required text must not be empty.
  template <class M, class Base>
  requires std::is_base_of_v<Base, T> Key<M> required(std::string_view name, M Base::*member) {
    Key<M> key = add(name, member, T{}.*member);
    info_->keys.back().required = true;
    info_->keys.back().fallback.clear();
    return key;
  }
  /// May be left out; then it is what the struct's initialiser says.
  template <class M, class Base>
  requires std::is_base_of_v<Base, T> Key<M> optional(std::string_view name, M Base::*member) {
    return add(name, member, T{}.*member);
  }
  template <class M, class Base>
  requires std::is_base_of_v<Base, T> Key<M> optional(std::string_view name, M Base::*member,
                                                      std::type_identity_t<M> fallback) {
    return add(name, member, std::move(fallback));
  }
  /// A nested struct. Left out, its own defaults hold and its required keys are missed.
  template <class N, class Base>
  requires std::is_base_of_v<Base, T> Key<N> section(std::string_view name, N Base::*member) {
    Key<N> key = add(name, member, T{}.*member);
    info_->keys.back().descend = true;
    return key;
  }
  /// A condition between keys, checked once each key is right: `broken` returns a sentence, or "" when all is well. The
  /// mistake is shown at `key`.
  Schema& rule(std::string_view key, std::function<std::string(const T&)> broken) {
    info_->rules.push_back(
        {std::string(key), [f = std::move(broken)](const void* p) { return f(*static_cast<const T*>(p)); }});
    return *this;
  }

 private:
  template <class M, class Base>
  Key<M> add(std::string_view name, M Base::*member, M fallback) {
    KeyInfo key;
    key.name = name;
    key.type = &config_type_of<M>;
    key.secret = std::is_same_v<typename detail::ScalarOf<M>::type, Secret>;
    if (!key.secret) key.fallback = detail::config_json(config_type_of<M>(), &fallback);
    key.at = [member](void* record) -> void* { return &(static_cast<T*>(record)->*member); };
    key.reset = [member, value = std::move(fallback)](void* record) { static_cast<T*>(record)->*member = value; };
    info_->keys.push_back(std::move(key));
    return Key<M>(*info_, info_->keys.size() - 1);
  }
  SchemaInfo* info_;
};

/// The schema of a described struct, made at first use. Any thread.
template <class T>
const SchemaInfo& schema_of() {
  static const SchemaInfo info = [] {
    SchemaInfo made;
    made.make = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
    Schema<T> schema(made);
    describe(schema);
    return made;
  }();
  return info;
}

}  // namespace qiao

template <>
struct fmt::formatter<qiao::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const qiao::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
