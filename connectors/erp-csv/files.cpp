#include "connectors/erp-csv/files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace qiao::erp_csv {
namespace {

struct Stamp {
  std::string text;  ///< empty: there is no such file
  Time written;
};

Stamp stamp_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const auto micros = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000 + info.st_mtim.tv_nsec / 1000;
  return {fmt::format("{} {} {}", info.st_ino, info.st_size, micros), from_micros(micros)};
}

std::string joined(const std::vector<std::string>& problems) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, problems.size()); ++i) text += (i == 0 ? "" : "; ") + problems[i];
  if (problems.size() > kShown) text += fmt::format("; and {} more", problems.size() - kShown);
  return text;
}

}  // namespace

Files::Files(const Config& config, std::filesystem::path folder) {
  const auto add = [&](const char* what, const std::optional<FileConfig>& file, auto method) {
    if (file) files_.push_back({what, folder / file->file, file->columns, method, {}});
  };
  // Products first: orders take names from them.
  add("products", config.products, &Catalogue::add_products);
  add("stock", config.stock, &Catalogue::add_stock);
  add("orders", config.orders, &Catalogue::add_orders);
}

Files::Look Files::look() {
  std::vector<Stamp> stamps;
  bool changed = false;
  for (const Watched& file : files_) {
    stamps.push_back(stamp_of(file.path));
    changed = changed || stamps.back().text != file.seen || stamps.back().text.empty();
  }
  if (!changed) return {nullptr, problem_};

  auto fresh = std::make_shared<Snapshot>();
  fresh->as_of = Time::max();
  problem_.clear();
  for (std::size_t i = 0; i < files_.size(); ++i) {
    Watched& file = files_[i];
    file.seen = stamps[i].text;
    const auto complain = [&](std::string_view text) {
      problem_ += fmt::format("{}{}: {}", problem_.empty() ? "" : "; ", file.path.string(), text);
    };
    if (stamps[i].text.empty()) {
      complain("there is no such file");
      continue;
    }
    std::ifstream in(file.path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in.good() && !in.eof()) {
      complain("cannot be read");
      continue;
    }
    // Somebody writes it at this moment; the next look finds it whole.
    if (stamp_of(file.path).text != file.seen) {
      file.seen.clear();
      return {nullptr, fmt::format("{} changes while it is read", file.path.string())};
    }
    auto table = read_csv(bytes);
    if (!table) {
      complain(table.error().message);
      continue;
    }
    std::vector<std::string> problems;
    if (auto added = (fresh->catalogue.*file.add)(*table, file.columns, problems); !added) {
      complain(added.error().message);
    } else if (!problems.empty()) {
      complain(joined(problems));
    }
    fresh->as_of = std::min(fresh->as_of, stamps[i].written);
  }
  if (fresh->as_of == Time::max()) fresh->as_of = Time{};
  return {std::move(fresh), problem_};
}

}  // namespace qiao::erp_csv
