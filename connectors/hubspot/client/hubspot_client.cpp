#include "connectors/hubspot/client/hubspot_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "connectors/platform/phone.hpp"
#include "qiao/markup.hpp"

namespace qiao::hubspot {
namespace {

using namespace platform;
using namespace contract;

constexpr std::size_t kBatch = 100;       // what a batch read takes
constexpr std::size_t kMostLinks = 2000;  // associations of one contact

Error fault(const OutboundResponse& response) {
  const auto body = read_json(response.body, "hubspot");
  const std::string said = body ? text(at(*body, "message")) : std::string{};
  Error error = status_error("hubspot", response, said);
  if (response.status != 429) return error;
  // Ten seconds pass by themselves; a day's quota does not, and asking on would only be refused.
  const bool daily = body && text(at(*body, "policyName")) == "DAILY";
  error.id = daily ? "hubspot.daily_limit" : "hubspot.busy";
  if (error.retry_after.count() == 0) {
    error.retry_after = daily ? std::chrono::milliseconds(std::chrono::hours(1)) : std::chrono::milliseconds(10000);
  }
  return error;
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 20 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error no_id() { return {Errc::not_found, "this is no id of a HubSpot contact"}; }

std::string property(const Json& object, const std::string& name) {
  return name.empty() ? std::string{} : text(at(object, {"properties", name}));
}

}  // namespace

Client::Client(const HubspotConfig& config, Transport transport, const Clock&)
    : config_(config), transport_(std::move(transport)) {}

Result<Json> Client::call(const std::string& method, const std::string& path, const Json& body) {
  OutboundRequest request = json_request(method, join_url(config_.url, path), body);
  request.headers.emplace_back("authorization", "Bearer " + config_.token.reveal());
  return ask(transport_, "hubspot", request, fault);
}

Json Client::contact_properties() const {
  Json list = {"firstname", "lastname", "phone", "mobilephone", "email", "company", "hubspot_owner_id"};
  if (!config_.tier_property.empty()) list.push_back(config_.tier_property);
  if (!config_.tags_property.empty()) list.push_back(config_.tags_property);
  return list;
}

CustomerCard Client::card_of(const Json& contact) const {
  CustomerCard card;
  card.crm_id = text(at(contact, "id"));
  const std::string first = property(contact, "firstname"), last = property(contact, "lastname");
  // Chinese names are written last name first and without a space.
  const bool han = !last.empty() && static_cast<unsigned char>(last.front()) >= 0xE3;
  card.name = han ? last + first : first + (first.empty() || last.empty() ? "" : " ") + last;
  card.phone = property(contact, "mobilephone");
  if (card.phone.empty()) card.phone = property(contact, "phone");
  card.email = property(contact, "email");
  card.company = property(contact, "company");
  card.tier = property(contact, config_.tier_property);
  card.owner = property(contact, "hubspot_owner_id");  // the name follows in `complete`
  card.tags = split(property(contact, config_.tags_property), ';');
  return card;
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  std::vector<CustomerCard> found;
  if (!q.crm_id.empty()) {
    if (!is_id(q.crm_id)) return found;
    std::vector<std::string> names;
    for (const Json& name : contact_properties()) names.push_back(text(name));
    auto contact = call("GET", fmt::format("crm/v3/objects/contacts/{}?properties={}", q.crm_id,
                                           url_encode(fmt::format("{}", fmt::join(names, ",")))));
    if (!contact && contact.error().code == Errc::not_found) return found;
    if (!contact) return contact.error();
    found.push_back(card_of(*contact));
    return found;
  }
  const auto group = [](const char* name, const char* op, const char* key, Json value) {
    return Json{{"filters", Json::array({Json{{"propertyName", name}, {"operator", op}, {key, std::move(value)}}})}};
  };
  Json groups = Json::array();
  if (!q.phone.empty()) {
    const auto spellings = phone_spellings(q.phone, config_.country);
    groups.push_back(group("phone", "IN", "values", spellings));
    groups.push_back(group("mobilephone", "IN", "values", spellings));
    groups.push_back(group("hs_searchable_calculated_phone_number", "EQ", "value", q.phone));
  } else {
    groups.push_back(group("email", "EQ", "value", q.email));
  }
  auto answer = call("POST", "crm/v3/objects/contacts/search",
                     {{"filterGroups", groups}, {"properties", contact_properties()}, {"limit", 10}});
  if (!answer) return answer.error();
  for (const Json& contact : items(at(*answer, "results"))) {
    const bool fits = q.phone.empty() || same_phone(property(contact, "phone"), q.phone, config_.country) ||
                      same_phone(property(contact, "mobilephone"), q.phone, config_.country);
    if (fits) found.push_back(card_of(contact));
  }
  return found;
}

Result<std::vector<std::string>> Client::associated(const std::string& contact, const std::string& kind) {
  std::vector<std::string> ids;
  for (std::string after;;) {
    auto page = call("GET", fmt::format("crm/v4/objects/contacts/{}/associations/{}?limit=500{}", contact, kind,
                                        after.empty() ? "" : "&after=" + url_encode(after)));
    if (!page) return page.error();
    const auto& links = items(at(*page, "results"));
    for (const Json& link : links) {
      std::string id = text(at(link, "toObjectId"));
      if (is_id(id)) ids.push_back(std::move(id));
    }
    after = text(at(*page, {"paging", "next", "after"}));
    if (after.empty() || links.empty() || ids.size() >= kMostLinks) return ids;
  }
}

Result<Json::array_t> Client::read(const std::string& kind, std::span<const std::string> ids, const Json& properties) {
  Json::array_t all;
  for (std::size_t from = 0; from < ids.size(); from += kBatch) {
    Json inputs = Json::array();
    for (const std::string& id : ids.subspan(from, std::min(kBatch, ids.size() - from))) inputs.push_back({{"id", id}});
    auto answer = call("POST", fmt::format("crm/v3/objects/{}/batch/read", kind),
                       {{"inputs", inputs}, {"properties", properties}});
    if (!answer) return answer.error();
    const auto& rows = items(at(*answer, "results"));
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

Result<void> Client::complete(CustomerCard& card) {
  if (is_id(card.owner)) {
    const std::string id = std::exchange(card.owner, {});
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = owners_.find(id); known != owners_.end()) card.owner = known->second;
    }
    if (card.owner.empty()) {
      auto owner = call("GET", "crm/v3/owners/" + id);
      if (!owner && owner.error().code != Errc::not_found) return owner.error();
      if (owner) {
        const std::string first = text(at(*owner, "firstName")), last = text(at(*owner, "lastName"));
        card.owner = first + (first.empty() || last.empty() ? "" : " ") + last;
        const std::lock_guard lock(mutex_);
        if (owners_.size() < 1000) owners_[id] = card.owner;
      }
    }
  }
  if (config_.orders.empty()) return {};
  auto ids = associated(card.crm_id, config_.orders);
  if (!ids) return ids.error();
  // The newest have the highest ids.
  std::sort(ids->begin(), ids->end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a > b;
  });
  if (ids->size() > 10) ids->resize(10);
  Json properties = Json::array();
  for (const std::string& name : {config_.order_number, config_.order_date, config_.order_status, config_.order_amount,
                                  config_.order_currency, config_.order_name}) {
    if (!name.empty()) properties.push_back(name);
  }
  auto rows = read(config_.orders, *ids, properties);
  if (!rows) return rows.error();
  for (const Json& row : *rows) {
    Order o;
    o.number = property(row, config_.order_number);
    o.placed_at = time(property(row, config_.order_date), config_.utc_offset);
    o.status = property(row, config_.order_status);
    o.amount = property(row, config_.order_amount);
    o.currency = property(row, config_.order_currency);
    if (const std::string name = property(row, config_.order_name); !name.empty() && name != o.number) {
      o.lines.push_back({{}, name, 1, {}});
    }
    card.orders.push_back(std::move(o));
  }
  newest_first(card.orders);
  return {};
}

Result<void> Client::record(const std::string& crm_id, const RecordActivity& a) {
  if (!is_id(crm_id)) return no_id();
  const std::string mark = fmt::format("[qiao:{}]", a.external_id);
  // The search index lags by seconds; the contact's own notes do not.
  auto notes = associated(crm_id, "notes");
  if (!notes) return notes.error();
  auto rows = read("notes", *notes, {"hs_note_body"});
  if (!rows) return rows.error();
  for (const Json& row : *rows) {
    if (property(row, "hs_note_body").find(mark) != std::string::npos) return {};
  }
  const std::string body = fmt::format("<b>{}</b><br>{}<br>{}<br>{}", escape_markup(a.subject, "<br>"),
                                       escape_markup(a.text, "<br>"), escape_markup(a.url), mark);
  constexpr int kNoteToContact = 202;
  auto done =
      call("POST", "crm/v3/objects/notes",
           {{"properties", {{"hs_timestamp", to_iso8601(a.at)}, {"hs_note_body", body}}},
            {"associations", Json::array({{{"to", {{"id", crm_id}}},
                                           {"types", Json::array({{{"associationCategory", "HUBSPOT_DEFINED"},
                                                                   {"associationTypeId", kNoteToContact}}})}}})}});
  if (!done) return done.error();
  return {};
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  if (config_.tags_property.empty()) {
    return Error{Errc::unsupported, "hubspot.no_tags",
                 "HubSpot has no tags of its own; set tags_property to a property with several checkboxes"};
  }
  if (!is_id(crm_id)) return no_id();
  auto contact = call("GET", fmt::format("crm/v3/objects/contacts/{}?properties={}", crm_id, config_.tags_property));
  if (!contact) return contact.error();
  const std::vector<std::string> before = split(property(*contact, config_.tags_property), ';');
  std::vector<std::string> tags = before;
  for (const std::string& tag : q.add) {
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  std::erase_if(
      tags, [&](const std::string& tag) { return std::find(q.remove.begin(), q.remove.end(), tag) != q.remove.end(); });
  if (tags == before) return {};
  auto done = call("PATCH", "crm/v3/objects/contacts/" + crm_id,
                   {{"properties", {{config_.tags_property, fmt::format("{}", fmt::join(tags, ";"))}}}});
  if (!done) return done.error();
  return {};
}

Result<std::string> Client::test() {
  auto account = call("GET", "account-info/v3/details");
  if (!account) return account.error();
  auto contacts = call(
      "POST", "crm/v3/objects/contacts/search",
      {{"filterGroups",
        Json::array(
            {{{"filters",
               Json::array({{{"propertyName", "email"}, {"operator", "EQ"}, {"value", "nobody@example.com"}}})}}})},
       {"limit", 1}});
  if (!contacts) return contacts.error();
  return fmt::format("portal {}", text(at(*account, "portalId")));
}

}  // namespace qiao::hubspot
