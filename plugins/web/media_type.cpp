#include "plugins/web/media_type.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace qiao::web {
namespace {

using namespace std::string_view_literals;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string zip_kind(std::string_view name) {
  const std::string n = lower(name);
  if (n.ends_with(".docx")) return "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
  if (n.ends_with(".xlsx")) return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  if (n.ends_with(".pptx")) return "application/vnd.openxmlformats-officedocument.presentationml.presentation";
  return "application/zip";
}

/// Length of the UTF-8 sequence at `i`, 0 when it is none.
std::size_t utf8_length(std::string_view s, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned char c = byte(i);
  std::size_t length = 0;
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c < 0xE0)
    length = 2;
  else if (c >= 0xE0 && c < 0xF0)
    length = 3;
  else if (c >= 0xF0 && c < 0xF5)
    length = 4;
  else
    return 0;
  if (i + length > s.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool plain_text(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c < 0x20 && c != '\n' && c != '\r' && c != '\t') return false;
    const std::size_t n = utf8_length(bytes, i);
    if (n == 0) return false;
    i += n;
  }
  return true;
}

bool looks_like_markup(std::string_view bytes) {
  const std::string head = lower(bytes.substr(0, 1024));
  return head.find("<!doctype") != std::string::npos || head.find("<html") != std::string::npos ||
         head.find("<svg") != std::string::npos || head.find("<?xml") != std::string::npos ||
         head.find("<script") != std::string::npos;
}

std::uint32_t big_endian(std::string_view s, std::size_t at) {
  const auto b = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[at + k])); };
  return b(0) << 24 | b(1) << 16 | b(2) << 8 | b(3);
}

std::string jpeg_without_metadata(const std::string& bytes) {
  std::string out(bytes, 0, 2);
  std::size_t at = 2;
  while (at + 4 <= bytes.size() && static_cast<unsigned char>(bytes[at]) == 0xFF) {
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    if (marker == 0xDA) {  // picture data follows
      out.append(bytes, at, std::string::npos);
      return out;
    }
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 2])) << 8 |
                               static_cast<unsigned char>(bytes[at + 3]);
    if (length < 2 || at + 2 + length > bytes.size()) return bytes;
    const bool metadata = marker == 0xE1 || marker == 0xED || marker == 0xFE;  // EXIF and XMP, IPTC, comment
    if (!metadata) out.append(bytes, at, length + 2);
    at += length + 2;
  }
  return bytes;
}

std::string png_without_metadata(const std::string& bytes) {
  constexpr std::array kDropped = {"tEXt"sv, "zTXt"sv, "iTXt"sv, "eXIf"sv, "tIME"sv};
  std::string out(bytes, 0, 8);
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const std::size_t length = big_endian(bytes, at);
    if (length > bytes.size() - at - 12) return bytes;
    const std::string_view kind = std::string_view(bytes).substr(at + 4, 4);
    if (std::find(kDropped.begin(), kDropped.end(), kind) == kDropped.end()) out.append(bytes, at, length + 12);
    at += length + 12;
    if (kind == "IEND") return out;
  }
  return bytes;
}

}  // namespace

std::string media_type_of(std::string_view bytes, std::string_view name) {
  struct Magic {
    std::size_t at;
    std::string_view bytes;
    std::string_view type;
  };
  static constexpr Magic kMagic[] = {
      {0, "\xFF\xD8\xFF"sv, "image/jpeg"},
      {0, "\x89PNG\r\n\x1A\n"sv, "image/png"},
      {0, "GIF87a"sv, "image/gif"},
      {0, "GIF89a"sv, "image/gif"},
      {8, "WEBP"sv, "image/webp"},
      {8, "WAVE"sv, "audio/wav"},
      {0, "%PDF-"sv, "application/pdf"},
      {0, "ID3"sv, "audio/mpeg"},
      {0, "OggS"sv, "audio/ogg"},
      {0, "#!AMR"sv, "audio/amr"},
      {4, "ftypqt"sv, "video/quicktime"},
      {4, "ftyp"sv, "video/mp4"},
      {0, "\x1A\x45\xDF\xA3"sv, "video/webm"},
  };
  for (const Magic& m : kMagic) {
    if (bytes.size() >= m.at + m.bytes.size() && bytes.substr(m.at, m.bytes.size()) == m.bytes)
      return std::string(m.type);
  }
  if (bytes.starts_with("PK\x03\x04"sv)) return zip_kind(name);
  if (bytes.empty() || bytes.starts_with("#!"sv) || looks_like_markup(bytes) || !plain_text(bytes)) return {};
  return lower(name).ends_with(".csv") ? "text/csv" : "text/plain";
}

std::string without_metadata(std::string bytes, std::string_view media_type) {
  if (media_type == "image/jpeg") return jpeg_without_metadata(bytes);
  if (media_type == "image/png") return png_without_metadata(bytes);
  return bytes;
}

std::string safe_file_name(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t n = utf8_length(name, i);
    if (n == 0) {
      ++i;
      continue;
    }
    if (out.size() + n > 200) break;
    const auto c = static_cast<unsigned char>(name[i]);
    if (n > 1 || (c >= 0x20 && c != 0x7F && c != '"')) out.append(name, i, n);
    i += n;
  }
  return out.empty() ? "file" : out;
}

}  // namespace qiao::web
