#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/fields.hpp"
#include "qiao/http.hpp"

namespace qiao::core {

/// What the OpenAPI document says about one route, written when it registers: types belong to the plugin's library,
/// which may be gone when the document is asked for.
struct Operation {
  std::string method;
  std::string path;
  std::string json;  ///< the operation object
};

Operation describe_typed(const Route& route, const std::string& instance, const TypeInfo& in, const TypeInfo& out,
                         std::map<std::string, std::string>& schemas);
Operation describe_raw(const Route& route, const std::string& instance);
Operation describe_socket(const SocketRoute& route, const std::string& instance);

struct Registration;
std::string openapi_document(const std::vector<std::shared_ptr<Registration>>& active);

/// Whether a Content-Type is application/json, with or without parameters.
bool is_json_type(std::string_view content_type);

/// Fills `value` of a GET or DELETE from query and path, of the others from the JSON body and the path.
Result<void> decode_input(const HttpRequest& request, const TypeInfo& type, void* value);

}  // namespace qiao::core
