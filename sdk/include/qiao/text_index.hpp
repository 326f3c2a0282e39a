#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/export.hpp"
#include "qiao/id.hpp"
#include "qiao/result.hpp"
#include "qiao/store.hpp"

/// \file
/// Search in texts, Chinese and others, on every engine of the store: what makes a text comparable, what of it is
/// indexed, and the index. The index knows which rows may match; `SearchWords::find` decides and says where.

namespace qiao {

/// The simplified form of a traditional character; every other character as it is.
[[nodiscard]] QIAO_API char32_t simplified(char32_t c) noexcept;

/// A text as a search sees it: compatibility forms and full width folded (NFKC), lower case, simplified characters, and
/// only what is a letter or a digit.
struct FoldedText {
  std::u32string text;
  std::vector<std::uint32_t> from;   ///< of each character: the byte of the source where it begins
  std::vector<std::uint32_t> to;     ///< and the byte after it
  std::vector<std::uint8_t> starts;  ///< 1 where a word or a run of Chinese begins
};
/// Broken UTF-8 separates words.
[[nodiscard]] QIAO_API FoldedText fold_text(std::string_view utf8);

/// What of a text is indexed, each once: pairs of characters of scripts without spaces (Han, kana, Hangul), of other
/// words the first 2, 3, … 16 letters, which finds whole words and beginnings of words.
[[nodiscard]] QIAO_API std::vector<std::string> index_terms(std::string_view utf8);

/// What somebody looks for: phrases separated by spaces, all of which must be there. A phrase of Chinese may stand
/// anywhere, another word must begin where it does.
class QIAO_API SearchWords {
 public:
  struct Range {
    std::size_t from = 0;  ///< bytes
    std::size_t to = 0;
    bool operator==(const Range&) const = default;
  };

  /// Takes the first eight phrases.
  explicit SearchWords(std::string_view asked);

  /// Nothing in it is a letter or a digit.
  [[nodiscard]] bool empty() const noexcept { return phrases_.empty(); }
  /// What rows that match have in the index, at most 16; empty when the words are too short for it (one character).
  [[nodiscard]] const std::vector<std::string>& terms() const noexcept { return terms_; }
  /// Where they stand in a text, ascending; empty when not all of them do.
  [[nodiscard]] std::vector<Range> find(std::string_view text) const;

 private:
  std::vector<FoldedText> phrases_;
  std::vector<std::string> terms_;
};

/// Makes a term unreadable before it is stored, with a key: `Vault::blind` under a purpose.
using TermHash = std::function<std::string(std::string_view)>;

/// An index over the texts of one table whose ids grow with time. It follows the table in the background: rows up to
/// `position` are in it, later ones are found by reading them. It holds hashes of terms, no texts.
///
/// Its tables, `<prefix>_text_index…` and `<prefix>_text_state`, are in no backup: they are made anew from the rows.
/// Any thread; the sessions are the caller's, so that removing a row and its terms is one transaction.
class QIAO_API TextIndex {
 public:
  /// The text of a migration that makes the tables. The same for ever.
  struct Tables {
    std::string sql;
    std::string mysql;
  };
  [[nodiscard]] static Tables tables(std::string_view prefix);

  /// After the migration. Waits. Without a hash terms are only scrambled.
  static Result<TextIndex> open(Database& database, std::string prefix, TermHash hash = {});

  /// The last row that is in the index.
  [[nodiscard]] Result<Id> position(Session& session) const;
  /// Errc::conflict when the position is no longer `from`: somebody else indexes too.
  Result<void> advance(Session& session, Id from, Id to);
  /// Once a row, from within the transaction of `advance`.
  Result<void> add(Session& session, Id row, std::span<const std::string> terms);
  /// With the terms that were added; for rows up to the position only.
  Result<void> remove(Session& session, Id row, std::span<const std::string> terms);
  /// Rows below `before` (no id: all) that may have all the terms, newest first, at most `limit`.
  [[nodiscard]] Result<std::vector<Id>> search(Session& session, std::span<const std::string> terms, Id before,
                                               std::size_t limit) const;
  /// Forgets everything; indexing begins anew.
  Result<void> clear(Session& session);

 private:
  enum class Engine : std::uint8_t { sqlite, mysql };
  TextIndex(Engine engine, std::string prefix, TermHash hash);
  [[nodiscard]] std::string tokens(std::span<const std::string> terms, std::string_view before_each) const;

  Engine engine_;
  TermHash hash_;
  std::string position_sql_, advance_sql_, add_sql_, remove_sql_, search_sql_, clear_sql_, restart_sql_;
};

}  // namespace qiao
