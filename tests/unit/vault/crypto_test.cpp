#include "core/vault/crypto.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace qiao::core::crypto {
namespace {

std::string bytes(std::string_view digits) {
  auto out = from_hex(digits);
  EXPECT_TRUE(out) << digits;
  return out.value_or("");
}

std::string digits(std::string_view text) {
  return hex({reinterpret_cast<const unsigned char*>(text.data()), text.size()});
}

Key key_of(std::string_view hex_digits) {
  const std::string raw = bytes(hex_digits);
  Key key;
  std::copy(raw.begin(), raw.end(), key.data());
  return key;
}

struct GcmVector {
  const char* name;
  const char* key;
  const char* nonce;
  const char* aad;
  const char* plain;
  const char* cipher;
  const char* tag;
};

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the cases with 256-bit keys and 96-bit nonces.
constexpr GcmVector kGcm[] = {
    {"13", "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"14", "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"15", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
     "ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
     "bcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"16", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
     "ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
     "bcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"}};

TEST(Gcm, GivesThePublishedVectorsAndOpensThem) {
  for (const GcmVector& v : kGcm) {
    SCOPED_TRACE(v.name);
    const Key key = key_of(v.key);
    const std::string plain = bytes(v.plain);
    std::string sealed(plain.size() + kTagSize, '\0');
    ASSERT_TRUE(gcm_seal(key, bytes(v.nonce), bytes(v.aad), plain, sealed.data()));
    EXPECT_EQ(digits(sealed), std::string(v.cipher) + v.tag);
    std::string opened(plain.size(), '\0');
    ASSERT_TRUE(gcm_open(key, bytes(v.nonce), bytes(v.aad), sealed, opened.data()));
    EXPECT_EQ(opened, plain);
  }
}

TEST(Gcm, OpensNothingOfWhichOneBitIsOther) {
  const std::optional<Key> key = Key::random();
  ASSERT_TRUE(key);
  std::string sealed;
  ASSERT_TRUE(seal_onto(sealed, *key, "place", "a text of some length"));
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    std::string other = sealed;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(open(*key, "place", other)) << "bit " << i;
  }
  EXPECT_FALSE(open(*key, "another", sealed));
  for (std::size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(open(*key, "place", sealed.substr(0, size)));
  EXPECT_EQ(open(*key, "place", sealed), "a text of some length");
}

TEST(Gcm, OpensWhateverItSealedForManyLengthsAndContents) {
  constexpr std::uint32_t kSeed = 20261122;
  std::mt19937 random(kSeed);
  const std::optional<Key> key = Key::random();
  ASSERT_TRUE(key);
  for (int i = 0; i < 2000; ++i) {
    std::string plain(random() % 5000, '\0');
    for (char& c : plain) c = static_cast<char>(random());
    std::string aad(random() % 100, 'a');
    std::string sealed = "before";
    ASSERT_TRUE(seal_onto(sealed, *key, aad, plain));
    ASSERT_EQ(sealed.size(), 6 + plain.size() + kSealSize) << "seed " << kSeed;
    ASSERT_EQ(open(*key, aad, std::string_view(sealed).substr(6)), plain) << "seed " << kSeed << " round " << i;
  }
}

TEST(Gcm, NeverTakesANonceTwice) {
  const std::optional<Key> key = Key::random();
  ASSERT_TRUE(key);
  std::set<std::string> nonces;
  for (int i = 0; i < 50'000; ++i) {
    std::string sealed;
    ASSERT_TRUE(seal_onto(sealed, *key, "", "x"));
    ASSERT_TRUE(nonces.insert(sealed.substr(0, kNonceSize)).second);
  }
}

// RFC 5869, appendix A.
TEST(Hkdf, GivesTheVectorsOfTheRfc) {
  std::array<unsigned char, 42> out;
  ASSERT_TRUE(hkdf(std::string(22, '\x0b'), bytes("000102030405060708090a0b0c"), bytes("f0f1f2f3f4f5f6f7f8f9"), out));
  EXPECT_EQ(hex(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  ASSERT_TRUE(hkdf(std::string(22, '\x0b'), {}, {}, out));
  EXPECT_EQ(hex(out), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

// RFC 4231.
TEST(HmacSha256, GivesTheVectorsOfTheRfc) {
  EXPECT_EQ(hex(Hmac(std::string(20, '\x0b')).of("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(Hmac("Jefe").of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(Hmac(std::string(131, '\xaa')).of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 4648.
TEST(Base64, TakesBothAlphabetsAndWritesTheUrlOne) {
  EXPECT_EQ(from_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(from_base64("-_8"), from_base64("+/8="));
  EXPECT_FALSE(from_base64("Zm 9v"));
  const unsigned char raw[] = {0xfb, 0xff};
  EXPECT_EQ(base64url(raw), "-_8");
}

}  // namespace
}  // namespace qiao::core::crypto
