#pragma once

#include <optional>

#include "connectors/common/sql.hpp"
#include "connectors/platform/settings.hpp"

namespace qiao::common {

/// The keys of platform::CommonSettings that mean something for a database.
template <class T>
void describe_sql_common(Schema<T>& s) {
  s.optional("deadline", &T::deadline)
      .range(50ms, 10s)
      .doc("How long somebody who asks waits before a remembered answer, marked as stale, or an error is given");
  s.optional("stock_fresh_for", &T::stock_fresh_for).range(1s, 24h).doc("How long goods and orders are remembered");
  s.optional("customer_fresh_for", &T::customer_fresh_for).range(1s, 24h).doc("How long customers are remembered");
  s.optional("keep_for", &T::keep_for)
      .range(1s, 720h)
      .doc("How old an answer may be to stand in while the database does not answer");
  s.optional("concurrency", &T::concurrency).range(1, 32).doc("Queries at a time, a thread each");
  s.optional("country", &T::country)
      .pattern("[0-9]{1,4}", "a calling code, e.g. 86")
      .doc("Calling code of the country whose telephone numbers are kept without one");
  s.optional("utc_offset", &T::utc_offset).range(-12, 14).doc("Hours ahead of UTC of times without a zone");
}

using ChosenStatements = std::vector<std::pair<std::string, SqlStatement>>;

/// Compiles those that are not empty, under the names of their parameters. Errors begin with `where`.
Result<ChosenStatements> compile_statements(const std::vector<std::pair<std::string, std::string>>& texts,
                                            const Parameters& known, const std::string& where);
Result<std::optional<SqlStatement>> compile_statement(const std::string& text, const Parameters& known, bool reads,
                                                      const std::string& where);
/// Null: nothing was given that one of them could use.
const SqlStatement* choose(const ChosenStatements& statements, const Parameters& parameters);

/// `fields`, or every field from the column of its name when there are none.
template <class T>
Fields fields_or_columns(const Fields& fields) {
  return fields.empty() ? columns_of(type_of<T>()) : fields;
}

}  // namespace qiao::common
