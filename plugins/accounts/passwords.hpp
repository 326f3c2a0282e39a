#pragma once

#include <string>
#include <string_view>

#include "qiao/result.hpp"

namespace qiao::accounts {

/// argon2id with t=2, m=19 MiB, p=1: about 50 ms and 19 MiB for the length of the call. Only on the password lane.
Result<std::string> hash_password(std::string_view password);
/// The same cost whatever the answer is. An empty `hash` is an account that nobody has: it costs the same and never
/// fits.
bool fits_password(const std::string& hash, std::string_view password);

/// Is it good enough for `login`? `bad_value` with a sentence for the person who chooses it.
Result<void> check_new_password(std::string_view password, std::string_view login);

}  // namespace qiao::accounts
