// Runs a fuzz target without libFuzzer: every file of a corpus folder, what qiao_fuzz_seeds() adds, and then mutations
// of these from a fixed random sequence, so that a failure repeats everywhere.
//
//   target CORPUS COUNT [SEED]   run
//   target --replay FILE         run one input, e.g. the one that a crash left behind
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
/// A target may define it to offer seeds that are made rather than written down.
extern "C" __attribute__((weak)) void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));

namespace {

constexpr std::size_t kLongest = 4096;

std::vector<std::string> seeds;
std::vector<std::string> dictionary;
std::string current;
std::string crash_file;

/// splitmix64: small, and the same everywhere, unlike the distributions of <random>.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(next() % limit); }

 private:
  std::uint64_t state_;
};

void mutate(std::string& input, Random& random) {
  const std::size_t at = random.below(input.size() + 1);
  const std::size_t length = 1 + random.below(16);
  switch (random.below(9)) {
    case 0:  // flip a bit
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
      break;
    case 1:  // any byte
      if (at < input.size()) input[at] = static_cast<char>(random.next());
      break;
    case 2: {  // a byte that programs stumble over
      constexpr unsigned char kOdd[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, '\n', '"', '\\', '0', '-', ' '};
      if (at < input.size()) input[at] = static_cast<char>(kOdd[random.below(std::size(kOdd))]);
      break;
    }
    case 3:
      input.insert(at, length, static_cast<char>(random.next()));
      break;
    case 4:
      input.erase(at, length);
      break;
    case 5:
      input.resize(at);
      break;
    case 6: {  // splice: the tail of another seed
      const std::string& other = seeds[random.below(seeds.size())];
      input.replace(at, std::string::npos, other, random.below(other.size() + 1), std::string::npos);
      break;
    }
    case 7:  // repeat a piece
      if (at < input.size()) input.insert(at, input.substr(at, length * (1 + random.below(8))));
      break;
    default:
      if (!dictionary.empty()) input.insert(at, dictionary[random.below(dictionary.size())]);
  }
  if (input.size() > kLongest) input.resize(kLongest);
}

/// Keeps the input that killed the process. Only calls that are allowed in a signal handler.
void leave_input(int signal) {
  const int file = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file >= 0) {
    if (::write(file, current.data(), current.size()) < 0) std::_Exit(2);
    ::close(file);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input) {
  current = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void load(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    if (file.extension() != ".dict") {
      seeds.push_back(content(file));
      continue;
    }
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) dictionary.push_back(line);
    }
  }
  if (qiao_fuzz_seeds != nullptr) {
    qiao_fuzz_seeds([](const char* data, std::size_t size) { seeds.emplace_back(data, size); });
  }
  if (seeds.empty()) seeds.emplace_back();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CORPUS COUNT [SEED] | --replay FILE\n", argv[0]);
    return 64;
  }
  crash_file = "crash-" + std::filesystem::path(argv[0]).filename().string();
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(signal, leave_input);
  if (std::strcmp(argv[1], "--replay") == 0) {
    run(content(argv[2]));
    return 0;
  }
  load(argv[1]);
  const std::size_t count = std::strtoull(argv[2], nullptr, 10);
  Random random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 20261122);
  for (const std::string& seed : seeds) run(seed);
  for (std::size_t i = 0; i < count; ++i) {
    // An input that is not done within ten seconds is a finding, too.
    if (i % 256 == 0) ::alarm(10);
    std::string input = seeds[random.below(seeds.size())];
    for (std::size_t changes = 1 + random.below(6); changes > 0; --changes) mutate(input, random);
    run(std::move(input));
  }
  std::printf("%zu seeds and %zu mutations ran\n", seeds.size(), count);
  return 0;
}
