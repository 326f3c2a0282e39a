#include <charconv>
#include <cstdio>

#include "core/app/command.hpp"
#include "core/app/offline.hpp"
#include "core/app/setup.hpp"
#include "core/app/vault_commands.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

/// Without a hub nobody does it in the background.
Result<void> finish_rotation(FieldVault& vault) {
  for (bool more = true; more;) {
    auto done = vault.work();
    if (!done) return done.error();
    more = *done;
  }
  return {};
}

int finish(std::string_view command, const Result<ControlReply>& reply) {
  if (!reply) {
    print_error(command, reply.error());
    return exit_code::kUnavailable;
  }
  fmt::print(reply->ok ? stdout : stderr, "{}", reply->text);
  if (reply->ok) return exit_code::kOk;
  return reply->error == "control.stopping" ? exit_code::kTemporary : exit_code::kFailed;
}

/// Asks the hub, or does it here when none runs.
template <class F>
int ask_or_do(std::string_view command, const Arguments& arguments, const ControlRequest& request, F&& here) {
  const LoadedConfig loaded = load_config(config_file(arguments));
  const std::filesystem::path folder = data_folder(arguments, &loaded);
  auto reply = ask_hub(folder, request);
  if (reply || reply.error().name() != "control.no_hub") return finish(command, reply);
  if (!loaded.ok()) {
    fmt::print(stderr, "{}", problems_text(loaded.problems));
    return exit_code::kConfig;
  }
  OfflineHub offline;
  if (auto opened = offline.open(loaded, folder); !opened) return finish(command, opened.error());
  return finish(command, here(offline));
}

/// "2026-11-22T07:00:00Z", "2026-11-22", or how long ago: "36h", "7d".
std::optional<Time> moment(const std::string& text) {
  if (const auto at = from_iso8601(text)) return *at;
  if (const auto at = from_iso8601(text + "T00:00:00Z")) return *at;
  int count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failed != std::errc() || end != text.data() + text.size() - 1 || count < 0) return std::nullopt;
  if (*end != 'h' && *end != 'd') return std::nullopt;
  return system_clock().now() - std::chrono::hours(*end == 'h' ? count : 24 * count);
}

}  // namespace

int command_key(const Arguments& arguments) {
  const auto& rest = arguments.rest();
  if (rest.size() != 1 || (rest[0] != "status" && rest[0] != "rotate")) {
    return usage_error("key", "expected: key status, or key rotate");
  }
  return ask_or_do("key", arguments, {"key", rest[0]}, [&](OfflineHub& offline) -> Result<ControlReply> {
    ControlReply reply = key_command(*offline.vault, *offline.audit, rest[0]);
    if (!reply.ok || rest[0] != "rotate") return reply;
    if (auto done = finish_rotation(*offline.vault); !done) return done.error();
    return key_command(*offline.vault, *offline.audit, "status");
  });
}

int command_audit(const Arguments& arguments) {
  const auto& rest = arguments.rest();
  if (rest.size() != 1 || (rest[0] != "list" && rest[0] != "verify")) {
    return usage_error("audit", "expected: audit list, or audit verify");
  }
  AuditQuestion question;
  question.action = rest[0];
  question.of = arguments.value("action");
  question.object = arguments.value("object");
  if (arguments.has("since")) {
    const auto since = moment(arguments.value("since"));
    if (!since) return usage_error("audit", "--since is a time such as 2026-11-22T07:00:00Z, a day, 36h or 7d");
    question.since = *since;
  }
  if (arguments.has("limit")) {
    const std::string text = arguments.value("limit");
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), question.limit);
    if (failed != std::errc() || end != text.data() + text.size() || question.limit < 1) {
      return usage_error("audit", fmt::format("--limit is a number, not \"{}\"", text));
    }
  }
  const std::string format = arguments.value("format", "text");
  if (format != "text" && format != "json") return usage_error("audit", "--format is text or json");
  question.json = format == "json";
  const std::string asked = qiao::to_json(question);
  return ask_or_do("audit", arguments, {"audit", asked},
                   [&](OfflineHub& offline) -> Result<ControlReply> { return audit_command(*offline.audit, asked); });
}

}  // namespace qiao::core
