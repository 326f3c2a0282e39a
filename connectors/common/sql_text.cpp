#include <fmt/format.h>

#include <algorithm>

#include "connectors/common/sql.hpp"
#include "qiao/sql.hpp"

namespace qiao::common {

void describe(Schema<SqlSettings>& s) {
  s.optional("engine", &SqlSettings::engine).doc("mysql (MariaDB too) or sqlite");
  s.optional("file", &SqlSettings::file).doc("sqlite: the database file");
  s.optional("host", &SqlSettings::host).doc("mysql: the server");
  s.optional("port", &SqlSettings::port).min(1).doc("mysql: its port");
  s.optional("socket", &SqlSettings::socket).doc("mysql: a Unix socket instead of host and port");
  s.optional("database", &SqlSettings::database).doc("mysql: name of the database");
  s.optional("user", &SqlSettings::user).doc("mysql: a user that may only read what the queries need");
  s.optional("password", &SqlSettings::password).doc("mysql: its password");
  s.optional("tls", &SqlSettings::tls).doc("mysql: encrypted, and the certificate must be that of host");
  s.optional("ca_file", &SqlSettings::ca_file).doc("mysql: trusted authorities, PEM; empty: the system's");
  s.optional("timeout", &SqlSettings::timeout).range(100ms, 60s).doc("Longest time for one statement");
  s.optional("connections", &SqlSettings::connections).range(1, 32).doc("Kept for reuse");
  s.rule("file", [](const SqlSettings& q) {
    return q.engine == SqlSettings::Engine::sqlite && q.file.empty() ? "sqlite needs the database file" : "";
  });
  s.rule("database", [](const SqlSettings& q) {
    return q.engine == SqlSettings::Engine::mysql && q.database.empty() ? "mysql needs the database's name" : "";
  });
}

namespace {

Error wrong(std::string what) { return {Errc::bad_value, "mapping.bad_query", std::move(what)}; }

bool is_name(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

std::string first_word(std::string_view text) {
  std::string word;
  for (const char c : text.substr(std::min(text.find_first_not_of(" \t\r\n("), text.size()))) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) break;
    word += c >= 'a' ? static_cast<char>(c - 32) : c;
  }
  return word;
}

/// The end of a quoted text, a name or a comment that begins at `at`; `at` itself when none does. npos: it never ends.
std::size_t skipped(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\'' || c == '"' || c == '`') {
    for (std::size_t i = at + 1; i < text.size(); ++i) {
      if (text[i] == '\\' && c != '`') {
        ++i;
      } else if (text[i] == c) {
        return i + 1;
      }
    }
    return std::string_view::npos;
  }
  if (text.substr(at, 2) == "--" || c == '#') return std::min(text.find('\n', at), text.size());
  if (text.substr(at, 2) == "/*") {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? end : end + 2;
  }
  return at;
}

}  // namespace

Result<SqlStatement> SqlStatement::compile(std::string_view text, const Parameters& known, bool reads) {
  while (!text.empty() && (text.back() == ';' || text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  const std::string word = first_word(text);
  if (reads && word != "SELECT" && word != "WITH") return wrong("a query begins with SELECT or WITH");
  if (!reads && word != "INSERT" && word != "UPDATE" && word != "DELETE" && word != "REPLACE") {
    return wrong("a change begins with INSERT, UPDATE, DELETE or REPLACE");
  }
  SqlStatement made;
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = skipped(text, i);
    if (end == std::string_view::npos) return wrong("a quote or a comment is opened and not closed");
    if (end != i) {
      plain += text.substr(i, end - i);
      i = end;
    } else if (text[i] == ';') {
      return wrong("one statement only; there is a \";\" inside");
    } else if (text[i] == '?') {
      return wrong("values are named, e.g. :sku, not \"?\"");
    } else if (text[i] == ':' && i + 1 < text.size() && is_name(text[i + 1]) && (i == 0 || text[i - 1] != ':')) {
      std::size_t last = i + 1;
      while (last < text.size() && is_name(text[last])) ++last;
      const std::string name(text.substr(i + 1, last - i - 1));
      if (known.find(name) == nullptr) return wrong(fmt::format("there is no :{} here", name));
      made.parts_.push_back({false, std::exchange(plain, {})});
      made.parts_.push_back({true, name});
      i = last;
    } else {
      plain += text[i++];
    }
  }
  made.parts_.push_back({false, plain});
  return made;
}

SqlStatement::Bound SqlStatement::bind(const Parameters& parameters) const {
  Bound bound;
  for (const Part& part : parts_) {
    if (!part.name) {
      bound.text += part.text;
      continue;
    }
    const std::vector<std::string>* values = parameters.find(part.text);
    bound.text += placeholders(values == nullptr ? 0 : values->size());
    if (values != nullptr) bound.values.insert(bound.values.end(), values->begin(), values->end());
  }
  return bound;
}

}  // namespace qiao::common
