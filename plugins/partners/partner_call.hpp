#pragma once

#include <memory>

#include "plugins/partners/gatekeeper.hpp"
#include "qiao/http.hpp"

namespace qiao::partners {

/// One request of a partner, from its key to its answer: quota, CORS and the report are its business. Copies share it.
/// Any thread.
class PartnerCall {
 public:
  PartnerCall(const Gatekeeper& gate, std::shared_ptr<const HttpRequest> request, HttpReply reply);

  /// False: it was answered.
  bool admit(std::string_view scope);
  [[nodiscard]] const KeyRecord& key() const { return *visit_.key.record; }
  [[nodiscard]] const HttpRequest& request() const { return *request_; }
  void answer(HttpResponse response);
  void fail(const Error& error);
  /// An answer about what the ERP said at `as_of`; 304 when the asker has it already.
  void answer_stock(std::string body, std::string tag, Time as_of, std::int64_t max_age_seconds);

 private:
  const Gatekeeper& gate_;
  std::shared_ptr<const HttpRequest> request_;
  HttpReply reply_;
  Visit visit_;
};

/// The answer to a browser that asks whether a page may use the partner API.
HttpResponse preflight(const KeyRing& ring, const HttpRequest& request);

}  // namespace qiao::partners
