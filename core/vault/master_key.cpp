#include "core/vault/master_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace qiao::core {
namespace {

Error bad_key(std::string_view where) {
  return {
      Errc::bad_value, "vault.bad_key",
      fmt::format("{}: expected a key of 32 bytes as 64 hexadecimal digits or base64 (openssl rand -hex 32)", where)};
}

Error cannot(const std::filesystem::path& path, std::string_view what) {
  return {Errc::unavailable, "vault.key_file",
          fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno))};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

/// Closes on every way out.
struct File {
  int fd;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Result<MasterKey> MasterKey::parse(std::string_view text) {
  text = trimmed(text);
  auto bytes = text.size() == 2 * crypto::Key::kSize ? crypto::from_hex(text) : crypto::from_base64(text);
  if (!bytes || bytes->size() != crypto::Key::kSize) return bad_key("the master key");
  MasterKey made;
  std::copy(bytes->begin(), bytes->end(), made.key.data());
  OPENSSL_cleanse(bytes->data(), bytes->size());
  std::array<unsigned char, 6> id;
  if (!crypto::hkdf(made.key.view(), {}, "qiao master key id", id)) {
    return Error{Errc::internal, "vault.failed", "HKDF is not available"};
  }
  made.id = crypto::hex(id);
  return made;
}

Result<MasterKeys> MasterKeys::from(std::string_view current, const std::vector<std::string>& previous,
                                    std::filesystem::path file) {
  MasterKeys keys;
  keys.file = std::move(file);
  if (!current.empty()) {
    auto key = MasterKey::parse(current);
    if (!key) return bad_key("vault.key");
    keys.current = std::move(*key);
  }
  for (std::size_t i = 0; i < previous.size(); ++i) {
    auto key = MasterKey::parse(previous[i]);
    if (!key) return bad_key(fmt::format("vault.previous[{}]", i));
    keys.previous.push_back(std::move(*key));
  }
  return keys;
}

Result<MasterKey> read_master_key(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Error{Errc::not_found, "vault.no_key", fmt::format("there is no readable key file {}", file.string())};
  }
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto key = MasterKey::parse(text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) return bad_key(file.string());
  return key;
}

Result<MasterKey> make_master_key(const std::filesystem::path& file) {
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  if (!failed) std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, failed);
  if (failed) {
    return Error{Errc::unavailable, "vault.key_file",
                 fmt::format("cannot make the folder {}: {}", file.parent_path().string(), failed.message())};
  }
  const auto fresh = crypto::Key::random();
  if (!fresh) return Error{Errc::internal, "vault.failed", "the system gives no random numbers"};
  std::string text = crypto::hex({fresh->data(), crypto::Key::kSize}) + "\n";
  auto key = MasterKey::parse(text);
  if (!key) return key;

  // Written beside and linked into place, so that the file is there whole or not at all.
  const std::filesystem::path part = file.string() + ".part";
  ::unlink(part.c_str());
  {
    const File out{::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (out.fd < 0) return cannot(part, "make");
    const bool written =
        ::write(out.fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(out.fd) == 0;
    OPENSSL_cleanse(text.data(), text.size());
    if (!written) return cannot(part, "write");
  }
  const int linked = ::link(part.c_str(), file.c_str());
  const int why = errno;
  ::unlink(part.c_str());
  if (linked != 0) {
    errno = why;
    return cannot(file, "make");
  }
  const File folder{::open(file.parent_path().c_str(), O_RDONLY | O_CLOEXEC)};
  if (folder.fd < 0 || ::fsync(folder.fd) != 0) return cannot(file.parent_path(), "sync");
  return key;
}

}  // namespace qiao::core
