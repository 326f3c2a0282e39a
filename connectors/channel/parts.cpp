#include "connectors/channel/parts.hpp"

#include <fmt/format.h>
#include <unicode/brkiter.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>

namespace qiao::channel {
namespace {

using contract::ChannelCapabilities;
using contract::Content;

bool has(const ChannelCapabilities& can, std::string_view kind) {
  return std::find(can.kinds.begin(), can.kinds.end(), kind) != can.kinds.end();
}

void add_line(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty()) text += '\n';
  text += line;
}

std::string file_line(const contract::Attachment& file, const std::function<std::string(Id)>& link) {
  const std::string url = link(file.id);
  return url.empty() ? fmt::format("📎 {}", file.name) : fmt::format("📎 {}: {}", file.name, url);
}

std::string card_lines(const contract::Card& card) {
  std::string lines;
  add_line(lines, card.title);
  if (card.kind == "location") {
    const auto latitude = card.data.find("latitude");
    const auto longitude = card.data.find("longitude");
    if (card.url.empty() && latitude != card.data.end() && longitude != card.data.end()) {
      add_line(lines, fmt::format("📍 {}, {}", latitude->second, longitude->second));
    }
  }
  add_line(lines, card.text);
  add_line(lines, card.url);
  return lines;
}

std::string button_lines(const std::vector<contract::Button>& buttons) {
  std::string lines;
  int number = 0;
  for (const contract::Button& button : buttons) {
    ++number;
    add_line(lines, button.url.empty() ? fmt::format("{}. {}", number, button.label)
                                       : fmt::format("{}. {}: {}", number, button.label, button.url));
  }
  return lines;
}

bool sentence_end(char32_t c) {
  return c == U'。' || c == U'！' || c == U'？' || c == U'.' || c == U'!' || c == U'?' || c == U'…' || c == U'\n';
}
bool clause_end(char32_t c) { return c == U'，' || c == U'；' || c == U'、' || c == U',' || c == U';' || c == U'：'; }

/// How good a place it is to end a piece after `before`, when `next` follows.
int quality(char32_t before, char32_t next) {
  if (before == U'\n') return next == U'\n' ? 2 : 5;
  if (sentence_end(before)) {
    // "3.5" ends no sentence.
    if (before == U'.' && next != U' ' && next != U'\n') return 0;
    return sentence_end(next) ? 0 : 4;
  }
  if (clause_end(before)) return 3;
  if (before == U' ') return 2;
  return before >= 0x2E80 && next >= 0x2E80 ? 1 : 0;
}

/// Where the piece ends that begins at `begin`, by code units of `text`; `most` in code points.
std::int32_t piece_end(const icu::UnicodeString& text, std::int32_t begin, std::int32_t most,
                       icu::BreakIterator* characters) {
  const std::int32_t limit = text.moveIndex32(begin, most);
  if (limit >= text.length()) return text.length();
  const std::int32_t earliest = text.moveIndex32(begin, std::max(1, most / 3));
  std::int32_t best = -1;
  int best_quality = 0;
  for (std::int32_t at = limit; at >= earliest; at = text.moveIndex32(at, -1)) {
    const int q = quality(static_cast<char32_t>(text.char32At(text.moveIndex32(at, -1))),
                          static_cast<char32_t>(text.char32At(at)));
    if (q > best_quality && (characters == nullptr || characters->isBoundary(at))) {
      best = at;
      best_quality = q;
      if (q == 5) break;
    }
  }
  if (best > 0) return best;
  if (characters == nullptr || characters->isBoundary(limit)) return limit;
  const std::int32_t before = characters->preceding(limit);
  return before > begin ? before : limit;
}

Part base_of(const contract::MessageOutgoing& out) {
  Part part;
  part.user = out.user;
  part.conversation = out.message.conversation;
  part.message = out.message.id;
  part.seq = out.message.seq;
  part.author = out.message.author;
  part.author_id = out.message.author_id;
  part.author_name = out.message.author_name;
  return part;
}

}  // namespace

std::vector<std::string> split_text(std::string_view text, std::size_t most) {
  const icu::UnicodeString all =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())));
  if (most == 0 || static_cast<std::size_t>(all.countChar32()) <= most) return {std::string(text)};
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> characters(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  if (U_SUCCESS(status)) characters->setText(all);
  std::vector<std::string> pieces;
  for (std::int32_t begin = 0; begin < all.length();) {
    const std::int32_t end =
        piece_end(all, begin, static_cast<std::int32_t>(most), U_SUCCESS(status) ? characters.get() : nullptr);
    icu::UnicodeString piece = all.tempSubStringBetween(begin, end);
    piece.trim();
    if (!piece.isEmpty()) piece.toUTF8String(pieces.emplace_back());
    begin = end;
  }
  return pieces;
}

bool about_service(const contract::MessageView& message) {
  return message.author == contract::Author::system && message.content.values.contains("service");
}

std::string file_kind(std::string_view media_type) {
  // What WeChat and its like record is sound without the name of audio.
  if (media_type.starts_with("image/")) return "image";
  if (media_type.starts_with("audio/")) return "voice";
  if (media_type.starts_with("video/")) return "video";
  return "file";
}

std::vector<Part> parts_of(const contract::MessageOutgoing& out, const ChannelCapabilities& can,
                           const std::function<std::string(Id file)>& link) {
  const Content& content = out.message.content;
  std::vector<Part> parts;
  std::string text = content.text;
  const bool buttons = !content.buttons.empty() && has(can, "buttons");
  if (!content.buttons.empty() && !buttons) add_line(text, button_lines(content.buttons));

  std::vector<Part> after;
  for (const contract::Attachment& file : content.attachments) {
    if (!has(can, file_kind(file.media_type)) || (can.max_file > 0 && file.size > can.max_file)) {
      add_line(text, file_line(file, link));
      continue;
    }
    Part& part = after.emplace_back(base_of(out));
    part.kind = Part::Kind::file;
    part.file = file;
  }
  for (const contract::Card& card : content.cards) {
    if (!has(can, card.kind)) {
      // What the answer is about stands there already.
      if (card.kind != "quote" && card.kind != "post") add_line(text, card_lines(card));
      continue;
    }
    Part& part = after.emplace_back(base_of(out));
    part.kind = Part::Kind::card;
    part.card = card;
  }

  if (!text.empty() || buttons) {
    std::vector<std::string> pieces = split_text(text, static_cast<std::size_t>(std::max(0, can.max_text)));
    if (pieces.empty()) pieces.emplace_back();
    for (std::string& piece : pieces) {
      Part& part = parts.emplace_back(base_of(out));
      part.text = std::move(piece);
    }
    if (buttons) {
      parts.back().kind = Part::Kind::choice;
      parts.back().buttons = content.buttons;
    }
  }
  std::move(after.begin(), after.end(), std::back_inserter(parts));
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].key = fmt::format("{}-{}", out.message.id.value, i);
  return parts;
}

Part whole_of(const contract::MessageOutgoing& out, const ChannelCapabilities& can,
              const std::function<std::string(Id file)>& link) {
  const Content& content = out.message.content;
  Part part = base_of(out);
  part.key = fmt::format("{}-0", out.message.id.value);
  part.text = content.text;
  add_line(part.text, button_lines(content.buttons));
  for (const contract::Card& card : content.cards) {
    if (card.kind != "quote" && card.kind != "post") add_line(part.text, card_lines(card));
  }
  for (const contract::Attachment& file : content.attachments) {
    if (can.max_file > 0 && file.size > can.max_file) {
      add_line(part.text, file_line(file, link));
    } else {
      part.files.push_back(file);
    }
  }
  return part;
}

Part notice_of(const contract::MessageOutgoing& out, std::string notice, std::map<std::string, std::string> values) {
  Part part = base_of(out);
  part.kind = Part::Kind::notice;
  part.key = fmt::format("{}-n", out.message.id.value);
  part.text = out.message.content.text;
  part.notice = std::move(notice);
  part.values = std::move(values);
  return part;
}

Part as_text(const Part& part, const std::function<std::string(Id file)>& link) {
  Part plain = part;
  plain.kind = Part::Kind::text;
  if (part.kind == Part::Kind::file) add_line(plain.text, file_line(part.file, link));
  if (part.kind == Part::Kind::card) add_line(plain.text, card_lines(part.card));
  if (part.kind == Part::Kind::choice) add_line(plain.text, button_lines(part.buttons));
  plain.file = {};
  plain.card = {};
  plain.buttons.clear();
  return plain;
}

}  // namespace qiao::channel
