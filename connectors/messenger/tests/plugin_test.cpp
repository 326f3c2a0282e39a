#include "qiao/testkit/conformance.hpp"
