#include "crash_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace qiao::core {
namespace {

constexpr std::size_t kSector = 512;

struct Write {
  std::size_t at;
  std::string bytes;
  bool truncation = false;
};

/// What is certainly on the disk, and what may be.
struct Image {
  std::string durable;
  std::vector<Write> pending;
};

sqlite3_vfs* real_vfs = nullptr;
std::mutex mutex;
std::map<std::string, Image> images;               // by path; guarded by mutex
std::function<void(std::uint64_t)> event_handler;  // guarded by mutex
std::uint64_t events = 0;                          // guarded by mutex

void apply(std::string& bytes, const Write& write) {
  if (write.truncation) {
    bytes.resize(write.at);
    return;
  }
  if (bytes.size() < write.at + write.bytes.size()) bytes.resize(write.at + write.bytes.size());
  std::memcpy(bytes.data() + write.at, write.bytes.data(), write.bytes.size());
}

/// Each sector of an unsynced write may have reached the disk or not.
void apply_in_part(std::string& bytes, const Write& write, std::mt19937_64& random) {
  if (write.truncation) {
    if (random() % 2 == 0) apply(bytes, write);
    return;
  }
  for (std::size_t from = 0; from < write.bytes.size(); from += kSector) {
    if (random() % 2 == 0) apply(bytes, {write.at + from, write.bytes.substr(from, kSector)});
  }
}

void tell() {
  ++events;
  if (event_handler) event_handler(events);
}

struct CrashFile {
  sqlite3_file base;
  std::string* path;
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

CrashFile& of(sqlite3_file* file) { return *reinterpret_cast<CrashFile*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return of(file).real(); }

int close_file(sqlite3_file* f) {
  delete of(f).path;
  return real_of(f)->pMethods->xClose(real_of(f));
}
int read_file(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return real_of(f)->pMethods->xRead(real_of(f), to, size, at);
}
int write_file(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  const std::lock_guard lock(mutex);
  tell();
  images[*of(f).path].pending.push_back(
      {static_cast<std::size_t>(at), std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))});
  return real_of(f)->pMethods->xWrite(real_of(f), from, size, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  const std::lock_guard lock(mutex);
  tell();
  images[*of(f).path].pending.push_back({static_cast<std::size_t>(size), {}, true});
  return real_of(f)->pMethods->xTruncate(real_of(f), size);
}
int sync_file(sqlite3_file* f, int) {
  const std::lock_guard lock(mutex);
  tell();
  Image& image = images[*of(f).path];
  for (const Write& write : image.pending) apply(image.durable, write);
  image.pending.clear();
  return SQLITE_OK;
}
int file_size(sqlite3_file* f, sqlite3_int64* size) { return real_of(f)->pMethods->xFileSize(real_of(f), size); }
int lock_file(sqlite3_file* f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); }
int unlock_file(sqlite3_file* f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); }
int check_lock(sqlite3_file* f, int* out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
int file_control(sqlite3_file* f, int op, void* arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
int sector_size(sqlite3_file*) { return static_cast<int>(kSector); }
/// No promise beyond the sector, whatever the system's layer would promise.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
int shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
  return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int count, int flags) {
  return real_of(f)->pMethods->xShmLock(real_of(f), offset, count, flags);
}
void shm_barrier(sqlite3_file* f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); }

const sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, file_control, sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,  nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) == 0) {
    return real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  }
  auto* crash = new (file) CrashFile{};
  const int code = real_vfs->xOpen(real_vfs, name, crash->real(), flags, out_flags);
  file->pMethods = nullptr;
  if (code == SQLITE_OK) {
    crash->path = new std::string(name);
    file->pMethods = &kMethods;
    const std::lock_guard lock(mutex);
    images.try_emplace(name);
  }
  return code;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  const std::lock_guard lock(mutex);
  images.erase(name);
  return real_vfs->xDelete(real_vfs, name, sync_folder);
}

}  // namespace

void CrashVfs::install() {
  static sqlite3_vfs crash;
  if (real_vfs != nullptr) return;
  real_vfs = sqlite3_vfs_find(nullptr);
  crash = *real_vfs;
  crash.pNext = nullptr;
  crash.zName = "qiao-crash";
  crash.szOsFile = static_cast<int>(sizeof(CrashFile)) + real_vfs->szOsFile;
  crash.xOpen = open_file;
  crash.xDelete = delete_file;
  sqlite3_vfs_register(&crash, 0);
}

void CrashVfs::reset(std::function<void(std::uint64_t)> on_event) {
  const std::lock_guard lock(mutex);
  images.clear();
  events = 0;
  event_handler = std::move(on_event);
}

void CrashVfs::cut(const std::filesystem::path& folder, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::filesystem::create_directories(folder);
  for (const auto& [path, image] : images) {
    std::string bytes = image.durable;
    for (const Write& write : image.pending) apply_in_part(bytes, write, random);
    std::ofstream(folder / std::filesystem::path(path).filename(), std::ios::binary) << bytes;
  }
}

}  // namespace qiao::core
