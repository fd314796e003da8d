// Declarations that ProcessGroupGloo.hpp needs: LibTorch holds gloo, but its wheel has no headers of it. Nothing here is called by our
// code or laid out by it; objects of these types are made and used inside libtorch_cpu only.
#pragma once
