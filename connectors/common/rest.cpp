#include "connectors/common/rest.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "connectors/platform/json_answer.hpp"

namespace qiao::common {

void describe(Schema<PagingSettings>& s) {
  s.optional("kind", &PagingSettings::kind).doc("How a long list comes");
  s.optional("parameter", &PagingSettings::parameter).doc("Query parameter with the page's number, offset or cursor");
  s.optional("size_parameter", &PagingSettings::size_parameter).doc("Query parameter with the rows a page");
  s.optional("size", &PagingSettings::size).range(1, 1000).doc("Rows a page; a shorter page is the last");
  s.optional("first", &PagingSettings::first).range(0, 1).doc("Number of the first page");
  s.optional("next", &PagingSettings::next).doc("cursor: JSON pointer to the next cursor; empty there: the last page");
  s.optional("most", &PagingSettings::most).range(1, 50).doc("Pages that are read at most");
  s.rule("next", [](const PagingSettings& p) {
    return p.kind == PagingSettings::Way::cursor && !p.next.starts_with('/') ? "cursor needs a JSON pointer here" : "";
  });
}

void describe(Schema<SuccessSettings>& s) {
  s.optional("at", &SuccessSettings::at).doc("JSON pointer to the code of systems that answer errors with status 200");
  s.optional("is", &SuccessSettings::is).doc("Codes of success");
  s.optional("message", &SuccessSettings::message).doc("JSON pointer to what went wrong");
  s.optional("renew", &SuccessSettings::renew).doc("Codes that mean: the token is gone");
  s.optional("wait", &SuccessSettings::wait).doc("Codes that mean: too many calls, try later");
  s.optional("unknown", &SuccessSettings::unknown).doc("Codes that mean: there is no such thing");
}

void describe(Schema<CallSettings>& s) {
  s.optional("method", &CallSettings::method).choices({"GET", "POST", "PUT", "PATCH", "DELETE"});
  s.required("path", &CallSettings::path).doc("Below url; {names} are filled in, percent-encoded");
  s.optional("query", &CallSettings::query).doc("Query parameters; those that come out empty are left out");
  s.optional("headers", &CallSettings::headers).doc("More headers");
  s.optional("body", &CallSettings::body).doc("JSON with {names} inside of quotes");
}

std::vector<std::string> RestSettings::addresses() const {
  std::vector<std::string> list{url};
  if (!auth.token_url.empty()) list.push_back(auth.token_url);
  return list;
}

Result<RestCall> RestCall::compile(const CallSettings& settings, const Parameters& known) {
  RestCall call;
  call.method_ = settings.method;
  const auto compile_all = [&](const std::map<std::string, std::string>& from, auto& to) -> Result<void> {
    for (const auto& [name, text] : from) {
      auto made = Template::compile(text, known);
      if (!made) return made.error();
      to.emplace_back(name, std::move(*made));
    }
    return {};
  };
  auto path = Template::compile(settings.path, known);
  if (!path) return path.error();
  call.path_ = std::move(*path);
  if (auto done = compile_all(settings.query, call.query_); !done) return done.error();
  if (auto done = compile_all(settings.headers, call.headers_); !done) return done.error();
  if (!settings.body.empty()) {
    auto body = Template::compile(settings.body, known);
    if (!body) return body.error();
    if (!Json::accept(body->fill(known, Template::Escape::json))) {
      return Error{Errc::bad_value, "mapping.bad_template", "body: with its names filled in it is no JSON"};
    }
    call.body_ = std::move(*body);
  }
  return call;
}

RestClient::RestClient(RestSettings settings, platform::Transport transport, const Clock& clock)
    : settings_(std::move(settings)), transport_(transport), auth_(settings_.auth, std::move(transport), clock) {}

Result<Json> RestClient::judged(const OutboundResponse& response) const {
  const SuccessSettings& success = settings_.success;
  const bool good = response.status >= 200 && response.status < 300;
  if (response.status == 401 && auth_.renews()) {
    return Error{Errc::unauthorized, platform::kSessionLost, "the token is not accepted any more"};
  }
  if (good && response.body.empty()) return Json();
  auto answer = platform::read_json(response.body, "rest");
  const auto said = [&] { return answer ? platform::text(value_at_pointer(*answer, success.message)) : std::string(); };
  if (!good) return platform::status_error("rest", response, said());
  if (!answer || success.at.empty()) return answer;
  const std::string code = platform::text(value_at_pointer(*answer, success.at));
  const auto among = [&](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), code) != list.end();
  };
  if (among(success.is)) return answer;
  if (among(success.unknown)) return Error{Errc::not_found, "there is no such thing"};
  if (among(success.renew)) return Error{Errc::unauthorized, platform::kSessionLost, "the token is gone"};
  if (among(success.wait)) return Error{Errc::rate_limited, "rest.wait", "too many calls"};
  return Error{Errc::unavailable, "rest.refused",
               fmt::format("the system answered with code {}{}{}", platform::excerpt(code), said().empty() ? "" : ": ",
                           platform::excerpt(said()))};
}

Result<Json> RestClient::send(const RestCall& call, const Parameters& parameters,
                              const std::vector<std::pair<std::string, std::string>>& more) {
  OutboundRequest request{call.method_,
                          platform::join_url(settings_.url, call.path_.fill(parameters, Template::Escape::url))};
  std::string query;
  const auto add = [&](const std::string& name, const std::string& encoded) {
    if (encoded.empty()) return;
    query += (query.empty() ? "" : "&") + url_encode(name) + "=" + encoded;
  };
  for (const auto& [name, value] : call.query_) add(name, value.fill(parameters, Template::Escape::url));
  for (const auto& [name, value] : more) add(name, url_encode(value));
  if (!query.empty()) request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + query;
  request.headers.emplace_back("Accept", "application/json");
  for (const auto& [name, value] : settings_.headers) request.headers.emplace_back(name, value);
  for (const auto& [name, value] : call.headers_) {
    request.headers.emplace_back(name, value.fill(parameters, Template::Escape::none));
  }
  if (call.body_) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = call.body_->fill(parameters, Template::Escape::json);
  }
  for (bool again = false;; again = true) {
    auto session = auth_.session();
    if (!session) return session.error();
    OutboundRequest signed_one = request;
    auth_.sign(*session, signed_one);
    auto response = transport_(signed_one);
    if (!response) return response.error();
    auto answer = judged(*response);
    if (answer || again || answer.error().id != platform::kSessionLost) return answer;
    auth_.lost(*session);
  }
}

Result<Json> RestClient::call(const RestCall& call, const Parameters& parameters) { return send(call, parameters, {}); }

Result<std::vector<Json>> RestClient::rows(const RestCall& call, const Parameters& parameters, const std::string& at,
                                           const PagingSettings& paging) {
  using Way = PagingSettings::Way;
  std::vector<Json> all;
  std::string position = paging.kind == Way::page     ? std::to_string(paging.first)
                         : paging.kind == Way::offset ? "0"
                                                      : "";
  for (int page = 0; page < (paging.kind == Way::none ? 1 : paging.most); ++page) {
    std::vector<std::pair<std::string, std::string>> more;
    if (paging.kind != Way::none) {
      more.emplace_back(paging.parameter, position);
      if (!paging.size_parameter.empty()) more.emplace_back(paging.size_parameter, std::to_string(paging.size));
    }
    auto answer = send(call, parameters, more);
    if (!answer) return answer.error();
    std::vector<Json> rows = rows_at(*answer, at);
    const std::size_t count = rows.size();
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
    switch (paging.kind) {
      case Way::none:
        break;
      case Way::page:
        position = std::to_string(paging.first + page + 1);
        break;
      case Way::offset:
        position = std::to_string(all.size());
        break;
      case Way::cursor:
        position = platform::text(value_at_pointer(*answer, paging.next));
        break;
    }
    const bool last = paging.kind == Way::cursor ? position.empty() : count < static_cast<std::size_t>(paging.size);
    if (last) break;
  }
  return all;
}

}  // namespace qiao::common
