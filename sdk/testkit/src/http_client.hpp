#pragma once

#include "qiao/testkit/test_hub.hpp"

namespace qiao::testkit {

/// One request on a connection of its own; status 0 when that fails.
HttpAnswer http_request(int port, const std::string& method, const std::string& path, const std::string& body,
                        const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace qiao::testkit
