#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace qiao::core {

/// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = testing::TempDir() + "/qiao-loader-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path fixture(const std::string& folder, const std::string& name) {
  return std::filesystem::path(QIAO_FIXTURES) / folder / (name + ".so");
}

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// Puts a library in place as an operator should: whole, by renaming.
inline void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::filesystem::path aside = to.string() + ".new";
  std::filesystem::copy_file(from, aside, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::rename(aside, to);
}

}  // namespace qiao::core
