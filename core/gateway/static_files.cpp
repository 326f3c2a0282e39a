#include "core/gateway/static_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace qiao::core {
namespace {

bool accepts(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    std::string_view item = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    std::string_view name = item.substr(0, semicolon);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    const std::string_view quality = item.substr(semicolon);
    const bool refused =
        quality.find("q=0") != std::string_view::npos && quality.find_first_of("123456789") == std::string_view::npos;
    if (name == coding) return !refused;
  }
  return false;
}

bool tag_matches(std::string_view header, std::string_view quoted) {
  return header == "*" || header.find(quoted) != std::string_view::npos;
}

bool safe(std::string_view path) {
  if (path.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) return false;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment.empty() || segment.front() == '.') return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
    {".pdf", "application/pdf"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".wasm", "application/wasm"},
};

HttpResponse not_found() { return problem(404, "not_found", "nothing is here"); }

}  // namespace

std::string_view media_type(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view extension = dot == std::string_view::npos ? std::string_view() : name.substr(dot);
  for (const auto& [known, type] : kTypes) {
    if (known == extension) return type;
  }
  return "application/octet-stream";
}

bool has_content_hash(std::string_view name) {
  name.remove_prefix(name.rfind('/') + 1);
  const std::size_t dot = name.find('.', 1);
  if (dot == std::string_view::npos) return false;
  const std::string_view stem = name.substr(0, dot);
  // The separator is itself a letter of the alphabet of these hashes, so count from the end.
  if (stem.size() < 10 || stem[stem.size() - 9] != '-') return false;
  const std::string_view hash = stem.substr(stem.size() - 8);
  bool telling = false;
  for (const char c : hash) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!lower && !other) return false;
    telling = telling || (other && c != '-');
  }
  return telling;
}

std::optional<std::pair<std::size_t, std::size_t>> parse_range(std::string_view header, std::size_t size,
                                                               bool& unsatisfiable) {
  unsatisfiable = false;
  if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return std::nullopt;
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view text) -> std::optional<std::size_t> {
    std::size_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  const std::string_view from = header.substr(0, dash);
  const std::string_view to = header.substr(dash + 1);
  const auto first = number(from);
  const auto last = number(to);
  if ((!from.empty() && !first) || (!to.empty() && !last) || (from.empty() && to.empty())) return std::nullopt;
  if (from.empty()) {
    unsatisfiable = *last == 0 || size == 0;
    if (unsatisfiable) return std::nullopt;
    return std::pair(size - std::min(*last, size), size - 1);
  }
  if (last && *last < *first) return std::nullopt;
  unsatisfiable = *first >= size;
  if (unsatisfiable) return std::nullopt;
  return std::pair(*first, last ? std::min(*last, size - 1) : size - 1);
}

StaticFiles::StaticFiles(std::filesystem::path folder, Headers headers, std::string fallback)
    : folder_(std::move(folder)), headers_(std::move(headers)), fallback_(std::move(fallback)) {}

std::optional<StaticFiles::Found> StaticFiles::look(const std::filesystem::path& relative) const {
  Found found{folder_ / relative, 0, {}};
  struct stat info {};
  if (::stat(found.file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  found.size = static_cast<std::size_t>(info.st_size);
  found.tag = fmt::format("{:x}-{:x}", info.st_size, info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec);
  return found;
}

Answer StaticFiles::serve(std::string_view path, const HttpRequest& request) {
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string wanted(path);
  if (wanted.ends_with('/')) wanted.pop_back();
  if (!safe(wanted)) return {.response = not_found()};
  if (!path.empty() && !path.ends_with('/')) {
    if (const auto found = look(wanted)) return send(*found, request);
  }
  if (const auto index = look(wanted.empty() ? "index.html" : wanted + "/index.html")) return send(*index, request);
  // A missing script must not come back as a page.
  const bool page = wanted.find('.', wanted.rfind('/') + 1) == std::string::npos;
  if (!fallback_.empty() && page) {
    if (const auto found = look(fallback_)) return send(*found, request);
  }
  return {.response = not_found()};
}

Answer StaticFiles::send(const Found& plain, const HttpRequest& request) {
  Answer answer;
  Found chosen = plain;
  HttpResponse& response = answer.response;
  const std::string_view codings = request.header("accept-encoding");
  const std::string name = plain.file.filename().string();
  for (const auto& [coding, suffix] : {std::pair("br", ".br"), std::pair("gzip", ".gz")}) {
    if (!accepts(codings, coding)) continue;
    if (auto packed = look(plain.file.lexically_relative(folder_).string() + suffix)) {
      chosen = std::move(*packed);
      chosen.tag += std::string("-") + coding;
      response.headers.emplace_back("Content-Encoding", coding);
      break;
    }
  }
  const std::string tag = '"' + chosen.tag + '"';
  response.content_type = media_type(name);
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Cache-Control",
                                has_content_hash(name) ? "public, max-age=31536000, immutable" : "no-cache");
  for (const auto& [key, value] : headers_) {
    std::erase_if(response.headers, [&k = key](const auto& h) { return h.first == k; });
    response.headers.emplace_back(key, value);
  }
  const std::string_view known = request.header("if-none-match");
  if (!known.empty() && tag_matches(known, tag)) {
    response.status = 304;
    return answer;
  }
  if (!load(chosen, answer)) return {.response = not_found()};
  const std::string_view range = request.header("range");
  if (range.empty() || (!request.header("if-range").empty() && request.header("if-range") != tag)) return answer;
  bool unsatisfiable = false;
  const auto part = parse_range(range, chosen.size, unsatisfiable);
  if (unsatisfiable) {
    Answer refused{.response = problem(416, "http.range", "the file is shorter than the range")};
    refused.response.headers.emplace_back("Content-Range", fmt::format("bytes */{}", chosen.size));
    return refused;
  }
  if (part) {
    const auto [first, last] = *part;
    response.status = 206;
    response.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, last, chosen.size));
    if (answer.shared) {
      response.body = answer.shared->substr(first, last - first + 1);
      answer.shared.reset();
    } else {
      answer.file->offset = static_cast<off_t>(first);
      answer.file->size = last - first + 1;
    }
  }
  return answer;
}

bool StaticFiles::load(const Found& found, Answer& answer) {
  const std::string key = found.file.string();
  if (found.size <= kSmall) {
    std::lock_guard lock(mutex_);
    const auto kept = cache_.find(key);
    if (kept != cache_.end() && kept->second.tag == found.tag) {
      answer.shared = kept->second.text;
      return true;
    }
  }
  auto part = std::make_unique<FilePart>();
  part->fd = ::open(key.c_str(), O_RDONLY | O_CLOEXEC);
  if (part->fd < 0) return false;
  part->size = found.size;
  if (found.size > kSmall) {
    answer.file = std::move(part);
    return true;
  }
  std::string text(found.size, '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t n = ::read(part->fd, text.data() + got, text.size() - got);
    if (n <= 0) return false;  // shorter than a moment ago: it is being replaced
    got += static_cast<std::size_t>(n);
  }
  answer.shared = std::make_shared<const std::string>(std::move(text));
  std::lock_guard lock(mutex_);
  if (cached_bytes_ + found.size > kMostCached) {
    cache_.clear();
    cached_bytes_ = 0;
  }
  Cached& slot = cache_[key];
  cached_bytes_ += found.size - (slot.text ? slot.text->size() : 0);
  slot = {found.tag, answer.shared};
  return true;
}

}  // namespace qiao::core
