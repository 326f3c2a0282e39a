#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::kingdee {

/// Names of forms and fields, as K3Cloud spells them. Tenants add and rename fields.
struct StockForm {
  std::string form = "STK_Inventory";
  std::string sku = "FMaterialId.FNumber";
  std::string name = "FMaterialId.FName";
  std::string warehouse = "FStockId.FNumber";
  std::string warehouse_name = "FStockId.FName";
  std::string unit = "FBaseUnitId.FName";
  std::string on_hand = "FBaseQty";
  std::string reserved = "FBaseLockQty";
  std::string available;
};

struct ProductForm {
  std::string form = "BD_MATERIAL";
  std::string sku = "FNumber";
  std::string name = "FName";
  std::string barcode = "FBARCODE";
  std::string unit = "FBaseUnitId.FName";
};

struct CustomerForm {
  std::string form = "BD_Customer";
  std::string code = "FNumber";
  std::string name = "FName";
  std::string phone = "FTEL";
  std::string email = "FEmail";
  std::string owner = "FSELLER.FName";
  std::string tier = "FGroup.FName";
  std::string contact_form = "BD_CommonContact";
  std::string contact_phone = "FMobile";
  std::string contact_customer = "FCustId.FNumber";
};

struct OrderForm {
  std::string form = "SAL_SaleOrder";
  std::string number = "FBillNo";
  std::string date = "FDate";
  std::string status = "FDocumentStatus";
  std::string customer = "FCustId.FNumber";
  std::string sku = "FMaterialId.FNumber";
  std::string name = "FMaterialId.FName";
  std::string quantity = "FQty";
  std::string shipped = "FStockOutQty";
  std::string price = "FTaxPrice";
  std::string amount = "FBillAllAmount";
  std::string currency = "FSettleCurrId.FCODE";
};

struct KingdeeConfig : platform::CommonSettings {
  std::string account;
  std::string user;
  std::string app_id;
  Secret app_secret;
  Secret password;
  int language = 2052;
  StockForm stock;
  ProductForm products;
  CustomerForm customers;
  OrderForm orders;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

namespace detail {
inline constexpr const char* kName = "[A-Za-z0-9_.]*";
inline constexpr const char* kNameSays = "the name of a form or field, letters, digits, _ and .";
}  // namespace detail

inline void describe(Schema<StockForm>& s) {
  const auto key = [&](const char* name, std::string StockForm::*member, const char* doc) {
    s.optional(name, member).pattern(detail::kName, detail::kNameSays).doc(doc);
  };
  key("form", &StockForm::form, "Form of the stock on hand");
  key("sku", &StockForm::sku, "The product's number");
  key("name", &StockForm::name, "The product's name");
  key("warehouse", &StockForm::warehouse, "The warehouse's number");
  key("warehouse_name", &StockForm::warehouse_name, "The warehouse's name");
  key("unit", &StockForm::unit, "The base unit's name");
  key("on_hand", &StockForm::on_hand, "Quantity on hand");
  key("reserved", &StockForm::reserved, "Locked quantity; empty: not asked for");
  key("available", &StockForm::available,
      "Quantity that can be promised (FAVBQty in some versions); empty: on hand less reserved");
}

inline void describe(Schema<ProductForm>& s) {
  const auto key = [&](const char* name, std::string ProductForm::*member, const char* doc) {
    s.optional(name, member).pattern(detail::kName, detail::kNameSays).doc(doc);
  };
  key("form", &ProductForm::form, "Form of the materials");
  key("sku", &ProductForm::sku, "The product's number");
  key("name", &ProductForm::name, "The product's name");
  key("barcode", &ProductForm::barcode, "Barcode; empty: not asked for");
  key("unit", &ProductForm::unit, "The base unit's name");
}

inline void describe(Schema<CustomerForm>& s) {
  const auto key = [&](const char* name, std::string CustomerForm::*member, const char* doc) {
    s.optional(name, member).pattern(detail::kName, detail::kNameSays).doc(doc);
  };
  key("form", &CustomerForm::form, "Form of the customers");
  key("code", &CustomerForm::code, "The customer's number");
  key("name", &CustomerForm::name, "The customer's name");
  key("phone", &CustomerForm::phone, "Telephone number of the customer");
  key("email", &CustomerForm::email, "E-mail address; empty: not asked for");
  key("owner", &CustomerForm::owner, "Who looks after the customer; empty: not asked for");
  key("tier", &CustomerForm::tier, "Level or group of the customer; empty: not asked for");
  key("contact_form", &CustomerForm::contact_form,
      "Form of the contact persons, searched by phone as well; empty: not searched");
  key("contact_phone", &CustomerForm::contact_phone, "Mobile number of a contact person");
  key("contact_customer", &CustomerForm::contact_customer, "Number of the customer whom a contact person belongs to");
}

inline void describe(Schema<OrderForm>& s) {
  const auto key = [&](const char* name, std::string OrderForm::*member, const char* doc) {
    s.optional(name, member).pattern(detail::kName, detail::kNameSays).doc(doc);
  };
  key("form", &OrderForm::form, "Form of the sales orders");
  key("number", &OrderForm::number, "The order's number");
  key("date", &OrderForm::date, "Date of the order");
  key("status", &OrderForm::status, "State of the document: C is approved");
  key("customer", &OrderForm::customer, "Number of the customer");
  key("sku", &OrderForm::sku, "Product of a line");
  key("name", &OrderForm::name, "Name of the product of a line");
  key("quantity", &OrderForm::quantity, "Quantity of a line");
  key("shipped", &OrderForm::shipped, "Quantity of a line that has left the warehouse; empty: not asked for");
  key("price", &OrderForm::price, "Price of one");
  key("amount", &OrderForm::amount, "Sum of the order");
  key("currency", &OrderForm::currency, "Code of the currency; empty: not asked for");
}

inline void describe(Schema<KingdeeConfig>& s) {
  s.required("url", &KingdeeConfig::url).url().doc("Address of the WebAPI, e.g. https://k3.example.com/K3Cloud/");
  s.required("account", &KingdeeConfig::account).doc("Id of the data centre (数据中心 ID)");
  s.required("user", &KingdeeConfig::user).doc("Name of the integration user");
  s.optional("app_id", &KingdeeConfig::app_id).doc("Id of the third-party system (第三方系统登录授权)");
  s.optional("app_secret", &KingdeeConfig::app_secret).doc("Secret that belongs to app_id");
  s.optional("password", &KingdeeConfig::password).doc("Password of the user, instead of app_id and app_secret");
  s.optional("language", &KingdeeConfig::language)
      .range(1, 65535)
      .doc("Language of names and messages: 2052 is Chinese");
  s.section("stock", &KingdeeConfig::stock).doc("Names of the form and fields of the stock");
  s.section("products", &KingdeeConfig::products).doc("Names of the form and fields of the materials");
  s.section("customers", &KingdeeConfig::customers).doc("Names of the forms and fields of the customers");
  s.section("orders", &KingdeeConfig::orders).doc("Names of the form and fields of the sales orders");
  platform::describe_common(s);
  s.rule("app_secret", [](const KingdeeConfig& c) -> std::string {
    const bool app = !c.app_id.empty() && !c.app_secret.empty();
    return app == c.password.empty() ? "" : "give either app_id and app_secret, or password";
  });
}

}  // namespace qiao::kingdee
