#include "core/store/sqlite/backend.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <system_error>

#include "core/store/sqlite/session.hpp"

namespace qiao::core::sqlite {
namespace {

constexpr int kWriterCacheKib = 4096;
constexpr int kReaderCacheKib = 1024;

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// Where the given words, separated by white space, end if they stand at `at`; 0 if they do not.
std::size_t match_words(std::string_view sql, std::size_t at, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    at = std::min(sql.find_first_not_of(" \t\r\n", at), sql.size());
    for (const char c : word) {
      if (at == sql.size() || (sql[at] & ~0x20) != c) return 0;
      ++at;
    }
    if (at < sql.size() && is_word(sql[at])) return 0;
  }
  return at;
}

class SqliteBackend final : public StoreBackend {
 public:
  SqliteBackend(std::filesystem::path file, std::int64_t max_pages, std::string vfs)
      : file_(std::move(file)), max_pages_(max_pages), vfs_(std::move(vfs)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "sqlite"; }

  Result<std::unique_ptr<WriterSession>> open_writer() override {
    return SqliteWriter::open({file_, false, kWriterCacheKib, vfs_, max_pages_});
  }
  Result<std::unique_ptr<ReaderSession>> open_reader() override {
    return SqliteReader::open({file_, true, kReaderCacheKib, vfs_, 0});
  }

  /// A BIGINT primary key becomes SQLite's own row number: one tree instead of two, in the order of our ids.
  [[nodiscard]] std::string migration_sql(const Migration& step) const override {
    std::string sql(step.sql);
    for (std::size_t at = 0; at < sql.size(); ++at) {
      if (at > 0 && is_word(sql[at - 1])) continue;
      std::size_t end = match_words(sql, at, {"BIGINT", "PRIMARY", "KEY"});
      if (end == 0) end = match_words(sql, at, {"BIGINT", "NOT", "NULL", "PRIMARY", "KEY"});
      if (end != 0) sql.replace(at, end - at, "INTEGER PRIMARY KEY");
    }
    return sql;
  }

  [[nodiscard]] Size size() const override {
    std::error_code ignored;
    const auto bytes = [&](const std::filesystem::path& path) -> std::uint64_t {
      const auto size = std::filesystem::file_size(path, ignored);
      return ignored ? 0 : size;
    };
    return {bytes(file_), bytes(file_.string() + "-wal")};
  }

 private:
  const std::filesystem::path file_;
  const std::int64_t max_pages_;
  const std::string vfs_;
};

Result<void> create_private_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const auto reason = std::error_code(errno, std::generic_category()).message();
    return Error{Errc::unavailable, "store.cannot_open", fmt::format("cannot open {}: {}", file.string(), reason)};
  }
  ::close(fd);
  return {};
}

Result<void> initialise(Connection& connection) {
  return connection.exec(fmt::format("PRAGMA page_size={}; PRAGMA application_id={}; PRAGMA user_version={}",
                                     kPageBytes, kApplicationId, kFormat));
}

}  // namespace

Result<void> check_format(Connection& connection, const std::filesystem::path& file) {
  const auto application = connection.number("PRAGMA application_id");
  if (!application) return application.error();
  const auto format = connection.number("PRAGMA user_version");
  if (!format) return format.error();
  const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*application == 0 && *format == 0 && *tables == 0) return {};
  if (*application != kApplicationId) {
    return Error{Errc::bad_value, "store.foreign_file",
                 fmt::format("{} is a database of another program; name another data folder", file.string())};
  }
  if (*format > kFormat) {
    return Error{
        Errc::unsupported, "store.newer_file",
        fmt::format("{} was written by a newer hub (format {}, this one knows {}); start the newer version, or "
                    "restore a backup from before the upgrade",
                    file.string(), *format, kFormat)};
  }
  return {};
}

Result<std::unique_ptr<StoreBackend>> open_backend(const BackendSettings& settings) {
  const auto file = settings.folder / kDatabaseName;
  if (auto made = create_private_file(file); !made) return made.error();
  auto connection = Connection::open({file, false, kReaderCacheKib, settings.vfs, 0});
  if (!connection) return connection.error();
  if (auto fine = check_format(**connection, file); !fine) return fine.error();
  const auto format = (*connection)->number("PRAGMA user_version");
  if (!format) return format.error();
  if (*format == 0) {
    if (auto done = initialise(**connection); !done) return done.error();
  }
  const auto mode = (*connection)->text("PRAGMA journal_mode=WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") {
    return Error{Errc::unsupported, "store.cannot_open",
                 fmt::format("{}: the file system does not allow write-ahead logging (journal mode is \"{}\"); "
                             "use a local disk for the data folder",
                             file.string(), *mode)};
  }
  return std::unique_ptr<StoreBackend>(std::make_unique<SqliteBackend>(file, settings.max_pages, settings.vfs));
}

}  // namespace qiao::core::sqlite
