#pragma once

#include "qiao/config.hpp"
#include "qiao/lookup.hpp"

namespace qiao::platform {

using namespace std::chrono_literals;

/// What every connector to a named system can be told.
struct CommonSettings {
  std::string url;
  std::chrono::milliseconds timeout = 3s;
  std::chrono::milliseconds deadline = 800ms;
  std::chrono::milliseconds stock_fresh_for = 30s;
  std::chrono::milliseconds customer_fresh_for = 60s;
  std::chrono::milliseconds keep_for = 24h;
  unsigned concurrency = 4;
  Bytes max_answer = 4_MB;
  std::string country = "86";
  int utc_offset = 8;
  bool write = false;
  std::string ca_file;
};

/// The keys of CommonSettings; `url` is left to the connector, which knows whether there is a usual one.
template <class T>
void describe_common(Schema<T>& s) {
  s.optional("timeout", &T::timeout).range(100ms, 60s).doc("Upper bound for one call of the system");
  s.optional("deadline", &T::deadline)
      .range(50ms, 10s)
      .doc("How long somebody who asks waits before a remembered answer, marked as stale, or an error is given");
  s.optional("stock_fresh_for", &T::stock_fresh_for)
      .range(1s, 24h)
      .doc("How long stock, products and orders are answered from memory");
  s.optional("customer_fresh_for", &T::customer_fresh_for)
      .range(1s, 24h)
      .doc("How long customers are answered from memory");
  s.optional("keep_for", &T::keep_for)
      .range(1s, 720h)
      .doc("How old an answer may be to stand in while the system does not answer");
  s.optional("concurrency", &T::concurrency).range(1, 32).doc("Calls at a time, for each kind of question");
  s.optional("max_answer", &T::max_answer)
      .range(64_KB, 64_MB)
      .doc("How large one answer of the system may be; a larger one is an error");
  s.optional("country", &T::country)
      .pattern("[0-9]{1,4}", "a calling code, e.g. 86")
      .doc("Calling code of the country whose telephone numbers are kept without one");
  s.optional("utc_offset", &T::utc_offset)
      .range(-12, 14)
      .doc("Hours ahead of UTC, for dates and times that the system gives without a zone");
  s.optional("write", &T::write)
      .doc("Allow the hub to write: notes about conversations, calls and tickets, and tags. Otherwise it only reads");
  s.optional("ca_file", &T::ca_file)
      .doc("PEM file of a private certificate authority that the system's certificate is of");
}

}  // namespace qiao::platform
