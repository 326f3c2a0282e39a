#include "plugins/contacts/privacy.hpp"
#include "plugins/contacts/rest.hpp"

namespace qiao::contacts {

namespace permission = contract::permission;

struct ExportBody {
  Id id;
  std::string language;
};
QIAO_FIELDS(ExportBody, id, language)

namespace {

using namespace std::chrono_literals;

/// The front answers 504 before that; the work goes on all the same.
constexpr auto kPatience = 10min;

}  // namespace

void add_privacy_routes(Http& http, Bus& bus, Privacy& privacy) {
  const Access administrators = Access::needs(permission::kPrivacy);
  http.route_async<ExportBody, contract::ExportedContact>(
      contact_route("POST", "/api/v1/contacts/{id}/export",
                    "A copy of everything about a person, as a folder of the hub", administrators),
      [&bus, &privacy](const ExportBody& in, const HttpRequest& request,
                       std::function<void(Result<contract::ExportedContact>)> reply) {
        const Principal& who = request.principal;
        bus.request(contract::ExportContact{in.id.str(), privacy.new_folder(in.id), in.language, who.id, who.name,
                                            request.remote},
                    RequestOptions{kPatience}, std::move(reply));
      });
  http.route_async<ById, contract::ErasedContact>(
      contact_route("POST", "/api/v1/contacts/{id}/erase", "Removes everything about a person, for good",
                    administrators),
      [&bus](const ById& in, const HttpRequest& request, std::function<void(Result<contract::ErasedContact>)> reply) {
        const Principal& who = request.principal;
        bus.request(contract::EraseContact{in.id.str(), who.id, who.name, request.remote}, RequestOptions{kPatience},
                    std::move(reply));
      });
}

}  // namespace qiao::contacts
