#include <cstdlib>

#include "qiao/json.hpp"
#include "tests/fuzz/sample.hpp"

using qiao::fuzz::Sample;

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  for (const std::string& seed : {qiao::to_json(qiao::fuzz::full_sample()), qiao::to_json(Sample{})}) {
    add(seed.data(), seed.size());
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto sample = qiao::from_json<Sample>(text);
  // What was accepted once is written and read again without a change.
  if (sample) {
    const std::string once = qiao::to_json(*sample);
    const auto again = qiao::from_json<Sample>(once);
    if (!again || qiao::to_json(*again) != once) std::abort();
  }
  return 0;
}
