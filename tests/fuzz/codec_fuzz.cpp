#include <cstdlib>

#include "qiao/codec.hpp"
#include "tests/fuzz/sample.hpp"

using qiao::fuzz::Leaf;
using qiao::fuzz::Sample;

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  for (const std::string& seed :
       {qiao::encode(qiao::fuzz::full_sample()), qiao::encode(Sample{}), qiao::encode(Leaf{})}) {
    add(seed.data(), seed.size());
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto sample = qiao::decode<Sample>(bytes);
  // What was accepted once is written and read again without a change.
  if (sample) {
    const std::string once = qiao::encode(*sample);
    const auto again = qiao::decode<Sample>(once);
    if (!again || qiao::encode(*again) != once) std::abort();
  }
  return 0;
}
