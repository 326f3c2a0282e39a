#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "qiao/id.hpp"
#include "qiao/message.hpp"
#include "qiao/result.hpp"
#include "qiao/time.hpp"

namespace qiao {

/// A value bound to a `?` of a statement. Text is borrowed until the call returns.
struct SqlArg {
  enum class Type : std::uint8_t { null, integer, real, text, blob };
  Type type = Type::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;

  SqlArg(std::nullptr_t) {}                                    // NOLINT: implicit by design
  SqlArg(bool v) : type(Type::integer), integer(v ? 1 : 0) {}  // NOLINT
  template <std::integral I>
  SqlArg(I v) : type(Type::integer), integer(static_cast<std::int64_t>(v)) {}       // NOLINT
  SqlArg(double v) : type(Type::real), real(v) {}                                   // NOLINT
  SqlArg(std::string_view v) : type(Type::text), text(v) {}                         // NOLINT
  SqlArg(const std::string& v) : type(Type::text), text(v) {}                       // NOLINT
  SqlArg(const char* v) : type(Type::text), text(v) {}                              // NOLINT
  SqlArg(Id v) : type(v.empty() ? Type::null : Type::integer), integer(v.value) {}  // NOLINT: no id is NULL
  SqlArg(Time v) : type(Type::integer), integer(to_micros(v)) {}                    // NOLINT: µs since 1970
  template <class T>
  SqlArg(const std::optional<T>& v) : SqlArg(v ? SqlArg(*v) : SqlArg(nullptr)) {}  // NOLINT
  template <class E>
  requires std::is_enum_v<E> SqlArg(E v) : type(Type::integer), integer(static_cast<std::int64_t>(v)) {}  // NOLINT
  static SqlArg blob(std::string_view bytes) {
    SqlArg arg(bytes);
    arg.type = Type::blob;
    return arg;
  }
};

/// The rows of one query. `text` is valid until the next call of `next`. A NULL reads as 0, "" or an empty Id.
class QIAO_API Rows {
 public:
  virtual ~Rows() = default;
  /// Moves to the next row; false after the last one, or on an error, which `status` then tells.
  virtual bool next() = 0;
  [[nodiscard]] virtual Result<void> status() const = 0;
  [[nodiscard]] virtual bool null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual double real(int column) const = 0;
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
  [[nodiscard]] Id id(int column) const { return Id{integer(column)}; }
  [[nodiscard]] Time time(int column) const { return from_micros(integer(column)); }
  [[nodiscard]] std::string str(int column) const { return std::string(text(column)); }
};

/// One connection, lent for the length of a call; statements are prepared once and kept. One thread at a time.
///
/// SQL stays in the part that SQLite and MySQL share: `?` parameters, no upsert (UPDATE, then INSERT when it changed
/// nothing), no RETURNING, ids given by us. A violated unique key is Errc::conflict and leaves the transaction usable,
/// so an INSERT is also the question "is it there already?".
class QIAO_API Session {
 public:
  virtual ~Session() = default;

  /// Runs a statement; the number of rows it changed.
  template <class... A>
  Result<std::int64_t> run(std::string_view sql, const A&... args) {
    const SqlArg list[sizeof...(A) + 1] = {SqlArg(args)..., SqlArg(nullptr)};
    return execute(sql, std::span(list, sizeof...(A)));
  }
  /// Starts a query. Never null; errors show in `status` after `next` returned false. Destroy it before the next run of
  /// the same SQL on this session.
  template <class... A>
  std::unique_ptr<Rows> query(std::string_view sql, const A&... args) {
    const SqlArg list[sizeof...(A) + 1] = {SqlArg(args)..., SqlArg(nullptr)};
    return select(sql, std::span(list, sizeof...(A)));
  }

  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args) = 0;
  virtual std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args) = 0;
  /// In a write: called when this transaction is undone, so that memory that ran ahead can follow. Before any re-run.
  virtual void on_rollback(std::function<void()> undo) = 0;
};

/// One step of a plugin's schema. Versions count from 1 without gaps and are never edited once released.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;         ///< statements separated by ";"; types: BIGINT, INT, DOUBLE, VARCHAR(n), TEXT, BLOB
  std::string_view mysql = {};  ///< only where MySQL must differ
};

/// The hub's database as a plugin sees it. Tables carry the plugin's prefix (`inbox_message`); other plugins' tables
/// are not touched. Any thread.
class QIAO_API Database {
 public:
  using Work = std::function<Result<void>(Session&)>;
  using Done = std::function<void(Result<void>)>;

  virtual ~Database() = default;

  /// Brings this instance's tables to the newest version. In `start`; waits.
  virtual Result<void> migrate(std::span<const Migration> steps) = 0;

  /// Queues a write. `work` runs on a writer thread inside a transaction shared with other writers; `done` runs on that
  /// thread after the commit is synced to disk (or has failed) and must be short. When `work` fails, only what it did
  /// is undone. It may run more than once, so it changes nothing but the session, or undoes that in `on_rollback`.
  /// Writes of one partition run in the order in which they were queued; 0 is no partition.
  /// Errors of the store itself: `store.overloaded` (retry), `store.full`, `store.io_error`, `store.failed`,
  /// `store.stopping`.
  virtual void write(std::uint64_t partition, Work work, Done done, Priority priority = Priority::service) = 0;
  /// The same, waiting for the synced commit. Not on a bus worker or an I/O thread: there it returns `would_deadlock`.
  virtual Result<void> write_and_wait(Work work) = 0;
  /// Lends a reading session (a snapshot) to `work` on this thread. From blocking lanes and request handlers.
  virtual Result<void> read(const Work& work) = 0;
  /// The same for reports, exports and other long looks that may be some seconds old: on a replica where the operator
  /// has set one up.
  virtual Result<void> read_report(const Work& work) { return read(work); }
};

}  // namespace qiao
