#include "ctorch.h"
#include <ATen/ATen.h>
