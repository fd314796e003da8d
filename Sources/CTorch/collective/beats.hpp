// Which processes of a group are still there.
#pragma once
#include "internal.hpp"

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace ctorch {

/// Each process beats at the store and counts for how many of its own beats every other one has been silent: a machine that
/// stands still as a whole loses nobody.
class Beats {
   public:
    /// `store` is a connection of its own: others may wait on theirs.
    Beats(c10::intrusive_ptr<c10d::Store> store, int rank, int size);
    ~Beats();

    /// Why a sum has failed: what a failing process left, or who has gone silent. Waits some seconds to find out.
    std::string reason();

    /// From now on silence is no loss.
    void stop();

    /// Where a process leaves why it ends.
    static constexpr const char *kFailure = "failure";

   private:
    void run();
    bool beat(std::unique_lock<std::mutex> &lock);
    std::string silent(int num_beats) const;
    [[noreturn]] void end(const std::string &reason) const;

    c10::intrusive_ptr<c10d::Store> store;
    const int rank;
    std::vector<std::string> keys;
    std::vector<std::vector<uint8_t>> values;
    std::vector<int> silences;
    int failed_reads = 0, beats_since_failure = 0;
    std::string failure;
    bool is_stopping = false;
    std::mutex mutex;
    std::condition_variable changed;
    std::thread thread;
};

}  // namespace ctorch
