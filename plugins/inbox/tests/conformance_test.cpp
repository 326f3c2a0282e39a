#include "qiao/testkit/conformance.hpp"

QIAO_CONFORMANCE("inbox", "bot_name: 小桥\n")
