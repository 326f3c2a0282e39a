#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/channel/wire.hpp"

/// \file
/// From a platform's webhook or poll into the hub: what most messengers do the same way. A connector reads the
/// platform's words into Incoming; the Receiver accepts them, fetches their files, and answers the platform when all of
/// it is kept.

namespace qiao::channel {

/// A file that a customer sent and that the platform still has.
struct Media {
  std::string ref;   ///< what Receiver::Options::fetch understands: the platform's id of it, or its address
  std::string name;  ///< as the customer called it; may be empty
  std::string kind;  ///< image, voice, video, file
};
QIAO_FIELDS(Media, ref, name, kind)

/// One thing that a platform told.
struct Incoming {
  enum class Kind {
    message,  ///< `message`, with `media`
    event,    ///< `message.content.text` says what happened
    receipt,  ///< our message `message.external_id` got as far as `state`
    read,     ///< the customer has read everything up to now
  };
  Kind kind = Kind::message;
  contract::AcceptMessage message;
  std::vector<Media> media{};
  std::vector<contract::Claim> claims{};  ///< proven by the platform along with it
  std::string profile{};                  ///< what the platform calls the writer, when that is not `message.user`
  bool welcome = false;                   ///< the customer has just come: Options::welcome is written
  contract::Delivery state = contract::Delivery::none;
  std::string detail{};
};

/// A message whose files are still at the platform, as Memory keeps it until they are here.
struct Waiting {
  contract::AcceptMessage message;
  std::vector<Media> media;
  std::vector<contract::Claim> claims;
  std::string profile;
  std::int32_t tries = 0;
};
QIAO_FIELDS(Waiting, message, media, claims, profile, tries)

/// Cards within the inbox's limits.
void add_location(contract::Content& content, const std::string& latitude, const std::string& longitude,
                  const std::string& label, const std::string& address);
void add_contact(contract::Content& content, const std::string& name, const std::string& phone);
void add_quote(contract::Content& content, const std::string& text);
/// At most `most` characters, for a label.
std::string first_characters(const std::string& text, std::size_t most);
/// What a platform gives as a time, in `unit`s since 1970; 1970 itself when it cannot be one.
Time time_of(std::int64_t count, std::chrono::milliseconds unit);
/// "latitude" or "longitude" of a location.
double coordinate(const contract::Card& card, const std::string& which);

/// Takes what was read into the inbox. Make it with make_shared. Any thread.
class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  struct File {
    std::string name;
    std::string bytes;
  };
  struct Options {
    /// Gets a file. Blocking lanes. What may work later is tried again (`unavailable`, `timeout`, `overloaded`,
    /// `rate_limited`, a refused token); any other error puts a sentence in the file's place.
    std::function<Result<File>(const Media&)> fetch{};
    /// The name that the platform shows for a writer who came without one; null: it has none. Blocking lanes.
    std::function<Result<std::string>(const std::string& profile)> name{};
    std::string welcome{};
  };
  /// What a webhook call held, and what the platform wants to read in the answer.
  struct Told {
    std::vector<Incoming> items{};
    std::string answer = "{}";
    std::string content_type = "application/json";
  };
  /// Checks a call and reads it. Its error is the answer, and nothing else happens.
  using Read = std::function<Result<Told>(const HttpRequest&)>;

  Receiver(std::shared_ptr<Services> services, Options options);

  /// In Client::start: goes on with files that were not there yet when the hub stopped.
  void start();
  /// POST /hooks/<instance>; answered 200 once all that it told is kept.
  void hook(Read read);
  /// For webhooks; `done` comes when all is kept.
  void take(std::vector<Incoming> items, std::function<void(Result<void>)> done);
  /// For pollers, on blocking lanes: the same, waiting.
  Result<void> take_and_wait(std::vector<Incoming> items);
  /// For Platform::forget: gives up the files of somebody that are not there yet. Blocking lanes.
  Result<std::int64_t> forget(const std::string& user);

 private:
  using Done = std::function<void(Result<void>)>;
  void take_one(Incoming item, Done done);
  Result<void> keep(const Waiting& waiting);
  void fetch(Waiting waiting);
  void kept(const Incoming& item, const contract::Accepted& accepted);
  Result<void> settled(Result<void> result, const std::string& external_id);
  void refused(const Error& error);
  bool first_time(const std::string& key);

  const std::shared_ptr<Services> services_;
  const Options options_;
  std::atomic<std::int64_t> warned_at_{0};
  std::mutex mutex_;
  std::set<std::string> known_;  ///< whose names and claims were handed on since the start
};

}  // namespace qiao::channel
