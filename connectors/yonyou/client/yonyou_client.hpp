#pragma once

#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"
#include "connectors/platform/session.hpp"
#include "connectors/yonyou/config.hpp"

namespace qiao::yonyou {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

/// What is signed: names and values of the parameters, sorted by name, without anything between them.
std::string string_to_sign(const std::map<std::string, std::string>& parameters);
/// base64(hmac_sha256(secret, string_to_sign)); not yet encoded for a URL.
std::string signature(std::string_view secret, const std::map<std::string, std::string>& parameters);

/// 用友 YonSuite (YonBIP): the data centre is found by the tenant, tokens are signed for and last two hours. Any
/// thread.
class YonsuiteClient final : public platform::Backend {
 public:
  YonsuiteClient(const YonyouConfig& config, platform::Transport transport, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override;
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override;
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override;
  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<std::string> test() override;

 private:
  using Json = platform::Json;
  Result<platform::Grant> log_in();
  /// A business call; what it answers under `data`.
  Result<Json> call(const std::string& path, const Json& body);
  Result<Json::array_t> records(const std::string& path, Json body, std::size_t most = kAll);

  const YonyouConfig config_;
  const platform::Transport transport_;
  const Clock& clock_;
  platform::SessionKeeper session_;
};

/// 用友 U8 openapi: a cloud relays the calls to a connector in the company's network. Any thread.
class U8Client final : public platform::Backend {
 public:
  U8Client(const YonyouConfig& config, platform::Transport transport, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override;
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override;
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override;
  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<std::string> test() override;

 private:
  using Json = platform::Json;
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Result<Json> get(const std::string& path, const Fields& query);
  Result<Json> call(const std::string& path, const Fields& query);
  Result<Json::array_t> records(const std::string& path, Fields query, std::size_t most = kAll);
  Result<contract::Order> order(const std::string& number, std::string* customer = nullptr);

  const YonyouConfig config_;
  const platform::Transport transport_;
  platform::SessionKeeper session_;
};

/// The client of the configured flavour.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 1;  // one product a call

  Client(const YonyouConfig& config, platform::Transport transport, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override { return client_->stock(skus); }
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override {
    return client_->products(q);
  }
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override { return client_->orders(q); }
  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override {
    return client_->customers(q);
  }
  Result<void> complete(contract::CustomerCard& card) override { return client_->complete(card); }
  Result<std::string> test() override { return client_->test(); }

 private:
  std::unique_ptr<platform::Backend> client_;
};

}  // namespace qiao::yonyou
