#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "qiao/contract/erp.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::partners {

/// The hub with accounts and partners; the ERP is played by the test.
struct PartnerHub : testing::Test {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  static constexpr const char* kShop = "https://shop.example.org";

  std::map<std::string, double> stock{{"A-100", 12}, {"A-200", 0}, {"B-1", 3}};
  std::atomic<bool> erp_up{true};
  std::atomic<int> asked{0};
  testkit::TestHub hub;

  explicit PartnerHub(const std::string& config = "{}");

  /// As an administrator, or as whoever the token belongs to.
  testkit::HttpAnswer admin(const std::string& method, const std::string& path, const std::string& body = {});
  std::string token_of(const std::string& login);
  /// A key made over REST; `more` are further members of the body.
  struct Key {
    std::string id;
    std::string secret;
  };
  Key server_key(const std::string& more = {});
  Key browser_key(const std::string& more = {});
  Key make(const std::string& body);
  testkit::HttpAnswer with(const std::string& secret, const std::string& path, const std::string& origin = {});
  testkit::HttpAnswer post(const std::string& secret, const std::string& body, const std::string& origin = {});

 private:
  std::string token_;
};

nlohmann::json json_of(const testkit::HttpAnswer& answer);
/// The stable id of a problem: "partners.quota".
std::string problem_of(const testkit::HttpAnswer& answer);

}  // namespace qiao::partners
