#pragma once

#include "qiao/contract/conversation.hpp"

/// \file
/// Files in messages: where channels put what customers send and take what agents send. Served by `web`, which keeps
/// the uploads.

namespace qiao::contract {

/// Keeps a file of a channel's customer; the answer goes into Content::attachments of the message that is accepted
/// next. The type is found by content; programs, HTML and SVG are refused (`web.file_type`), so are files above the
/// limit for customers' uploads.
struct StoreFile {
  std::string channel;
  std::string user;
  std::string name;
  std::string bytes;
};
QIAO_FIELDS(StoreFile, channel, user, name, bytes)
QIAO_REQUEST(StoreFile, Attachment, "files.store", 1)

struct StoredFile {
  Attachment about;
  std::string bytes;
};
QIAO_FIELDS(StoredFile, about, bytes)

/// `not_found` when it was removed.
struct ReadFile {
  Id file;
};
QIAO_FIELDS(ReadFile, file)
QIAO_REQUEST(ReadFile, StoredFile, "files.read", 1)

struct FileLink {
  std::string url;  ///< absolute; opens without a login until it expires
  Time until;
};
QIAO_FIELDS(FileLink, url, until)

/// A link that a customer or their platform can open. `unsupported` (id `web.no_public_url`) unless the operator has
/// set `public_url`.
struct LinkFile {
  Id file;
  std::chrono::seconds life{std::chrono::hours(24 * 7)};
};
QIAO_FIELDS(LinkFile, file, life)
QIAO_REQUEST(LinkFile, FileLink, "files.link", 1)

}  // namespace qiao::contract
