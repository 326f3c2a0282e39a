#include "core/store/sqlite/wal_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>

namespace qiao::core::sqlite {
namespace {

constexpr std::size_t kCapacity = 120 * 1024;  // SQLite's own write splits what is larger than 128 KiB

struct GatheringVfs {
  sqlite3_vfs vfs;  // first: SQLite passes its address
  sqlite3_vfs* base;
  std::string name;
};

struct GatheringFile {
  sqlite3_file file;  // first: SQLite passes its address
  std::unique_ptr<char[]> gathered;
  std::size_t size = 0;
  sqlite3_int64 start = 0;

  /// The real file lies behind this one in the memory that SQLite provides.
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  [[nodiscard]] const sqlite3_io_methods& methods() { return *real()->pMethods; }

  /// After an error SQLite undoes the transaction and writes its pages again, so what was gathered is dropped.
  int flush() {
    if (size == 0) return SQLITE_OK;
    const auto bytes = static_cast<int>(size);
    size = 0;
    return methods().xWrite(real(), gathered.get(), bytes, start);
  }
  int write(const void* from, std::size_t count, sqlite3_int64 at) {
    const bool continues = size > 0 && at == start + static_cast<sqlite3_int64>(size) && size + count <= kCapacity;
    if (!continues) {
      if (const int code = flush(); code != SQLITE_OK) return code;
      if (count > kCapacity) return methods().xWrite(real(), from, static_cast<int>(count), at);
      if (!gathered) gathered.reset(new (std::nothrow) char[kCapacity]);
      if (!gathered) return SQLITE_NOMEM;
      start = at;
    }
    std::memcpy(gathered.get() + size, from, count);
    size += count;
    return SQLITE_OK;
  }
};

GatheringFile& of(sqlite3_file* file) { return *reinterpret_cast<GatheringFile*>(file); }

/// Everything but a write first hands over what was gathered.
template <class F>
int flushed(sqlite3_file* file, F call) {
  GatheringFile& f = of(file);
  if (const int code = f.flush(); code != SQLITE_OK) return code;
  return call(f.methods(), f.real());
}

int close_file(sqlite3_file* file) {
  const int flush = of(file).flush();
  const int code = of(file).methods().xClose(of(file).real());
  of(file).~GatheringFile();
  return code != SQLITE_OK ? code : flush;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return flushed(file, [=](const sqlite3_io_methods& m, sqlite3_file* real) { return m.xRead(real, to, size, at); });
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  return of(file).write(from, static_cast<std::size_t>(size), at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return flushed(file, [=](const sqlite3_io_methods& m, sqlite3_file* real) { return m.xTruncate(real, size); });
}
int sync_file(sqlite3_file* file, int flags) {
  return flushed(file, [=](const sqlite3_io_methods& m, sqlite3_file* real) { return m.xSync(real, flags); });
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return flushed(file, [=](const sqlite3_io_methods& m, sqlite3_file* real) { return m.xFileSize(real, size); });
}
int lock_file(sqlite3_file* file, int level) { return of(file).methods().xLock(of(file).real(), level); }
int unlock_file(sqlite3_file* file, int level) { return of(file).methods().xUnlock(of(file).real(), level); }
int check_lock(sqlite3_file* file, int* out) { return of(file).methods().xCheckReservedLock(of(file).real(), out); }
int file_control(sqlite3_file* file, int op, void* arg) {
  return of(file).methods().xFileControl(of(file).real(), op, arg);
}
int sector_size(sqlite3_file* file) { return of(file).methods().xSectorSize(of(file).real()); }
int characteristics(sqlite3_file* file) { return of(file).methods().xDeviceCharacteristics(of(file).real()); }

// Version 1: a log is neither shared memory nor mapped.
const sqlite3_io_methods kMethods = {
    1,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, file_control, sector_size,   characteristics, nullptr,
    nullptr,   nullptr,     nullptr,    nullptr,      nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* base = reinterpret_cast<GatheringVfs*>(vfs)->base;
  if ((flags & SQLITE_OPEN_WAL) == 0) return base->xOpen(base, name, file, flags, out_flags);
  auto* gathering = new (file) GatheringFile{};
  const int code = base->xOpen(base, name, gathering->real(), flags, out_flags);
  file->pMethods = gathering->real()->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

std::string gathering_vfs(const std::string& base_name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<GatheringVfs>> made;  // SQLite keeps their addresses
  const std::lock_guard lock(mutex);
  auto& own = made[base_name];
  if (own) return own->name;
  sqlite3_vfs* base = sqlite3_vfs_find(base_name.empty() ? nullptr : base_name.c_str());
  if (base == nullptr) return base_name;
  own = std::make_unique<GatheringVfs>();
  own->vfs = *base;
  own->base = base;
  own->name = "qiao-gathering-" + std::string(base->zName);
  own->vfs.pNext = nullptr;
  own->vfs.zName = own->name.c_str();
  own->vfs.szOsFile = static_cast<int>(sizeof(GatheringFile)) + base->szOsFile;
  own->vfs.xOpen = open_file;
  sqlite3_vfs_register(&own->vfs, 0);
  return own->name;
}

}  // namespace qiao::core::sqlite
