#include "plugins/accounts/passwords.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <set>

namespace qiao::accounts {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = std::size_t{19} * 1024 * 1024;
constexpr std::size_t kShortest = 10;
constexpr std::size_t kLongest = 128;

// Of a random password that was thrown away: gives unknown accounts the same work as known ones.
const std::string kNobody =
    "$argon2id$v=19$m=19456,t=2,p=1$8N8DuKngpcgMrRV4DdHYMg$/QVB9ojhuvmAv5WhOaegFo/FwLIZu2lhnpiPHRhJzB4";

// What people choose when ten characters are asked for. Shorter favourites cannot be chosen anyway.
constexpr std::array kCommon = {
    "0123456789",    "0987654321",   "1029384756",    "1111122222",   "112233445566",   "1122334455",
    "123123123123",  "1231231234",   "1234512345",    "12345678910",  "1234567890",     "12345678900",
    "1234567891",    "123456789a",   "123456789q",    "123456789abc", "123456abcdef",   "1234qwerasdf",
    "123qwe123qwe",  "123qweasdzxc", "1314520520",    "147258369a",   "1472583690",     "159753456852",
    "1a2b3c4d5e",    "1q2w3e4r5t",   "1q2w3e4r5t6y",  "1qaz2wsx3edc", "1qazxsw23edc",   "20202020aa",
    "2012201220",    "3141592653",   "3141592654",    "5201314520",   "52013145201314", "5841314520",
    "741852963a",    "7418529630",   "789456123a",    "9638527410",   "987654321a",     "9876543210",
    "a123456789",    "a1234567890",  "a1b2c3d4e5",    "aa12345678",   "aa123456789",    "abc1234567",
    "abc12345678",   "abc123456789", "abcd123456",    "abcd12345678", "abcde12345",     "abcdefghij",
    "abcdefg123",    "admin12345",   "admin123456",   "admin@12345",  "admin@123456",   "adminadmin",
    "administrator", "asd123456789", "asdasdasdasd",  "asdf123456",   "asdfghjkl1",     "asdfghjkl123",
    "asdfghjkl;",    "baseball123",  "basketball",    "changeme123",  "chocolate1",     "christmas1",
    "computer123",   "customer123",  "football123",   "goodmorning",  "helloworld",     "helloworld1",
    "iloveyou12",    "iloveyou123",  "iloveyou520",   "keepitsecret", "kefu123456",     "kefu12345678",
    "leonardo123",   "letmein123",   "letmein1234",   "liverpool1",   "loveyou1314",    "manchester",
    "michael123",    "microsoft1",   "monkey1234",    "mypassword",   "mypassword1",    "nihao123456",
    "password00",    "password01",   "password1!",    "password11",   "password12",     "password123",
    "password123!",  "password1234", "password12345", "password2024", "password2025",   "password2026",
    "password@123",  "passw0rd123",  "p@ssw0rd123",   "p@ssword123",  "princess123",    "q1w2e3r4t5",
    "q1w2e3r4t5y6",  "qaz123456789", "qazwsx123456",  "qazwsxedc1",   "qazwsxedc123",   "qazwsxedcrfv",
    "qq123456789",   "qq1234567890", "qwe123456789",  "qwer123456",   "qwer12345678",   "qwerasdfzxcv",
    "qwerty1234",    "qwerty12345",  "qwerty123456",  "qwertyuiop",   "qwertyuiop1",    "qwertyuiop123",
    "samsung123",    "starwars123",  "sunshine123",   "superman123",  "test123456",     "test12345678",
    "testtest123",   "trustno1234",  "unknown123",    "w123456789",   "welcome123",     "welcome1234",
    "welcome2026",   "whatever123",  "wo123456789",   "woaini1314",   "woaini1314520",  "woaini520",
    "woaini5201314", "woaini123456", "wodemima123",   "xiaoming123",  "z123456789",     "zaq12wsxcde3",
    "zaq1xsw2cde3",  "zxc123456789", "zxcvbnm123",    "zxcvbnm1234",  "zxcvbnm12345",   "zxcvbnm,./",
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Error weak(std::string sentence) { return {Errc::bad_value, "accounts.weak_password", std::move(sentence)}; }

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), kPasses, kMemory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{Errc::unavailable, "accounts.no_memory", "not enough memory to hash a password (19 MiB); try again"};
  }
  return std::string(out.data());
}

bool fits_password(const std::string& hash, std::string_view password) {
  const std::string& against = hash.empty() ? kNobody : hash;
  const bool fits = crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
  return fits && !hash.empty();
}

Result<void> check_new_password(std::string_view password, std::string_view login) {
  const std::size_t length = characters(password);
  if (length < kShortest)
    return weak("The password has fewer than 10 characters; a short sentence is a good password.");
  if (length > kLongest) return weak("The password has more than 128 characters.");
  const std::string plain = lower(password);
  if (std::find(kCommon.begin(), kCommon.end(), plain) != kCommon.end() ||
      std::set<char>(plain.begin(), plain.end()).size() < 5) {
    return weak("The password is among those that are tried first; choose another one.");
  }
  const std::string name = lower(login);
  if (plain == name || (name.size() >= 4 && plain.find(name) != std::string::npos)) {
    return weak("The password contains the login name.");
  }
  if (plain.find("qiao-demo") != std::string::npos)
    return weak("The password is the one of the demo, which everybody knows.");
  return {};
}

}  // namespace qiao::accounts
