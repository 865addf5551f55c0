// Kernels of graphs include this name; the part of the API that they use is the same.
#pragma once

#include "aie.hpp"
