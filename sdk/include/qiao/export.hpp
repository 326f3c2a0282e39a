#pragma once

/// Marks what the SDK's shared library offers to plugins; everything else is hidden.
#define QIAO_API __attribute__((visibility("default")))
