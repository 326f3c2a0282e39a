#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "qiao/fields.hpp"
#include "qiao/id.hpp"
#include "qiao/time.hpp"

namespace qiao {

/// Who is served first when there is more work than time. Each lane keeps one queue for each.
enum class Priority : std::uint8_t {
  service,     ///< conversations in service, agent replies, acknowledgements
  open,        ///< new conversations, tickets
  enrich,      ///< bot, suggestions, CRM and ERP
  background,  ///< typing, presence, reports; may be dropped
};
QIAO_ENUM(Priority, service, open, enrich, background)

/// What travels with every message.
struct Headers {
  Id id;                        ///< of this message; the same again when it is redelivered
  Id trace;                     ///< of what caused it: one id from the wire to the last handler
  std::uint64_t partition = 0;  ///< order is kept within a partition; for conversations the conversation's id
  SteadyTime deadline{};        ///< of a request; the epoch means none
  std::string_view source;      ///< the publishing instance's name; lives as long as the hub
  Priority priority = Priority::service;
  bool redelivered = false;  ///< true after a restart, a crash or a replay: a handler that writes checks its receipt
};

namespace detail {
/// Memory for messages, reused from thread to thread; `size` must be the same for both.
QIAO_API void* allocate_block(std::size_t size);
QIAO_API void free_block(void* block, std::size_t size) noexcept;
}  // namespace detail

/// The identity of a message type: what matches a publisher with its subscribers.
struct MessageType {
  std::string_view name;  ///< `<area>.<thing>.<what happened or is wanted>`
  int version = 1;
  std::uint64_t id = 0;  ///< hash of name and version
  std::size_t size = 0;  ///< sizeof; a mismatch between two plugins is refused before start
  const TypeInfo& (*fields)() = nullptr;
  void* (*create)() = nullptr;  ///< a fresh message around a default body, as Message*
  bool many = false;            ///< a request that several instances may serve at once, each asked by name
};

namespace detail {
constexpr std::uint64_t message_id(std::string_view name, int version) {
  std::uint64_t h = 0xcbf29ce484222325ull;
  for (char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return (h ^ static_cast<std::uint64_t>(version)) * 0x100000001b3ull;
}
}  // namespace detail

/// A body with its headers, shared between lanes by reference count. Immutable once published.
class Message {
 public:
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  const MessageType* type;
  Headers headers;

  [[nodiscard]] const void* body() const noexcept { return body_; }
  [[nodiscard]] void* body() noexcept { return body_; }
  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // The only owner needs no exchange: nobody is left who could retain it meanwhile.
    if (refs_.load(std::memory_order_acquire) == 1 || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy_(this);
  }

 protected:
  Message(const MessageType* t, void* body, void (*destroy)(Message*)) : type(t), body_(body), destroy_(destroy) {}
  ~Message() = default;

 private:
  void* body_;
  void (*destroy_)(Message*);
  std::atomic<std::uint32_t> refs_{1};
};

/// Owns one reference to a Message.
class MessageRef {
 public:
  MessageRef() = default;
  /// Takes over the reference that `message` already counts.
  static MessageRef adopt(Message* message) {
    MessageRef ref;
    ref.message_ = message;
    return ref;
  }
  MessageRef(const MessageRef& other) noexcept : message_(other.message_) {
    if (message_) message_->retain();
  }
  MessageRef(MessageRef&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  MessageRef& operator=(MessageRef other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessageRef() {
    if (message_) message_->release();
  }
  explicit operator bool() const noexcept { return message_ != nullptr; }
  Message* operator->() const noexcept { return message_; }
  Message& operator*() const noexcept { return *message_; }
  [[nodiscard]] Message* get() const noexcept { return message_; }
  [[nodiscard]] Message* detach() noexcept { return std::exchange(message_, nullptr); }

 private:
  Message* message_ = nullptr;
};

template <class T>
concept Event = requires(const T* p) {
  { qiao_event_type(p) } -> std::same_as<const MessageType&>;
};
template <class T>
concept Request = requires(const T* p) {
  { qiao_request_type(p) } -> std::same_as<const MessageType&>;
};
template <Request Q>
using ReplyOf = std::remove_pointer_t<decltype(qiao_reply_of(static_cast<const Q*>(nullptr)))>;

template <class T>
class TypedMessage final : public Message {
  static_assert(alignof(T) <= alignof(std::max_align_t), "a message is not over-aligned");

 public:
  TypedMessage(const MessageType* t, T&& value) : Message(t, &value_, &destroy), value_(std::move(value)) {}
  static MessageRef make(const MessageType& t, T value) {
    return MessageRef::adopt(new TypedMessage(&t, std::move(value)));
  }
  static void* operator new(std::size_t size) { return detail::allocate_block(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { detail::free_block(memory, size); }

 private:
  static void destroy(Message* m) { delete static_cast<TypedMessage*>(m); }
  T value_;
};

namespace detail {
template <class T>
void* create_message(const MessageType& t) {
  return MessageRef(TypedMessage<T>::make(t, T{})).detach();
}
template <class T>
std::uint64_t partition_of(const T& value) {
  if constexpr (requires { qiao_partition_of(value); }) {
    return static_cast<std::uint64_t>(qiao_partition_of(value));
  } else {
    return 0;
  }
}
}  // namespace detail

}  // namespace qiao

#define QIAO_MESSAGE_TYPE(function, T, NAME, VERSION, MANY)                                                    \
  [[maybe_unused]] inline const ::qiao::MessageType& function(const T*) {                                      \
    static const ::qiao::MessageType type{                                                                     \
        NAME,                                                                                                  \
        VERSION,                                                                                               \
        ::qiao::detail::message_id(NAME, VERSION),                                                             \
        sizeof(T),                                                                                             \
        &::qiao::type_of<T>,                                                                                   \
        []() -> void* { return ::qiao::detail::create_message<T>(function(static_cast<const T*>(nullptr))); }, \
        MANY};                                                                                                 \
    return type;                                                                                               \
  }

/// Declares a QIAO_FIELDS struct as an event: something that happened, told to everybody who subscribed.
#define QIAO_EVENT(T, NAME, VERSION) QIAO_MESSAGE_TYPE(qiao_event_type, T, NAME, VERSION, false)

/// Declares a QIAO_FIELDS struct as a request that exactly one server answers with a `Reply` (also QIAO_FIELDS).
#define QIAO_REQUEST(T, Reply, NAME, VERSION) QIAO_REQUEST_TYPE(T, Reply, NAME, VERSION, false)

/// The same for a request that several instances may serve: a card about a person, the erasure of what each of them
/// keeps. Asked with Bus::gather, or of one instance by its name (RequestOptions::to).
#define QIAO_REQUEST_MANY(T, Reply, NAME, VERSION) QIAO_REQUEST_TYPE(T, Reply, NAME, VERSION, true)

#define QIAO_REQUEST_TYPE(T, Reply, NAME, VERSION, MANY)                                                 \
  QIAO_MESSAGE_TYPE(qiao_request_type, T, NAME, VERSION, MANY)                                           \
  [[maybe_unused]] inline Reply* qiao_reply_of(const T*) { return nullptr; }                             \
  [[maybe_unused]] inline const ::qiao::MessageType& qiao_reply_type(const T*) {                         \
    static const ::qiao::MessageType type{                                                               \
        NAME ".reply",                                                                                   \
        VERSION,                                                                                         \
        ::qiao::detail::message_id(NAME ".reply", VERSION),                                              \
        sizeof(Reply),                                                                                   \
        &::qiao::type_of<Reply>,                                                                         \
        []() -> void* {                                                                                  \
          return ::qiao::detail::create_message<Reply>(qiao_reply_type(static_cast<const T*>(nullptr))); \
        }};                                                                                              \
    return type;                                                                                         \
  }

/// The field (an Id) whose value is the partition: messages of one partition are handled in order.
#define QIAO_PARTITION(T, member) \
  [[maybe_unused]] inline std::int64_t qiao_partition_of(const T& value) { return value.member.value; }
