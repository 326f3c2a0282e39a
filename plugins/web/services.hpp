#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "plugins/web/config.hpp"
#include "plugins/web/file_store.hpp"
#include "plugins/web/frames.hpp"
#include "plugins/web/tokens.hpp"
#include "qiao/plugin.hpp"

namespace qiao::web {

class Audience;
class CallScreens;

/// Admits so many events of one key (an address, a visitor) in each window of time. Any thread.
class WindowLimit {
 public:
  WindowLimit(std::int32_t most, Duration window) : most_(most), window_(window) {}
  bool admit(const std::string& key, SteadyTime now);

 private:
  const std::int32_t most_;
  const Duration window_;
  std::mutex mutex_;
  SteadyTime began_{};
  std::map<std::string, std::int32_t> count_;  ///< of the current window
};

/// Visitors whose tokens count no more, because everything about them was erased. Any thread.
class ErasedVisitors {
 public:
  void add(Id visitor);
  [[nodiscard]] bool contains(Id visitor) const;

 private:
  mutable std::mutex mutex_;
  std::set<Id> visitors_;
};

/// What sockets and routes share. Made in `start`, kept alive by every session, so that a late answer of the bus finds
/// it.
struct Services {
  Bus& bus;
  Logger& log;
  const Clock& clock;
  const std::string channel;  ///< this instance's name
  const WebSettings settings;
  const Tokens tokens;
  mutable VerifiedTokens verified{};
  FileStore files;
  WindowLimit newcomers;   ///< by address
  WindowLimit uploads;     ///< by visitor
  WindowLimit identities;  ///< by visitor
  ErasedVisitors erased;
  std::shared_ptr<Audience> audience;
  FileLinks links;
  std::shared_ptr<CallScreens> calls;

  /// The visitor of a bearer token, whichever configured site it is for.
  [[nodiscard]] Result<VisitorPass> visitor(const HttpRequest& request) const;
  [[nodiscard]] Result<VisitorPass> visitor(std::string_view token) const;
  [[nodiscard]] bool known_site(const std::string& site) const { return settings.sites.contains(site); }
  /// True when a page of `origin` may embed the widget of some site.
  [[nodiscard]] bool origin_ok(std::string_view origin) const;
};

/// Keeps the field `file` of a multipart request. Waits.
Result<contract::Attachment> keep_upload(Services& services, const HttpRequest& request, const std::string& owner,
                                         Bytes limit);
/// The header that makes a browser save a file under its name instead of showing it.
std::string content_disposition(std::string_view name);
/// What a visitor, or their site with a signature, says about who they are: fields of the frame `identify`. Answers
/// whether it is proven.
void identify(Services& services, const VisitorPass& pass, const ClientFrame& frame,
              std::function<void(Result<bool>)> done);
/// Sizes and ids of a message that a client wants to send; `bad_value` or `too_large` says what is wrong.
Result<void> check_message(std::string_view id, std::string_view text, std::size_t attachments);

}  // namespace qiao::web
