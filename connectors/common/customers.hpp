#pragma once

#include "connectors/common/parameters.hpp"

namespace qiao::common {

/// Rows of people as cards. What the mapping does not name but a row of columns has becomes an attribute.
class CustomerReader {
 public:
  static Result<CustomerReader> compile(const Fields& fields, const Locale& locale, bool others_are_attributes);
  /// Those who really have the phone number or the e-mail address that was asked for: searches are often rough.
  Result<std::vector<contract::CustomerCard>> read(const std::vector<Json>& rows,
                                                   const contract::LookupCustomer& q) const;

 private:
  FieldMap fields_;
  Fields known_;
  Locale locale_;
  bool others_are_attributes_ = false;
};

/// Rows of goods.
class ProductReader {
 public:
  static Result<ProductReader> compile(const Fields& fields, const Locale& locale, bool others_are_attributes);
  Result<std::vector<contract::Product>> read(const std::vector<Json>& rows, std::size_t limit) const;

 private:
  FieldMap fields_;
  Fields known_;
  bool others_are_attributes_ = false;
};

}  // namespace qiao::common
