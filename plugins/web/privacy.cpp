#include "plugins/web/privacy.hpp"

#include <fstream>

#include "plugins/web/audience.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/json.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;
using contract::CopiedFiles;
using contract::ErasedCount;
using contract::ExportParts;
using contract::Person;

const Lane kPrivacyLane{.kind = Lane::blocking, .concurrency = 1, .name = "privacy", .budget = 300s};

/// Ids of this channel's visitors.
std::vector<Id> visitors_of(const Person& person, const std::string& channel) {
  std::vector<Id> visitors;
  for (const contract::Identity& identity : person.identities) {
    if (identity.channel != channel) continue;
    if (auto id = parse_id(identity.user)) visitors.push_back(*id);
  }
  return visitors;
}

Result<std::vector<FileStore::File>> files_of(Services& services, const Person& person) {
  std::vector<std::string> owners;
  for (const Id visitor : visitors_of(person, services.channel)) owners.push_back("v:" + visitor.str());
  return services.files.of(owners, person.files);
}

Result<ExportParts> list_uploads(Services& services, const Person& person) {
  auto files = files_of(services, person);
  if (!files) return files.error();
  ExportParts parts;
  if (files->empty()) return parts;
  contract::ExportPart part{"uploads", "[", {}};
  for (const FileStore::File& file : *files) {
    if (part.json.size() > 1) part.json += ',';
    part.json += to_json(file.about);
    part.files.push_back(file.about.id);
  }
  part.json += ']';
  parts.parts.push_back(std::move(part));
  return parts;
}

Result<CopiedFiles> copy(Services& services, const contract::CopyFiles& q) {
  CopiedFiles copied;
  auto files = services.files.of({}, q.files);
  if (!files) return files.error();
  for (const FileStore::File& file : *files) {
    // The name is one that a customer chose: made safe when it was kept, and with the id in front never taken.
    const std::string name = file.about.id.str() + "-" + file.about.name;
    auto bytes = services.files.content(file);
    if (!bytes) return bytes.error();
    std::ofstream out(std::filesystem::path(q.folder) / name, std::ios::binary | std::ios::trunc);
    if (!out.write(bytes->data(), static_cast<std::streamsize>(bytes->size())) || !out.flush()) {
      return Error{Errc::unavailable, "web.file_not_copied",
                   fmt::format("cannot write a copy of upload {} to {}", file.about.id.str(), q.folder)};
    }
    copied.names[file.about.id.str()] = name;
  }
  return copied;
}

Result<ErasedCount> erase(Services& services, Database& database, const Person& person) {
  ErasedCount count;
  auto files = files_of(services, person);
  if (!files) return files.error();
  const std::vector<Id> visitors = visitors_of(person, services.channel);
  auto removed = services.files.remove(*files, visitors);
  if (!removed) return removed.error();
  if (*removed > 0) count.removed["uploads"] = *removed;
  std::int64_t tokens = 0;
  auto written = database.write_and_wait([&](Session& session) -> Result<void> {
    tokens = 0;
    for (const Id visitor : visitors) {
      auto noted =
          session.run("INSERT INTO web_erased (visitor, erased_at) VALUES (?, ?)", visitor, services.clock.now());
      if (!noted && noted.error().code != Errc::conflict) return noted.error();
      if (noted) ++tokens;
    }
    return {};
  });
  if (!written) return written.error();
  if (tokens > 0) count.removed["visitor tokens"] = tokens;
  for (const Id visitor : visitors) {
    services.erased.add(visitor);
    services.audience->forget(visitor);
  }
  return count;
}

}  // namespace

Result<void> read_erased(Database& database, Services& services) {
  return database.read([&](Session& session) -> Result<void> {
    // A token is over at the latest two years after it was given.
    auto rows = session.query("SELECT visitor FROM web_erased WHERE erased_at > ?", services.clock.now() - 24h * 731);
    while (rows->next()) services.erased.add(rows->id(0));
    return rows->status();
  });
}

void serve_privacy(Context& host, const std::shared_ptr<Services>& services) {
  Bus& bus = host.bus();
  bus.serve<contract::ExportPerson>(kPrivacyLane, [services](const contract::ExportPerson& q, const Headers&) {
    return list_uploads(*services, q.person);
  });
  bus.serve<contract::CopyFiles>(
      kPrivacyLane, [services](const contract::CopyFiles& q, const Headers&) { return copy(*services, q); });
  bus.serve<contract::ErasePerson>(
      kPrivacyLane, [services, &database = host.store()](const contract::ErasePerson& q, const Headers&) {
        return erase(*services, database, q.person);
      });
}

}  // namespace qiao::web
