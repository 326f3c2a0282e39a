// Customers from a CSV file, by telephone number or mail address.
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include "qiao/contract/crm.hpp"
#include "qiao/plugin.hpp"

namespace qiao::samples {

struct Config {
  std::string file;
};
void describe(Schema<Config>& s) {
  s.required("file", &Config::file)
      .doc(
          "CSV with a heading line: phone,email,name,tier,last_purchase; no quotes. "
          "A relative path starts at the instance's data folder");
}

/// "+49 170 1234" and "0049-170-1234" are the same number.
std::string digits(const std::string& phone) {
  std::string plain;
  for (const char c : phone) {
    if (c >= '0' && c <= '9') plain += c;
  }
  return plain.starts_with("00") ? plain.substr(2) : plain;
}

/// Immutable once read; knows no hub.
class Customers {
 public:
  static Result<Customers> read(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) return Error{Errc::unavailable, fmt::format("cannot read the customers in {}", file.string())};
    Customers customers;
    std::string line;
    std::getline(in, line);  // the heading
    for (int number = 2; std::getline(in, line); ++number) {
      std::vector<std::string> cells;
      for (std::size_t from = 0; from <= line.size();) {
        const std::size_t comma = std::min(line.find(',', from), line.size());
        cells.push_back(line.substr(from, comma - from));
        from = comma + 1;
      }
      if (cells.size() != 5) {
        return Error{Errc::bad_value,
                     fmt::format("{}:{}: expected 5 columns, found {}", file.string(), number, cells.size())};
      }
      contract::CustomerCard card;
      card.crm_id = std::to_string(number);
      card.phone = cells[0];
      card.email = cells[1];
      card.name = cells[2];
      card.tier = cells[3];
      card.last_purchase = cells[4];
      if (!cells[0].empty()) customers.by_phone_[digits(cells[0])] = card;
      if (!cells[1].empty()) customers.by_email_[cells[1]] = card;
    }
    return customers;
  }

  [[nodiscard]] Result<contract::CustomerCard> find(const std::string& phone, const std::string& email) const {
    if (const auto found = by_phone_.find(digits(phone)); found != by_phone_.end()) return found->second;
    if (const auto found = by_email_.find(email); found != by_email_.end()) return found->second;
    return Error{Errc::not_found, "no customer has this telephone number or mail address"};
  }

 private:
  std::unordered_map<std::string, contract::CustomerCard> by_phone_, by_email_;
};

class CrmPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>().serves<contract::LookupCustomer>().summary("Customers from a CSV file");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = *bound;
    return {};
  }

  // Reading here and not in `configure` lets `qiao check` run where the file is not. A file with a mistake refuses the
  // start; on a reload the running generation then goes on with what it has.
  Result<void> start(Context& host) override {
    auto read = Customers::read(host.data_dir() / config_.file);
    if (!read) return read.error();
    customers_ = std::move(*read);
    Counter& unknown = host.metrics().counter("qiao_sample_crm_unknown_total", "Lookups of people whom nobody knows");
    const Time read_at = host.clock().now();
    host.bus().serve<contract::LookupCustomer>(
        [this, &host, &unknown, read_at](const contract::LookupCustomer& q, const Headers&) {
          auto card = customers_.find(q.phone, q.email);
          if (!card) {
            unknown.add();
            return card;
          }
          card->as_of = read_at;
          card->source = host.instance();
          return card;
        });
    return {};
  }

  void stop() noexcept override { customers_ = {}; }

 private:
  Config config_;
  Customers customers_;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::CrmPlugin, "sample-crm", "crm", "1.0.0")
