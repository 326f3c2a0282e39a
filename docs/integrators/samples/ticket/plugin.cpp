// Warns before a ticket's deadline: one line of JSON a warning, for whatever watches the file.
#include <filesystem>
#include <fstream>

#include "qiao/contract/tickets.hpp"
#include "qiao/plugin.hpp"

namespace qiao::samples {

using namespace std::chrono_literals;

struct Config {
  std::string file{"warnings.jsonl"};
  std::chrono::minutes before{30};
};
void describe(Schema<Config>& s) {
  s.optional("file", &Config::file).doc("Warnings are appended here. A relative path starts at the data folder");
  s.optional("before", &Config::before).range(1min, 24h).doc("How long before the deadline");
}

/// One line of the file.
struct Warning {
  std::int64_t number = 0;
  std::string department;
  Time deadline;
};
QIAO_FIELDS(Warning, number, department, deadline)

/// Tables carry a prefix of their own; a released step is never edited, a change is a further step.
constexpr Migration kMigrations[] = {{1, "deadlines of open tickets", R"sql(
CREATE TABLE sample_sla_ticket (
  id BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL,
  department VARCHAR(40) NOT NULL,
  deadline BIGINT NOT NULL
);
CREATE TABLE sample_sla_warned (id BIGINT NOT NULL, deadline BIGINT NOT NULL, PRIMARY KEY (id, deadline))
)sql"}};

class TicketPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>().subscribes<contract::TicketChanged>().summary("Warns before a ticket's deadline");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = *bound;
    return {};
  }

  Result<void> start(Context& host) override {
    host_ = &host;
    if (auto done = host.store().migrate(kMigrations); !done) return done;
    // A blocking lane, because the database and the file make it wait; one at a time, so that changes keep their order.
    const Lane lane{.kind = Lane::blocking, .concurrency = 1, .name = "sla"};
    host.bus().subscribe<contract::TicketChanged>(
        lane, [this](const contract::TicketChanged& e, const Headers&) { return remember(e.ticket); });
    host.bus().every(1min, lane, [this] {
      if (auto done = warn(); !done) host_->log().error("no warnings: {}", done.error().message);
    });
    return {};
  }

  void stop() noexcept override {}

 private:
  /// An event can come twice: the same ticket is the same row. An error sends the event to the dead letters.
  Result<void> remember(const contract::TicketView& t) {
    return host_->store().write_and_wait([&t](Session& db) -> Result<void> {
      if (auto gone = db.run("DELETE FROM sample_sla_ticket WHERE id = ?", t.id.value); !gone) return gone.error();
      if (t.state != contract::TicketState::open) {
        auto forgotten = db.run("DELETE FROM sample_sla_warned WHERE id = ?", t.id.value);
        return forgotten ? Result<void>() : forgotten.error();
      }
      if (t.deadline == Time{}) return {};
      auto put = db.run("INSERT INTO sample_sla_ticket (id, number, department, deadline) VALUES (?, ?, ?, ?)",
                        t.id.value, t.number, t.department, t.deadline);
      return put ? Result<void>() : put.error();
    });
  }

  /// First the file, then the receipt: after a crash between the two a warning comes twice rather than never.
  Result<void> warn() {
    std::vector<std::pair<Id, Warning>> due;
    auto found = host_->store().read([&](Session& db) -> Result<void> {
      auto rows = db.query(
          "SELECT t.id, t.number, t.department, t.deadline FROM sample_sla_ticket t "
          "LEFT JOIN sample_sla_warned w ON w.id = t.id AND w.deadline = t.deadline "
          "WHERE w.id IS NULL AND t.deadline <= ? ORDER BY t.deadline",
          host_->clock().now() + config_.before);
      while (rows->next()) due.push_back({rows->id(0), {rows->integer(1), rows->str(2), rows->time(3)}});
      return rows->status();
    });
    if (!found || due.empty()) return found;
    std::ofstream file(host_->data_dir() / config_.file, std::ios::app);
    for (const auto& [id, warning] : due) file << to_json(warning) << '\n';
    if (!file.flush()) return Error{Errc::unavailable, "cannot write " + config_.file};
    return host_->store().write_and_wait([&due](Session& db) -> Result<void> {
      for (const auto& [id, warning] : due) {
        auto put = db.run("INSERT INTO sample_sla_warned (id, deadline) VALUES (?, ?)", id.value, warning.deadline);
        if (!put) return put.error();
      }
      return {};
    });
  }

  Config config_;
  Context* host_ = nullptr;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::TicketPlugin, "sample-ticket", "ticket", "1.0.0")
