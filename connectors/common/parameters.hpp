#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/common/mapping.hpp"
#include "qiao/contract/crm.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/result.hpp"

namespace qiao::common {

/// What a question gives to a template or a query; a list for `IN (…)`.
class Parameters {
 public:
  void set(const std::string& name, std::string value) { values_[name] = {std::move(value)}; }
  void set(const std::string& name, std::vector<std::string> values) { values_[name] = std::move(values); }
  /// Null: there is no such parameter.
  [[nodiscard]] const std::vector<std::string>* find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }
  /// Lists with commas between.
  [[nodiscard]] std::string text(const std::string& name) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

/// phone: as dialled at home ("13800138000"), phone_full: with "+" and country, phone_tail: the last eight digits,
/// phone_like: the tail with % between the digits, for a LIKE over numbers with spaces.
void set_phone(Parameters& parameters, const std::string& phone, const std::string& country);

/// What each question gives, so that a name that does not exist is found before anybody asks.
Parameters stock_parameters(std::span<const std::string> skus);                          // sku, skus
Parameters product_parameters(const contract::ProductSearch& q);                         // text, text_like, limit
Parameters order_parameters(const contract::OrderQuery& q, const std::string& country);  // number, customer, email, …
Parameters customer_parameters(const contract::LookupCustomer& q, const std::string& country);  // crm_id, email, …
Parameters activity_parameters(const std::string& crm_id, const contract::RecordActivity& q);
Parameters tag_parameters(const std::string& crm_id, const contract::TagCustomer& q);  // crm_id, add, remove

/// A text with {names} in it, of small letters and _; all other braces are text. It only substitutes: no conditions, no
/// loops, no code.
class Template {
 public:
  enum class Escape : std::uint8_t {
    none,
    url,   ///< percent-encoded
    json,  ///< for the inside of a JSON text's quotes
  };
  /// Fails when a name is not in `known`.
  static Result<Template> compile(std::string_view text, const Parameters& known);
  /// Fills in, each value escaped; names without a value are empty.
  [[nodiscard]] std::string fill(const Parameters& parameters, Escape escape) const;

 private:
  struct Part {
    bool name = false;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace qiao::common
