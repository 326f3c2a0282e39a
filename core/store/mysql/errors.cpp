#include "core/store/mysql/errors.hpp"

#include <fmt/format.h>

namespace qiao::core::mysql {
namespace {

std::string_view shortened(std::string_view sql) { return sql.substr(0, 160); }

/// The messages about duplicates and wrong values quote the value first, then the key or column.
std::string without_value(std::string_view message) {
  const auto open = message.find('\'');
  const auto close = open == std::string_view::npos ? open : message.find("' for ", open);
  if (close == std::string_view::npos) return std::string(message);
  return fmt::format("{}'…{}", message.substr(0, open), message.substr(close));
}

Described lost(std::string_view message, int code) {
  return {{Errc::unavailable, "store.io_error",
           fmt::format("the connection to the database was lost: {} (code {}); the hub connects again by itself",
                       message, code)},
          Trouble::retry,
          true};
}

}  // namespace

Described describe(int code, std::string_view message, std::string_view sql) {
  const auto text = [&](std::string_view what) {
    return sql.empty() ? std::string(what) : fmt::format("{} (in: {})", what, shortened(sql));
  };
  switch (code) {
    case 1022:  // ER_DUP_KEY
    case 1062:  // ER_DUP_ENTRY
    case 1586:  // ER_DUP_ENTRY_WITH_KEY_NAME
      return {{Errc::conflict, "store.conflict", without_value(message)}};
    case 1048:  // ER_BAD_NULL_ERROR
    case 1264:  // ER_WARN_DATA_OUT_OF_RANGE
    case 1265:  // WARN_DATA_TRUNCATED
    case 1364:  // ER_NO_DEFAULT_FOR_FIELD
    case 1366:  // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
    case 1406:  // ER_DATA_TOO_LONG
    case 1216:  // ER_NO_REFERENCED_ROW
    case 1217:  // ER_ROW_IS_REFERENCED
    case 1451:  // ER_ROW_IS_REFERENCED_2
    case 1452:  // ER_NO_REFERENCED_ROW_2
    case 3819:  // ER_CHECK_CONSTRAINT_VIOLATED
    case 4025:  // ER_CONSTRAINT_FAILED
      return {{Errc::bad_value, "store.constraint", text(without_value(message))}};
    case 1153:  // ER_NET_PACKET_TOO_LARGE
    case 2020:  // CR_NET_PACKET_TOO_LARGE
      return {{Errc::bad_value, "store.constraint",
               text("a value is larger than the server takes; raise max_allowed_packet there")},
              Trouble::io,
              true};
    case 1020:  // ER_CHECKREAD
    case 1205:  // ER_LOCK_WAIT_TIMEOUT
    case 1213:  // ER_LOCK_DEADLOCK
    case 1317:  // ER_QUERY_INTERRUPTED
    case 1615:  // ER_NEED_REPREPARE
      return {{Errc::overloaded, "store.busy",
               fmt::format("others hold what is needed in the database: {} (code {}); try again in a moment", message,
                           code)},
              Trouble::retry};
    case 3:     // EE_WRITE
    case 20:    // EE_DISK_FULL
    case 1021:  // ER_DISK_FULL
    case 1026:  // ER_ERROR_ON_WRITE
    case 1114:  // ER_RECORD_FILE_FULL
      return {{Errc::unavailable, "store.full",
               fmt::format("the database server has no space left: {} (code {}); free some, writing then goes on by "
                           "itself",
                           message, code)},
              Trouble::full};
    case 1037:  // ER_OUTOFMEMORY
    case 1041:  // ER_OUT_OF_RESOURCES
    case 1180:  // ER_ERROR_DURING_COMMIT
      return {{Errc::unavailable, "store.io_error",
               fmt::format("the database server cannot go on: {} (code {}); look into its log", message, code)},
              Trouble::io};
    case 1792:  // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
      return {{Errc::forbidden, "store.read_only", text("this session only reads")}};
    case 1290:  // ER_OPTION_PREVENTS_STATEMENT
    case 1836:  // ER_READ_ONLY_MODE
      // After a failover the name of the primary may lead to another server: connect anew.
      return {{Errc::unavailable, "store.io_error",
               fmt::format("the database server takes no writes: {} (code {}); connect the hub to the primary", message,
                           code)},
              Trouble::io,
              true};
    case 1040:  // ER_CON_COUNT_ERROR
    case 1203:  // ER_TOO_MANY_USER_CONNECTIONS
      return {{Errc::unavailable, "store.io_error",
               fmt::format("the database server takes no more connections: {} (code {}); raise max_connections there, "
                           "or lower store.readers",
                           message, code)},
              Trouble::io,
              true};
    case 1044:  // ER_DBACCESS_DENIED_ERROR
    case 1045:  // ER_ACCESS_DENIED_ERROR
    case 1049:  // ER_BAD_DB_ERROR
    case 1130:  // ER_HOST_NOT_PRIVILEGED
    case 1251:  // ER_NOT_SUPPORTED_AUTH_MODE
    case 1698:  // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    case 3159:  // ER_SECURE_TRANSPORT_REQUIRED
      return {{Errc::forbidden, "store.access_denied",
               fmt::format("the database server refuses the hub: {} (code {}); check store.user, store.password, "
                           "store.database and what the user was granted",
                           message, code)},
              Trouble::io,
              true};
    case 1142:  // ER_TABLEACCESS_DENIED_ERROR
    case 1227:  // ER_SPECIFIC_ACCESS_DENIED_ERROR
      return {
          {Errc::forbidden, "store.access_denied", text(fmt::format("the database user lacks a right: {}", message))}};
    case 2026:  // CR_SSL_CONNECTION_ERROR
      return {{Errc::unavailable, "store.tls",
               fmt::format("no trusted encrypted connection to the database: {}; check store.tls and the server's "
                           "certificate",
                           message)},
              Trouble::retry,
              true};
    case 1053:  // ER_SERVER_SHUTDOWN
    case 1152:  // ER_ABORTING_CONNECTION
    case 1158:  // ER_NET_READ_ERROR_FROM_PIPE …
    case 1159:
    case 1160:
    case 1161:
    case 1184:  // ER_NEW_ABORTING_CONNECTION
    case 1927:  // ER_CONNECTION_KILLED
    case 4031:  // ER_CLIENT_INTERACTION_TIMEOUT
      return lost(message, code);
    default:
      break;
  }
  // The client library's own: whatever it is, nobody knows what the connection would answer next.
  if (code >= 2000 && code < 3000) return lost(message, code);
  return {{Errc::internal, "store.sql", text(message)}};
}

}  // namespace qiao::core::mysql
