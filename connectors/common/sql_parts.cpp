#include "connectors/common/sql_parts.hpp"

namespace qiao::common {

Result<std::optional<SqlStatement>> compile_statement(const std::string& text, const Parameters& known, bool reads,
                                                      const std::string& where) {
  if (text.empty()) return std::optional<SqlStatement>();
  auto made = SqlStatement::compile(text, known, reads);
  if (!made) {
    Error error = made.error();
    error.message = where + ": " + error.message;
    return error;
  }
  return std::optional<SqlStatement>(std::move(*made));
}

Result<ChosenStatements> compile_statements(const std::vector<std::pair<std::string, std::string>>& texts,
                                            const Parameters& known, const std::string& where) {
  ChosenStatements chosen;
  for (const auto& [parameter, text] : texts) {
    auto made = compile_statement(text, known, true, where);
    if (!made) return made.error();
    if (*made) chosen.emplace_back(parameter, std::move(**made));
  }
  return chosen;
}

const SqlStatement* choose(const ChosenStatements& statements, const Parameters& parameters) {
  for (const auto& [parameter, statement] : statements) {
    if (!parameters.text(parameter).empty()) return &statement;
  }
  return nullptr;
}

}  // namespace qiao::common
