#include "connectors/common/customers.hpp"

#include <nlohmann/json.hpp>

#include "connectors/platform/json_answer.hpp"
#include "connectors/platform/phone.hpp"

namespace qiao::common {
namespace {

using namespace contract;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

void add_others(const Json& row, const Fields& known, std::map<std::string, std::string>& attributes) {
  for (const auto& [name, value] : row.items()) {
    const std::string text = platform::text(value);
    if (!text.empty() && !known.contains(name)) attributes.emplace(name, text);
  }
}

}  // namespace

Result<CustomerReader> CustomerReader::compile(const Fields& fields, const Locale& locale, bool others_are_attributes) {
  auto map = FieldMap::compile<CustomerCard>(fields, locale);
  if (!map) return map.error();
  CustomerReader reader;
  reader.fields_ = std::move(*map);
  reader.known_ = columns_of(type_of<CustomerCard>());
  reader.locale_ = locale;
  reader.others_are_attributes_ = others_are_attributes;
  return reader;
}

Result<std::vector<CustomerCard>> CustomerReader::read(const std::vector<Json>& rows, const LookupCustomer& q) const {
  std::vector<CustomerCard> cards;
  const std::string email = lower(q.email);
  for (const Json& row : rows) {
    CustomerCard card;
    if (auto done = fields_.apply(row, &card); !done) return done.error();
    if (others_are_attributes_ && row.is_object()) add_others(row, known_, card.attributes);
    if (card.crm_id.empty()) continue;
    if (q.crm_id.empty() && !q.phone.empty() && !card.phone.empty() &&
        !platform::same_phone(card.phone, q.phone, locale_.country)) {
      continue;
    }
    if (q.crm_id.empty() && q.phone.empty() && !card.email.empty() && lower(card.email) != email) continue;
    const bool again =
        std::any_of(cards.begin(), cards.end(), [&](const CustomerCard& c) { return c.crm_id == card.crm_id; });
    if (!again) cards.push_back(std::move(card));
  }
  return cards;
}

Result<ProductReader> ProductReader::compile(const Fields& fields, const Locale& locale, bool others_are_attributes) {
  auto map = FieldMap::compile<Product>(fields, locale);
  if (!map) return map.error();
  ProductReader reader;
  reader.fields_ = std::move(*map);
  reader.known_ = columns_of(type_of<Product>());
  reader.others_are_attributes_ = others_are_attributes;
  return reader;
}

Result<std::vector<Product>> ProductReader::read(const std::vector<Json>& rows, std::size_t limit) const {
  std::vector<Product> products;
  for (const Json& row : rows) {
    if (products.size() == limit) break;
    Product product;
    if (auto done = fields_.apply(row, &product); !done) return done.error();
    if (others_are_attributes_ && row.is_object()) add_others(row, known_, product.attributes);
    if (!product.sku.empty()) products.push_back(std::move(product));
  }
  return products;
}

}  // namespace qiao::common
