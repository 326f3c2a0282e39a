#include "core/vault/field_vault.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace qiao::core {
namespace {

constexpr Migration kMigrations[] = {{1, "keys", R"(
  CREATE TABLE hub_data_key (
    id BIGINT NOT NULL PRIMARY KEY,
    kind INT NOT NULL,
    master VARCHAR(32) NOT NULL,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT NOT NULL);
  CREATE TABLE hub_subject_key (
    id BIGINT NOT NULL PRIMARY KEY,
    subject BIGINT NOT NULL UNIQUE,
    data_key BIGINT NOT NULL,
    wrapped BLOB NOT NULL,
    contested INT NOT NULL,
    created_at BIGINT NOT NULL);
  CREATE INDEX hub_subject_key_by ON hub_subject_key (data_key, id))"}};

constexpr char kMagic = '\xFE';
constexpr char kVersion = '\x01';
constexpr std::size_t kPlaceAt = 2;
constexpr std::size_t kKeyAt = 6;
constexpr std::size_t kHeader = 14;
constexpr std::size_t kLongestName = 64;
/// A retired data key stays this long, for nodes that have not heard of its successor.
constexpr auto kKeepRetired = std::chrono::hours(1);

void put(char* out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(value >> (8 * i) & 255U);
}

std::uint64_t get(const char* in, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  return value;
}

/// What the tag covers besides the text.
class Context {
 public:
  explicit Context(const SealedPlace& place) {
    add(place.table);
    add(place.column);
    put(&bytes_[size_], static_cast<std::uint64_t>(place.row), 8);
    size_ += 8;
    std::uint32_t hash = 0x811c9dc5U;
    for (std::size_t i = 0; i < size_; ++i) hash = (hash ^ static_cast<unsigned char>(bytes_[i])) * 0x01000193U;
    hash_ = hash;
  }
  [[nodiscard]] std::uint32_t hash() const { return hash_; }
  [[nodiscard]] std::string_view with_key(Id key) {
    put(&bytes_[size_], static_cast<std::uint64_t>(key.value), 8);
    return {bytes_.data(), size_ + 8};
  }

 private:
  void add(std::string_view name) {
    std::memcpy(&bytes_[size_], name.data(), name.size());
    size_ += name.size();
    bytes_[size_++] = '\0';
  }
  std::array<char, 2 * (kLongestName + 1) + 16> bytes_;
  std::size_t size_ = 0;
  std::uint32_t hash_ = 0;
};

bool good(const SealedPlace& place) {
  return place.table.size() <= kLongestName && place.column.size() <= kLongestName;
}

Error bad_place() {
  return {Errc::bad_value, "vault.bad_place", "the names of table and column have at most 64 characters each"};
}

Error damaged(const SealedPlace& place) {
  return {Errc::internal, "vault.damaged",
          fmt::format("{}.{} of row {} is not what was sealed", place.table, place.column, place.row)};
}

}  // namespace

std::int64_t VaultStatus::left() const {
  std::int64_t count = 0;
  for (const DataKeyInfo& key : data_keys) {
    if (key.retired_at != Time{}) count += key.subject_keys;
  }
  return count;
}

FieldVault::FieldVault(std::unique_ptr<InstanceStore> database, Duration rotate_every, Logger& log, const Clock& clock)
    : database_(std::move(database)), rotate_every_(rotate_every), log_(log), clock_(clock) {}

Result<std::unique_ptr<FieldVault>> FieldVault::open(std::unique_ptr<InstanceStore> database, Settings settings,
                                                     Logger& log, const Clock& clock) {
  std::unique_ptr<FieldVault> vault(new FieldVault(std::move(database), settings.rotate_every, log, clock));
  if (auto done = vault->database_->migrate(kMigrations); !done) return done.error();
  auto keys = DataKeys::open(*vault->database_, settings.masters, clock);
  if (!keys) return keys.error();
  vault->data_keys_ = std::move(*keys);
  vault->subject_keys_ = std::make_unique<SubjectKeys>(*vault->data_keys_, settings.keys, clock);
  for (const std::string& old : vault->data_keys_->rewrapped_from()) {
    log.info(
        "the data keys are now wrapped by master key {}; {} can go from vault.previous once every node has started "
        "with the new one",
        vault->data_keys_->master_id(), old);
  }
  return vault;
}

bool FieldVault::is_sealed(std::string_view bytes) noexcept { return !bytes.empty() && bytes.front() == kMagic; }

Result<std::string> FieldVault::seal(Session& session, Id subject, const SealedPlace& place, std::string_view plain) {
  if (plain.empty()) return std::string();
  if (!good(place)) return bad_place();
  auto key = subject_keys_->of(session, subject);
  if (!key) return key.error();
  Context context(place);
  std::string sealed;
  sealed.reserve(kHeader + crypto::kSealSize + plain.size());
  sealed.resize(kHeader);
  sealed[0] = kMagic;
  sealed[1] = kVersion;
  put(&sealed[kPlaceAt], context.hash(), 4);
  put(&sealed[kKeyAt], static_cast<std::uint64_t>(key->id.value), 8);
  if (!crypto::seal_onto(sealed, key->key, context.with_key(key->id), plain)) {
    return Error{Errc::internal, "vault.failed", "a value could not be encrypted"};
  }
  return sealed;
}

Result<std::string> FieldVault::open(Session& session, const SealedPlace& place, std::string_view sealed) {
  if (!is_sealed(sealed)) return std::string(sealed);
  if (!good(place)) return bad_place();
  if (sealed.size() < kHeader + crypto::kSealSize || sealed[1] != kVersion) return damaged(place);
  Context context(place);
  if (get(&sealed[kPlaceAt], 4) != context.hash()) {
    return Error{Errc::conflict, "vault.wrong_place",
                 fmt::format("{}.{} of row {} holds a value that was sealed for another place", place.table,
                             place.column, place.row)};
  }
  const Id id{static_cast<std::int64_t>(get(&sealed[kKeyAt], 8))};
  auto key = subject_keys_->find(session, id);
  if (!key) return key.error();
  auto plain = crypto::open(*key, context.with_key(id), sealed.substr(kHeader));
  if (!plain) return damaged(place);
  return std::move(*plain);
}

const crypto::Hmac& FieldVault::hmac(std::string_view purpose) const {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = hmacs_.find(purpose); found != hmacs_.end()) return found->second;
  }
  const auto key = crypto::derive(data_keys_->root(), fmt::format("qiao blind/{}", purpose));
  if (!key) throw std::runtime_error("HKDF is not available");
  const std::unique_lock lock(mutex_);
  return hmacs_.try_emplace(std::string(purpose), key->view()).first->second;
}

crypto::Digest FieldVault::mac(std::string_view purpose, std::string_view value) const {
  return hmac(purpose).of(value);
}

std::string FieldVault::blind(std::string_view purpose, std::string_view value) const {
  const crypto::Digest digest = mac(purpose, value);
  return crypto::base64url(std::span(digest).first<16>());
}

Result<void> FieldVault::forget(Session& session, std::span<const Id> subjects) {
  return subject_keys_->forget(session, subjects);
}

Result<Id> FieldVault::rotate() { return data_keys_->rotate(*database_); }

Result<bool> FieldVault::work(std::size_t batch) {
  if (auto done = data_keys_->refresh(*database_); !done) return done.error();
  auto now = status();
  if (!now) return now.error();
  if (!now->data_keys.empty() && clock_.now() - now->data_keys.back().created_at > rotate_every_) {
    auto made = rotate();
    if (!made) return made.error();
    log_.info("a new data key is in use, as every {} days, key={}",
              std::chrono::duration_cast<std::chrono::hours>(rotate_every_).count() / 24, made->value);
    return true;
  }
  if (now->left() > 0) {
    auto done = subject_keys_->rewrap(*database_, batch);
    if (!done) return done.error();
    return true;
  }
  const Time before = clock_.now() - kKeepRetired;
  bool unused = false;
  for (const DataKeyInfo& key : now->data_keys) unused |= key.retired_at != Time{} && key.retired_at < before;
  if (!unused) return false;
  auto dropped = data_keys_->drop_unused(*database_, before);
  if (!dropped) return dropped.error();
  for (const Id id : *dropped) log_.info("a data key without use was destroyed, key={}", id.value);
  return false;
}

Result<VaultStatus> FieldVault::status() {
  VaultStatus status;
  status.master = data_keys_->master_id();
  status.master_in_data_folder = data_keys_->master_in_data_folder();
  auto done = database_->read([&](Session& session) -> Result<void> {
    auto keys = data_keys_->list(session);
    if (!keys) return keys.error();
    status.data_keys = std::move(*keys);
    return {};
  });
  if (!done) return done.error();
  return status;
}

}  // namespace qiao::core
