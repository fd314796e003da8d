#include "ctorch_collective.h"

#include "collective/beats.hpp"
#include "collective/nccl.hpp"

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstring>
#include <unistd.h>

using namespace ctorch;

struct ct_group {
    int rank, size;
    bool holds_store;
    c10::intrusive_ptr<c10d::Store> store;
    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
    std::unique_ptr<Nccl> nccl;
    std::unique_ptr<Beats> beats;

    explicit ct_group(const ct_group_place &place) : rank(place.rank), size(place.size), holds_store(place.holds_store) {
        std::chrono::milliseconds timeout(place.timeout_milliseconds);
        auto connect = [&](bool serves) {
            c10d::TCPStoreOptions options;
            options.port = static_cast<uint16_t>(place.port);
            options.isServer = serves;
            options.waitWorkers = false;
            options.timeout = timeout;
            return c10::make_intrusive<c10d::PrefixStore>(place.prefix, c10::make_intrusive<c10d::TCPStore>(place.address, options));
        };
        store = connect(place.holds_store);
        beats = std::make_unique<Beats>(connect(false), rank, size);
        auto options = c10d::ProcessGroupGloo::Options::create(timeout);
        options->devices.push_back(device(place.is_local));
        gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store), rank, size, options);
    }

    void sum(at::Tensor tensor) {
        TORCH_CHECK(tensor.is_non_overlapping_and_dense(), "the tensor is not dense");
        try {
            if (tensor.is_cuda()) return communicator(tensor.device()).sum(tensor);
            std::vector<at::Tensor> tensors = {tensor};
            gloo->allreduce(tensors)->wait();
        } catch (const std::exception &error) {
            std::string reason = beats->reason();
            TORCH_CHECK(false, reason.empty() ? std::string("the processes cannot talk to each other: ") + error.what() : reason);
        }
    }

    /// Leaves a reason; whoever holds the store stays until the others have had the time to read it.
    void fail(const std::string &reason) {
        beats->stop();
        std::string text = "rank " + std::to_string(rank) + " failed: " + reason;
        try {
            store->compareSet(Beats::kFailure, std::string(), text);
        } catch (const std::exception &) {
            return;  // Nobody is there to be told.
        }
        if (holds_store) sleep(3);
    }

   private:
    /// The addresses at which others reach this process.
    static std::shared_ptr<gloo::transport::Device> device(bool is_local) {
        if (const char *interface = getenv("GLOO_SOCKET_IFNAME")) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
        return is_local ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1") : c10d::ProcessGroupGloo::createDefaultDevice();
    }

    Nccl &communicator(at::Device device) {
        if (nccl) return *nccl;
        Nccl::UniqueID id{};
        if (rank == 0) {
            id = Nccl::unique_id();
            store->set("nccl", std::vector<uint8_t>(id.bytes.begin(), id.bytes.end()));
        } else {
            auto bytes = store->get("nccl");
            TORCH_CHECK(bytes.size() == id.bytes.size(), "NCCL's unique id has ", bytes.size(), " bytes");
            memcpy(id.bytes.data(), bytes.data(), bytes.size());
        }
        nccl = std::make_unique<Nccl>(id, rank, size, device);
        return *nccl;
    }
};

ct_group *ct_group_join(ct_group_place place) {
    return guarded<ct_group *>("meeting the other processes", nullptr, [&] { return new ct_group(place); });
}
bool ct_group_sum(ct_group *group, ct_optional tensor) {
    if (!tensor) return false;
    return guarded<bool>("sum over all processes", false, [&] {
        group->sum(borrow(tensor));
        return true;
    });
}
void ct_group_fail(ct_group *group, const char *reason) { group->fail(reason); }
void ct_group_leave(ct_group *group) { group->beats->stop(); }
