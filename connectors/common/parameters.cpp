#include "connectors/common/parameters.hpp"

#include <fmt/format.h>

#include "connectors/platform/phone.hpp"
#include "qiao/json.hpp"
#include "qiao/outbound.hpp"

namespace qiao::common {

using namespace contract;

std::string Parameters::text(const std::string& name) const {
  const auto* values = find(name);
  return values == nullptr ? std::string() : fmt::format("{}", fmt::join(*values, ","));
}

void set_phone(Parameters& parameters, const std::string& phone, const std::string& country) {
  const std::string home = phone.empty() ? "" : platform::national(phone, country);
  parameters.set("phone", home);
  parameters.set("phone_full",
                 home.empty() ? "" : "+" + (home.starts_with(country) && home.size() > 11 ? "" : country) + home);
  parameters.set("phone_tail", home.empty() ? "" : platform::phone_tail(home));
  parameters.set("phone_like", home.empty() ? "" : "%" + platform::phone_like(home));
  parameters.set("phones", home.empty() ? std::vector<std::string>{} : platform::phone_spellings(home, country));
}

Parameters stock_parameters(std::span<const std::string> skus) {
  Parameters p;
  p.set("sku", skus.empty() ? "" : skus.front());
  p.set("skus", std::vector<std::string>(skus.begin(), skus.end()));
  return p;
}

Parameters product_parameters(const ProductSearch& q) {
  Parameters p;
  p.set("text", q.text);
  std::string like = "%";
  // The wildcards of LIKE are ordinary characters in what people type.
  for (const char c : q.text) like += c == '%' || c == '_' || c == '\\' ? '%' : c;
  p.set("text_like", like + "%");
  p.set("limit", std::to_string(q.limit));
  return p;
}

Parameters order_parameters(const OrderQuery& q, const std::string& country) {
  Parameters p;
  p.set("number", q.number);
  p.set("customer", q.customer);
  p.set("email", q.email);
  set_phone(p, q.phone, country);
  p.set("limit", std::to_string(q.limit));
  return p;
}

Parameters customer_parameters(const LookupCustomer& q, const std::string& country) {
  Parameters p;
  p.set("crm_id", q.crm_id);
  p.set("email", q.email);
  set_phone(p, q.phone, country);
  return p;
}

Parameters activity_parameters(const std::string& crm_id, const RecordActivity& q) {
  Parameters p;
  p.set("crm_id", crm_id);
  p.set("external_id", q.external_id);
  p.set("kind", q.kind);
  p.set("subject", q.subject);
  p.set("text", q.text);
  p.set("url", q.url);
  const std::string at = to_iso8601(q.at);
  p.set("at", at);
  // What databases take as a DATETIME.
  p.set("at_sql", at.substr(0, 10) + " " + at.substr(11, 8));
  return p;
}

Parameters tag_parameters(const std::string& crm_id, const TagCustomer& q) {
  Parameters p;
  p.set("crm_id", crm_id);
  p.set("add", q.add);
  p.set("remove", q.remove);
  p.set("tag", "");
  return p;
}

Result<Template> Template::compile(std::string_view text, const Parameters& known) {
  Template made;
  std::string plain;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    plain += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 1);
    if (end == 1 || end == std::string_view::npos || text[end] != '}') {
      plain += '{';
      text.remove_prefix(1);
      continue;
    }
    const std::string name(text.substr(1, end - 1));
    if (known.find(name) == nullptr) {
      return Error{Errc::bad_value, "mapping.bad_template", fmt::format("there is no {{{}}} here", name)};
    }
    made.parts_.push_back({false, std::exchange(plain, {})});
    made.parts_.push_back({true, name});
    text.remove_prefix(end + 1);
  }
  made.parts_.push_back({false, plain});
  return made;
}

std::string Template::fill(const Parameters& parameters, Escape escape) const {
  std::string out;
  for (const Part& part : parts_) {
    if (!part.name) {
      out += part.text;
      continue;
    }
    const std::string value = parameters.text(part.text);
    switch (escape) {
      case Escape::none:
        out += value;
        break;
      case Escape::url:
        out += url_encode(value);
        break;
      case Escape::json: {
        std::string quoted;
        append_json_string(quoted, value);
        out.append(quoted, 1, quoted.size() - 2);
        break;
      }
    }
  }
  return out;
}

}  // namespace qiao::common
