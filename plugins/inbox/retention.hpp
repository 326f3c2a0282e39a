#pragma once

#include <atomic>
#include <memory>

#include "plugins/inbox/person.hpp"
#include "plugins/inbox/settings.hpp"
#include "qiao/metrics.hpp"

namespace qiao::inbox {

/// Removes conversations that were resolved longer ago than they are kept, with their messages, the words of those in
/// the search index and the uploads that stand in them. At night, a few at a time, oldest first; off unless configured.
///
/// `look` runs on a blocking lane; what follows from it on any thread, one batch at a time.
class Retention {
 public:
  Retention(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, const Records& records,
            PersonData& person, const Settings& settings);

  /// Begins when it is night and something is due; goes on by itself until nothing is, or until the morning.
  void look();

 private:
  [[nodiscard]] bool night() const;
  [[nodiscard]] Result<contract::Person> due() const;
  void remove_files(contract::Person person);
  void remove_conversations(const contract::Person& person);
  void pause(const Error& error);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  const Records& records_;
  PersonData& person_;
  const Settings& settings_;
  Counter& removed_;
  std::atomic<bool> running_{false};
};

}  // namespace qiao::inbox
