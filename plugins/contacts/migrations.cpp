#include "plugins/contacts/migrations.hpp"

namespace qiao::contacts {
namespace {

// Merging moves nothing: a contact that was joined into another one keeps its identities, claims and attributes, and
// `root` says to whom it belongs now. `merged_into` is the step by which it got there, so that undoing a merge restores
// exactly what was. Names, phones, addresses, notes and attributes are sealed; what must be found exactly has a blind
// index.
constexpr const char* kTables = R"(
CREATE TABLE contacts_contact (
  id BIGINT NOT NULL PRIMARY KEY, root BIGINT NOT NULL, merged_into BIGINT, merged_at BIGINT NOT NULL,
  name BLOB NOT NULL, invented INT NOT NULL, company BIGINT, tier VARCHAR(60) NOT NULL,
  lang VARCHAR(16) NOT NULL, note BLOB, note_at BIGINT NOT NULL, blocked INT NOT NULL, created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, changed_at BIGINT NOT NULL);
CREATE INDEX contacts_contact_root ON contacts_contact (root);
CREATE INDEX contacts_contact_company ON contacts_contact (company);
CREATE INDEX contacts_contact_seen ON contacts_contact (last_seen_at);
CREATE TABLE contacts_identity (
  channel VARCHAR(64) NOT NULL, user_key VARCHAR(128) NOT NULL, contact BIGINT NOT NULL,
  PRIMARY KEY (channel, user_key)) WITHOUT ROWID;
CREATE INDEX contacts_identity_contact ON contacts_identity (contact);
CREATE TABLE contacts_claim (
  id BIGINT NOT NULL PRIMARY KEY, contact BIGINT NOT NULL, kind VARCHAR(20) NOT NULL, blind VARCHAR(64) NOT NULL,
  value BLOB NOT NULL, verified INT NOT NULL, main INT NOT NULL, source VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL);
CREATE UNIQUE INDEX contacts_claim_once ON contacts_claim (contact, kind, blind);
CREATE INDEX contacts_claim_blind ON contacts_claim (blind);
CREATE TABLE contacts_attribute (
  id BIGINT NOT NULL PRIMARY KEY, contact BIGINT NOT NULL, name VARCHAR(64) NOT NULL, blind VARCHAR(64) NOT NULL,
  value BLOB NOT NULL);
CREATE UNIQUE INDEX contacts_attribute_once ON contacts_attribute (contact, name);
CREATE INDEX contacts_attribute_blind ON contacts_attribute (blind);
CREATE TABLE contacts_tag (contact BIGINT NOT NULL, tag VARCHAR(60) NOT NULL, PRIMARY KEY (contact, tag));
CREATE INDEX contacts_tag_tag ON contacts_tag (tag);
CREATE TABLE contacts_company (
  id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, phone BLOB, note BLOB, created_at BIGINT NOT NULL);
CREATE UNIQUE INDEX contacts_company_name ON contacts_company (name);
CREATE TABLE contacts_segment (
  id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, filter TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE TABLE contacts_merge (
  id BIGINT NOT NULL PRIMARY KEY, from_contact BIGINT NOT NULL, into_contact BIGINT NOT NULL, reason VARCHAR(40) NOT NULL,
  merged_at BIGINT NOT NULL, by_id BIGINT, by_name VARCHAR(200) NOT NULL, undone_at BIGINT NOT NULL,
  undone_by_name VARCHAR(200) NOT NULL);
CREATE INDEX contacts_merge_from ON contacts_merge (from_contact);
CREATE INDEX contacts_merge_into ON contacts_merge (into_contact);
CREATE TABLE contacts_card (
  id BIGINT NOT NULL PRIMARY KEY, contact BIGINT NOT NULL, instance VARCHAR(64) NOT NULL, body BLOB NOT NULL,
  as_of BIGINT NOT NULL);
CREATE UNIQUE INDEX contacts_card_once ON contacts_card (contact, instance);
CREATE TABLE contacts_write_back (
  id BIGINT NOT NULL PRIMARY KEY, contact BIGINT NOT NULL, instance VARCHAR(64) NOT NULL, body BLOB NOT NULL,
  attempts INT NOT NULL, next_at BIGINT NOT NULL);
CREATE INDEX contacts_write_back_next ON contacts_write_back (next_at);
CREATE TABLE contacts_erasure (
  contact BIGINT NOT NULL PRIMARY KEY, begun_at BIGINT NOT NULL, person BLOB NOT NULL);
CREATE TABLE contacts_turn (id INT NOT NULL PRIMARY KEY, taken BIGINT NOT NULL);
INSERT INTO contacts_turn (id, taken) VALUES (1, 0))";

constexpr Migration kSteps[] = {{1, "people, what is known of them, and how they were joined", kTables}};

}  // namespace

std::span<const Migration> migrations() { return kSteps; }

}  // namespace qiao::contacts
