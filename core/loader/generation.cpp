#include "core/loader/generation.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/dll/shared_library.hpp>
#include <fstream>
#include <list>

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

std::string fingerprint_of(const struct stat& info) {
  return fmt::format("{:x}:{:x}:{:x}:{:x}.{:x}:{:x}.{:x}", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

Error copy_error(const fs::path& library, std::string_view what) {
  return Error{Errc::unavailable, "plugin.copy_failed",
               fmt::format("{}: {}: {}", library.string(), what, std::strerror(errno))};
}

struct FileDescriptor {
  int fd;
  ~FileDescriptor() {
    if (fd >= 0) ::close(fd);
  }
};

/// Copies everything from one descriptor to the other and returns the hash of what went through, or empty.
std::string copy_and_hash(int from, int to) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(std::size_t{256} * 1024);
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0) return {};
    if (got == 0) break;
    EVP_DigestUpdate(hash.get(), buffer.data(), static_cast<std::size_t>(got));
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = ::write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (put <= 0) return {};
      done += put;
    }
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), digest, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

}  // namespace

CopyStore::CopyStore(fs::path folder) : folder_(std::move(folder)) {
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  fs::permissions(folder_, fs::perms::owner_all, ignored);
  load_index();
}

void CopyStore::load_index() {
  std::ifstream index(folder_ / "index");
  std::string sha256;
  std::string fingerprint;
  std::string path;
  while (index >> sha256 >> fingerprint && std::getline(index >> std::ws, path)) {
    known_[path] = {fingerprint, sha256};
  }
}

Result<LibraryCopy> CopyStore::take(const fs::path& library) {
  const FileDescriptor source{::open(library.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat before {};
  if (source.fd < 0 || ::fstat(source.fd, &before) != 0) return copy_error(library, "cannot be read");
  const std::string path = library.string();
  const std::string fingerprint = fingerprint_of(before);
  const auto copy_of = [this](const std::string& sha256) { return LibraryCopy{folder_ / (sha256 + ".so"), sha256}; };

  if (auto known = known_.find(path); known != known_.end() && known->second.fingerprint == fingerprint) {
    LibraryCopy copy = copy_of(known->second.sha256);
    struct stat kept {};
    if (::stat(copy.file.c_str(), &kept) == 0 && kept.st_size == before.st_size) return copy;
  }

  char magic[4] = {};
  if (::pread(source.fd, magic, sizeof(magic), 0) != sizeof(magic) || std::string_view(magic, 4) !=
                                                                          "\x7f"
                                                                          "ELF") {
    return Error{Errc::bad_value, "plugin.not_a_library", "not a shared library for this machine"};
  }
  const fs::path temporary = folder_ / fmt::format(".copy-{}-{}", ::getpid(), new_id().value);
  std::string sha256;
  {
    const FileDescriptor target{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500)};
    if (target.fd < 0) return copy_error(temporary, "cannot be written");
    sha256 = copy_and_hash(source.fd, target.fd);
  }
  struct stat after {};
  ::fstat(source.fd, &after);
  std::error_code failed;
  if (sha256.empty() || fingerprint_of(after) != fingerprint) {
    fs::remove(temporary, failed);
    return Error{Errc::unavailable, "plugin.copy_failed",
                 fmt::format("{}: changed while it was read; put a library in place by renaming it", path)};
  }
  LibraryCopy copy = copy_of(sha256);
  fs::rename(temporary, copy.file, failed);
  if (failed) return copy_error(copy.file, "cannot be put in place");
  known_[path] = {fingerprint, sha256};
  changed_ = true;
  return copy;
}

void CopyStore::settle(const std::set<std::string>& wanted) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (entry.path().extension() == ".so" && !wanted.contains(entry.path().stem().string())) {
      fs::remove(entry.path(), ignored);
    }
  }
  if (!changed_) return;
  const fs::path temporary = folder_ / fmt::format(".index-{}", ::getpid());
  {
    std::ofstream index(temporary, std::ios::trunc);
    for (const auto& [path, known] : known_) {
      if (wanted.contains(known.sha256)) index << known.sha256 << ' ' << known.fingerprint << ' ' << path << '\n';
    }
    if (!index.flush()) return;
  }
  fs::rename(temporary, folder_ / "index", ignored);
  changed_ = false;
}

Lease::Lease(Generation& generation) : generation_(&generation) {
  generation_->leases_.fetch_add(1, std::memory_order_relaxed);
}

Lease::Lease(const Lease& other) : generation_(other.generation_) {
  if (generation_) generation_->leases_.fetch_add(1, std::memory_order_relaxed);
}

Lease::~Lease() {
  if (generation_) generation_->leases_.fetch_sub(1, std::memory_order_release);
}

namespace {

/// Every generation of this process. Never destroyed: code of a generation may run until the process ends.
struct Loaded {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Generation>> by_hash;
};

Loaded& loaded_generations() {
  static auto* all = new Loaded;
  return *all;
}

}  // namespace

Result<Generation*> Generation::load(const LibraryCopy& copy) {
  Loaded& all = loaded_generations();
  const std::lock_guard lock(all.mutex);
  if (auto found = all.by_hash.find(copy.sha256); found != all.by_hash.end()) return found->second.get();

  std::unique_ptr<Generation> generation(new Generation);
  generation->sha256_ = copy.sha256;
  boost::dll::fs::error_code failed;
  // Mapped for good from here on; see the class comment.
  const auto mode =
      static_cast<boost::dll::load_mode::type>(static_cast<int>(boost::dll::load_mode::rtld_now) |
                                               static_cast<int>(boost::dll::load_mode::rtld_local) | RTLD_NODELETE);
  const boost::dll::shared_library library(copy.file.string(), failed, mode);
  if (failed) {
    const char* said = ::dlerror();
    return Error{Errc::bad_value, "plugin.load_failed",
                 fmt::format("the dynamic linker refused it: {}", said ? said : failed.message().c_str())};
  }
  generation->descriptor_ = &library.get<const PluginDescriptor>(kPluginSymbol);
  try {
    generation->descriptor_->describe(generation->manifest_);
  } catch (const std::exception& e) {
    return Error{Errc::internal, "plugin.threw", fmt::format("its describe threw: {}", e.what())};
  } catch (...) {
    return Error{Errc::internal, "plugin.threw", "its describe threw something that is no std::exception"};
  }
  return all.by_hash.emplace(copy.sha256, std::move(generation)).first->second.get();
}

std::size_t Generation::parked() {
  Loaded& all = loaded_generations();
  const std::lock_guard lock(all.mutex);
  return static_cast<std::size_t>(
      std::count_if(all.by_hash.begin(), all.by_hash.end(), [](const auto& g) { return g.second->leases() == 0; }));
}

std::size_t Generation::loaded() {
  Loaded& all = loaded_generations();
  const std::lock_guard lock(all.mutex);
  return all.by_hash.size();
}

}  // namespace qiao::core
