#include "core/archive/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>
#include <vector>

namespace qiao::core::files {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }

 private:
  const int fd_;
};

class Hash {
 public:
  Hash() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const char* bytes, std::size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
  [[nodiscard]] std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

Result<void> write_all(int fd, const char* bytes, std::size_t count, const std::filesystem::path& path) {
  while (count > 0) {
    const ssize_t done = ::write(fd, bytes, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failed(path, "cannot write", errno);
    bytes += done;
    count -= static_cast<std::size_t>(done);
  }
  return {};
}

}  // namespace

Error failed(const std::filesystem::path& path, std::string_view what, int code) {
  return {Errc::unavailable, "backup.failed",
          fmt::format("{} {}: {}", what, path.string(), std::error_code(code, std::generic_category()).message())};
}

Result<void> sync(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return failed(path, "cannot open", errno);
  if (fsync(file.get()) != 0) return failed(path, "cannot sync", errno);
  return {};
}

Result<void> sync_folders(const std::filesystem::path& path) {
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_directory()) continue;
    if (auto done = sync(it->path()); !done) return done;
  }
  if (error) return failed(path, "cannot read", error.value());
  return sync(path);
}

Result<void> make_folders(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) return failed(path, "cannot make", error.value());
  return {};
}

Result<void> write(const std::filesystem::path& path, std::string_view bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.open()) return failed(path, "cannot write", errno);
  if (auto done = write_all(file.get(), bytes.data(), bytes.size(), path); !done) return done;
  if (fsync(file.get()) != 0) return failed(path, "cannot sync", errno);
  return {};
}

Result<std::string> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf())) return failed(path, "cannot read", errno);
  return std::move(bytes).str();
}

Result<std::string> sha256(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return failed(path, "cannot open", errno);
  Hash hash;
  std::vector<char> block(kBlock);
  for (;;) {
    const ssize_t count = ::read(file.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, "cannot read", errno);
    if (count == 0) return hash.hex();
    hash.add(block.data(), static_cast<std::size_t>(count));
  }
}

Result<Copied> copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.open()) {
    Error error = failed(from, "cannot open", errno);
    if (errno == ENOENT) error.code = Errc::not_found;
    return error;
  }
  const Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!target.open()) return failed(to, "cannot write", errno);
  Hash hash;
  Copied copied;
  std::vector<char> block(kBlock);
  for (;;) {
    const ssize_t count = ::read(source.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(from, "cannot read", errno);
    if (count == 0) break;
    hash.add(block.data(), static_cast<std::size_t>(count));
    if (auto done = write_all(target.get(), block.data(), static_cast<std::size_t>(count), to); !done) {
      return done.error();
    }
    copied.bytes += static_cast<std::uint64_t>(count);
  }
  struct stat info {};
  if (fstat(source.get(), &info) == 0) {
    const timespec times[2] = {info.st_mtim, info.st_mtim};
    static_cast<void>(futimens(target.get(), times));  // without it the next backup copies it again
  }
  if (fsync(target.get()) != 0) return failed(to, "cannot sync", errno);
  copied.sha256 = hash.hex();
  return copied;
}

Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(to, "cannot write", errno);
  return sync(to.has_parent_path() ? to.parent_path() : std::filesystem::path("."));
}

}  // namespace qiao::core::files
