#include "plugins/inbox/migrations.hpp"

#include "qiao/text_index.hpp"

namespace qiao::inbox {
namespace {

// A message is one row in the tree of (conversation, seq): a transcript is one range, and in the steady state accepting
// a message is one INSERT. `dedupe` is unique over the whole hub; rows that need none leave it NULL. What is
// undelivered has an index of its own, which is nearly empty. What people wrote and what they are called is encrypted:
// the columns of type BLOB.
constexpr const char* kTables = R"(
CREATE TABLE inbox_contact (
  id BIGINT NOT NULL PRIMARY KEY, name BLOB NOT NULL, invented INT NOT NULL, blocked INT NOT NULL,
  created_at BIGINT NOT NULL);
CREATE TABLE inbox_identity (
  channel VARCHAR(64) NOT NULL, user_key VARCHAR(128) NOT NULL, contact BIGINT NOT NULL,
  PRIMARY KEY (channel, user_key)) WITHOUT ROWID;
CREATE INDEX inbox_identity_contact ON inbox_identity (contact);
CREATE TABLE inbox_conversation (
  id BIGINT NOT NULL PRIMARY KEY, contact BIGINT NOT NULL, channel VARCHAR(64) NOT NULL, user_key VARCHAR(128) NOT NULL,
  site VARCHAR(64) NOT NULL, lang VARCHAR(16) NOT NULL, state INT NOT NULL, group_key VARCHAR(64) NOT NULL,
  agent BIGINT, agent_name VARCHAR(200) NOT NULL, previous_agent BIGINT, last_seq BIGINT NOT NULL,
  read_customer BIGINT NOT NULL, read_agent BIGINT NOT NULL, preview BLOB NOT NULL, preview_author INT NOT NULL,
  intent VARCHAR(128) NOT NULL, handoff_reason VARCHAR(128) NOT NULL, queue_rank INT NOT NULL, in_app INT NOT NULL,
  notice_sent INT NOT NULL, rating INT NOT NULL, rating_comment BLOB NOT NULL, opened_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL, queued_at BIGINT NOT NULL, resolved_at BIGINT NOT NULL, version BIGINT NOT NULL);
CREATE INDEX inbox_conversation_state ON inbox_conversation (state, changed_at);
CREATE INDEX inbox_conversation_agent ON inbox_conversation (agent, state, changed_at);
CREATE INDEX inbox_conversation_contact ON inbox_conversation (contact, id);
CREATE TABLE inbox_message (
  id INTEGER PRIMARY KEY, conversation BIGINT NOT NULL, seq BIGINT NOT NULL, author INT NOT NULL, author_id BIGINT,
  author_name VARCHAR(200) NOT NULL, note INT NOT NULL, body BLOB NOT NULL, extra BLOB, delivery INT NOT NULL,
  delivery_detail BLOB, dedupe VARCHAR(220), written_at BIGINT NOT NULL);
CREATE UNIQUE INDEX inbox_message_place ON inbox_message (conversation, seq);
CREATE INDEX inbox_message_pending ON inbox_message (written_at) WHERE delivery = 1)";

constexpr const char* kTablesMySql = R"(
CREATE TABLE inbox_contact (
  id BIGINT NOT NULL PRIMARY KEY, name BLOB NOT NULL, invented INT NOT NULL, blocked INT NOT NULL,
  created_at BIGINT NOT NULL);
CREATE TABLE inbox_identity (
  channel VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, user_key VARCHAR(128) COLLATE utf8mb4_bin NOT NULL,
  contact BIGINT NOT NULL, PRIMARY KEY (channel, user_key));
CREATE INDEX inbox_identity_contact ON inbox_identity (contact);
CREATE TABLE inbox_conversation (
  id BIGINT NOT NULL PRIMARY KEY, contact BIGINT NOT NULL, channel VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
  user_key VARCHAR(128) COLLATE utf8mb4_bin NOT NULL,
  site VARCHAR(64) NOT NULL, lang VARCHAR(16) NOT NULL, state INT NOT NULL, group_key VARCHAR(64) NOT NULL,
  agent BIGINT, agent_name VARCHAR(200) NOT NULL, previous_agent BIGINT, last_seq BIGINT NOT NULL,
  read_customer BIGINT NOT NULL, read_agent BIGINT NOT NULL, preview BLOB NOT NULL, preview_author INT NOT NULL,
  intent VARCHAR(128) NOT NULL, handoff_reason VARCHAR(128) NOT NULL, queue_rank INT NOT NULL, in_app INT NOT NULL,
  notice_sent INT NOT NULL, rating INT NOT NULL, rating_comment BLOB NOT NULL, opened_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL, queued_at BIGINT NOT NULL, resolved_at BIGINT NOT NULL, version BIGINT NOT NULL);
CREATE INDEX inbox_conversation_state ON inbox_conversation (state, changed_at);
CREATE INDEX inbox_conversation_agent ON inbox_conversation (agent, state, changed_at);
CREATE INDEX inbox_conversation_contact ON inbox_conversation (contact, id);
CREATE TABLE inbox_message (
  id BIGINT NOT NULL PRIMARY KEY, conversation BIGINT NOT NULL, seq BIGINT NOT NULL, author INT NOT NULL, author_id BIGINT,
  author_name VARCHAR(200) NOT NULL, note INT NOT NULL, body BLOB NOT NULL, extra BLOB, delivery INT NOT NULL,
  delivery_detail BLOB, dedupe VARCHAR(220), written_at BIGINT NOT NULL);
CREATE UNIQUE INDEX inbox_message_place ON inbox_message (conversation, seq);
CREATE INDEX inbox_message_pending ON inbox_message (delivery, written_at))";

// Notices that their channel could not deliver, see notices.hpp.
constexpr const char* kUntold = R"(
CREATE TABLE inbox_untold (
  conversation BIGINT NOT NULL, seq BIGINT NOT NULL, state INT NOT NULL, via BIGINT, tried VARCHAR(250) NOT NULL,
  PRIMARY KEY (conversation, seq));
CREATE INDEX inbox_untold_state ON inbox_untold (state))";

const TextIndex::Tables kWords = TextIndex::tables(kSearchPrefix);

const Migration kSteps[] = {{1, "conversations, messages, who wrote them", kTables, kTablesMySql},
                            {2, "the search index", kWords.sql, kWords.mysql},
                            {3, "notices that found no way", kUntold}};

}  // namespace

std::span<const Migration> migrations() { return kSteps; }

}  // namespace qiao::inbox
