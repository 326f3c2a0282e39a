#include "fault_vfs.hpp"

#include <sqlite3.h>

#include <new>

namespace qiao::core {
namespace {

sqlite3_vfs* real_vfs = nullptr;

/// The real file lies behind this one in the memory that SQLite provides.
struct FaultFile {
  sqlite3_file base;
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real_of(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file)->real(); }

int close_file(sqlite3_file* f) { return real_of(f)->pMethods->xClose(real_of(f)); }
int read_file(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return real_of(f)->pMethods->xRead(real_of(f), to, size, at);
}
int write_file(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  if (const int code = FaultVfs::write_code) return code;
  return real_of(f)->pMethods->xWrite(real_of(f), from, size, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) { return real_of(f)->pMethods->xTruncate(real_of(f), size); }
int sync_file(sqlite3_file* f, int flags) {
  if (const int code = FaultVfs::sync_code) return code;
  return real_of(f)->pMethods->xSync(real_of(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) { return real_of(f)->pMethods->xFileSize(real_of(f), size); }
int lock_file(sqlite3_file* f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); }
int unlock_file(sqlite3_file* f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); }
int check_lock(sqlite3_file* f, int* out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
int file_control(sqlite3_file* f, int op, void* arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
int sector_size(sqlite3_file* f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
int characteristics(sqlite3_file* f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
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
  auto* fault = new (file) FaultFile{};
  const int code = real_vfs->xOpen(real_vfs, name, fault->real(), flags, out_flags);
  file->pMethods = fault->real()->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

void FaultVfs::install() {
  static sqlite3_vfs fault;
  if (real_vfs != nullptr) return;
  real_vfs = sqlite3_vfs_find(nullptr);
  fault = *real_vfs;
  fault.pNext = nullptr;
  fault.zName = "qiao-fault";
  fault.szOsFile = static_cast<int>(sizeof(FaultFile)) + real_vfs->szOsFile;
  fault.xOpen = open_file;
  sqlite3_vfs_register(&fault, 0);
}

}  // namespace qiao::core
