#pragma once

#include <string>
#include <vector>

#include "plugins/contacts/config.hpp"
#include "plugins/contacts/people.hpp"
#include "qiao/contract/crm.hpp"

namespace qiao::contacts {

/// Notes in every CRM what is over: conversations, tickets, and tags that agents gave or took. What a CRM could
/// not take is kept sealed and tried again, eight times over about two hours; each note carries an id under which the
/// CRM connector writes it once.
class WriteBackQueue {
 public:
  WriteBackQueue(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics,
                 const ContactsConfig& config, const Book& book);

  [[nodiscard]] bool wants(WriteBack kind) const;
  /// Functions wait for the database and for CRMs: on a blocking lane.
  void note(Id contact, contract::RecordActivity activity);
  void tags(Id contact, const std::vector<std::string>& add, const std::vector<std::string>& remove);
  /// Tries what is due.
  void send_due();

 private:
  struct Job;
  void put(Id contact, const Job& job);
  [[nodiscard]] Result<void> send(const Job& job, const std::string& instance);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  const ContactsConfig& config_;
  const Book& book_;
  Counter& sent_;
  Counter& given_up_;
};

}  // namespace qiao::contacts
