#pragma once

#include "connectors/channel/platform.hpp"
#include "connectors/webhook/config.hpp"

namespace qiao::webhook {

/// The calls by which messages go to the platform, checked once. Any thread; calls wait.
class Sender {
 public:
  /// What a file is sent as: asked only for what its template names.
  struct File {
    std::function<std::string()> url;
    std::function<Result<std::string>()> bytes;
  };

  static Result<std::shared_ptr<Sender>> make(const OutgoingSettings& settings, platform::Transport transport,
                                              const Clock& clock);
  /// The platform's id of the message, "" when it gives none.
  Result<std::string> send(const channel::Part& part, const File& file);
  Result<void> typing(const std::string& user, bool on);
  Result<contract::ConnectorTested> test();
  [[nodiscard]] bool files() const { return file_.has_value(); }

 private:
  Sender(const OutgoingSettings& settings, platform::Transport transport, const Clock& clock);
  Result<common::Json> call(const common::RestCall& call, const common::Parameters& parameters);

  const OutgoingSettings settings_;
  common::RestClient client_;
  std::optional<common::RestCall> text_;
  std::optional<common::RestCall> file_;
  std::optional<common::RestCall> typing_;
  std::optional<common::RestCall> test_;
};

}  // namespace qiao::webhook
