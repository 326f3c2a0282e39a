// libqiao-store-mysql.so: what it offers, see engine.hpp.
#include "core/store/mysql/backend.hpp"
#include "core/store/mysql/engine.hpp"
#include "qiao/export.hpp"

extern "C" {
QIAO_API extern const qiao::core::mysql::Engine qiao_mysql_engine;
const qiao::core::mysql::Engine qiao_mysql_engine = {
    &qiao::core::mysql::open_backend, &qiao::core::mysql::replica_backend, &qiao::core::mysql::check_server};
}
