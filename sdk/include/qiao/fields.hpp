#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "qiao/export.hpp"
#include "qiao/id.hpp"
#include "qiao/time.hpp"

/// \file
/// One declaration describes a plain struct to everything that must read it from outside: the binary codec (dead
/// letters, processes, nodes), JSON for REST and WebSocket, and the OpenAPI document. QIAO_FIELDS builds a table of
/// names and accessors; all that works on it (qiao/codec.hpp, qiao/json.hpp) is ordinary code in the SDK's library.
///
/// Types that may stand in a field: bool, integers, double, std::string, qiao::Id, qiao::Time, std::chrono durations,
/// enums named with QIAO_ENUM, other structs with QIAO_FIELDS, and std::optional, std::vector and
/// std::map<std::string, T> of these.

namespace qiao {

enum class Kind : std::uint8_t {
  boolean,
  integer,
  natural,
  real,
  text,
  id,
  time,
  duration,
  enumeration,
  optional,
  list,
  map,
  record,
};

struct TypeInfo;

struct FieldInfo {
  std::string_view name;
  const TypeInfo& (*type)();
  void* (*at)(void* record);
};

struct EnumName {
  std::string_view name;
  std::int64_t value;
};

/// How to read and write a value of one type through a pointer to it. Only the members that its kind needs are set.
struct TypeInfo {
  Kind kind;
  std::string_view name;  ///< of a record or an enumeration
  std::uint8_t bits = 0;  ///< of an integer or natural

  // boolean, integer, natural (bit pattern), id, time (µs since 1970), duration (µs), enumeration
  std::int64_t (*load)(const void*) = nullptr;
  void (*store)(void*, std::int64_t) = nullptr;
  // real
  double (*load_real)(const void*) = nullptr;
  void (*store_real)(void*, double) = nullptr;
  // optional (size 0 or 1), list, map
  const TypeInfo& (*element)() = nullptr;
  std::size_t (*size)(const void*) = nullptr;
  const void* (*get)(const void*, std::size_t) = nullptr;  ///< optional, list
  void* (*append)(void*) = nullptr;                        ///< optional: make it hold a fresh value; list: add one
  void (*clear)(void*) = nullptr;
  void (*each)(const void*, void* context,
               void (*visit)(void* context, const std::string& key,
                             const void* value)) = nullptr;  ///< map, in key order
  void* (*insert)(void*, const std::string& key) = nullptr;  ///< map
  // record, enumeration
  std::span<const FieldInfo> fields{};
  std::span<const EnumName> names{};
};

template <class T>
const TypeInfo& type_of();

namespace detail {

template <class T>
concept Record = requires(const T* p) {
  qiao_fields_of(p);
};
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(const T* p) {
  qiao_enum_of(p);
};
template <class T>
struct IsDuration : std::false_type {};
template <class R, class P>
struct IsDuration<std::chrono::duration<R, P>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsList : std::false_type {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
inline constexpr bool kUnsupported = false;

template <class T>
T& as(void* p) {
  return *static_cast<T*>(p);
}
template <class T>
const T& as(const void* p) {
  return *static_cast<const T*>(p);
}

template <class T>
TypeInfo describe() {
  TypeInfo t{};
  if constexpr (std::is_same_v<T, bool>) {
    t.kind = Kind::boolean;
    t.load = [](const void* p) -> std::int64_t { return as<bool>(p) ? 1 : 0; };
    t.store = [](void* p, std::int64_t v) { as<bool>(p) = v != 0; };
  } else if constexpr (std::is_integral_v<T>) {
    t.kind = std::is_signed_v<T> ? Kind::integer : Kind::natural;
    t.bits = sizeof(T) * 8;
    t.load = [](const void* p) { return static_cast<std::int64_t>(as<T>(p)); };
    t.store = [](void* p, std::int64_t v) { as<T>(p) = static_cast<T>(v); };
  } else if constexpr (std::is_floating_point_v<T>) {
    t.kind = Kind::real;
    t.load_real = [](const void* p) { return static_cast<double>(as<T>(p)); };
    t.store_real = [](void* p, double v) { as<T>(p) = static_cast<T>(v); };
  } else if constexpr (std::is_same_v<T, std::string>) {
    t.kind = Kind::text;
  } else if constexpr (std::is_same_v<T, Id>) {
    t.kind = Kind::id;
    t.load = [](const void* p) { return as<Id>(p).value; };
    t.store = [](void* p, std::int64_t v) { as<Id>(p).value = v; };
  } else if constexpr (std::is_same_v<T, Time>) {
    t.kind = Kind::time;
    t.load = [](const void* p) { return to_micros(as<Time>(p)); };
    t.store = [](void* p, std::int64_t v) { as<Time>(p) = from_micros(v); };
  } else if constexpr (IsDuration<T>::value) {
    t.kind = Kind::duration;
    t.load = [](const void* p) -> std::int64_t {
      return std::chrono::duration_cast<std::chrono::microseconds>(as<T>(p)).count();
    };
    t.store = [](void* p, std::int64_t v) { as<T>(p) = std::chrono::duration_cast<T>(std::chrono::microseconds(v)); };
  } else if constexpr (NamedEnum<T>) {
    t.kind = Kind::enumeration;
    t.name = qiao_enum_name(static_cast<const T*>(nullptr));
    t.names = qiao_enum_of(static_cast<const T*>(nullptr));
    t.load = [](const void* p) { return static_cast<std::int64_t>(as<T>(p)); };
    t.store = [](void* p, std::int64_t v) { as<T>(p) = static_cast<T>(v); };
  } else if constexpr (IsOptional<T>::value) {
    using E = typename T::value_type;
    t.kind = Kind::optional;
    t.element = &type_of<E>;
    t.size = [](const void* p) -> std::size_t { return as<T>(p).has_value() ? 1 : 0; };
    t.get = [](const void* p, std::size_t) -> const void* { return &*as<T>(p); };
    t.append = [](void* p) -> void* { return &as<T>(p).emplace(); };
    t.clear = [](void* p) { as<T>(p).reset(); };
  } else if constexpr (IsList<T>::value) {
    using E = typename T::value_type;
    t.kind = Kind::list;
    t.element = &type_of<E>;
    t.size = [](const void* p) { return as<T>(p).size(); };
    t.get = [](const void* p, std::size_t i) -> const void* { return &as<T>(p)[i]; };
    t.append = [](void* p) -> void* { return &as<T>(p).emplace_back(); };
    t.clear = [](void* p) { as<T>(p).clear(); };
  } else if constexpr (IsMap<T>::value) {
    using E = typename T::mapped_type;
    t.kind = Kind::map;
    t.element = &type_of<E>;
    t.size = [](const void* p) { return as<T>(p).size(); };
    t.each = [](const void* p, void* c, void (*visit)(void*, const std::string&, const void*)) {
      for (const auto& [key, value] : as<T>(p)) visit(c, key, &value);
    };
    t.insert = [](void* p, const std::string& key) -> void* { return &as<T>(p)[key]; };
    t.clear = [](void* p) { as<T>(p).clear(); };
  } else if constexpr (Record<T>) {
    t.kind = Kind::record;
    t.name = qiao_record_name(static_cast<const T*>(nullptr));
    t.fields = qiao_fields_of(static_cast<const T*>(nullptr));
  } else {
    static_assert(kUnsupported<T>, "this type cannot stand in QIAO_FIELDS; see qiao/fields.hpp for those that can");
  }
  return t;
}

}  // namespace detail

template <class T>
const TypeInfo& type_of() {
  static const TypeInfo info = detail::describe<T>();
  return info;
}

}  // namespace qiao

#define QIAO_PARENS ()
#define QIAO_EXPAND(...) QIAO_EXPAND3(QIAO_EXPAND3(QIAO_EXPAND3(QIAO_EXPAND3(__VA_ARGS__))))
#define QIAO_EXPAND3(...) QIAO_EXPAND2(QIAO_EXPAND2(QIAO_EXPAND2(QIAO_EXPAND2(__VA_ARGS__))))
#define QIAO_EXPAND2(...) QIAO_EXPAND1(QIAO_EXPAND1(QIAO_EXPAND1(QIAO_EXPAND1(__VA_ARGS__))))
#define QIAO_EXPAND1(...) __VA_ARGS__
#define QIAO_FOR_EACH(macro, ...) __VA_OPT__(QIAO_EXPAND(QIAO_FOR_EACH_STEP(macro, __VA_ARGS__)))
#define QIAO_FOR_EACH_STEP(macro, first, ...) \
  macro(first) __VA_OPT__(QIAO_FOR_EACH_AGAIN QIAO_PARENS(macro, __VA_ARGS__))
#define QIAO_FOR_EACH_AGAIN() QIAO_FOR_EACH_STEP

#define QIAO_FIELD_ENTRY(member)                                       \
  ::qiao::FieldInfo{#member, &::qiao::type_of<decltype(Self::member)>, \
                    [](void* record) -> void* { return &static_cast<Self*>(record)->member; }},
#define QIAO_ENUM_ENTRY(enumerator) ::qiao::EnumName{#enumerator, static_cast<std::int64_t>(Self::enumerator)},

/// Names the fields of a plain struct, in the order in which they are encoded. Add new fields at the end, with a
/// default: older encodings then still decode. Stands after the struct, in its namespace. At most 60 fields.
#define QIAO_FIELDS(T, ...)                                                                         \
  [[maybe_unused]] inline std::span<const ::qiao::FieldInfo> qiao_fields_of(const T*) {             \
    using Self [[maybe_unused]] = T;                                                                \
    static const std::vector<::qiao::FieldInfo> list{QIAO_FOR_EACH(QIAO_FIELD_ENTRY, __VA_ARGS__)}; \
    return list;                                                                                    \
  }                                                                                                 \
  [[maybe_unused]] inline std::string_view qiao_record_name(const T*) { return #T; }

/// Names the enumerators of an enum; JSON uses the names, the codec the values.
#define QIAO_ENUM(T, ...)                                                                 \
  [[maybe_unused]] inline std::span<const ::qiao::EnumName> qiao_enum_of(const T*) {      \
    using Self = T;                                                                       \
    static const ::qiao::EnumName list[] = {QIAO_FOR_EACH(QIAO_ENUM_ENTRY, __VA_ARGS__)}; \
    return list;                                                                          \
  }                                                                                       \
  [[maybe_unused]] inline std::string_view qiao_enum_name(const T*) { return #T; }
