#include "plugins/inbox/outbox.hpp"

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "plugins/inbox/text.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;
using contract::ReportDelivery;

constexpr std::size_t kPage = 500;
constexpr std::size_t kMostDetail = 500;

/// UPDATE … AND delivery IN (the states that lie before `to`).
std::string progress_sql(Delivery to) {
  std::string before;
  for (const Delivery from :
       {Delivery::pending, Delivery::sent, Delivery::delivered, Delivery::read, Delivery::failed, Delivery::unknown}) {
    if (advances(from, to)) before += fmt::format("{}{}", before.empty() ? "" : ", ", static_cast<int>(from));
  }
  return fmt::format(
      "UPDATE inbox_message SET delivery = ?, delivery_detail = ? WHERE conversation = ? AND seq = ? AND delivery IN "
      "({})",
      before);
}

const std::string& progress_to(Delivery to) {
  static const std::array<std::string, 7> sql = [] {
    std::array<std::string, 7> all;
    for (const Delivery state :
         {Delivery::sent, Delivery::delivered, Delivery::read, Delivery::failed, Delivery::unknown}) {
      all[static_cast<std::size_t>(state)] = progress_sql(state);
    }
    return all;
  }();
  return sql[static_cast<std::size_t>(to)];
}

}  // namespace

Outbox::Outbox(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, Ledger& ledger,
               Notices& notices, const Settings& settings)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      ledger_(ledger),
      notices_(notices),
      settings_(settings),
      again_(metrics.counter("qiao_inbox_redeliveries_total", "Messages that were given to their channel again")) {}

void Outbox::report(const ReportDelivery& report, Id trace, std::function<void(Result<contract::Done>)> done) {
  if (report.state == Delivery::none || report.state == Delivery::pending) {
    return done(
        Error{Errc::bad_value, "delivery.bad_state", "a channel reports sent, delivered, read, failed or unknown"});
  }
  if (!clean_utf8(report.detail)) return done(Error{Errc::bad_value, "detail: not valid UTF-8"});
  struct Report {
    ReportDelivery what;
    bool changed = false;
    bool exists = true;
    Notices::Taken notice = Notices::Taken::no;
  };
  auto job = std::make_shared<Report>(Report{report});
  job->what.detail = shorten(report.detail, kMostDetail);
  ledger_.write(
      static_cast<std::uint64_t>(report.conversation.value),
      [job, &records = ledger_.records(), &notices = notices_](Session& session) -> Result<void> {
        const ReportDelivery& r = job->what;
        if (r.state == Delivery::failed) {
          auto taken = notices.take(session, r);
          if (!taken) return taken.error();
          job->notice = *taken;
          if (job->notice == Notices::Taken::yes) return {};
        }
        std::string detail;
        if (!r.detail.empty()) {
          auto sealed = records.seal_delivery_detail(session, r.conversation, r.seq, r.detail);
          if (!sealed) return sealed.error();
          detail = std::move(*sealed);
        }
        auto changed = session.run(progress_to(r.state), r.state,
                                   detail.empty() ? SqlArg(nullptr) : SqlArg::blob(detail), r.conversation, r.seq);
        if (!changed) return changed.error();
        job->changed = *changed > 0;
        if (job->changed) return {};
        auto rows = session.query("SELECT delivery FROM inbox_message WHERE conversation = ? AND seq = ?",
                                  r.conversation, r.seq);
        job->exists = rows->next();
        return rows->status();
      },
      [this, job, trace, done = std::move(done)](Result<void> result) {
        if (!result) return done(result.error());
        const ReportDelivery& r = job->what;
        if (!job->exists) {
          return done(Error{Errc::not_found, "message.not_found",
                            fmt::format("conversation {} has no message {}", r.conversation.value, r.seq)});
        }
        if (job->notice != Notices::Taken::no) notices_.look();
        if (job->changed) {
          PublishOptions options;
          options.trace = trace;
          (void)bus_.publish(contract::DeliveryChanged{r.conversation, r.seq, r.state, r.detail}, options);
        }
        done(contract::Done{});
      });
}

void Outbox::sweep(bool after_start) {
  const unsigned turn = sweeps_++;
  const auto reach = after_start || turn % 120 == 0 ? Duration(7 * 24h)
                     : turn % 10 == 0               ? Duration(1h)
                                                    : Duration(10min);
  const Time now = clock_.now();
  const Time oldest = now - std::chrono::duration_cast<std::chrono::microseconds>(reach);
  const Time newest = after_start ? now : now - settings_.get()->redelivery_after;
  std::size_t count = 0;
  Time from = oldest;
  Id last;
  for (bool more = true; more;) {
    struct Pending {
      Id conversation;
      std::int64_t seq = 0;
      std::string channel, user;
      MessageView message;
    };
    std::vector<Pending> page;
    auto read = store_.read([&](Session& session) -> Result<void> {
      auto rows = session.query(
          "SELECT m.conversation, m.seq, c.channel, c.user_key, m.written_at, m.id FROM inbox_message m "
          "JOIN inbox_conversation c ON c.id = m.conversation WHERE m.delivery = 1 AND m.written_at >= ? "
          "AND m.written_at <= ? AND (m.written_at > ? OR m.id > ?) AND NOT EXISTS (SELECT 1 FROM inbox_untold u "
          "WHERE u.conversation = m.conversation AND u.seq = m.seq) ORDER BY m.written_at, m.id LIMIT ?",
          from, newest, from, last, kPage);
      while (rows->next()) {
        page.push_back({rows->id(0), rows->integer(1), rows->str(2), rows->str(3), {}});
        from = rows->time(4);
        last = rows->id(5);
      }
      if (auto status = rows->status(); !status) return status;
      rows.reset();
      for (Pending& p : page) {
        auto one = ledger_.records().transcript(session, p.conversation, p.seq - 1, 0, 1, false, {});
        if (!one) return one.error();
        if (!one->messages.empty()) p.message = std::move(one->messages.front());
      }
      return {};
    });
    if (!read) {
      log_.warn("undelivered messages could not be read: {}", read.error().message);
      return;
    }
    more = page.size() == kPage;
    for (Pending& p : page) {
      if (p.message.seq != p.seq || p.message.delivery != Delivery::pending) continue;
      ++count;
      if (!bus_.publish(contract::MessageOutgoing{std::move(p.channel), std::move(p.user), std::move(p.message)})) {
        more = false;
        break;
      }
    }
  }
  again_.add(count);
  if (count > 0) log_.debug("gave {} undelivered messages to their channels again", count);
}

}  // namespace qiao::inbox
