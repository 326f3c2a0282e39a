#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/config.hpp"
#include "qiao/contract/crm.hpp"
#include "qiao/contract/erp.hpp"

/// \file
/// From the rows of a foreign system to the hub's own types, as the operator wrote it down in YAML.
///
///     fields:
///       number: /order_no                       # a JSON pointer into the row (of SQL: /column)
///       phone: /mobile ?? /phone | phone        # the first that is not empty, then transforms from left to right
///       currency: =CNY                          # a constant
///       customer: "{/first_name} {/last_name}"  # several, put together
///       status: /state | map done=已完成, open=处理中
///       attributes.birthday: /birthday          # an entry of a map
///
/// Transforms: trim, lower, upper, digits, phone, number (drops thousands separators), decimal (at least two digits),
/// cents (whole cents to decimal), time, seconds and millis (since 1970), date (the day of a time), map a=b, c=d,
/// split SEPARATOR (for lists), default TEXT.

namespace qiao::common {

using Json = nlohmann::json;
/// A field of the contract → where it comes from.
using Fields = std::map<std::string, std::string>;

/// What a transform must know of the place.
struct Locale {
  std::string country = "86";  ///< calling code of numbers without one
  int utc_offset = 8;          ///< hours, for times without a zone
};

/// One side of the mapping of a record: an expression a field, checked once.
class FieldMap {
 public:
  /// Fails with a sentence that names the field, or the nearest right name. `type` is a QIAO_FIELDS struct.
  static Result<FieldMap> compile(const Fields& fields, const TypeInfo& type, Locale locale);
  template <class T>
  static Result<FieldMap> compile(const Fields& fields, Locale locale) {
    return compile(fields, type_of<T>(), std::move(locale));
  }

  /// Fills the mapped fields of `record`; what the row does not have stays as it is. The error names the field and
  /// says what was expected, never what stood there.
  Result<void> apply(const Json& row, void* record) const;
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

 private:
  struct Step {
    std::string name;
    std::string argument;
    std::map<std::string, std::string> table;
  };
  struct Part {
    bool pointer = false;
    std::string text;  ///< a pointer, or what stands around pointers
  };
  struct Entry {
    std::string name;
    std::string key;  ///< of a map
    const FieldInfo* field = nullptr;
    std::vector<std::vector<Part>> ways;  ///< the first that gives something
    std::vector<Step> steps;
  };
  static Result<Entry> read(const std::string& name, std::string_view expression);
  static Result<void> read_way(std::string_view text, Entry& entry);
  static Result<void> read_step(std::string_view text, Entry& entry);
  Result<std::string> transformed(const Entry& entry, std::string text) const;
  Result<void> store(const Entry& entry, const TypeInfo& type, void* at, const std::string& text) const;

  std::vector<Entry> entries_;
  Locale locale_;
};

/// A list inside of an answer or of a row.
struct ListMap {
  std::string rows;  ///< pointer to the list
  Fields fields;
};
void describe(Schema<ListMap>& s);

/// Stock as most systems give it: a row a product and warehouse. Rows of one SKU are put together.
struct StockRow {
  std::string sku;
  std::string name;
  std::string unit;
  std::string warehouse;
  std::string warehouse_name;
  double on_hand = 0;
  double reserved = 0;
  double available = 0;
};
QIAO_FIELDS(StockRow, sku, name, unit, warehouse, warehouse_name, on_hand, reserved, available)

/// An order, or one line of it: rows of one number are put together.
struct OrderRow {
  std::string number;
  Time placed_at;
  std::string status;
  std::string amount;
  std::string currency;
  std::string customer;
  std::string phone;
  std::string email;
  std::string sku;
  std::string name;
  double quantity = 0;
  std::string price;
  std::string carrier;
  std::string tracking;
  std::string shipment_status;
  Time shipped_at;
  Time expected_at;
};
QIAO_FIELDS(OrderRow, number, placed_at, status, amount, currency, customer, phone, email, sku, name, quantity, price,
            carrier, tracking, shipment_status, shipped_at, expected_at)

struct OrderMap {
  std::string rows;
  Fields fields;
  std::optional<ListMap> lines;
  std::optional<ListMap> shipments;
};
void describe(Schema<OrderMap>& s);

/// Collects rows into what the contracts want. `rows` are objects.
class StockReader {
 public:
  static Result<StockReader> compile(const Fields& fields, const std::optional<ListMap>& levels, const Locale& locale);
  /// One entry a SKU in their order, null where no row speaks of it. A row without `sku` belongs to the only one asked.
  Result<std::vector<std::shared_ptr<const contract::Stock>>> read(const std::vector<Json>& rows,
                                                                   std::span<const std::string> skus) const;

 private:
  FieldMap row_;
  FieldMap level_;
  std::string levels_at_;
  bool computes_available_ = true;
};

class OrderReader {
 public:
  static Result<OrderReader> compile(const OrderMap& map, const Locale& locale);
  /// Newest first, at most `limit`, and only orders of whom the question names: an order that does not say whose it is
  /// belongs to nobody when a phone number or an e-mail address was given.
  Result<std::vector<contract::Order>> read(const std::vector<Json>& rows, const contract::OrderQuery& q) const;
  /// Orders that a card already vouches for.
  Result<std::vector<contract::Order>> read(const std::vector<Json>& rows, std::size_t limit) const;

 private:
  struct Owned;
  Result<std::vector<Owned>> collect(const std::vector<Json>& rows) const;
  FieldMap row_;
  FieldMap line_;
  FieldMap shipment_;
  std::string lines_at_;
  std::string shipments_at_;
  Locale locale_;
};

/// What stands at a pointer; null when nothing does.
const Json& value_at_pointer(const Json& value, const std::string& pointer);
/// The list at a pointer; the value itself when it is an object; nothing when there is nothing.
std::vector<Json> rows_at(const Json& answer, const std::string& pointer);

/// Every field of a type from the column of its name: what SQL needs no mapping for.
Fields columns_of(const TypeInfo& type);

}  // namespace qiao::common
