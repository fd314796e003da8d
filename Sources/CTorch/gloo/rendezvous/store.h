// Declarations that ProcessGroupGloo.hpp needs: LibTorch holds gloo, but its wheel has no headers of it. Nothing here is called by our
// code or laid out by it; objects of these types are made and used inside libtorch_cpu only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gloo::rendezvous {
class Store {
   public:
    virtual ~Store();
    virtual void set(const std::string &key, const std::vector<char> &data) = 0;
    virtual std::vector<char> get(const std::string &key) = 0;
    virtual void wait(const std::vector<std::string> &keys) = 0;
    virtual void wait(const std::vector<std::string> &keys, const std::chrono::milliseconds &timeout) = 0;
};
}  // namespace gloo::rendezvous
