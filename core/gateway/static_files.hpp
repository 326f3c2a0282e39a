#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/gateway/response.hpp"

namespace qiao::core {

/// A folder served read-only. Any thread.
///
/// Small files are kept in memory while their size and time on disk stay the same; larger ones are streamed. Hidden
/// files, `..` and anything else that could leave the folder do not exist.
class StaticFiles {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  StaticFiles(std::filesystem::path folder, Headers headers, std::string fallback);

  /// `path` is decoded, below the mount's prefix, with or without a leading slash. GET or HEAD.
  [[nodiscard]] Answer serve(std::string_view path, const HttpRequest& request);

  static constexpr std::size_t kSmall = 256 * 1024;
  static constexpr std::size_t kMostCached = 8 * 1024 * 1024;

 private:
  struct Found {
    std::filesystem::path file;
    std::size_t size = 0;
    std::string tag;  ///< without quotes
  };
  struct Cached {
    std::string tag;
    std::shared_ptr<const std::string> text;
  };
  [[nodiscard]] std::optional<Found> look(const std::filesystem::path& relative) const;
  [[nodiscard]] Answer send(const Found& plain, const HttpRequest& request);
  bool load(const Found& found, Answer& answer);

  std::filesystem::path folder_;
  Headers headers_;
  std::string fallback_;

  std::mutex mutex_;
  std::unordered_map<std::string, Cached> cache_;
  std::size_t cached_bytes_ = 0;
};

/// The first and last byte of a single `bytes=` range; nothing when it is not one, or not one of ours to honour.
/// `unsatisfiable` tells the second case apart.
std::optional<std::pair<std::size_t, std::size_t>> parse_range(std::string_view header, std::size_t size,
                                                               bool& unsatisfiable);
/// Whether a file's name carries a hash of its content, as bundlers make them: `index-BxYz12_3.js`.
bool has_content_hash(std::string_view name);
std::string_view media_type(std::string_view name);

}  // namespace qiao::core
