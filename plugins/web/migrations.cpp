#include "plugins/web/migrations.hpp"

namespace qiao::web {

std::span<const Migration> migrations() {
  static constexpr Migration kSteps[] = {
      {1, "files and secrets",
       R"sql(
         CREATE TABLE web_secret (name VARCHAR(40) NOT NULL PRIMARY KEY, value BLOB NOT NULL);
         CREATE TABLE web_file (
           id BIGINT NOT NULL PRIMARY KEY,
           owner VARCHAR(40) NOT NULL,
           name BLOB NOT NULL,
           media_type VARCHAR(80) NOT NULL,
           size BIGINT NOT NULL,
           created_at BIGINT NOT NULL)
       )sql"},
      {2, "visitors who were erased",
       "CREATE TABLE web_erased (visitor BIGINT NOT NULL PRIMARY KEY, erased_at BIGINT NOT NULL);"
       "CREATE INDEX web_file_owner ON web_file (owner)"},
      {3, "uploads that nobody sent, owners in other channels",
       "ALTER TABLE web_file ADD COLUMN in_use INT NOT NULL DEFAULT 0;"
       "ALTER TABLE web_file ADD COLUMN given_up_at BIGINT;"
       "CREATE INDEX web_file_in_use ON web_file (in_use, created_at)",
       "ALTER TABLE web_file ADD COLUMN in_use INT NOT NULL DEFAULT 0;"
       "ALTER TABLE web_file ADD COLUMN given_up_at BIGINT;"
       "ALTER TABLE web_file MODIFY COLUMN owner VARCHAR(200) NOT NULL;"
       "CREATE INDEX web_file_in_use ON web_file (in_use, created_at)"},
  };
  return kSteps;
}

}  // namespace qiao::web
